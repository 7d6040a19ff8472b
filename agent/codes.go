package agent

import (
	"errors"

	"github.com/otactl/otactl/internal/fail"
)

// Code is the outcome of an operation, in the numbers that aktualizr-lite and
// aklite-offline exit with.
type Code int

// The codes. docs/exit-codes.md says what to do about each.
const (
	Ok                           Code = 0
	UnknownError                 Code = 1
	CheckinOkCached              Code = 3
	CheckinFailure               Code = 4
	OkNeedsRebootForBootFw       Code = 5
	CheckinNoMatchingTargets     Code = 6
	CheckinNoTargetContent       Code = 8
	InstallAppsNeedFinalization  Code = 10
	CheckinSecurityError         Code = 11
	CheckinExpiredMetadata       Code = 12
	CheckinMetadataFetchFailure  Code = 13
	CheckinMetadataNotFound      Code = 14
	CheckinInvalidBundleMetadata Code = 15
	CheckinUpdateNewVersion      Code = 16
	CheckinUpdateSyncApps        Code = 17
	CheckinUpdateRollback        Code = 18
	TufTargetNotFound            Code = 20
	RollbackTargetNotFound       Code = 21
	InstallationInProgress       Code = 30
	NoPendingInstallation        Code = 40
	DownloadFailure              Code = 50
	DownloadFailureNoSpace       Code = 60
	InstallTargetPullFailure     Code = 80
	InstallNeedsRebootForBootFw  Code = 90
	InstallOfflineRollbackOk     Code = 99
	InstallNeedsReboot           Code = 100
	InstallDowngradeAttempt      Code = 102
	InstallRollbackOk            Code = 110
	InstallRollbackFailed        Code = 130
)

// Error is a failure together with the code it ends the program with.
type Error struct {
	Code Code
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// coded gives err a code unless it has one already; nil stays nil.
func coded(code Code, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Code: code, Err: err}
}

// failure makes an Error of a class with a hint.
func failure(code Code, class fail.Class, hint, format string, args ...any) error {
	return &Error{Code: code, Err: fail.New(class, hint, format, args...)}
}

// CodeOf is the code of err: Ok for nil, UnknownError for an error that
// carries none.
func CodeOf(err error) Code {
	if err == nil {
		return Ok
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return UnknownError
}

// Result is what an operation came to when it did not fail.
type Result struct {
	Code   Code
	Target *Target // what it was about; nil when about none
	From   *Target // what ran before
	Reason string  // why the target was selected, or what is to be done now
}

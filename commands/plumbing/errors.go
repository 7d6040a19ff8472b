package plumbing

import (
	"errors"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// about gives errors of the engine the class and the hint that they lack.
func (e *Env) about(err error) error {
	if err == nil || fail.HintOf(err) != "" {
		return err
	}
	_, corrupt := errors.AsType[*ostree.CorruptError](err)
	_, missing := errors.AsType[*ostree.MissingError](err)
	switch {
	case corrupt, missing:
		return fail.As(err, fail.Verification, "find all damage with "+e.Program+" fsck --all; fetch the commit again from where it came")
	case errors.Is(err, ostree.ErrRefNotFound):
		return fail.As(err, fail.NotFound, "list what there is with "+e.Program+" refs")
	case errors.Is(err, ostree.ErrNoPath):
		return fail.As(err, fail.NotFound, "list what there is with "+e.Program+" ls")
	case errors.Is(err, ostree.ErrRefMoved):
		return fail.As(err, fail.Conflict, "run it again on top of the new commit")
	case errors.Is(err, ostree.ErrExists):
		return fail.As(err, fail.Conflict, "")
	case errors.Is(err, ostree.ErrNotBound):
		return fail.As(err, fail.Verification, "pull the commit by its checksum, or give --disable-verify-bindings")
	}
	return err
}

// usage says that the call was wrong; nothing was tried.
func usage(format string, args ...any) error { return fail.New(fail.Usage, "", format, args...) }

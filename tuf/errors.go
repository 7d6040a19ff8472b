package tuf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// What can be wrong with metadata. Each carries the class and the hint of
// internal/fail, and is matched with errors.Is.
var (
	// ErrNotFound says that a file is not there. A Fetcher returns it for a
	// real "not found" (HTTP 404, no such file) and for nothing else: it ends
	// the root chain.
	ErrNotFound = fail.New(fail.NotFound, "check the metadata URL or the bundle's tuf folder", "not found")
	// ErrNoRoot says that there is no root to start from.
	ErrNoRoot = fail.New(fail.NotFound, "provide a root.json out of band, or allow trust on first use", "no trusted root")
	// ErrMalformed says that a file is not what the dialect allows.
	ErrMalformed = fail.New(fail.Verification, "fetch the file again; if it stays so, its producer is at fault", "malformed")
	// ErrSignature says that fewer distinct keys than the threshold signed.
	ErrSignature = fail.New(fail.Verification, "have the file signed by enough keys that the root names", "not enough valid signatures")
	// ErrVersion says that a version is not the one that was announced.
	ErrVersion = fail.New(fail.Verification, "fetch again; the server may be in the middle of an update", "unexpected version")
	// ErrRollback says that something is older than what was trusted before.
	ErrRollback = fail.New(fail.Verification, "use metadata at least as new as what this device has seen", "rollback attempt")
	// ErrHash says that length or hash differ from what was announced.
	ErrHash = fail.New(fail.Verification, "fetch again; the server may be in the middle of an update", "content mismatch")
	// ErrExpired says that metadata was good once.
	ErrExpired = fail.New(fail.Expired, "get fresh metadata, or build a new bundle", "expired")
	// ErrClock says that the clock stands before the newest time that verified
	// metadata names, so that no expiry can be judged.
	ErrClock = fail.New(fail.Verification, "set the clock of this machine and try again", "clock is wrong")
	// ErrTooLarge says that a file, or the root chain, is over its cap.
	ErrTooLarge = fail.New(fail.Verification, "no honest server sends this much", "too large")
	// ErrBundle says that an offline bundle's list of targets is not acceptable.
	ErrBundle = fail.New(fail.Verification, "build or sign the bundle again", "bundle refused")
	// ErrKey says that a key cannot be used.
	ErrKey = fail.New(fail.Verification, "use an ED25519 key or an RSA key of 2048 to 8192 bits", "unusable key")
	// ErrDuplicate says that a key has signed already.
	ErrDuplicate = fail.New(fail.Conflict, "sign with another key", "signed already")
	// ErrNotASCII says that a string to be signed would not have one canonical
	// form everywhere.
	ErrNotASCII = fail.New(fail.Usage, "use ASCII letters only in anything that is signed", "not printable ASCII")
	// ErrDamaged is what a Cache returns from Load for an entry that is there
	// and can never be read; Refresh sets it aside and fetches it again.
	ErrDamaged = fail.New(fail.Verification, "", "damaged")
)

// Error says which file broke which rule and how.
type Error struct {
	File string // "timestamp.json", or a role name where no file is at hand; "" where neither is known
	Kind error  // one of the sentinels above
	Why  string // one line; may be empty
}

func (e *Error) Error() string {
	text := e.Kind.Error()
	if e.File != "" {
		text = e.File + ": " + text
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error { return e.Kind }

// refuse makes an Error; the file is filled in by in.
func refuse(kind error, format string, args ...any) error {
	return &Error{Kind: kind, Why: oneLine(fmt.Sprintf(format, args...))}
}

// longestWhy is how many bytes of an explanation are kept.
const longestWhy = 420

// oneLine makes a text safe to print: names in it come from files that nobody
// has verified.
func oneLine(s string) string {
	cut := len(s) > longestWhy
	if cut {
		s = s[:longestWhy]
	}
	var out strings.Builder
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e {
			fmt.Fprintf(&out, `\x%02x`, c)
			continue
		}
		out.WriteByte(c)
	}
	if cut {
		out.WriteString("...")
	}
	return out.String()
}

// in says which file err is about, unless that is known already.
func in(file string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if e.File == "" {
			e.File = file
		}
		return err
	}
	return fmt.Errorf("%s: %w", file, err)
}

// at says where in the file err is about.
func at(where string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Why = oneLine(where + " " + e.Why)
	}
	return err
}

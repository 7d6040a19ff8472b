package delta

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// BadError says what is wrong with a delta, and where.
type BadError struct {
	Delta  Name
	Part   int             // -1: the superblock
	Object ostree.ObjectID // zero: none in particular
	Op     int64           // byte offset in the part's program; -1: none in particular
	Why    string

	cause error
}

func (e *BadError) Error() string {
	var where []string
	if e.Delta != (Name{}) {
		where = append(where, "static delta "+e.Delta.String())
	}
	if e.Part >= 0 {
		where = append(where, fmt.Sprintf("part %d", e.Part))
	}
	if !e.Object.Sum.IsZero() {
		where = append(where, "object "+e.Object.String())
	}
	if e.Op >= 0 {
		where = append(where, fmt.Sprintf("operation at byte %d", e.Op))
	}
	return strings.Join(append(where, e.Why), ": ")
}

// Unwrap is what the error comes from: an *ostree.CorruptError of the object
// that a part made.
func (e *BadError) Unwrap() error { return e.cause }

// bad is a BadError about a whole superblock.
func bad(format string, args ...any) *BadError {
	return &BadError{Part: -1, Op: -1, Why: fmt.Sprintf(format, args...)}
}

// blame puts object and operation into an error about a program.
func blame(id ostree.ObjectID, at int64, err error) error {
	if e, ok := errors.AsType[*BadError](err); ok {
		if e.Object.Sum.IsZero() {
			e.Object = id
		}
		if e.Op < 0 {
			e.Op = at
		}
	}
	return err
}

// refuse gives an error that speaks of bytes the class and the hint that go
// with them; any other stays as it is.
func refuse(err error) error {
	if _, ok := errors.AsType[*BadError](err); !ok {
		return err
	}
	return fail.As(err, fail.Verification, "make the delta again, or pull the commit without it")
}

package delta

import (
	"errors"
	"fmt"

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
}

func (e *BadError) Error() string {
	where := "static delta"
	if e.Delta != (Name{}) {
		where += " " + e.Delta.String()
	}
	if e.Part >= 0 {
		where += fmt.Sprintf(": part %d", e.Part)
	}
	if !e.Object.Sum.IsZero() {
		where += ": object " + e.Object.String()
	}
	if e.Op >= 0 {
		where += fmt.Sprintf(": operation at byte %d", e.Op)
	}
	return where + ": " + e.Why
}

// bad is a BadError about a whole superblock.
func bad(format string, args ...any) *BadError {
	return &BadError{Part: -1, Op: -1, Why: fmt.Sprintf(format, args...)}
}

// refuse gives an error that speaks of bytes the class and the hint that go
// with them; any other stays as it is.
func refuse(err error) error {
	if _, ok := errors.AsType[*BadError](err); !ok {
		return err
	}
	return fail.As(err, fail.Verification, "make the delta again, or pull the commit without it")
}

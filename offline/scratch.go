package offline

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// keptFree is what temporary files leave free for others, in bytes.
const keptFree = 64 << 20

// scratchIn is the folder dir ("" for the system's) for temporary files that
// don't fill its disk: nobody signs how long a delta is.
func scratchIn(dir string) delta.Scratch {
	return delta.Scratch{Dir: dir, Room: func(need uint64) error {
		v := medium.VolumeOf(cmp.Or(dir, os.TempDir()))
		if v.Free < 0 || uint64(v.Free) >= need+keptFree {
			return nil
		}
		return fmt.Errorf("%w: %d MiB are free, %d MiB are left to others, and what comes next takes %d MiB", ostree.ErrNoSpace, v.Free>>20, keptFree>>20, need>>20)
	}}
}

// aboutScratch is err if it is about the place for temporary files in dir, and
// so not about what they were to hold; else nil.
func aboutScratch(dir string, err error) error {
	e, scratch := errors.AsType[*delta.ScratchError](err)
	if scratch {
		err = e.Err
	}
	full := errors.Is(err, ostree.ErrNoSpace) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	where := cmp.Or(dir, os.TempDir())
	switch {
	case full:
		return fail.As(fmt.Errorf("static deltas are unpacked in %s: %w", where, err), fail.NoSpace,
			"free some space there, or let TMPDIR name a folder on a larger disk")
	case scratch:
		return fail.Hint(fmt.Errorf("static deltas are unpacked in %s: %w", where, err), "let TMPDIR name a folder that can be written to")
	}
	return nil
}

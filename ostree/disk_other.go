//go:build !linux

package ostree

import (
	"io/fs"
	"os"
	"time"
)

// canTellStale: without locks a stage at work looks like one left behind.
const canTellStale = false

// bootID: without locks no stage is taken over, so it tells nothing.
func bootID() string { return "" }

const noFollow = 0

// Without the locks of Linux one process at a time may write a repo.
func lockShared(*os.File) error    { return nil }
func lockExclusive(*os.File) error { return nil }
func lockAlone(*os.File) error     { return nil }

// diskTime cannot be told here.
func diskTime(string) time.Time { return time.Time{} }

// syncsDisk: a whole file system cannot be synced, so each file is.
const syncsDisk = false

func syncDisk(*os.File) error { return nil }

// diskSpace cannot be told here.
func diskSpace(string) (disk, error) { return disk{}, nil }

// holds cannot be told here.
func holds(*os.File, int64) error { return nil }

func syncsWhole(string) bool { return false }

func syncFile(string) error { return nil }

func rename(from, to string) error { return os.Rename(from, to) }

// renameNew gives from the name to, unless that is taken. Two objects of one
// name are the same, so the race does no harm.
func renameNew(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}

// sameOwner can't be told here.
func sameOwner(a, b string) bool { return false }

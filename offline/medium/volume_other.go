//go:build !linux

package medium

import (
	"errors"
	"io"
	"math"
	"os"
	"syscall"
)

// exchange is not there; two renames have to do.
func exchange(*os.Root, string, string) error { return errors.ErrUnsupported }

// lockFolder locks nothing: two processes that write to one bundle at once are
// the caller's to avoid.
func lockFolder(root *os.Root) (io.Closer, error) { return root.Open(".") }

// VolumeOf knows nothing here.
func VolumeOf(string) Volume { return Volume{Free: -1, MaxFile: math.MaxInt64} }

// Together says that two paths share their space, which is not known here: no
// volume's is.
func Together(string, string) bool { return true }

// identify has no mount that it could tell from another.
func identify(*os.File) (string, bool) { return "", false }

// Failures are what the system says of a medium that is gone, or cannot be
// written any more.
func Failures() []syscall.Errno {
	return []syscall.Errno{syscall.EIO, syscall.EROFS, syscall.ENODEV, syscall.ENXIO}
}

// syncVolume has nothing to do: each file and folder was synced by itself.
func syncVolume(*os.File) error { return nil }

func syncFile(file *os.File) error { return file.Sync() }

//go:build !linux

package medium

import (
	"errors"
	"io"
	"math"
	"os"
)

// exchange is not there; two renames have to do.
func exchange(*os.Root, string, string) error { return errors.ErrUnsupported }

// lockFolder locks nothing: two processes that write to one bundle at once are
// the caller's to avoid.
func lockFolder(root *os.Root) (io.Closer, error) { return root.Open(".") }

// VolumeOf knows nothing here.
func VolumeOf(string) Volume { return Volume{Free: -1, MaxFile: math.MaxInt64} }

// identify has no mount that it could tell from another.
func identify(*os.File) (string, bool) { return "", false }

// syncVolume has nothing to do: each file and folder was synced by itself.
func syncVolume(*os.Root) error { return nil }

func syncFile(file *os.File) error { return file.Sync() }

//go:build !linux

package medium

import (
	"errors"
	"io"
	"os"
)

// exchange is not there; two renames have to do.
func exchange(*os.Root, string, string) error { return errors.ErrUnsupported }

// lockFolder locks nothing: two processes that write to one bundle at once are
// the caller's to avoid.
func lockFolder(root *os.Root) (io.Closer, error) { return root.Open(".") }

// FreeSpace is not known.
func FreeSpace(string) int64 { return -1 }

// syncVolume has nothing to do: each file and folder was synced by itself.
func syncVolume(*os.Root) error { return nil }

func syncFile(file *os.File) error { return file.Sync() }

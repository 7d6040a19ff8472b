//go:build unix

package fsx

import (
	"errors"
	"os"
	"syscall"
)

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil // some file systems (FUSE, 9p) have no such thing
	}
	return errors.Join(err, d.Close())
}

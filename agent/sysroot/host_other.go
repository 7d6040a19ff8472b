//go:build !linux

package sysroot

import (
	"errors"
	"io/fs"
)

func ownedByCaller(fs.FileInfo) bool { return false }

func isFolder(fs.FileInfo, uint64, uint64) bool { return false }

func (s *Sysroot) sync() error { return errors.ErrUnsupported }

// Space can't be told here: deployments exist on Linux alone.
func (s *Sysroot) Space() (total, free uint64, err error) {
	return 0, 0, errors.ErrUnsupported
}

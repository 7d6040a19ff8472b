package sysroot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

func ownedByCaller(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid()
}

func isFolder(st fs.FileInfo, device, inode uint64) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && uint64(sys.Dev) == device && uint64(sys.Ino) == inode
}

// sync makes the deployment durable on the file systems it lies on.
func (s *Sysroot) sync() error {
	for _, dir := range []string{s.o.Path, filepath.Join(s.o.Path, "boot")} {
		f, err := os.Open(dir)
		if err != nil {
			return fmt.Errorf("sysroot %s: %w", s.o.Path, err)
		}
		err = unix.Syncfs(int(f.Fd()))
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("sysroot %s: sync: %w", s.o.Path, err)
		}
	}
	return nil
}

// Space is the room on the sysroot's file system, in bytes: all of it, and
// what the superuser may still write.
func (s *Sysroot) Space() (total, free uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(s.RepoPath(), &st); err != nil {
		return 0, 0, fmt.Errorf("sysroot %s: %w", s.o.Path, err)
	}
	unit := uint64(st.Frsize)
	return st.Blocks * unit, st.Bfree * unit, nil
}

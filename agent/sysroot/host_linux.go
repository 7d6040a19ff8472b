package sysroot

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func ownedByCaller(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid()
}

// syncAll makes the deployment durable on every file system it lies on.
func syncAll() { unix.Sync() }

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

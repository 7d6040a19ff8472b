//go:build unix

package fsx

import (
	"io/fs"
	"os"
	"syscall"
)

// private says whether nobody but the owner may read a file, and the owner is
// whoever runs this, or root.
func private(st fs.FileInfo) bool { return only(st, 0o077) }

// ours says the same of who may write.
func ours(st fs.FileInfo) bool { return only(st, 0o022) }

func only(st fs.FileInfo, others fs.FileMode) bool {
	if st.Mode().Perm()&others != 0 {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	me := os.Geteuid()
	return !ok || me == 0 || sys.Uid == 0 || int(sys.Uid) == me
}

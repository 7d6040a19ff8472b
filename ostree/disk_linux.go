package ostree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fsx"
)

// canTellStale: a stage whose lock is free belongs to nobody.
const canTellStale = true

// bootID is another one after each boot; "" where that cannot be told.
func bootID() string {
	data, err := fsx.ReadFile("/proc/sys/kernel/random/boot_id", 64)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// noFollow opens an object without following a link or waiting for a pipe.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// lockShared takes libostree's lock on .lock: an open file description lock
// over the whole file. File systems without locks go without.
func lockShared(f *os.File) error { return lockOFD(f, unix.F_RDLCK) }

// lockExclusive is lockShared for one holder alone.
func lockExclusive(f *os.File) error { return lockOFD(f, unix.F_WRLCK) }

func lockOFD(f *os.File, kind int16) error {
	lock := unix.Flock_t{Type: kind, Whence: io.SeekStart}
	return lockError(unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock))
}

func lockAlone(f *os.File) error {
	return lockError(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}

func lockError(err error) error {
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
		return errLocked
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS):
		return nil
	}
	return err
}

// syncsDisk: one call makes a batch of files durable.
const syncsDisk = true

// syncDisk makes everything on the file system of dir durable.
func syncDisk(dir *os.File) error { return os.NewSyscallError("syncfs", unix.Syncfs(int(dir.Fd()))) }

// diskSpace is the size of the file system of path and what is free on it, in
// bytes, and the size of its blocks; 0 where it cannot be told.
func diskSpace(path string) (total, free uint64, unit int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, 0, 0, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	if st.Bsize <= 0 || st.Blocks == 0 {
		return 0, 0, 0, nil
	}
	return st.Blocks * uint64(st.Bsize), st.Bfree * uint64(st.Bsize), int64(st.Bsize), nil
}

// renameNew gives from the name to, unless that is taken.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return renameOver(from, to)
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}

// renameOver stands in where the file system cannot refuse to replace. Two
// objects of one name are the same, so the race does no harm.
func renameOver(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}

// sameOwner says whether two files belong to the same user.
func sameOwner(a, b string) bool {
	var x, y unix.Stat_t
	return unix.Stat(a, &x) == nil && unix.Stat(b, &y) == nil && x.Uid == y.Uid
}

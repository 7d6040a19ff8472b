package ostree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

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

// diskTime is the time by the clock that sets those of the files in dir. It is
// taken from the folder itself, which costs no room; zero where that can't be.
func diskTime(dir string) time.Time {
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, dir, now, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return time.Time{}
	}
	st, err := os.Lstat(dir)
	if err != nil {
		return time.Time{}
	}
	return st.ModTime()
}

// syncsDisk: one call makes a batch of files durable.
const syncsDisk = true

// syncDisk makes everything on the file system of f durable. A process that
// serves a block device syncs all of it when it is asked to sync one file.
func syncDisk(f *os.File) error {
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return os.NewSyscallError("syncfs", err)
	}
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil || st.Type != unix.FUSE_SUPER_MAGIC {
		return nil
	}
	return f.Sync()
}

// syncsWhole says whether syncDisk reaches all that lies on the file system of
// path. Where a process serves it (FUSE) from no block device it does not: the
// kernel has no way to ask that process for more than one file.
func syncsWhole(path string) bool {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil || st.Type != unix.FUSE_SUPER_MAGIC {
		return true
	}
	var at unix.Stat_t
	return unix.Stat(path, &at) == nil && unix.Major(at.Dev) != 0
}

// syncFile makes one file durable. A symlink has nothing of its own.
func syncFile(path string) error {
	f, err := openDisk(path)
	if errors.Is(err, errLink) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = retry(func() (int, error) { return 0, unix.Fsync(f.fd) })
	return errors.Join(os.NewSyscallError("fsync", err), f.Close())
}

// diskSpace measures the file system of path.
func diskSpace(path string) (disk, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return disk{}, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	if st.Bsize <= 0 || st.Blocks == 0 {
		return disk{}, nil
	}
	unit := uint64(st.Bsize)
	return disk{total: st.Blocks * unit, free: st.Bfree * unit, usable: st.Bavail * unit, unit: int64(unit)}, nil
}

// largeFile is from where on some file system may not hold a file; FAT32 holds
// one byte less than 4 GiB.
const largeFile = 1 << 31

// holds is EFBIG where no file of n bytes can be on the file system of f, which
// is empty: a position is refused that no file may have.
func holds(f *os.File, n int64) error {
	if n < largeFile {
		return nil
	}
	if _, err := f.Seek(n, io.SeekStart); errors.Is(err, unix.EINVAL) {
		return &fs.PathError{Op: "write", Path: f.Name(), Err: unix.EFBIG}
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// rename gives from the name to. Unlike os.Rename it doesn't look first whether
// that is a folder's.
func rename(from, to string) error {
	_, err := retry(func() (int, error) { return 0, unix.Rename(from, to) })
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
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

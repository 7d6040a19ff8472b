package medium

import (
	"errors"
	"io"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fail"
)

// exchange swaps two names in root in one step. Some file systems cannot
// (FUSE, vfat before Linux 6.0).
func exchange(root *os.Root, a, b string) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	fd := int(dir.Fd())
	return unix.Renameat2(fd, a, fd, b, unix.RENAME_EXCHANGE)
}

// lockFolder keeps other processes from writing to the bundle until the handle
// is closed; class Busy when one does. The lock is the kernel's and leaves
// nothing on the medium. A file system that has none is written without.
func lockFolder(root *os.Root) (io.Closer, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	if errors.Is(unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK) {
		_ = dir.Close()
		return nil, fail.New(fail.Busy, "wait until the other one has ended", "another process is writing to it")
	}
	return dir, nil
}

// VolumeOf looks at the file system of dir.
func VolumeOf(dir string) Volume {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil || st.Bsize <= 0 || st.Bavail > math.MaxInt64/uint64(st.Bsize) {
		return Volume{Free: -1, MaxFile: math.MaxInt64}
	}
	v := Volume{Free: int64(st.Bavail) * int64(st.Bsize), Cluster: int64(st.Bsize), MaxFile: math.MaxInt64}
	if st.Type == unix.MSDOS_SUPER_MAGIC {
		v.MaxFile = math.MaxUint32
	}
	return v
}

// Together says that two paths lie on one file system, whose space they share.
func Together(a, b string) bool {
	var at, bt unix.Stat_t
	return unix.Stat(a, &at) == nil && unix.Stat(b, &bt) == nil && at.Dev == bt.Dev
}

// Failures are what the system says of a medium that is gone, damaged, or cannot
// be written any more.
func Failures() []syscall.Errno {
	return []syscall.Errno{unix.EIO, unix.EROFS, unix.ENODEV, unix.ENXIO, unix.ENOMEDIUM,
		unix.EUCLEAN, unix.EBADMSG, // a file system that finds itself damaged
		unix.ESTALE, unix.ENOTCONN} // one that somebody else serves, who is gone
}

// syncVolume writes out all that is pending for the file system of dir.
func syncVolume(dir *os.File) error {
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return os.NewSyscallError("syncfs", err)
	}
	var st unix.Statfs_t
	if unix.Fstatfs(int(dir.Fd()), &st) != nil || st.Type != unix.FUSE_SUPER_MAGIC {
		return nil
	}
	// syncfs does not reach the process that serves it; this does.
	err := dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return nil
	}
	return err
}

// syncFile leaves it to syncVolume, but on FUSE: what a process serves is not
// reached by syncfs.
func syncFile(file *os.File) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(file.Fd()), &st); err != nil || st.Type != unix.FUSE_SUPER_MAGIC {
		return err
	}
	return file.Sync()
}

package ostree

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// diskFile is an object's file, open for reading. It does without what os
// prepares for files that one may wait on, which costs as much as reading a
// small object. Whoever opens one closes it.
type diskFile struct {
	fd int
	st unix.Stat_t
}

// A delta copies pieces of it.
var _ io.ReaderAt = (*diskFile)(nil)

// errLink is what openDisk says of a symlink.
const errLink = unix.ELOOP

// openDisk opens a file without following a link or waiting for a pipe.
func openDisk(path string) (*diskFile, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|noFollow, 0)
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := &diskFile{fd: fd}
	if err := unix.Fstat(fd, &f.st); err != nil {
		_ = f.Close()
		return nil, &os.PathError{Op: "fstat", Path: path, Err: err}
	}
	return f, nil
}

// createDisk makes a file that is not there, for writing, without the poller
// that os prepares: one in four of the calls that storing a small object takes.
func createDisk(path string, mode uint32) (*os.File, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, mode)
	})
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

func (f *diskFile) regular() bool { return f.st.Mode&modeType == modeRegular }
func (f *diskFile) size() int64   { return f.st.Size }

func (f *diskFile) Read(p []byte) (int, error) {
	if f.fd < 0 {
		return 0, os.ErrClosed
	}
	n, err := retry(func() (int, error) { return unix.Read(f.fd, p) })
	switch {
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// ReadAt reads at an offset, as io.ReaderAt does.
func (f *diskFile) ReadAt(p []byte, off int64) (int, error) {
	if f.fd < 0 {
		return 0, os.ErrClosed
	}
	total := 0
	for total < len(p) {
		n, err := retry(func() (int, error) { return unix.Pread(f.fd, p[total:], off+int64(total)) })
		switch {
		case err != nil:
			return total, os.NewSyscallError("pread", err)
		case n == 0:
			return total, io.EOF
		}
		total += n
	}
	return total, nil
}

func (f *diskFile) Close() error {
	if f.fd < 0 {
		return os.ErrClosed
	}
	fd := f.fd
	f.fd = -1
	return os.NewSyscallError("close", unix.Close(fd))
}

// fileKind is the type bits of what is at path, which is not followed.
func fileKind(path string) (uint32, error) {
	var st unix.Stat_t
	_, err := retry(func() (int, error) { return 0, unix.Lstat(path, &st) })
	if err != nil {
		return 0, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	return st.Mode & modeType, nil
}

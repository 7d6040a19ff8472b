//go:build unix

package delta

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a regular file for reading. It must not be cut while it is
// mapped.
func mapFile(path string) (file, error) {
	f, err := os.Open(path)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return file{}, err
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return file{}, &os.PathError{Op: "mmap", Path: path, Err: err}
	}
	return file{data: data,
		free:   func() { _ = unix.Munmap(data) },
		forget: func() { _ = unix.Madvise(data, unix.MADV_DONTNEED) },
	}, nil
}

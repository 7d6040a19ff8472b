//go:build unix

package delta

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a regular file for reading. It must not be cut while it is
// mapped.
func mapFile(path string) ([]byte, func([]byte), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, &os.PathError{Op: "mmap", Path: path, Err: err}
	}
	return data, func(b []byte) { _ = unix.Munmap(b) }, nil
}

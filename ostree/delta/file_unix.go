//go:build unix

package delta

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// mapFile maps a regular file for reading; f may be closed afterwards. The file
// must not be cut while it is mapped.
func mapFile(f *os.File) (file, error) {
	st, err := f.Stat()
	if err != nil {
		return file{}, err
	}
	if st.Size() > limits.DeltaFile || st.Size() != int64(int(st.Size())) {
		return file{}, &fsx.TooLargeError{Name: f.Name(), Max: limits.DeltaFile}
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return file{}, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	return file{data: data,
		free:   func() { _ = unix.Munmap(data) },
		forget: func() { _ = unix.Madvise(data, unix.MADV_DONTNEED) },
	}, nil
}

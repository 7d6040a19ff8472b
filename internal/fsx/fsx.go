// Package fsx writes files so that a power cut leaves the old file or the new
// one, and nothing between.
//
// It trusts the file system to honour fsync and rename, and nothing else. It
// never follows a path out of the folder it was given.
package fsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// WriteFile replaces path by data: a temporary file in the same folder, sync,
// rename, sync of the folder. The mode is set before a byte is written.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	return WriteFileFrom(filepath.Dir(path), path, data, mode)
}

// WriteFileFrom is WriteFile with the temporary file in another folder of the
// same file system, for where a kill must leave nothing strange beside path.
func WriteFileFrom(temp, path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(temp, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := fill(f, data, mode); err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return SyncDir(filepath.Dir(path))
}

func fill(f *os.File, data []byte, mode fs.FileMode) error {
	err := f.Chmod(mode)
	// FAT has no modes, and says so in two ways. What is for everybody to read
	// needs none.
	if errors.Is(err, errors.ErrUnsupported) || mode&0o004 != 0 && errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// openFlags keep a named pipe, put where a file belongs, from blocking the open
// for ever.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// ReadFile reads path if it is a regular file of at most max bytes.
// A longer file is a *TooLargeError.
func ReadFile(path string, max int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readCapped(f, path, max)
}

// Open opens path for reading if it is a regular file.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, openFlags, 0)
	if err == nil {
		err = checkRegular(f, path)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ReadFileIn is ReadFile for a name inside root; no link leads out of it.
func ReadFileIn(root *os.Root, name string, max int64) ([]byte, error) {
	f, err := OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readCapped(f, name, max)
}

// OpenIn opens a name inside root for reading if it is a regular file; no link
// leads out of root.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, openFlags, 0)
	if err == nil {
		err = checkRegular(f, name)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// checkRegular closes f unless it is a regular file.
func checkRegular(f *os.File, name string) error {
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("read %s: not a regular file", name)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

func readCapped(f *os.File, name string, max int64) ([]byte, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() > max {
		return nil, &TooLargeError{Name: name, Max: max}
	}
	return ReadSized(f, name, st.Size(), max)
}

// ReadAll reads r to its end and fails once more than max bytes came; name is
// for the error.
func ReadAll(r io.Reader, name string, max int64) ([]byte, error) {
	return ReadSized(r, name, 0, max)
}

// mostReserved is how much memory is taken for what is only said to come.
const mostReserved = 16 << 20

// ReadSized is ReadAll for what is said to be of a size, which saves the
// copies that growing takes. What is said may be wrong, or 0 where nothing is
// known.
func ReadSized(r io.Reader, name string, size, max int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(size, max, mostReserved)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(r, max+1)); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(b.Len()) > max {
		return nil, &TooLargeError{Name: name, Max: max}
	}
	return b.Bytes(), nil
}

// TooLargeError says that something from outside is over its cap.
type TooLargeError struct {
	Name string
	Max  int64 // bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s: longer than the %d bytes allowed", e.Name, e.Max)
}

//go:build !linux

package ostree

import (
	"errors"
	"io/fs"
	"os"
)

// diskFile is an object's file, open for reading.
type diskFile struct {
	*os.File
	info fs.FileInfo
}

// errLink is what openDisk says of a symlink, and of a pipe or the like.
var errLink = errors.New("no file of its own")

// openDisk opens a file without following a link: not every system has a call
// that refuses one, so what was opened has to be what was looked at.
func openDisk(path string) (*diskFile, error) {
	seen, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !seen.Mode().IsRegular() && !seen.IsDir() {
		return nil, &os.PathError{Op: "open", Path: path, Err: errLink}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(seen, info) {
		err = &os.PathError{Op: "open", Path: path, Err: errLink}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &diskFile{f, info}, nil
}

// createDisk makes a file that is not there, for writing.
func createDisk(path string, mode uint32) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, os.FileMode(mode))
}

func (f *diskFile) regular() bool { return f.info.Mode().IsRegular() }
func (f *diskFile) size() int64   { return f.info.Size() }

// fileKind is the type bits of what is at path, which is not followed.
func fileKind(path string) (uint32, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return 0, err
	case info.Mode().IsRegular():
		return modeRegular, nil
	case info.Mode()&fs.ModeSymlink != 0:
		return modeSymlink, nil
	case info.IsDir():
		return modeDir, nil
	}
	return 0, nil
}

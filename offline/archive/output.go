package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/offline/medium"
)

// Output is an archive while it is being written: a file of another name, which
// takes its own when it is complete and on the disk.
type Output struct {
	path string
	file *os.File
	buf  *bufio.Writer
}

// Place refuses a path that no archive can have: its folder is there, and at
// path itself is a file or nothing.
func Place(path string) error {
	st, err := os.Lstat(path)
	switch {
	case err == nil && !st.Mode().IsRegular():
		return fail.New(fail.Conflict, "give the name of a file", "%s is there and is no regular file", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	_, err = os.Stat(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return fail.New(fail.NotFound, "make it, or mount the medium that it is on", "%s: its folder is not there", path)
	}
	return err
}

// Fits refuses a path where an archive of about n bytes can't lie.
func Fits(path string, n int64) error {
	if err := fitsOn(n, medium.VolumeOf(filepath.Dir(path))); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func fitsOn(n int64, v medium.Volume) error {
	switch {
	case n > v.MaxFile:
		return fail.New(fail.NoSpace, "format the medium as exFAT or ext4, or keep the bundle as a folder",
			"%d bytes to be written, and a file may have %d there", n, v.MaxFile)
	case v.Free >= 0 && v.Free < n:
		return fail.New(fail.NoSpace, "free some space there, or take a larger medium", "%d bytes to be written, %d bytes free", n, v.Free)
	}
	return nil
}

// Create begins an archive that is to be at path, and that takes about room
// bytes. What an earlier run left is removed; class Busy when one is at work.
func Create(path string, room int64) (*Output, error) {
	if err := Place(path); err != nil {
		return nil, err
	}
	temp := path + medium.TempSuffix
	if err := removeStale(temp); err != nil {
		return nil, err
	}
	if err := Fits(path, room); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, busy(temp) // somebody was faster
	}
	if err != nil {
		return nil, err
	}
	if err := own(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Output{path: path, file: file, buf: bufio.NewWriterSize(file, pieceSize)}, nil
}

// removeStale removes what an interrupted run left.
func removeStale(temp string) error {
	st, err := os.Lstat(temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return fail.New(fail.Conflict, "move it away", "%s is in the way: the archive is written under that name first", temp)
	}
	file, err := fsx.Open(temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the other one has ended
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := own(file); err != nil {
		return err
	}
	return os.Remove(temp)
}

// own makes file, and the name that it was opened by, those of this process
// until file is closed: nobody removes or renames a file that another one has
// locked. Between opening and locking it others may have done so; then the
// name is theirs.
func own(file *os.File) error {
	if !tryLock(file) {
		return busy(file.Name())
	}
	err := stays(file, file.Name())
	if errors.Is(err, errMoved) {
		err = busy(file.Name())
	}
	return err
}

// errMoved says that a path does not lead to a file any more.
var errMoved = errors.New("another file is in its place, or none: another process put it there, or the medium was unmounted")

// stays holds that path leads to file, which was opened by it. Desktops unmount
// a medium that was pulled, and what is written by its path then lies on another
// disk.
func stays(file *os.File, path string) error {
	at, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	st, serr := file.Stat()
	if serr != nil {
		return serr
	}
	if err != nil || !os.SameFile(st, at) {
		return fail.As(fmt.Errorf("%s: %w", path, errMoved), fail.Conflict, "put the medium in again where it was pulled, and run the same command again")
	}
	return nil
}

func busy(name string) error {
	return fail.New(fail.Busy, "wait until the other one has ended", "another process is writing to %s", name)
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) { return o.buf.Write(p) }

// Commit reads back the archive's own index, and gives the file its name. It is
// durable when Commit returns.
func (o *Output) Commit() error {
	err := o.buf.Flush()
	if err == nil {
		err = o.file.Sync()
	}
	if err == nil {
		err = stays(o.file, o.file.Name())
	}
	if err == nil {
		err = readable(o.file.Name())
	}
	if err == nil {
		err = os.Rename(o.file.Name(), o.path)
	}
	if err != nil {
		o.Abort()
		return err
	}
	return errors.Join(o.file.Close(), fsx.SyncDir(filepath.Dir(o.path)))
}

// readable opens what was written as whoever gets it will.
func readable(path string) error {
	a, err := Open(path)
	if err != nil {
		return fmt.Errorf("what was written cannot be read back: %w", err)
	}
	return a.Close()
}

// Abort removes what was written, and not what somebody else writes under that
// name where a file system has no locks.
func (o *Output) Abort() {
	if stays(o.file, o.file.Name()) == nil {
		_ = os.Remove(o.file.Name())
	}
	_ = o.file.Close()
}

// copyRaw copies the first n bytes of an archive as they are.
func (a *File) copyRaw(w io.Writer, n int64) error {
	copied, err := io.CopyBuffer(struct{ io.Writer }{w}, io.NewSectionReader(a.r, 0, n), make([]byte, pieceSize))
	if err == nil && copied < n {
		err = refuse("the file got shorter while it was being read")
	}
	return err
}

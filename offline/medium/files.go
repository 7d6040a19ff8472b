package medium

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/otactl/otactl/internal/fsx"
)

// Files are the files of a bundle, for reading. Names are those of package fs:
// below the bundle, with forward slashes. All methods are safe for concurrent
// use.
//
// Open opens plain files only: a link, even one that stays inside, a pipe or a
// folder is ErrNotRegular. Each file implements io.ReaderAt. Stat and ReadDir
// follow no link.
type Files interface {
	fs.StatFS
	fs.ReadDirFS
	io.Closer
}

// Changer is a bundle whose files can be replaced one by one.
type Changer interface {
	Files
	// Lock keeps other processes from writing to the bundle until it is closed;
	// class Busy when one does.
	Lock() (io.Closer, error)
	// Replace puts each file in place of what has its name, in a folder that is
	// there, one after the other: whoever looks finds all of the old or all of
	// the new of each, also after a power cut. They are durable when Replace
	// returns.
	Replace(files ...File) error
}

// File is a file by its name in the bundle, and what is in it.
type File struct {
	Name string
	Data []byte
}

// ErrNotRegular says that a name is no plain file.
var ErrNotRegular = errors.New("not a regular file")

// ReadFile reads the plain file at name if it has at most max bytes; a longer
// one is a *fsx.TooLargeError. A file that is not there is fs.ErrNotExist.
func ReadFile(files Files, name string, max int64) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, Cause(err))
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, Cause(err))
	}
	if st.Size() > max {
		return nil, &fsx.TooLargeError{Name: name, Max: max}
	}
	return fsx.ReadSized(f, name, st.Size(), max)
}

// Cause is err without the system call and path that os puts in front, which
// our own messages name already.
func Cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

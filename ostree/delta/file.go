package delta

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

// inMemory is up to which size a superblock is read into memory, in bytes. A
// larger one, with parts inside, is mapped.
const inMemory = 4 << 20

// File is a delta on disk: a superblock, plain or in signed form, and parts
// inside or beside it.
type File struct {
	*Superblock
	// Raw are the superblock's bytes, over which signatures are made.
	Raw []byte
	// Signatures of the signed form, by engine; not valid for the plain form.
	Signatures variant.Value

	dir string // of the parts; "": they are not beside it
	file
}

// file is what a file holds, in memory or mapped.
type file struct {
	data   []byte
	free   func() // nil: the collector does it
	forget func() // nil: not mapped
}

func (f *file) release() {
	if f.free != nil {
		f.free()
		f.free = nil
	}
}

// Signed says whether the file is in signed form.
func (f *File) Signed() bool { return f.Signatures.IsValid() }

// Open reads a delta from a file, or from the file superblock of a folder.
// What is read later may not be what was there at first: for what is to be
// verified and then used there is OpenCopy.
func Open(path string) (*File, error) { return open(path, "") }

// OpenCopy is Open for a file that somebody else may change, or pull out of the
// machine, while it is in use: a large one is first copied into a file without
// a name in the folder scratch.
func OpenCopy(path, scratch string) (*File, error) { return open(path, scratch) }

func open(path, scratch string) (*File, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, "superblock")
	}
	in, err := contents(path, scratch)
	if err != nil {
		return nil, fmt.Errorf("static delta: %w", err)
	}
	return parseFile(in, path, filepath.Dir(path))
}

// Scratch is the folder for files without a name, "" for the system's, and who
// is asked before they grow; nobody, if that is nil.
type Scratch struct {
	Dir  string
	Room Room
}

// ReadCopy is OpenCopy for a superblock that lies elsewhere than in a folder of
// this machine: its size bytes are read from in, and name is for messages. The
// parts beside it are for the caller to open.
func ReadCopy(in io.Reader, name string, size int64, scratch Scratch) (*File, error) {
	held, err := hold(in, name, size, scratch)
	if err != nil {
		return nil, fmt.Errorf("static delta: %w", err)
	}
	return parseFile(held, name, "")
}

func parseFile(in file, name, dir string) (*File, error) {
	f := &File{dir: dir, file: in}
	var err error
	if f.Raw, f.Signatures, err = Unwrap(in.data); err == nil {
		f.Superblock, err = ParseSuperblock(f.Raw)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.Superblock.forget = in.forget
	return f, nil
}

// contents are the bytes of a file, or with scratch of a copy of it.
func contents(path, scratch string) (file, error) {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() { // a pipe would not even open
		return file{}, cmp.Or(err, error(&fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}))
	}
	in, err := os.Open(path)
	if err != nil {
		return file{}, err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return file{}, err
	}
	if st.Size() > inMemory && st.Size() <= limits.DeltaFile && scratch == "" {
		return mapFile(in)
	}
	return hold(in, path, st.Size(), Scratch{Dir: scratch})
}

// hold keeps what is read from in where nobody can change it: a small file in
// memory, a large one in a file without a name in the folder scratch.
func hold(in io.Reader, name string, size int64, scratch Scratch) (file, error) {
	switch {
	case size > limits.DeltaFile:
		return file{}, &fsx.TooLargeError{Name: name, Max: limits.DeltaFile}
	case size <= inMemory:
		data, err := fsx.ReadAll(in, name, inMemory)
		return file{data: data}, err
	}
	copied := &spool{dir: scratch.Dir, room: scratch.Room}
	defer copied.Close()
	err := copied.fits(uint64(size))
	if err == nil {
		_, err = io.CopyN(copied, in, size)
	}
	if err != nil {
		return file{}, fmt.Errorf("copy %s to %s: %w", name, cmp.Or(scratch.Dir, os.TempDir()), err)
	}
	return mapFile(copied.file)
}

// Close frees the file. Nothing of the superblock may be used after it.
func (f *File) Close() { f.release() }

// Part opens a part: the one inside, else the file beside the superblock.
func (f *File) Part(i int) (io.ReadCloser, error) {
	if r := f.OpenInline(i); r != nil {
		return r, nil
	}
	if f.dir == "" {
		return nil, fmt.Errorf("static delta %s: part %d is not in its superblock", f.Name, i)
	}
	file, err := os.Open(filepath.Join(f.dir, strconv.Itoa(i)))
	if err != nil {
		return nil, fmt.Errorf("static delta %s: part %d: %w", f.Name, i, err)
	}
	return file, nil
}

package delta

import (
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

	dir string
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
func Open(path string) (*File, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, "superblock")
	}
	in, err := contents(path)
	if err != nil {
		return nil, fmt.Errorf("static delta: %w", err)
	}
	f := &File{dir: filepath.Dir(path), file: in}
	if f.Raw, f.Signatures, err = Unwrap(in.data); err == nil {
		f.Superblock, err = ParseSuperblock(f.Raw)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Superblock.forget = in.forget
	return f, nil
}

// contents are the bytes of a file.
func contents(path string) (file, error) {
	st, err := os.Stat(path)
	if err != nil {
		return file{}, err
	}
	if st.Size() <= inMemory {
		data, err := fsx.ReadFile(path, limits.DeltaFile)
		return file{data: data}, err
	}
	if !st.Mode().IsRegular() {
		return file{}, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	if st.Size() > limits.DeltaFile {
		return file{}, &fsx.TooLargeError{Name: path, Max: limits.DeltaFile}
	}
	return mapFile(path)
}

// Close frees the file. Nothing of the superblock may be used after it.
func (f *File) Close() { f.release() }

// Part opens a part: the one inside, else the file beside the superblock.
func (f *File) Part(i int) (io.ReadCloser, error) {
	if r := f.OpenInline(i); r != nil {
		return r, nil
	}
	file, err := os.Open(filepath.Join(f.dir, strconv.Itoa(i)))
	if err != nil {
		return nil, fmt.Errorf("static delta %s: part %d: %w", f.Name, i, err)
	}
	return file, nil
}

package apps

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"syscall"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/offline/medium"
)

// Blobs are where blobs are read from. What is read is not verified yet.
type Blobs interface {
	// Stat is the size of a blob; one that is not there is fs.ErrNotExist.
	Stat(Digest) (int64, error)
	// Open opens a blob for reading.
	Open(Digest) (fs.File, error)
}

// Store is a folder with blobs/sha256 in it: a bundle's apps, or composectl's.
type Store struct {
	files medium.Files
	dir   string
}

// NewStore is the store in dir of files; "." is files itself.
func NewStore(files medium.Files, dir string) Store { return Store{files: files, dir: dir} }

const (
	dirBlobs  = "blobs/sha256"
	hintStore = "name the folder that has blobs/sha256 in it, or a bundle"
)

// OpenStore opens a store on this machine: a folder that has blobs/sha256 in
// it, as composectl keeps it, or a bundle. Close what it returns beside.
func OpenStore(dir string) (Store, io.Closer, error) {
	folder, err := medium.OpenFolder(dir)
	if err != nil {
		return Store{}, nil, fail.As(fmt.Errorf("store of apps %s: %w", dir, medium.Cause(err)), fail.NotFound, hintStore)
	}
	for _, below := range []string{".", "apps"} {
		if st, err := folder.Stat(path.Join(below, dirBlobs)); err == nil && st.IsDir() {
			return NewStore(folder, below), folder, nil
		}
	}
	return Store{}, nil, errors.Join(fail.New(fail.NotFound, hintStore, "store of apps %s: it has no %s", dir, dirBlobs), folder.Close())
}

// Name is where the blob's file is, below the files.
func (s Store) Name(d Digest) string { return path.Join(s.dir, dirBlobs, d.Hex()) }

// Stat implements Blobs. What is no plain file is medium.ErrNotRegular.
func (s Store) Stat(d Digest) (int64, error) {
	st, err := s.files.Stat(s.Name(d))
	if err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() {
		return 0, &fs.PathError{Op: "stat", Path: s.Name(d), Err: medium.ErrNotRegular}
	}
	return st.Size(), nil
}

// Open implements Blobs.
func (s Store) Open(d Digest) (fs.File, error) { return s.files.Open(s.Name(d)) }

// Layered reads each blob from the first of several stores that has it.
type Layered []Blobs

// Stat implements Blobs.
func (l Layered) Stat(d Digest) (int64, error) {
	for _, b := range l {
		if size, err := b.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			return size, err
		}
	}
	return 0, fs.ErrNotExist
}

// Open implements Blobs.
func (l Layered) Open(d Digest) (fs.File, error) {
	for _, b := range l {
		if f, err := b.Open(d); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, fs.ErrNotExist
}

// CorruptError says that a blob is not what its name says.
type CorruptError struct {
	Digest Digest
	Why    string
}

func (e *CorruptError) Error() string { return fmt.Sprintf("blob %s: %s", e.Digest, e.Why) }

// read reads a blob of at most max bytes and verifies it.
func read(from Blobs, d Digest, max int64) ([]byte, error) {
	f, err := from.Open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := fsx.ReadAll(f, "blob "+string(d), max)
	if _, large := errors.AsType[*fsx.TooLargeError](err); large {
		return nil, fail.As(err, fail.Verification, "")
	}
	if err != nil {
		return nil, err
	}
	if digestOf(data) != d {
		return nil, corrupt(d, "its bytes have another checksum")
	}
	return data, nil
}

func corrupt(d Digest, format string, args ...any) error {
	return fail.As(&CorruptError{Digest: d, Why: fmt.Sprintf(format, args...)}, fail.Verification, "")
}

// intact reads all of a blob, to seen as well, and says whether it is what its
// name says. One that cannot be read for a bad sector is not.
func intact(ctx context.Context, from Blobs, d Digest, size int64, seen io.Writer) (bool, error) {
	there, err := from.Stat(d)
	if err != nil || there != size {
		return false, gone(err)
	}
	f, err := from.Open(d)
	if err != nil {
		return false, gone(err)
	}
	defer f.Close()
	err = verify(ctx, f, d, size, seen)
	if _, bad := errors.AsType[*CorruptError](err); bad || errors.Is(err, syscall.EIO) {
		return false, nil
	}
	return err == nil, err
}

// verify copies r to to and wants it to be the blob d of that size.
func verify(ctx context.Context, r io.Reader, d Digest, size int64, to io.Writer) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(&interruptible{ctx: ctx, r: r}, size+1))
	switch {
	case err != nil:
		return err
	case n < size:
		return corrupt(d, "it ends after %d bytes, want %d", n, size)
	case n > size:
		return corrupt(d, "it goes on after %d bytes", size)
	case sumDigest(sum.Sum(nil)) != d:
		return corrupt(d, "its bytes have another checksum")
	}
	return nil
}

// gone is nil for a blob that is not there, or is no plain file.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, medium.ErrNotRegular) {
		return nil
	}
	return err
}

// interruptible ends a long copy when its context does.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

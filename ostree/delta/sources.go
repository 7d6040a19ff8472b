package delta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/otactl/otactl/ostree"
)

// sources opens the files that a delta copies from, which are objects of the
// repo.
type sources struct {
	repo ostree.Source
	dir  string // for what an archive repo holds compressed
	room Room
	// hashed makes open hash a file before it gives a byte of it. Who verifies
	// what is made of it can do without, and ask check once that is wrong.
	hashed bool

	mu    sync.Mutex
	sound map[ostree.Checksum]bool // what was hashed and is what it should be
}

// source is a file of the repo, plain.
type source struct {
	io.ReaderAt
	io.Closer
	sum  ostree.Checksum
	size int64
}

// open opens a file. What is not there is a *ostree.MissingError.
func (s *sources) open(ctx context.Context, sum ostree.Checksum) (*source, error) {
	if s.hashed {
		if err := s.check(ctx, sum); err != nil {
			return nil, err
		}
	}
	h, payload, err := s.read(ctx, sum)
	if err != nil {
		return nil, copyError(err)
	}
	if at, ok := payload.(io.ReaderAt); ok {
		return &source{at, payload, sum, int64(h.Size)}, nil
	}
	copied := &spool{dir: s.dir, room: s.room}
	_, err = io.Copy(copied, &cancellable{ctx, payload})
	if err = errors.Join(err, payload.Close()); err != nil {
		return nil, copyError(errors.Join(err, copied.Close()))
	}
	return &source{copied, copied, sum, copied.size}, nil
}

// check holds a file against its name, once: *ostree.CorruptError if it is not
// what that says. A program may name the same file millions of times.
func (s *sources) check(ctx context.Context, sum ostree.Checksum) error {
	s.mu.Lock()
	sound := s.sound[sum]
	s.mu.Unlock()
	if sound {
		return nil
	}
	if err := s.hash(ctx, sum); err != nil {
		return copyError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sound == nil {
		s.sound = map[ostree.Checksum]bool{}
	}
	s.sound[sum] = true
	return nil
}

func (s *sources) hash(ctx context.Context, sum ostree.Checksum) error {
	h, payload, err := s.read(ctx, sum)
	if err != nil {
		return err
	}
	got, err := ostree.ContentChecksum(h, &cancellable{ctx, payload})
	err = errors.Join(err, payload.Close())
	if err == nil && got != sum {
		err = &ostree.CorruptError{ID: ostree.ObjectID{Sum: sum, Type: ostree.TypeFile}, Why: "checksum is " + got.String()}
	}
	return err
}

func (s *sources) read(ctx context.Context, sum ostree.Checksum) (*ostree.FileHeader, io.ReadCloser, error) {
	id := ostree.ObjectID{Sum: sum, Type: ostree.TypeFile}
	obj, err := s.repo.Object(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	h, payload, err := obj.OpenFile(ctx)
	if err != nil {
		return nil, nil, err
	}
	if h.IsSymlink() {
		return nil, nil, errors.Join(bad("object %s is a symlink", id), payload.Close())
	}
	return h, payload, nil
}

func copyError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("file to copy from: %w", err)
}

package delta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/otactl/otactl/ostree"
)

// sources opens the files that a delta copies from. They are objects of the
// repo, and each is hashed once before a byte of it is used.
type sources struct {
	repo ostree.Source
	dir  string // for what an archive repo holds compressed

	mu     sync.Mutex
	hashed map[ostree.Checksum]bool
}

// source is a file of the repo, plain.
type source struct {
	io.ReaderAt
	io.Closer
	size int64
}

// open opens a file. What is not there is a *ostree.MissingError, and what is
// not what its name says a *ostree.CorruptError.
func (s *sources) open(ctx context.Context, sum ostree.Checksum) (*source, error) {
	id := ostree.ObjectID{Sum: sum, Type: ostree.TypeFile}
	obj, err := s.repo.Object(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("file to copy from: %w", err)
	}
	h, payload, err := obj.OpenFile(ctx)
	if err != nil {
		return nil, fmt.Errorf("file to copy from: %w", err)
	}
	src, err := s.plain(id, h, payload)
	if err != nil {
		return nil, fmt.Errorf("file to copy from: %w", err)
	}
	return src, nil
}

// plain makes a source of a file's payload, which it takes over: the file
// itself if it can be read at random, else a copy.
func (s *sources) plain(id ostree.ObjectID, h *ostree.FileHeader, payload io.ReadCloser) (*source, error) {
	if h.IsSymlink() {
		return nil, errors.Join(bad("object %s is a symlink", id), payload.Close())
	}
	src := &source{Closer: payload, size: int64(h.Size)}
	if at, ok := payload.(io.ReaderAt); ok {
		src.ReaderAt = at
		if s.known(id.Sum) {
			return src, nil
		}
		if err := s.hash(id, h, io.NewSectionReader(at, 0, src.size)); err != nil {
			return nil, errors.Join(err, payload.Close())
		}
		return src, nil
	}
	copied := &spool{dir: s.dir}
	err := s.hash(id, h, io.TeeReader(payload, copied))
	if err = errors.Join(err, payload.Close()); err != nil {
		return nil, errors.Join(err, copied.Close())
	}
	return &source{copied, copied, copied.size}, nil
}

// hash holds a file against its name.
func (s *sources) hash(id ostree.ObjectID, h *ostree.FileHeader, payload io.Reader) error {
	got, err := ostree.ContentChecksum(h, payload)
	if err != nil {
		return err
	}
	if got != id.Sum {
		return &ostree.CorruptError{ID: id, Why: "checksum is " + got.String()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hashed[id.Sum] = true
	return nil
}

func (s *sources) known(sum ostree.Checksum) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hashed[sum]
}

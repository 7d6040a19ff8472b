package treehub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// What is read once and kept while it is verified and sent, in bytes. Nine
// objects in ten are no longer than inMemory. The others are read twice, which
// costs little where the source keeps the archive form; elsewhere, where it
// has to be compressed again and its length is not known, more is kept.
const (
	inMemory      = 32 << 10
	unsizedMemory = 256 << 10
)

// askFirst is the size above which the server may refuse a body before it is
// sent (Expect: 100-continue).
const askFirst = 1 << 20

var errSessionOver = errors.New("treehub: the write session is over")

// Put verifies obj and sends it. An object that the server has already is a
// success. A server that misses a child answers ErrMissingChild.
func (t *session) Put(ctx context.Context, obj ostree.Object) error {
	s := t.s
	if t.over.Load() {
		return errSessionOver
	}
	if err := faults.At(s.opt.Faults, "treehub.put"); err != nil {
		return err
	}
	r, length, err := obj.OpenArchive(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if length > inMemory {
		return s.verifyAndPost(ctx, obj, length)
	}
	buf := s.buffers.Get()
	defer s.buffers.Put(buf)
	n, err := fill(&buf.Buffer, r, length)
	if err != nil {
		return err
	}
	if n > unsizedMemory {
		return s.putSpooled(ctx, obj, io.MultiReader(buf, r))
	}
	if length >= 0 && n != length {
		return &ostree.CorruptError{ID: obj.ID(), Why: fmt.Sprintf("%d bytes, where %d were announced", n, length)}
	}
	return s.verifyAndPost(ctx, ostree.NewArchived(obj.ID(), func(context.Context) (io.ReadCloser, int64, error) {
		return buf.Body(), n, nil
	}), n)
}

// fill reads an object of a length, negative if not known, into buf, but not
// more than is kept in memory and one byte.
func fill(buf *bytes.Buffer, r io.Reader, length int64) (int64, error) {
	if length >= 0 {
		buf.Grow(int(length) + bytes.MinRead) // as much as finding the end takes
	}
	return io.Copy(buf, io.LimitReader(r, unsizedMemory+1))
}

// keepBuffer is the largest buffer worth keeping.
const keepBuffer = inMemory + bytes.MinRead

func (s *Store) verify(ctx context.Context, obj ostree.Object) error {
	select {
	case s.checking <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-s.checking }()
	return ostree.VerifyObject(ctx, obj)
}

// putSpooled is for a source that does not know how long the object is in
// archive form: the protocol wants to be told, and a retry wants it again.
func (s *Store) putSpooled(ctx context.Context, obj ostree.Object, r io.Reader) error {
	f, err := os.CreateTemp("", "otactl-object-*")
	if err != nil {
		return spoolFull(obj, err)
	}
	defer func() { _ = os.Remove(f.Name()); _ = f.Close() }()
	length, err := io.Copy(f, r)
	if err != nil {
		return spoolFull(obj, err)
	}
	open := func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(io.NewSectionReader(f, 0, length)), length, nil
	}
	return s.verifyAndPost(ctx, ostree.NewArchived(obj.ID(), open), length)
}

// spoolFull says what to do when err is about a full disk here, not there.
func spoolFull(obj ostree.Object, err error) error {
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return fail.As(fmt.Errorf("compress %s to send it: %w", obj.ID(), err), fail.NoSpace,
		"set TMPDIR to a folder with room for the largest objects, or publish from a repo of mode archive, which needs none")
}

func (s *Store) verifyAndPost(ctx context.Context, obj ostree.Object, length int64) error {
	if err := s.verify(ctx, obj); err != nil {
		return err
	}
	err := s.bring(ctx, obj, length)
	switch httpx.Code(err) {
	case 0:
		if err == nil {
			s.stored.Add(1)
			s.sent.Add(length)
		}
		return err
	case http.StatusConflict:
		if err := s.arrived(ctx, obj.ID(), length); err != nil {
			return fmt.Errorf("send %s: %w", obj.ID(), err)
		}
		s.existed.Add(1)
		return nil
	case http.StatusPreconditionFailed:
		if httpx.Reason(err) == "missing_child" {
			return fail.As(fmt.Errorf("send %s: %w: %w", obj.ID(), ErrMissingChild, err), fail.Verification,
				"the server lost an object; run this again with --full-check")
		}
	case http.StatusInsufficientStorage:
		return fmt.Errorf("send %s: %w: %w", obj.ID(), ostree.ErrNoSpace, err)
	}
	return fmt.Errorf("send %s: %w", obj.ID(), err)
}

// post sends the object; each attempt opens it anew.
func (s *Store) post(ctx context.Context, obj ostree.Object, length int64) error {
	if length == 0 {
		return &ostree.CorruptError{ID: obj.ID(), Why: "it is empty"}
	}
	resp, err := s.send(ctx, http.MethodPost, obj.ID().ArchivePath(), func(req *http.Request) error {
		req.Header.Set("Content-Type", "application/octet-stream")
		return objectBody(ctx, req, obj, length)
	})
	if err != nil {
		return err
	}
	httpx.Discard(resp)
	return nil
}

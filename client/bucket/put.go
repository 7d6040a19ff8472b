package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

const (
	// inMemory is the largest object that is read once and kept while it is
	// verified and sent; nearly all are smaller. Larger ones are read twice.
	inMemory = 256 << 10
	// askFirst is the size above which the server may refuse a body before it is
	// sent (Expect: 100-continue).
	askFirst = 1 << 20
	// keepBuffer is the largest buffer worth keeping: nine objects in ten fit.
	keepBuffer = 32 << 10
)

var errSessionOver = errors.New("bucket: the write session is over")

// Begin opens a session, and makes the repo if there is none. The server makes
// each object durable as it answers, so that a session keeps nothing but
// whether it is over.
func (s *Store) Begin(ctx context.Context) (ostree.Session, error) {
	if err := s.makeRepo(ctx); err != nil {
		return nil, err
	}
	return &session{s: s}, nil
}

type session struct {
	s    *Store
	over atomic.Bool
}

// Close has nothing left to make durable.
func (t *session) Close(ctx context.Context) error {
	t.over.Store(true)
	return ctx.Err()
}

// Abort has nothing to undo: what arrived stays, and a later run finds it.
func (t *session) Abort() { t.over.Store(true) }

// Put verifies obj and sends it. An object that the bucket has already is a
// success.
func (t *session) Put(ctx context.Context, obj ostree.Object) error {
	s := t.s
	if t.over.Load() {
		return errSessionOver
	}
	if err := faults.At(s.opt.Faults, "bucket.put"); err != nil {
		return err
	}
	buf := s.buffers.Get()
	whole, err := readSmall(ctx, obj, &buf.Buffer)
	if err != nil {
		return err
	}
	if !whole {
		s.buffers.Put(buf)
		return s.putLarge(ctx, obj)
	}
	defer s.buffers.Put(buf)
	return s.putSmall(ctx, obj.ID(), buf)
}

// readSmall reads obj, and says whether that is all of it: a large one it
// leaves alone.
func readSmall(ctx context.Context, obj ostree.Object, buf *bytes.Buffer) (whole bool, err error) {
	r, length, err := obj.OpenArchive(ctx)
	if err != nil {
		return false, err
	}
	defer r.Close()
	if length > inMemory {
		return false, nil
	}
	n, err := io.Copy(buf, io.LimitReader(r, inMemory+1))
	switch {
	case err != nil || n > inMemory:
		return false, err
	case length >= 0 && n != length:
		return false, &ostree.CorruptError{ID: obj.ID(), Why: fmt.Sprintf("%d bytes, where %d were announced", n, length)}
	}
	return true, nil
}

func (s *Store) putSmall(ctx context.Context, id ostree.ObjectID, buf *httpx.Buffer) error {
	b := bodyOf(buf.Bytes())
	b.open = func() (io.ReadCloser, error) { return buf.Body(), nil }
	open := func(context.Context) (io.ReadCloser, int64, error) { return buf.Body(), b.size, nil }
	if err := s.verify(ctx, ostree.NewArchived(id, open)); err != nil {
		return err
	}
	return s.store(ctx, id, b)
}

func (s *Store) verify(ctx context.Context, obj ostree.Object) error {
	select {
	case s.checking <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-s.checking }()
	return ostree.VerifyObject(ctx, obj)
}

// store sends an object that was verified, and counts it.
func (s *Store) store(ctx context.Context, id ostree.ObjectID, b body) error {
	when := ifAbsent
	if id.Type == ostree.TypeCommitMeta { // signatures, which are not named by their content
		when = always
	}
	_, err := s.put(ctx, id.ArchivePath(), b, when)
	switch {
	case errors.Is(err, errChanged):
		s.existed.Add(1)
	case err != nil:
		return fmt.Errorf("send %s: %w", id, err)
	default:
		s.stored.Add(1)
		s.sent.Add(b.size)
	}
	s.fans[id.Sum[0]].add(id)
	return nil
}

// body is what is sent: size bytes that open gives each time, and their hash.
type body struct {
	size int64
	sum  [sha256.Size]byte
	open func() (io.ReadCloser, error)

	covers string // of a signature, see headerCovers
}

func bodyOf(data []byte) body {
	return body{size: int64(len(data)), sum: sha256.Sum256(data), open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// attach gives each attempt of a request the body, from its start.
func (b body) attach(req *http.Request) error {
	req.Header.Set(headerSHA256, hex.EncodeToString(b.sum[:]))
	if b.covers != "" {
		req.Header.Set(headerCovers, b.covers)
	}
	req.ContentLength = b.size
	if b.size == 0 {
		req.Body = http.NoBody
		return nil
	}
	r, err := b.open()
	if err != nil {
		return err
	}
	req.Body, req.GetBody = r, b.open // GetBody is for a kept connection that turns out to be closed
	if b.size > askFirst {
		req.Header.Set("Expect", "100-continue")
	}
	return nil
}

// condition is what must be so for a write: always, ifAbsent, or the ETag of
// what is replaced.
type condition string

const (
	always   condition = ""
	ifAbsent condition = "*"
)

func (c condition) attach(req *http.Request) {
	switch c {
	case always:
	case ifAbsent:
		req.Header.Set("If-None-Match", "*")
	default:
		req.Header.Set("If-Match", string(c))
	}
}

// put writes a file of the repo and returns its ETag. Where the condition does
// not hold the error is errChanged. A server that knows no conditions is asked
// again without.
func (s *Store) put(ctx context.Context, path string, b body, when condition) (etag string, err error) {
	resp, err := s.do(ctx, http.MethodPut, path, nil, func(req *http.Request) error {
		describe(req, path)
		when.attach(req)
		return b.attach(req)
	})
	if httpx.Code(err) == http.StatusNotImplemented && when != always {
		return s.put(ctx, path, b, always)
	}
	if err != nil {
		return "", err
	}
	httpx.Discard(resp)
	return resp.Header.Get("ETag"), nil
}

func (s *Store) putBytes(ctx context.Context, path string, data []byte, when condition) (etag string, err error) {
	return s.put(ctx, path, bodyOf(data), when)
}

// describe says for whoever serves the file what it is and how long it may be
// kept. Objects never change, but for signatures; all else may at any time, and
// a cache has to ask.
func describe(req *http.Request, path string) {
	kind, keep := "application/octet-stream", "no-cache"
	switch {
	case strings.HasPrefix(path, "refs/"), path == "config":
		kind = "text/plain"
	case strings.HasPrefix(path, "objects/") && !strings.HasSuffix(path, "."+ostree.TypeCommitMeta.Ext()):
		keep = "public, max-age=31536000, immutable"
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Cache-Control", keep)
}

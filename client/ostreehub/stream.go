package ostreehub

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// stream sends a large file in a tar of its own, and returns when the server
// has it.
func (t *session) stream(ctx context.Context, obj ostree.Object, length int64) error {
	id := obj.ID()
	sum := &summed{Object: obj}
	if err := t.s.verify(ctx, ostree.NewArchived(id, sum.open)); err != nil {
		return err
	}
	if sum.n != length {
		return &ostree.CorruptError{ID: id, Why: "its length changed while it was read"}
	}
	tar, err := single(id.ArchivePath(), length, sum.crc, obj.OpenArchive)
	if err != nil {
		return err
	}
	if err := t.s.push(ctx, tar); err != nil {
		return fmt.Errorf("send %s: %w", id, err)
	}
	t.s.count(1, length)
	return nil
}

// summed takes the checksum of an object while it is verified.
type summed struct {
	ostree.Object
	crc uint32
	n   int64
}

func (s *summed) open(ctx context.Context) (io.ReadCloser, int64, error) {
	r, n, err := s.OpenArchive(ctx)
	if err != nil {
		return nil, 0, err
	}
	s.crc, s.n = 0, 0
	return &summing{r, s}, n, nil
}

type summing struct {
	io.ReadCloser
	to *summed
}

func (r *summing) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.to.crc = crc32.Update(r.to.crc, castagnoli(), p[:n])
	r.to.n += int64(n)
	return n, err
}

func (s *Store) count(objects int, size int64) {
	s.stored.Add(int64(objects))
	s.sent.Add(size)
}

// push sends a tar, and says what to do about the answers that end it.
func (s *Store) push(ctx context.Context, tar body) error {
	if err := faults.At(s.opt.Faults, "ostreehub.send"); err != nil {
		return err
	}
	report, err := s.hub.push(ctx, tar)
	s.reportMu.Lock()
	s.report.add(report)
	s.reportMu.Unlock()
	switch httpx.Code(err) {
	case http.StatusInsufficientStorage:
		return fmt.Errorf("%w: %w", ostree.ErrNoSpace, err)
	case http.StatusRequestEntityTooLarge:
		return fail.As(err, fail.ClassOf(err), "the server, or a proxy before it, takes no request of this size; have its limit raised")
	}
	return err
}

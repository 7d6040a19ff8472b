package treehub

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

var _ ostree.ManySource = (*Store)(nil)

// GivesMany implements ostree.ManySource: a server that takes many objects in a
// request gives many, unless it has said that it does not.
func (s *Store) GivesMany() bool { return s.far.batches.Load() && !s.far.single.Load() }

// GetMany implements ostree.ManySource.
func (s *Store) GetMany(ctx context.Context, ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
	for len(ids) > 0 && s.GivesMany() {
		some := ids[:min(len(ids), batch.MaxObjects)]
		ids = ids[len(some):]
		if err := s.getSome(ctx, some, give); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) getSome(ctx context.Context, ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
	question := batch.MarshalQuestion(ids)
	resp, err := s.Do(ctx, http.MethodPost, batch.FetchPath, func(req *http.Request) error {
		setBody(req, question)
		req.Header.Set("Accept-Encoding", "identity")
		return nil
	})
	if httpx.Code(err) == http.StatusNotFound || httpx.Code(err) == http.StatusMethodNotAllowed {
		s.far.single.Store(true) // a server of before there was such a request
		return nil
	}
	if err != nil {
		return fmt.Errorf("fetch %d objects: %w", len(ids), err)
	}
	defer resp.Body.Close()
	frames := batch.NewReader(bufio.NewReaderSize(resp.Body, 64<<10))
	for {
		f, err := frames.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fail.As(fmt.Errorf("fetch %d objects: %w", len(ids), err), fail.Network, "")
		}
		if err := take(frames, f, give); err != nil {
			return err
		}
	}
}

// take reads one object of an answer, which is never long.
func take(r io.Reader, f batch.Frame, give func(ostree.ObjectID, []byte) error) error {
	if f.Length > batch.MaxFetched {
		return fail.New(fail.Network, "check that nothing between here and the server changes its answers",
			"object %s: %d bytes in an answer that holds short ones", f.ID, f.Length)
	}
	data := make([]byte, f.Length)
	if _, err := io.ReadFull(r, data); err != nil {
		return fail.As(fmt.Errorf("object %s: %w", f.ID, err), fail.Network, "")
	}
	return give(f.ID, data)
}

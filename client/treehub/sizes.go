package treehub

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

var _ ostree.Sizer = (*Store)(nil)

// Sizes implements ostree.Sizer where the server is known to take many objects
// in one request, and is not from before it said sizes.
func (s *Store) Sizes(ctx context.Context, commit ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
	if !s.far.batches.Load() {
		return s.noSizes()
	}
	resp, err := s.Do(ctx, http.MethodGet, batch.SizesPath+commit.String(), func(req *http.Request) error {
		req.Header.Set("Accept-Encoding", "identity")
		return nil
	})
	if httpx.Code(err) == http.StatusNotFound || httpx.Code(err) == http.StatusMethodNotAllowed {
		return s.noSizes()
	}
	if err != nil {
		return fmt.Errorf("sizes of commit %s: %w", commit, err)
	}
	defer resp.Body.Close()
	var given error
	err = batch.ReadSizes(bufio.NewReaderSize(resp.Body, 64<<10), func(f batch.Frame) error {
		given = give(f.ID, f.Length)
		return given
	})
	if err != nil && given == nil {
		err = fail.As(fmt.Errorf("sizes of commit %s: %w", commit, err), fail.Network, "")
	}
	return err
}

func (s *Store) noSizes() error {
	return fmt.Errorf("%s: it does not say the sizes of a commit: %w", s.URL(), errors.ErrUnsupported)
}

package objects

import (
	"context"
	"net/http"

	"github.com/otactl/otactl/ostree/summary"
	"github.com/otactl/otactl/server/api"
)

// Summarize makes the repo's summary anew, with its refs and deltas as they are
// now.
func (s *Store) Summarize(ctx context.Context) error {
	return summary.Update(ctx, s.repo, summary.Options{Now: s.clock()}, nil)
}

// summarize is Summarize after what is done already: its failure is the
// server's affair, and the next start mends it.
func (s *Store) summarize(ctx context.Context) {
	if err := s.Summarize(context.WithoutCancel(ctx)); err != nil {
		s.log.Error("the summary was not made anew", "error", err)
	}
}

// getRefs lists all refs and the commits that they name, as JSON.
func (s *Store) getRefs(w http.ResponseWriter, r *http.Request) error {
	refs, err := s.repo.Refs(r.Context())
	if err != nil {
		return err
	}
	api.JSON(w, http.StatusOK, refs)
	return nil
}

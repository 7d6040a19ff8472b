package pull

import (
	"context"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// DeltaReport says what came by static deltas.
type DeltaReport struct {
	Deltas       int   `json:"deltas"`       // that were applied, or in a dry run would be
	Parts        int   `json:"parts"`        // of them
	Bytes        int64 `json:"bytes"`        // of parts and of files that they leave out
	Uncompressed int64 `json:"uncompressed"` // of the objects
	// PartsHere and BytesHere are what of that there was already.
	PartsHere int   `json:"parts_here"`
	BytesHere int64 `json:"bytes_here"`
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

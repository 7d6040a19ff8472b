package offline

import (
	"context"

	"github.com/otactl/otactl/ostree"
)

// deltas looks at the static deltas in ostree_repo.
func (v *verifier) deltas(_ context.Context, _ []boundTarget) {
	if n := len(v.inv.deltas); n > 0 {
		v.found.warn(RuleDelta, dirRepo+"/deltas", remedyNone, "%d files of static deltas; they were not verified", n)
	}
}

// deltaOnly says whether a commit comes as static deltas alone, without
// objects.
func (v *verifier) deltaOnly(ostree.Checksum) bool { return false }

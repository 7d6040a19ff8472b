package offline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// Nothing covers the signatures of a commit, so that a server can have any delta
// taken for one that has to be brought anew.
func TestADeltaStaysUntilTheOneInItsPlaceIsWhole(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(only)
	check(t, err)
	repo, err := ostree.OpenRepo(v.repoDir)
	check(t, err)
	check(t, repo.WriteDetached(t.Context(), v.two, variant.Dict(variant.Entry{Key: "signed", Value: variant.Text("by another")})))
	full := v.dir
	for n := 0; ; n++ {
		v.dir = filepath.Join(t.TempDir(), "bundle")
		check(t, os.CopyFS(v.dir, os.DirFS(full)))
		stop := &pull{after: n}
		_, err := v.build(func(o *BuildOptions) { only(o); o.Faults = stop })
		if rep := verify(t, v.dir); rep.Err() != nil {
			t.Errorf("stop %d: %v", n, rep.Err())
		}
		if err == nil {
			if n < 6 {
				t.Errorf("only these points were met: %v", stop.seen)
			}
			break
		}
	}
	v.wantUsable()
	rep, err := v.build(only)
	check(t, err)
	if d := rep.Deltas[0]; d.Origin != deltaThere {
		t.Errorf("the next time: %+v", d)
	}
	if left, err := filepath.Glob(filepath.Join(v.dir, "ostree_repo/tmp/*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}

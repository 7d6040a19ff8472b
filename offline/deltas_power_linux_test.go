package offline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/testkit/fatfs"
)

// Objects give way to a delta on a stick that may be pulled at any moment: it
// holds one or the other then, and the next run ends what was begun.
func TestPowerCutAtAnyMomentWhileADeltaTakesThePlaceOfObjects(t *testing.T) {
	f := fatfs.Mount(t, fatfs.Options{})
	v := newVersions(t)
	v.dir = filepath.Join(f.Dir(), "update")
	_, err := v.build(func(o *BuildOptions) { o.DeltaFrom = nil })
	check(t, err)
	before := f.Recorded().Len()
	_, err = v.build(only)
	check(t, err)
	cut := f.Recorded()
	cuts(t, cut, before, func(dir string, n int, loss fatfs.Loss) {
		v.dir = dir
		rep := verify(t, dir)
		if rep.Err() != nil && !incomplete(rep) {
			t.Errorf("after %d changes, %v: %v", n, loss, rep.Findings)
		}
		if _, err := v.build(only); err != nil {
			t.Errorf("after %d changes, %v: the next run: %v", n, loss, err)
		}
		if rep := verify(t, dir); rep.Err() != nil || !rep.Targets[0].DeltaOnly || v.objects() > 0 {
			t.Errorf("after %d changes, %v, and the next run: %v", n, loss, rep.Findings)
		}
	})
	for _, loss := range fatfs.Losses {
		dir := t.TempDir()
		cut.After(cut.Len(), loss).WriteTo(t, dir)
		v.dir = filepath.Join(dir, "update")
		if rep := verify(t, v.dir); rep.Err() != nil || !rep.Targets[0].DeltaOnly {
			t.Errorf("done, %v: %v", loss, rep.Findings)
		}
		if left, err := os.ReadDir(filepath.Join(v.dir, "ostree_repo/refs/heads")); err == nil && len(left) > 0 {
			t.Errorf("done, %v: refs %v", loss, left)
		}
	}
}

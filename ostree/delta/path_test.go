package delta

import (
	"strings"
	"testing"

	"github.com/otactl/otactl/ostree"
)

func TestPathsOfDeltasReadBackAndNothingElseDoes(t *testing.T) {
	for _, n := range []Name{{To: ostree.Checksum{1, 0xff}}, {From: ostree.Checksum{2}, To: ostree.Checksum{0xfb, 0xef}}} {
		for file, want := range map[string]int{"superblock": Head, "0": 0, "17": 17} {
			if got, part, ok := ParsePath(n.Dir() + "/" + file); !ok || got != n || part != want {
				t.Errorf("%s of %s: %s, %d, %v", file, n, got, part, ok)
			}
		}
		if to, ok := ParseIndexPath(IndexPath(n.To)); !ok || to != n.To {
			t.Errorf("index: %s, %v", to, ok)
		}
		dir := n.Dir()
		for _, bad := range []string{dir, dir + "/", dir + "/01", dir + "/-1", dir + "/65536", dir + "/superblock/x", dir + "/../x", "/" + dir + "/0",
			dir + "x/0", strings.Replace(dir, "deltas", "objects", 1) + "/0", "deltas/../" + dir[7:] + "/0"} {
			if _, _, ok := ParsePath(bad); ok {
				t.Errorf("%s is taken for a path of a delta", bad)
			}
		}
	}
	for _, bad := range []string{"delta-indexes/ab/cd.index", "delta-indexes/../x.index", "summary"} {
		if _, ok := ParseIndexPath(bad); ok {
			t.Errorf("%s is taken for a path of an index", bad)
		}
	}
}

// FuzzParsePath holds that a path that is taken is the one that would be
// written.
func FuzzParsePath(f *testing.F) {
	n := Name{From: ostree.Checksum{1}, To: ostree.Checksum{2}}
	for _, p := range []string{n.Superblock(), n.Dir() + "/0", IndexPath(n.To), "deltas/../../x/0"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if n, part, ok := ParsePath(path); ok {
			want := n.Superblock()
			if part != Head {
				want = (&Superblock{Name: n}).PartPath(part)
			}
			if path != want {
				t.Errorf("%q is taken for %q", path, want)
			}
		}
		if to, ok := ParseIndexPath(path); ok && IndexPath(to) != path {
			t.Errorf("%q is taken for %q", path, IndexPath(to))
		}
	})
}

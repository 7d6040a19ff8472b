package offline

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/ostree"
)

// flipEach calls try with each bit of the file flipped, one at a time, and
// puts the file back.
func flipEach(t *testing.T, name string, try func(bit int)) {
	t.Helper()
	good, err := os.ReadFile(name)
	check(t, err)
	bad := make([]byte, len(good))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	check(t, err)
	defer f.Close()
	for bit := range 8 * len(good) {
		copy(bad, good)
		bad[bit/8] ^= 1 << (bit % 8)
		_, err := f.WriteAt(bad, 0)
		check(t, err)
		try(bit)
	}
	_, err = f.WriteAt(good, 0)
	check(t, err)
}

func TestEveryFlippedBitOfTheMetadataIsFound(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("p-1", "p", tinyTree(t, "1"), nil)
	dir := t.TempDir()
	_, err := Build(t.Context(), b, dir, options("p-1"))
	check(t, err)
	files := map[string][]byte{}
	for _, name := range filesIn(t, filepath.Join(dir, "tuf")) {
		files[filepath.Base(name)], err = os.ReadFile(name)
		check(t, err)
	}
	if len(files) != 5 || !metadataGood([]int{1}, files, "", nil) {
		t.Fatalf("metadata files: %v", slices.Collect(maps.Keys(files)))
	}
	for name, good := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := slices.Clone(good)
			for bit := range 8 * len(good) {
				bad[bit/8] ^= 1 << (bit % 8)
				if metadataGood([]int{1}, files, name, bad) {
					t.Errorf("bit %d of byte %d is not found", bit%8, bit/8)
				}
				bad[bit/8] ^= 1 << (bit % 8)
			}
		})
	}
}

// metadataGood runs the parts of Verify that look at tuf/, on files in memory
// with other content for one of them, until one finds something.
func metadataGood(roots []int, files map[string][]byte, other string, content []byte) bool {
	v := &verifier{opt: VerifyOptions{Now: now}}
	c := &trustCheck{found: &v.found, now: now, read: func(name string, _ int64) ([]byte, error) {
		if name == other {
			return content, nil
		}
		return files[name], nil
	}}
	for _, part := range []func(){
		func() { c.roots(roots, nil) }, c.roles, c.bundleTargets, func() { v.targets(c) },
	} {
		part()
		v.report.Findings = v.found.list
		if v.report.Err() != nil {
			return false
		}
	}
	return true
}

// TestFlippedBitIsFoundOrChangesNothing flips every bit of everything in the
// repo. Those that no checksum covers (the size in a header, how deflate
// encoded the content, comments in config, refs) may go unnoticed, as long as
// what is installed is the same.
func TestFlippedBitIsFoundOrChangesNothing(t *testing.T) {
	dir, b := small(t)
	commit, err := ostree.ParseChecksum(b.targets["pc-1"].Commit())
	check(t, err)
	want := checkout(t, dir, commit)
	targets := []boundTarget{{name: "pc-1", target: b.targets["pc-1"]}}
	silent := map[string]int{}
	for _, name := range filesIn(t, filepath.Join(dir, "ostree_repo")) {
		flipEach(t, name, func(bit int) {
			if !contentGood(t, dir, targets) {
				return
			}
			silent[kind(dir, name)]++
			if got := checkout(t, dir, commit); got != want {
				t.Errorf("%s: bit %d of byte %d changed what is installed, and verify did not see it:\n%s", name, bit%8, bit/8, got)
			}
		})
	}
	for _, ext := range []string{".commit", ".dirtree", ".dirmeta"} {
		if silent[ext] > 0 {
			t.Errorf("%d flips in %s objects went unnoticed", silent[ext], ext)
		}
	}
	t.Logf("flips that change nothing: %v", silent)
}

// contentGood runs the parts of Verify that look at everything but tuf/.
func contentGood(t *testing.T, dir string, targets []boundTarget) bool {
	t.Helper()
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	v := &verifier{bundle: b, opt: VerifyOptions{Now: now, Jobs: 2}}
	v.inv, err = scan(t.Context(), b, &v.found)
	check(t, err)
	check(t, v.content(t.Context(), targets))
	v.report.Findings = v.found.list
	return v.report.Err() == nil
}

func kind(dir, name string) string {
	rel, _ := filepath.Rel(filepath.Join(dir, "ostree_repo"), name)
	if strings.HasPrefix(rel, "objects/") {
		return filepath.Ext(rel)
	}
	return rel
}

func filesIn(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	check(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	}))
	return names
}

// checkout installs the commit from the bundle as a device would, and returns
// the tree.
func checkout(t *testing.T, dir string, commit ostree.Checksum) string {
	t.Helper()
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	src, err := b.Repo(context.Background())
	check(t, err)
	dst := filepath.Join(t.TempDir(), "tree")
	defer os.RemoveAll(dst)
	_, err = ostree.Checkout(context.Background(), src, commit, dst, ostree.CheckoutOptions{})
	check(t, err)
	return tree(t, dst)
}

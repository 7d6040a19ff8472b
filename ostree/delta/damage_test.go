package delta

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/ostree"
)

// What is made out of a damaged file is refused, and it is the file that the
// error speaks of: the delta is good.
func TestDamagedFileThatADeltaCopiesFromIsTheOneToBlame(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	file := filepath.Join(t.TempDir(), "delta")
	command(t, "ostree", "--repo="+repo, "static-delta", "generate", "--min-fallback-size=0", "--from="+from, "--to="+to, "--filename="+file)
	f, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, mode := range []string{"bare", "bare-user"} {
		t.Run(mode, func(t *testing.T) {
			r := holding(t, mode, repo, from)
			damaged := damageLarge(t, r.Path())
			_, err := ApplyFile(t.Context(), r, f, ApplyOptions{})
			e, ok := errors.AsType[*ostree.CorruptError](err)
			if !ok || e.ID.Sum.String() != damaged {
				t.Fatalf("the error is %v, want one about object %s", err, damaged)
			}
			if _, blamed := errors.AsType[*BadError](err); blamed {
				t.Errorf("the delta is blamed: %v", err)
			}
			if whole, err := r.IsComplete(sum(t, to)); whole || err != nil {
				t.Errorf("the commit counts as complete: %v", err)
			}
		})
	}
}

// damageLarge changes all bytes of a file that a delta copies pieces of and
// names it.
func damageLarge(t *testing.T, repo string) (name string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(repo, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".file") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(data, noise(1, 700_000)) {
			return err
		}
		for i := range data {
			data[i]++
		}
		name = filepath.Base(filepath.Dir(path)) + strings.TrimSuffix(d.Name(), ".file")
		return os.WriteFile(path, data, 0)
	})
	if err != nil || name == "" {
		t.Fatalf("found no such file: %v", err)
	}
	return name
}

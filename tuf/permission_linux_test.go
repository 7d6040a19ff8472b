package tuf_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/tuf"
)

func TestAnUnreadableFileIsSetAsideAndFetchedAgain(t *testing.T) {
	for _, name := range []string{"timestamp.json", "snapshot.json", "targets.json", "floor.json", "2.root.json"} {
		t.Run(name, func(t *testing.T) {
			d, dir := stored(t)
			if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
				t.Fatal(err)
			}
			testkit.AsNobody(t, dir, func() {
				if _, err := os.ReadFile(filepath.Join(dir, name)); !errors.Is(err, fs.ErrPermission) {
					t.Fatalf("it can be read: %v", err)
				}
				older(t, d)
				d.accepts()
				if _, err := os.Lstat(filepath.Join(dir, name+".damaged")); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestAReadOnlyFolderIsNamedWithARemedy(t *testing.T) {
	d, dir := stored(t)
	aside := filepath.Join(dir, "timestamp.json.damaged")
	if err := errors.Join(os.WriteFile(aside, []byte("kept"), 0o600), os.Chmod(dir, 0o500)); err != nil {
		t.Fatal(err)
	}
	testkit.AsNobody(t, dir, func() {
		d.accepts() // nothing is new
		d.repo.Publish()
		_, err := d.refresh()
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("got %v", err)
		}
		for _, want := range []string{"store targets.json, version 5", dir} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not say %q", err, want)
			}
		}
		if !strings.Contains(fail.HintOf(err), "written to") {
			t.Errorf("hint %q", fail.HintOf(err))
		}
		cache, ok := d.cache.(*tuf.DirCache)
		if !ok {
			t.Fatal("the cache is no folder")
		}
		for what, err := range map[string]error{
			"remove":    cache.Remove(t.Context(), "targets.json"),
			"set aside": cache.Quarantine(t.Context(), "targets.json"),
			"over one":  cache.Quarantine(t.Context(), "timestamp.json"),
		} {
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if trust, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); err != nil || trust.Targets().Version != 4 {
			t.Errorf("what was trusted before is no longer: %v", err)
		}
	})
}

package offline

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/internal/testkit/fatfs"
	"github.com/otactl/otactl/ostree"
)

// media are a folder of each kind: one that keeps the case of names, and one
// that folds it.
func media(t *testing.T) map[string]string {
	return map[string]string{"a medium with case": t.TempDir(), "FAT": fatfs.Mount(t, fatfs.Options{}).Dir()}
}

func TestTargetsWhoseNamesDifferOnlyInCaseLieBesideEachOther(t *testing.T) {
	for medium, at := range media(t) {
		b := newBackend(t, 0)
		dir := filepath.Join(at, "update")
		want := map[string]string{}
		for _, target := range []string{"pc-1", "PC-1"} {
			want[target] = b.publish(target, "pc", tinyTree(t, target), nil)
			opt := options(target)
			opt.AllowMultiple = true
			opt.SBOMs = []SBOM{{Name: "bom.json", Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(target)), nil }}}
			_, err := Build(t.Context(), b, dir, opt)
			check(t, err)
		}
		rep, err := Prune(t.Context(), dir, PruneOptions{Now: now})
		check(t, err)
		if rep.Others+rep.Objects != 0 {
			t.Errorf("%s: prune removes %+v", medium, rep)
		}
		repo, err := ostree.OpenRepo(filepath.Join(dir, "ostree_repo"))
		check(t, err)
		for target, commit := range want {
			if c, err := repo.Ref(t.Context(), refName(target)); err != nil || c.String() != commit {
				t.Errorf("%s: the ref of %s: %v, %v", medium, target, c, err)
			}
			if text, err := os.ReadFile(filepath.Join(dir, "sbom", refName(target), "bom.json")); err != nil || string(text) != target {
				t.Errorf("%s: the SBOM of %s: %q, %v", medium, target, text, err)
			}
		}
		if rep := verify(t, dir); rep.Err() != nil || len(rep.Targets) != 2 {
			t.Errorf("%s: %v", medium, rep.Findings)
		}
	}
}

// The host of a registry has no case. Images of one that is spelled in several
// ways, perhaps the same image, are good on every medium, and on each that the
// bundle goes to from there.
func TestImagesOfAHostSpelledInSeveralWaysAreGoodOnEveryMedium(t *testing.T) {
	blobs := testkit.AppBlobs{}
	db := blobs.Image("hub.example/acme/db")
	web := blobs.App("hub.example/acme/web", blobs.Image("Hub.example/acme/cache", "amd64"), db, "HUB"+strings.TrimPrefix(db, "hub"))
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	for medium, at := range media(t) {
		dir, file := filepath.Join(at, "update"), filepath.Join(at, "bundle.ota")
		for _, written := range []bool{true, false} {
			rep, err := Build(t.Context(), b, dir, opt)
			check(t, err)
			if (rep.AppBytes > 0) != written {
				t.Errorf("%s: %d bytes of apps were written", medium, rep.AppBytes)
			}
		}
		packTo(t, dir, file, b)
		bundles := map[string]string{"the bundle": dir, "as a file": file}
		for to, at := range media(t) {
			bundles["unpacked to "+to] = filepath.Join(at, "unpacked")
			_, err := unpackTo(t, file, filepath.Join(at, "unpacked"))
			check(t, err)
		}
		for what, bundle := range bundles {
			if rep := verify(t, bundle); len(rep.Findings) > 0 || len(rep.Targets[0].Apps) != 1 {
				t.Errorf("%s: %s: %v", medium, what, rep.Findings)
			}
		}
	}
}

// Others lay out a folder for each spelling; FAT makes one of these.
func TestAFolderForEachSpellingOfAHostIsGood(t *testing.T) {
	blobs := testkit.AppBlobs{}
	db, cache := blobs.Image("hub.example/acme/db"), blobs.Image("Hub.example/acme/cache")
	web := blobs.App("hub.example/acme/web", cache, db)
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	for medium, at := range media(t) {
		dir := filepath.Join(at, "update")
		_, err := Build(t.Context(), b, dir, opt)
		check(t, err)
		images := filepath.Join(dir, "apps/apps/web", testkit.Hex(web), "images")
		check(t, os.MkdirAll(filepath.Join(images, "hub.example/acme"), 0o755))
		check(t, os.Rename(filepath.Join(images, "Hub.example/acme/db"), filepath.Join(images, "hub.example/acme/db")))
		if rep := verify(t, dir); len(rep.Findings) > 0 {
			t.Errorf("%s: %v", medium, rep.Findings)
		}
		check(t, os.Remove(filepath.Join(images, "hub.example/acme/db", testkit.Hex(db), "index.json")))
		wantFinding(t, verify(t, dir), RuleApps, "/acme/db/"+testkit.Hex(db)+"/index.json")
	}
}

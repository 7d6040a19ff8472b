package offline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/internal/testkit/fatfs"
)

func TestPowerCutWhileAppsAreWrittenOnFAT(t *testing.T) {
	blobs := testkit.AppBlobs{}
	web := blobs.App("hub.example/acme/web", blobs.Image("hub.example/acme/db"))
	f := fatfs.Mount(t, fatfs.Options{})
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir := filepath.Join(f.Dir(), "update")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	before := f.Recorded()
	b.publish("board-1", "board", tinyTree(t, "1"), withApps(web))
	opt := options("board-1")
	opt.AllowMultiple, opt.AppsSource = true, appStore(t, blobs)
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	after := f.Recorded()
	cuts(t, after, before.Len(), survives(t, b, opt, "pc-1", "pc-1 board-1"))
	afterAll(t, after, "pc-1 board-1")
}

func TestPruningGoesByNoCaseOfNamesOnFAT(t *testing.T) {
	blobs := testkit.AppBlobs{}
	web := blobs.App("hub.example/acme/web", blobs.Image("hub.example/acme/db"))
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
	dir := filepath.Join(fatfs.Mount(t, fatfs.Options{}).Dir(), "update")
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	_, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	check(t, os.Rename(filepath.Join(dir, "apps/apps/web"), filepath.Join(dir, "apps/apps/x")))
	check(t, os.Rename(filepath.Join(dir, "apps/apps/x"), filepath.Join(dir, "apps/apps/WEB")))
	rep, err := Prune(t.Context(), dir, PruneOptions{Now: now})
	check(t, err)
	if rep.Blobs+rep.Others != 0 {
		t.Errorf("removed: %+v", rep)
	}
}

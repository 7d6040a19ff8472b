package offline

import (
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

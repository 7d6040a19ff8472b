package publish_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/publish"
)

// A server whose disk fills up says so, shows nothing that is not whole, and
// takes the rest once there is room.
func TestServersFullDiskEndsThePushAndRoomLetsItGoOn(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("this needs to mount a small disk: ", err)
	}
	t.Cleanup(func() { // after the server's own
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	r := backendIn(t, filepath.Join(disk, "data"))
	sample := storetest.NewSample(t, 40, 40, "fulldisk")
	repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	repo.DisableSync()
	if _, err := ostree.Copy(t.Context(), repo, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	opt, api := options(t, r, repo)
	opt.Items[0].Rev = sample.Commit.String()
	rep, err := publish.Run(t.Context(), opt)
	if fail.ClassOf(err) != fail.NoSpace || fail.HintOf(err) == "" {
		t.Fatalf("%v (class %v), %+v", err, fail.ClassOf(err), rep)
	}
	store, err := ostree.OpenRepo(filepath.Join(r.DataDir, "ostree"))
	if err != nil {
		t.Fatal(err)
	}
	if shown := visible(t, store, api); len(shown) != 0 {
		t.Errorf("visible: %v", shown)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=200m"); err != nil {
		t.Fatal(err)
	}
	again, err := publish.Run(t.Context(), opt)
	if err != nil || again.Present == 0 {
		t.Fatalf("%v, %+v", err, again)
	}
	for name, c := range visible(t, store, api) {
		sum, err := ostree.ParseChecksum(c)
		if err != nil {
			t.Fatal(err)
		}
		whole(t, store, name, sum)
	}
	testkit.OSTree(t, "--repo="+store.Path(), "fsck")
}

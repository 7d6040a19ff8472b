package server_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/testkit"
)

func TestBatchForAFullDiskIsRefusedAndLeavesWholeObjects(t *testing.T) {
	b := &backend{dir: filepath.Join(t.TempDir(), "server"), now: clock.System()}
	repo := filepath.Join(b.dir, "ostree")
	if err := os.MkdirAll(repo, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", repo, "tmpfs", 0, "size=4m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(repo, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	b.run(t)
	l := noise(t, 32, 256<<10)
	b.call(t, b.operator, "POST", objectsPath, l.row(t, l.ids...)).refused(t, 507, "no_space")
	b.call(t, b.operator, "POST", objectsPath, l.row(t, l.ids[:4]...)).want(t, 200)
	testkit.OSTree(t, "--repo="+repo, "fsck")
	for i, there := range b.have(t, b.operator, l.ids[:4]...) {
		if !there {
			t.Errorf("%s fitted and is not there", l.ids[i])
		}
	}
}

// noise is a commit of n files of a size that nothing makes smaller.
func noise(t *testing.T, n, size int) *local {
	t.Helper()
	dir, random := t.TempDir(), rand.NewChaCha8([32]byte{})
	for i := range n {
		data := make([]byte, size)
		_, _ = random.Read(data)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%02d", i)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return openLocal(t, testkit.ArchiveRepo(t, dir, "os/main"))
}

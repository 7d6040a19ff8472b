package treehub

import (
	"os"
	"syscall"
	"testing"

	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/internal/fail"
)

// TestAFullFolderForTemporaryFilesSaysSo: it is the disk here that is full, not
// the server's.
func TestAFullFolderForTemporaryFilesSaysSo(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	}()
	t.Setenv("TMPDIR", small)
	s := treehubtest.New(t)
	obj, _ := file(t, 2*unsizedMemory, false)
	err := put(t, open(t, s, nil), obj)
	if fail.ClassOf(err) != fail.NoSpace || fail.HintOf(err) == "" || s.Requests() != 0 {
		t.Errorf("%v, hint %q, %d requests", err, fail.HintOf(err), s.Requests())
	}
	if left, _ := os.ReadDir(small); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

package sysroot

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree/variant"
)

// Where the root is an image over the deployment (composefs), / is no
// deployment's folder. Whoever took the first deployment for the one that runs
// then would call an update good from which the boot loader went back.
func TestADeploymentUnderAnImageIsKnownByTheNoteOfItsBoot(t *testing.T) {
	k, s, sentinel := setup(t)
	second := testkit.Commit(t, k.Repo, testkit.SmallOS(t, "2"), "os/main", "version=2")
	if err := s.Deploy(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := sentinel.Clear(); err != nil { // a reboot
		t.Fatal(err)
	}
	all := read(t, s).Deployments
	noted := filepath.Join(t.TempDir(), "ostree-booted")
	s, err := Open(Options{Path: k.Dir, Sentinel: sentinel, Note: noted})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range all {
		st, err := os.Stat(filepath.Join(k.Dir, d.Dir()))
		if err != nil {
			t.Fatal(err)
		}
		sys := st.Sys().(*syscall.Stat_t)
		pair := variant.Tuple(variant.MustType("(tt)"), variant.Uint64(uint64(sys.Dev)), variant.Uint64(sys.Ino))
		note := variant.Dict(
			variant.Entry{Key: "backing-root-device-inode", Value: pair},
			variant.Entry{Key: "composefs", Value: variant.Bool(true)})
		if err := os.WriteFile(noted, note.Data(), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s); got.Booted.ID() != d.ID() || (got.Pending != nil) != (i > 0) {
			t.Errorf("deployment %d runs, and the state is %+v", i, got)
		}
	}
	for name, note := range map[string][]byte{
		"none of an old libostree":    {},
		"one that is damaged":         []byte("backing-root-device-inode"),
		"one without the folder":      variant.Dict(variant.Entry{Key: "composefs", Value: variant.Bool(true)}).Data(),
		"one of something else in it": variant.Dict(variant.Entry{Key: "backing-root-device-inode", Value: variant.Bool(true)}).Data(),
	} {
		if err := os.WriteFile(noted, note, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s); got.Booted.ID() != all[0].ID() {
			t.Errorf("%s: %+v", name, got.Booted)
		}
	}
}

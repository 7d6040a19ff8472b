//go:build linux

package offline

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
)

// Whoever holds the stick decides what stands where folders belong, and how
// much is in them.
func TestWhatStandsInThePlaceOfAFolderHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"ostree_repo", "apps"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"tuf", "ostree_repo/deltas", "apps/apps"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := b.Deltas(t.Context()); err == nil {
			t.Error("deltas in a pipe")
		}
		if _, err := b.AppURIs(t.Context()); err == nil {
			t.Error("apps in a pipe")
		}
		if _, err := b.RootVersions(); err == nil {
			t.Error("roots in a pipe")
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for a pipe")
	}
}

func TestAFolderOfTooMuchIsNotRead(t *testing.T) {
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		t.Setenv("TMPDIR", "/dev/shm")
	}
	dir := t.TempDir()
	apps := filepath.Join(dir, "apps/apps/web")
	for i := range limits.BundleApps + 1 {
		if err := os.MkdirAll(filepath.Join(apps, strconv.Itoa(i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.AppURIs(t.Context()); fail.ClassOf(err) != fail.Verification {
		t.Errorf("too many apps: %v", err)
	}
	rep, err := Verify(t.Context(), b, VerifyOptions{Now: time.Now()})
	if err != nil || !slices.ContainsFunc(rep.Findings, func(f Finding) bool { return f.Path == dirAppViews && f.Rule == RuleApps }) {
		t.Errorf("verify says nothing of too many apps: %v", err)
	}
	for i := range limits.FolderEntries + 1 {
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	folder, err := medium.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if _, err := folder.ReadDir("."); fail.ClassOf(err) != fail.Verification {
		t.Errorf("too many files: %v", err)
	}
}

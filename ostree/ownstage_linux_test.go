package ostree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// nobody is an account that owns nothing.
const nobody = 65534

// asNobody runs do with the rights of an account that owns dir and no more: to
// root no file is closed. The rights are those of one thread.
func asNobody(t *testing.T, dir string, do func()) {
	t.Helper()
	if os.Getuid() != 0 {
		do()
		return
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	})
	if err := errors.Join(err, os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755)); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Fatal(err)
		}
	}()
	do()
}

// TestAStageThatBelongsToAnotherUserIsPassedOver: its owner takes it over, and
// nobody else has to wait for that.
func TestAStageThatBelongsToAnotherUserIsPassedOver(t *testing.T) {
	for _, boot := range []string{bootID(), "0123-4567"} {
		for what, closed := range map[string]func(dir string) string{
			"its lock": func(dir string) string { return dir + lockSuffix },
			"itself":   func(dir string) string { return dir },
		} {
			r := newRepo(t, ModeArchive)
			dir := stageOf(t, r, boot, plain(t, "theirs"))
			if err := os.Chmod(closed(dir), 0); err != nil {
				t.Fatal(err)
			}
			asNobody(t, r.Path(), func() {
				if _, err := os.Open(closed(dir)); !errors.Is(err, fs.ErrPermission) {
					t.Fatalf("%s can be opened: %v", what, err)
				}
				s, err := r.Begin(t.Context())
				if err != nil {
					t.Fatalf("boot %s: %s can't be opened: %v", boot, what, err)
				}
				if err := errors.Join(s.Put(t.Context(), plain(t, "ours")), s.Close(t.Context())); err != nil {
					t.Error(err)
				}
			})
			if _, err := os.Stat(dir); err != nil {
				t.Errorf("boot %s, %s: it is gone: %v", boot, what, err)
			}
		}
	}
}

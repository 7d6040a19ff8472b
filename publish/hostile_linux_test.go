package publish

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/delta"
)

// A repo may come from anywhere, with deltas in it.
func TestWhatLiesInThePlaceOfAPartIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	to, _ := w.site()
	w.mustPush(to)
	second := w.commit("2", 20)
	w.mustPush(to, deltasFrom(t, w.first))
	n := delta.Name{From: sumOf(t, w.first), To: sumOf(t, second)}
	part := filepath.Join(w.path, filepath.FromSlash(n.Dir()), "0")
	size := int64(1)
	if st, err := os.Stat(part); err == nil {
		size = st.Size()
	}
	for name, place := range map[string]func() error{
		"a pipe":                    func() error { return syscall.Mkfifo(part, 0o644) },
		"a link to what never ends": func() error { return os.Symlink("/dev/zero", part) },
		"a link out of the repo":    func() error { return os.Symlink("/etc/passwd", part) },
		"a file far too long":       func() error { return errors.Join(os.WriteFile(part, nil, 0o644), os.Truncate(part, size+1<<40)) },
	} {
		if err := os.Remove(part); err != nil {
			t.Fatal(err)
		}
		if err := place(); err != nil {
			t.Fatal(err)
		}
		elsewhere, _ := w.site()
		done := make(chan error, 1)
		go func() {
			_, err := w.push(elsewhere, deltasFrom(t, w.first))
			done <- err
		}()
		select {
		case err := <-done:
			if fail.ClassOf(err) != fail.Verification {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: it is waited for", name)
		}
	}
}

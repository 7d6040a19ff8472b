package ostree

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

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
			testkit.AsNobody(t, r.Path(), func() {
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

package metadata

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestFleetThatFetchesAFileSharesItsMemory(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a, err := Open(t.Context(), db, filepath.Join(dir, "tuf"), DefaultLife(), clock.At(now), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	file := func() []byte {
		t.Helper()
		b, err := a.File(t.Context(), "targets.json")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := file()
	if &before[0] != &file()[0] {
		t.Error("the second one to ask got a copy")
	}
	add := tuf.NewTargetsDraft()
	if err := add.Set("demo-1", []byte(`{"length":0,"hashes":{"sha256":"`+strings.Repeat("0", 64)+`"},"custom":{"version":"1"}}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AddTargets(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	if targets, err := tuf.ParseTargets(file()); err != nil || len(targets.Targets) != 1 {
		t.Errorf("after a target was added: %+v, %v", targets, err)
	}
}

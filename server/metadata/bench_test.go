package metadata

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// BenchmarkAddOneTarget adds a target to many: read, checked, signed with
// snapshot and timestamp, and on the disk.
func BenchmarkAddOneTarget(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := bigAuthor(b, n)
			i := n
			for b.Loop() {
				i++
				add := tuf.NewTargetsDraft()
				addTo(b, add, i, 0)
				if _, err := a.AddTargets(b.Context(), add); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// bigAuthor has n targets; with 20,000 targets.json is as long as it may be.
func bigAuthor(b *testing.B, n int) *Author {
	b.Helper()
	dir := b.TempDir()
	db, err := store.Open(b.Context(), filepath.Join(dir, "db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	a, err := Open(b.Context(), db, filepath.Join(dir, "tuf"), DefaultLife(), clock.At(now), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	all := tuf.NewTargetsDraft()
	for i := range n {
		addTo(b, all, i+1, limits.Targets/20_000-380)
	}
	if _, err := a.AddTargets(b.Context(), all); err != nil {
		b.Fatal(err)
	}
	return a
}

func addTo(b *testing.B, d *tuf.TargetsDraft, i, pad int) {
	b.Helper()
	entry := fmt.Sprintf(`{"length":0,"hashes":{"sha256":"%064x"},"custom":{"name":"demo","version":"%d","hardwareIds":["demo"],"tags":["main"],`+
		`"targetFormat":"OSTREE","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","pad":%q}}`, i, i, strings.Repeat("x", max(pad, 0)))
	if err := d.Set(fmt.Sprintf("demo-%d", i), json.RawMessage(entry)); err != nil {
		b.Fatal(err)
	}
}

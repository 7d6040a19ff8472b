package metadata

import (
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

func TestTargetInProductionOrInAWaveDoesNotGo(t *testing.T) {
	f := newFactory(t, 2)
	for range 3 {
		f.build()
	}
	f.mustCreate("first", "main", 1)
	inUse := func(by string, names ...string) {
		t.Helper()
		_, err := f.RemoveTargets(t.Context(), "", names)
		if e, ok := errors.AsType[*InUseError](err); !ok || !strings.Contains(e.By, by) {
			t.Errorf("remove %v: %v", names, err)
		}
		d, sum, err := f.Targets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			d.Remove(name)
		}
		if _, err := f.Replace(t.Context(), sum, d); err == nil {
			t.Errorf("%v went by an edit", names)
		}
	}
	inUse("wave first", "demo-1")
	if err := f.CompleteWave(t.Context(), "first", "test"); err != nil {
		t.Fatal(err)
	}
	inUse("tag main", "demo-1")
	f.mustCreate("second", "main", 2)
	inUse("wave second", "demo-2", "demo-3")
	if err := f.CancelWave(t.Context(), "second", "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.RemoveTargets(t.Context(), "", []string{"demo-2", "demo-3"}); err != nil {
		t.Error(err)
	}
}

func TestVersionsAddedBeforeTheyWereNotedAreTaken(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "db")
	open := func() *Author {
		t.Helper()
		db, err := store.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		a, err := Open(t.Context(), db, filepath.Join(dir, "tuf"), DefaultLife(), clock.At(now), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	add := func(a *Author, name, version string) error {
		d := tuf.NewTargetsDraft()
		entry := `{"length":0,"hashes":{"sha256":"` + strings.Repeat("0", 64) + `"},"custom":{"version":"` + version + `","hardwareIds":["a","b"]}}`
		if err := d.Set(name, []byte(entry)); err != nil {
			t.Fatal(err)
		}
		_, err := a.AddTargets(t.Context(), d)
		return err
	}
	a := open()
	if err := add(a, "x-7", "7"); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), "DELETE FROM target_versions"); err != nil { // as an older otactl left it
		t.Fatal(err)
	}
	a = open()
	if _, err := a.RemoveTargets(t.Context(), "", []string{"x-7"}); err != nil {
		t.Fatal(err)
	}
	if _, ok := errors.AsType[*ConflictError](add(a, "y-7", "7")); !ok {
		t.Error("the version was given out again")
	}
	for _, id := range []string{"a", "b"} {
		if v, err := a.HighestVersion(t.Context(), id); err != nil || v != 7 {
			t.Errorf("%s: %d, %v", id, v, err)
		}
	}
}

func TestWarningsAreAboutWhatDevicesMayGet(t *testing.T) {
	f := newFactory(t, 2)
	f.build()
	f.mustCreate("first", "main", 1)
	f.device(1, "lab", "main")
	f.rollout("first", RolloutRequest{Percent: 100})
	roles := func() string {
		t.Helper()
		list, err := f.Warnings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, w := range list {
			names = append(names, w.Role)
		}
		return strings.Join(names, " ")
	}
	if got := roles(); got != "" {
		t.Errorf("fresh: %s", got)
	}
	f.now = f.now.Add(271 * day) // the wave's targets were signed for 300
	if err := f.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := roles(); got != "wave-targets/first" {
		t.Errorf("29 days before the wave's targets expire: %s", got)
	}
	if err := f.CancelWave(t.Context(), "first", "test"); err != nil {
		t.Fatal(err)
	}
	if got := roles(); got != "" {
		t.Errorf("after the wave: %s", got)
	}
}

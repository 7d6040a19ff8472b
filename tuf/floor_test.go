package tuf_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// note is a floor.json with its checksum.
func note(t *testing.T, floor any) []byte {
	t.Helper()
	raw, err := json.Marshal(floor)
	if err != nil {
		t.Fatal(err)
	}
	canon, err := tuf.Canonical(raw)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(map[string]any{"floor": json.RawMessage(canon), "sha256": sum(canon)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The checksum tells what was damaged; a note that was never whole is no note
// either, and says so instead of counting as one of lower versions.
func TestANoteThatIsNotWholeIsSetAside(t *testing.T) {
	d, dir := stored(t)
	path := filepath.Join(dir, "floor.json")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Floor map[string]any }
	if err := json.Unmarshal(good, &doc); err != nil {
		t.Fatal(err)
	}
	notes := map[string][]byte{"no object": note(t, []int{}), "null": note(t, nil), "not a document": []byte(`[]`), "no JSON": []byte(`{`), "no note": []byte(`{"sha256":""}`)}
	for field := range doc.Floor {
		without, wrong := maps.Clone(doc.Floor), maps.Clone(doc.Floor)
		delete(without, field)
		wrong[field] = true
		notes["without "+field], notes["another type of "+field] = note(t, without), note(t, wrong)
	}
	low := maps.Clone(doc.Floor)
	low["meta"] = map[string]any{"targets.json": 0}
	notes["version 0"] = note(t, low)
	if len(notes) != 6+2*8 {
		t.Fatalf("%d notes", len(notes))
	}
	for what, text := range notes {
		t.Run(what, func(t *testing.T) {
			_ = os.Remove(path + ".damaged")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); err != nil {
				t.Errorf("from the cache: %v", err)
			}
			d.accepts()
			if kept, err := os.ReadFile(path + ".damaged"); err != nil || string(kept) != string(text) {
				t.Errorf("it was not set aside: %v", err)
			}
			if again, err := os.ReadFile(path); err != nil || string(again) != string(good) {
				t.Errorf("it was not written anew: %s, %v", again, err)
			}
			older(t, d)
		})
	}
}

// Whoever writes a note that fits can shut this device out, and no more.
func TestANoteAboveTheFilesShutsOutWhatIsBelowIt(t *testing.T) {
	for _, field := range []string{"timestamp", "snapshot", "root"} {
		r := tuftest.New(t)
		d := newDevice(t, r)
		d.accepts()
		var doc struct{ Floor map[string]any }
		if err := json.Unmarshal(d.files()["floor.json"], &doc); err != nil {
			t.Fatal(err)
		}
		doc.Floor[field] = 9
		doc.Floor["online-keys"], doc.Floor["all-keys"] = "others", "others" // which only a later root could have replaced
		if err := d.cache.Store(t.Context(), "floor.json", note(t, doc.Floor)); err != nil {
			t.Fatal(err)
		}
		if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) {
			t.Errorf("%s 9 was noted, and 1 was offered: %v", field, err)
		}
	}
}

func TestTheNoteKeepsUpWithEachPartAlone(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	noted := func() (f struct {
		Root, Timestamp, Snapshot int
		Newest                    time.Time
	}) {
		d.accepts()
		var doc struct{ Floor any }
		doc.Floor = &f
		if err := json.Unmarshal(d.files()["floor.json"], &doc); err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := noted(); f.Root != 1 || f.Timestamp != 1 || f.Snapshot != 1 || !f.Newest.Equal(r.Now) {
		t.Errorf("%+v", f)
	}
	r.Refresh()
	if f := noted(); f.Root != 1 || f.Timestamp != 2 || f.Snapshot != 1 {
		t.Errorf("a newer timestamp: %+v", f)
	}
	r.NextRoot()
	if f := noted(); f.Root != 2 || f.Timestamp != 2 {
		t.Errorf("a newer root: %+v", f)
	}
	r.Publish()
	if f := noted(); f.Root != 2 || f.Timestamp != 3 || f.Snapshot != 2 {
		t.Errorf("newer targets: %+v", f)
	}
}

// Either of note and files is enough to know what was seen, also where the
// roots are gone and trust begins anew.
func TestFilesAloneHoldTheVersionsWhereRootsAndNoteAreGone(t *testing.T) {
	d, dir := stored(t)
	for _, name := range []string{"1.root.json", "2.root.json", "floor.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	older(t, d)
	d.accepts()
}

func TestTheClockFloorOutlivesARootWithTheSameKeys(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	began := r.Now
	r.Now = began.Add(100 * time.Hour)
	r.AddTarget("one", commit, "intel", "1", "main")
	r.Publish()
	d.accepts()
	delete(r.Targets, "one")
	r.Edit[tuf.RootName(2)] = func(m map[string]any) { drop(m, "x-changelog") }
	r.NextRoot()
	r.Publish()
	d.accepts()
	d.opt.Now = r.Now.Add(-25 * time.Hour)
	d.refuses(tuf.ErrClock)
}

func TestANoteOfOtherKeysUnderTheSameRootKeepsTheClock(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	d.accepts()
	var doc struct{ Floor map[string]any }
	if err := json.Unmarshal(d.files()["floor.json"], &doc); err != nil {
		t.Fatal(err)
	}
	doc.Floor["all-keys"], doc.Floor["newest"] = "others", "2026-07-05T00:00:00Z"
	if err := d.cache.Store(t.Context(), "floor.json", note(t, doc.Floor)); err != nil {
		t.Fatal(err)
	}
	d.refuses(tuf.ErrClock)
}

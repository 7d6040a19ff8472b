package tuf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// rotated is a repository whose second root and all after it have keys that are
// the same in every process, so that inputs that were kept stay what they were.
func rotated(t testing.TB) *tuftest.Repo {
	t.Helper()
	r := tuftest.New(t)
	clear(r.Root.Keys) // each process has made others
	for i, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		r.SetKeys(role, seeded(t, byte(i+1)))
	}
	r.NextRoot()
	r.AddTarget("one", commit, "intel", "1", "main")
	r.Publish()
	r.NextRoot()
	return r
}

// vouchFor puts length and hashes of a file into what vouches for it, where
// there is a place for them.
func vouchFor(signed []byte, name string, file []byte) []byte {
	var doc map[string]any
	if json.Unmarshal(signed, &doc) != nil {
		return signed
	}
	meta, _ := doc["meta"].(map[string]any)
	entry, ok := meta[name].(map[string]any)
	if !ok {
		return signed
	}
	entry["length"], entry["hashes"] = len(file), map[string]any{"sha256": sum(file)}
	out, err := json.Marshal(doc)
	if err != nil {
		return signed
	}
	return out
}

// FuzzVerify signs what it is given with the keys of a repository and hands it
// to a device: beyond the signatures, nothing but the rules is in the way.
func FuzzVerify(f *testing.F) {
	r := rotated(f)
	signed := func(name string) []byte {
		e, err := tuf.ParseEnvelope(r.Files[name])
		if err != nil {
			f.Fatal(err)
		}
		return e.Signed
	}
	d := &device{t: nil, repo: r, cache: tuftest.NewCache()}
	if _, err := tuf.Refresh(f.Context(), r, d.cache, tuf.RefreshOptions{Now: r.Now, FirstUse: true}); err != nil {
		f.Fatal(err)
	}
	note := d.files()["floor.json"]
	root, stamp, snap, list := signed("3.root.json"), signed(tuf.TimestampFile), signed(tuf.SnapshotFile), signed(tuf.TargetsFile)
	f.Add(root, stamp, snap, list, note, true)
	f.Add([]byte(nil), stamp, snap, list, []byte(nil), true)
	f.Add(root, stamp, snap, list, []byte(`{}`), false)
	f.Add(root, stamp, snap, bytes.Replace(list, []byte(`"main"`), []byte(`"\u00e9\n\ud83d\ude00"`), 1), note, true)
	f.Add(root, bytes.Replace(stamp, []byte(`"version":2`), []byte(`"version":1`), 1), snap, list, note, true)
	begin := r.Files[tuf.RootName(2)]
	f.Fuzz(func(t *testing.T, root, stamp, snap, list, note []byte, vouch bool) {
		offered := &tuftest.Repo{Files: map[string][]byte{tuf.TargetsFile: tuftest.SignRaw(t, list, seeded(t, 2))}}
		if vouch {
			snap = vouchFor(snap, tuf.TargetsFile, offered.Files[tuf.TargetsFile])
		}
		offered.Files[tuf.SnapshotFile] = tuftest.SignRaw(t, snap, seeded(t, 3))
		if vouch {
			stamp = vouchFor(stamp, tuf.SnapshotFile, offered.Files[tuf.SnapshotFile])
		}
		offered.Files[tuf.TimestampFile] = tuftest.SignRaw(t, stamp, seeded(t, 4))
		if len(root) > 0 {
			offered.Files[tuf.RootName(3)] = tuftest.SignRaw(t, root, seeded(t, 1))
		}
		cache := tuftest.NewCache()
		cache.Files[tuf.RootName(2)], cache.Files["floor.json"] = begin, note
		verifyStep(t, offered, cache)
	})
}

// verifyStep wants a refresh to end in an error of a known kind, or in what
// verifies again, has one reading, and holds when it is offered once more.
func verifyStep(t *testing.T, offered *tuftest.Repo, cache *tuftest.Cache) {
	size := 0
	for _, file := range offered.Files {
		size += len(file)
	}
	opt := tuf.RefreshOptions{Now: tuftest.Start, EqualTimestamp: true}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	trust, err := tuf.Refresh(t.Context(), offered, cache, opt)
	runtime.ReadMemStats(&after)
	if used, most := after.TotalAlloc-before.TotalAlloc, uint64(4<<20+100*size); used > most {
		t.Fatalf("%d bytes of memory for files of %d bytes", used, size)
	}
	if err != nil {
		if _, typed := errors.AsType[*tuf.Error](err); !typed && !errors.Is(err, tuf.ErrNotFound) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Fatalf("an error of no kind, or of more than one line: %q", err)
		}
		return
	}
	again, err := tuf.FromCache(t.Context(), cache, opt.Now)
	if err != nil || !reflect.DeepEqual(again.Targets(), trust.Targets()) || !trust.Expires().After(opt.Now) {
		t.Fatalf("what was accepted does not verify again: %v", err)
	}
	for name, file := range cache.Files {
		if !strings.Contains(name, ".damaged") && name != "floor.json" {
			oneReading(t, file)
		}
	}
	stored := maps.Clone(cache.Files)
	if _, err := tuf.Refresh(t.Context(), offered, cache, opt); err != nil || !maps.EqualFunc(stored, cache.Files, bytes.Equal) {
		t.Fatalf("the same again is not the same: %v", err)
	}
}

// oneReading wants what we read to be what any other reader of JSON reads.
func oneReading(t *testing.T, file []byte) {
	t.Helper()
	canon, err := tuf.Canonical(file)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if errA, errB := decode(file, &a), decode(canon, &b); errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
		t.Fatalf("two readings of one file: %v, %v\n%s\n%s", errA, errB, file, canon)
	}
}

// FuzzCache damages what a device has stored, in any way. It heals, and goes
// below nothing that is still known.
func FuzzCache(f *testing.F) {
	r := rotated(f)
	r.Publish()
	good := tuftest.NewCache()
	if _, err := tuf.Refresh(f.Context(), r, good, tuf.RefreshOptions{Now: r.Now, FirstUse: true}); err != nil {
		f.Fatal(err)
	}
	for name, file := range good.Files {
		f.Add(name, file)
		f.Add(name, file[:len(file)/2])
		f.Add(name, good.Files["timestamp.json"])
	}
	f.Fuzz(func(t *testing.T, name string, file []byte) {
		cache := tuftest.NewCache()
		maps.Copy(cache.Files, good.Files)
		r.Requests = nil
		cache.Files[name] = file
		_, _ = tuf.FromCache(t.Context(), cache, r.Now)
		trust, err := tuf.Refresh(t.Context(), r, cache, tuf.RefreshOptions{Now: r.Now, EqualTimestamp: true})
		if err != nil {
			t.Fatalf("it does not heal: %v", err)
		}
		if trust.Root().Version != 3 || trust.Targets().Version != 3 || trust.Timestamp().Version != 3 {
			t.Fatalf("it went back to %d, %d", trust.Root().Version, trust.Targets().Version)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) { again(t, data, tuf.ParseSnapshot) })
}

func FuzzTimestamp(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) { again(t, data, tuf.ParseTimestamp) })
}

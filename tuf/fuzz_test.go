package tuf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// seeds puts the golden files and what else is given into a corpus.
func seeds(f *testing.F, more ...string) {
	f.Helper()
	for _, name := range []string{"4.root.json", "targets.json", "snapshot.json", "timestamp.json", "bundle-targets.json"} {
		f.Add(golden(f, name))
	}
	for _, s := range more {
		f.Add([]byte(s))
	}
}

func FuzzCanonical(f *testing.F) {
	seeds(f, `{"b":[1,-2],"a":"\u00e9\n"}`, `{"a":{"b":{}}}`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `[1.0]`)
	f.Fuzz(func(t *testing.T, data []byte) {
		one, err := tuf.Canonical(data)
		if err != nil {
			if !errors.Is(err, tuf.ErrMalformed) {
				t.Fatalf("an untyped error: %v", err)
			}
			return
		}
		if two, err := tuf.Canonical(one); err != nil || !bytes.Equal(one, two) {
			t.Fatalf("not idempotent: %s, %s, %v", one, two, err)
		}
		var a, b any
		if errA, errB := decode(data, &a), decode(one, &b); errA != nil || errB != nil {
			t.Fatalf("what we read is no JSON to others: %v, %v", errA, errB)
		}
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if !bytes.Equal(x, y) {
			t.Fatalf("it means something else now: %s, %s", x, y)
		}
	})
}

func decode(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(to)
}

func FuzzEnvelope(f *testing.F) {
	seeds(f, `{"signatures":[],"signed":null}`, `{"signatures":[null],"signed":{}}`)
	k := tuftest.RSAKey(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := tuf.ParseEnvelope(data)
		if err != nil {
			return
		}
		if canon, err := tuf.Canonical(e.Signed); err != nil || !bytes.Equal(canon, e.Signed) {
			t.Fatalf("signed is not in canonical form: %s", e.Signed)
		}
		for _, s := range e.Signatures {
			if k.Public().Verify(e.Signed, s) == nil {
				t.Fatal("a signature by a key that never signed this")
			}
		}
	})
}

// again wants what was parsed to be signed and read back as the same.
func again[T any](t *testing.T, data []byte, parse func([]byte) (T, error)) {
	one, err := parse(data)
	if err != nil {
		return
	}
	file, err := tuf.Sign(one)
	if errors.Is(err, tuf.ErrNotASCII) || errors.Is(err, tuf.ErrTooLarge) {
		return
	}
	if err != nil {
		t.Fatalf("what was read cannot be written: %v", err)
	}
	two, err := parse(file)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, file)
	}
	more, err := tuf.Sign(two)
	if err != nil || !bytes.Equal(file, more) {
		t.Fatalf("it changed on the way: %s\n%s", file, more)
	}
}

func FuzzRoot(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, tuf.ParseRoot)
		if trust, err := tuf.NewTrust(data); err == nil && trust.Root().Verify(tuf.RoleRoot, data) != nil {
			t.Fatal("a trusted root that does not verify")
		}
	})
}

func FuzzTargets(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, tuf.ParseTargets)
		targets, err := tuf.ParseTargets(data)
		if err != nil {
			return
		}
		if _, err := tuf.ParseBundleTargets(data); err == nil {
			t.Fatal("targets and a bundle's list in one")
		}
		for _, target := range targets.Targets {
			_, _ = target.Fields()
		}
	})
}

func FuzzBundleTargets(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) { again(t, data, tuf.ParseBundleTargets) })
}

func FuzzCustom(f *testing.F) {
	seeds(f, `{"fetched-apps":{"uri":null}}`, `{"docker_compose_apps":{"a":{"uri":"x"}},"tags":[]}`, `{"version":""}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := tuf.Target{Custom: data}.Fields()
		if err != nil || c.FetchedApps != nil {
			return // null and absent mean the same in fetched-apps and are written alike
		}
		for _, app := range c.Apps {
			if app.URI == "" {
				return // an app without a URI gets an empty one
			}
		}
		out, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tuf.Canonical(out)
		if want, _ := tuf.Canonical(data); err != nil || data != nil && !bytes.Equal(got, want) {
			t.Fatalf("it changed on the way: %s, %s", want, got)
		}
	})
}

// FuzzRefresh offers four files to a device that trusts a repository. Nothing
// but what its keys signed may come to be trusted.
func FuzzRefresh(f *testing.F) {
	r := tuftest.New(f)
	r.AddTarget("one", commit, "intel", "1", "main")
	r.Publish()
	r.NextRoot()
	f.Add(r.Files["2.root.json"], r.Files["timestamp.json"], r.Files["snapshot.json"], r.Files["targets.json"])
	f.Add([]byte(nil), []byte(`{}`), []byte(`null`), []byte(`[]`))
	initial := r.Files["1.root.json"]
	f.Fuzz(func(t *testing.T, root, timestamp, snapshot, targets []byte) {
		offered := &tuftest.Repo{Files: map[string][]byte{
			"2.root.json": root, "timestamp.json": timestamp, "snapshot.json": snapshot, "targets.json": targets,
		}}
		trust, err := tuf.Refresh(t.Context(), offered, nil, tuf.RefreshOptions{Now: tuftest.Start, InitialRoots: [][]byte{initial}})
		if err != nil {
			return
		}
		if got := trust.Targets().Targets["one"].Commit(); got != commit || len(trust.Targets().Targets) != 1 {
			t.Fatalf("trusted %+v", trust.Targets())
		}
	})
}

func FuzzBundleIndex(f *testing.F) {
	sum := strings.Repeat("ab", 32)
	seeds(f, `{"signatures":[],"signed":{"_type":"BundleIndex","bundle-targets":"`+sum+`","format":1,"members":{"count":2,"length":200,"sha256":"`+sum+`"}}}`)
	f.Fuzz(func(t *testing.T, data []byte) { again(t, data, tuf.ParseBundleIndex) })
}

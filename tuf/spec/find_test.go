package spec_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
	"github.com/otactl/otactl/tuf/spec/spectest"
	"github.com/otactl/otactl/tuf/tuftest"
)

// chained has targets delegate to r0, and each role to the next.
func chained(t *testing.T, length int) *spectest.Repo {
	t.Helper()
	r := newRepo(t)
	key, err := metadata.KeyFromPublicKey(r.Keys["targets"].Public())
	if err != nil {
		t.Fatal(err)
	}
	to := func(i int) map[string]any {
		return map[string]any{"keys": map[string]any{r.IDs["targets"]: key}, "roles": []any{map[string]any{
			"name": fmt.Sprintf("r%d", i), "keyids": []string{r.IDs["targets"]}, "threshold": 1, "terminating": false, "paths": []string{"*"},
		}}}
	}
	for i := range length {
		file := fmt.Sprintf("r%d.json", i)
		r.Files[file] = r.Files[tuf.TargetsFile]
		r.EditBy(file, func(m map[string]any) {
			m["targets"] = map[string]any{fmt.Sprintf("target-%d", i): map[string]any{"length": 0, "hashes": map[string]any{"sha256": hex64}}}
			m["delegations"] = to((i + 1) % length)
		}, "targets")
	}
	r.Edit(tuf.TargetsFile, set(to(0), "delegations"))
	r.Edit(tuf.SnapshotFile, func(m map[string]any) {
		for i := range length {
			set(map[string]any{"version": 1}, "meta", fmt.Sprintf("r%d.json", i))(m)
		}
	})
	return r
}

const hex64 = "abababababababababababababababababababababababababababababababab"

func find(t *testing.T, r *spectest.Repo, target string) error {
	t.Helper()
	trust, err := refresh(t, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tuf.Find(t.Context(), r, trust, target, r.Now)
	return err
}

func TestASearchEnds(t *testing.T) {
	if err := find(t, chained(t, 5), "target-4"); err != nil {
		t.Errorf("the last of five roles: %v", err)
	}
	if err := find(t, chained(t, 5), "nowhere"); !errors.Is(err, tuf.ErrNotFound) {
		t.Errorf("round a circle of five roles: %v", err)
	}
	if err := find(t, chained(t, limits.Delegations), fmt.Sprintf("target-%d", limits.Delegations-1)); err != nil {
		t.Errorf("the last role that may be read: %v", err)
	}
	if err := find(t, chained(t, limits.Delegations+1), "nowhere"); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("beyond the last role that may be read: %v", err)
	}
}

func TestADelegatedRoleIsHeldToTheRules(t *testing.T) {
	for name, tt := range map[string]struct {
		want error
		make func(r *spectest.Repo)
	}{
		"signed by another": {tuf.ErrSignature, func(r *spectest.Repo) { r.EditBy("r1.json", none, "snapshot") }},
		"not signed":        {tuf.ErrSignature, func(r *spectest.Repo) { r.EditBy("r1.json", none) }},
		"another version":   {tuf.ErrVersion, func(r *spectest.Repo) { r.EditBy("r1.json", set(2, "version"), "targets") }},
		"expired":           {tuf.ErrExpired, func(r *spectest.Repo) { r.EditBy("r1.json", set("2026-01-01T00:00:00Z", "expires"), "targets") }},
		"expired this second": {tuf.ErrExpired, func(r *spectest.Repo) {
			r.EditBy("r1.json", set(start().Format("2006-01-02T15:04:05Z"), "expires"), "targets")
		}},
		"no file":                {tuf.ErrNotFound, func(r *spectest.Repo) { delete(r.Files, "r1.json") }},
		"of another role's type": {tuf.ErrMalformed, func(r *spectest.Repo) { r.EditBy("r1.json", set("snapshot", "_type"), "targets") }},
		"not in the snapshot": {tuf.ErrVersion, func(r *spectest.Repo) {
			r.Edit(tuf.SnapshotFile, func(m map[string]any) { delete(m["meta"].(map[string]any), "r1.json") })
		}},
		"another hash": {tuf.ErrHash, func(r *spectest.Repo) {
			r.Edit(tuf.SnapshotFile, set(map[string]any{"version": 1, "length": 3}, "meta", "r1.json"))
		}},
		"over its cap":             {tuf.ErrTooLarge, func(r *spectest.Repo) { r.Files["r1.json"] = bytes.Repeat([]byte(" "), limits.Targets+1) }},
		"a key that is not listed": {tuf.ErrMalformed, func(r *spectest.Repo) { r.EditBy("r0.json", set(map[string]any{}, "delegations", "keys"), "targets") }},
	} {
		t.Run(name, func(t *testing.T) {
			r := chained(t, 3)
			tt.make(r)
			if err := find(t, r, "target-2"); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestWhatADelegationCovers(t *testing.T) {
	sum := "e3b0c442" // the hex SHA-256 of "" begins so
	for _, tt := range []struct {
		d    tuf.Delegation
		name string
		want bool
	}{
		{tuf.Delegation{}, "a", false},
		{tuf.Delegation{Paths: []string{"*"}}, "a", true},
		{tuf.Delegation{Paths: []string{"*"}}, "a/b", false},
		{tuf.Delegation{Paths: []string{"a/*"}}, "a/b", true},
		{tuf.Delegation{Paths: []string{"a?c"}}, "abc", true},
		{tuf.Delegation{Paths: []string{"[a"}}, "[a", false},
		{tuf.Delegation{HashPrefixes: []string{sum}}, "", true},
		{tuf.Delegation{HashPrefixes: []string{"00"}}, "", false},
		{tuf.Delegation{Paths: []string{"x"}, HashPrefixes: []string{sum}}, "", false},
	} {
		if got := tt.d.Covers(tt.name); got != tt.want {
			t.Errorf("%v covers %q: %v", tt.d, tt.name, got)
		}
	}
}

// A stored file that is torn, swapped or gone is fetched again, and what was
// seen is not forgotten with it.
func TestADamagedCacheHealsAndLowersNoVersion(t *testing.T) {
	old := newRepo(t)
	r := old.Clone(t)
	for _, file := range []string{tuf.TargetsFile, tuf.SnapshotFile, tuf.TimestampFile} {
		r.Edit(file, set(2, "version"))
	}
	r.Edit(tuf.SnapshotFile, set(2, "meta", "targets.json", "version"))
	r.Edit(tuf.TimestampFile, set(2, "meta", "snapshot.json", "version"))
	for _, file := range []string{tuf.RootName(1), tuf.TargetsFile, tuf.SnapshotFile, tuf.TimestampFile, "floor.json"} {
		for how, damage := range map[string]func([]byte) []byte{
			"cut":     func(f []byte) []byte { return f[:len(f)/2] },
			"empty":   func([]byte) []byte { return nil },
			"zeroed":  func(f []byte) []byte { return make([]byte, len(f)) },
			"swapped": func([]byte) []byte { return r.Files[tuf.SnapshotFile] },
			"older":   func([]byte) []byte { return old.Files[file] },
		} {
			cache := tuftest.NewCache()
			if _, err := refresh(t, r, cache); err != nil {
				t.Fatal(err)
			}
			cache.Files[file] = damage(cache.Files[file])
			if _, err := refresh(t, old, cache); !errors.Is(err, tuf.ErrRollback) {
				t.Errorf("%s %s, and an older repository: %v", file, how, err)
			}
			if trust, err := refresh(t, r, cache); err != nil || trust.Targets().Version != 2 {
				t.Errorf("%s %s: %v", file, how, err)
			}
			if _, err := tuf.FromCache(t.Context(), cache, r.Now, spec.Dialect{}); err != nil {
				t.Errorf("%s %s, read back: %v", file, how, err)
			}
		}
	}
}

package tuf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// device is one client with a memory.
type device struct {
	t     *testing.T
	repo  *tuftest.Repo
	cache tuf.Cache
	opt   tuf.RefreshOptions
}

func newDevice(t *testing.T, r *tuftest.Repo) *device {
	return &device{t: t, repo: r, cache: tuftest.NewCache(), opt: tuf.RefreshOptions{FirstUse: true, EqualTimestamp: true}}
}

func (d *device) refresh() (*tuf.Trust, error) {
	d.t.Helper()
	opt := d.opt
	if opt.Now.IsZero() {
		opt.Now = d.repo.Now
	}
	return tuf.Refresh(d.t.Context(), d.repo, d.cache, opt)
}

func (d *device) accepts() *tuf.Trust {
	d.t.Helper()
	trust, err := d.refresh()
	if err != nil {
		d.t.Fatalf("an honest repository was refused: %v", err)
	}
	return trust
}

// refuses wants an error of a kind and a cache that is as it was.
func (d *device) refuses(kind error) error {
	d.t.Helper()
	before := d.files()
	trust, err := d.refresh()
	if !errors.Is(err, kind) || trust != nil {
		d.t.Fatalf("got %v, want %v", err, kind)
	}
	if after := d.files(); !maps.EqualFunc(before, after, bytes.Equal) {
		d.t.Errorf("what was refused changed the cache: %v", err)
	}
	if strings.Contains(err.Error(), "\n") {
		d.t.Errorf("an error of more than one line: %q", err)
	}
	return err
}

func (d *device) files() map[string][]byte {
	if c, ok := d.cache.(*tuftest.Cache); ok {
		return maps.Clone(c.Files)
	}
	return nil
}

// set puts value into a nested map.
func set(m map[string]any, value any, path ...string) {
	for _, name := range path[:len(path)-1] {
		m = m[name].(map[string]any)
	}
	m[path[len(path)-1]] = value
}

func drop(m map[string]any, path ...string) {
	for _, name := range path[:len(path)-1] {
		m = m[name].(map[string]any)
	}
	delete(m, path[len(path)-1])
}

// Each case breaks one thing in a repository that a device trusts already.
func TestOneBrokenThingIsRefused(t *testing.T) {
	edit := func(file string, change func(m map[string]any)) func(*tuftest.Repo) {
		return func(r *tuftest.Repo) {
			r.Edit[file] = change
			r.Publish()
		}
	}
	put := func(file string, value any, path ...string) func(*tuftest.Repo) {
		return edit(file, func(m map[string]any) { set(m, value, path...) })
	}
	without := func(file string, path ...string) func(*tuftest.Repo) {
		return edit(file, func(m map[string]any) { drop(m, path...) })
	}
	rewrite := func(file, old, new string) func(*tuftest.Repo) {
		return func(r *tuftest.Repo) {
			r.Rewrite[file] = func(signed []byte) []byte {
				out := bytes.Replace(signed, []byte(old), []byte(new), 1)
				if bytes.Equal(out, signed) {
					t.Errorf("%s holds no %q", file, old)
				}
				return out
			}
			r.Publish()
		}
	}
	broken := func(file string, change func([]byte) []byte) func(*tuftest.Repo) {
		return func(r *tuftest.Repo) {
			r.Break[file] = change
			r.Publish()
		}
	}
	swap := func(file, with string) func(*tuftest.Repo) {
		return func(r *tuftest.Repo) {
			r.Publish()
			r.Files[file] = r.Files[with]
		}
	}
	stranger := func(role tuf.Role) func(*tuftest.Repo) {
		return func(r *tuftest.Repo) {
			r.Keys[role] = []*tuf.PrivateKey{r.Key(tuf.ED25519)}
			r.Publish()
		}
	}
	const ts, sn, tg = tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile
	cases := []struct {
		name string
		do   func(*tuftest.Repo)
		want error
	}{
		// Type confusion.
		{"timestamp in lower case", put(ts, "timestamp", "_type"), tuf.ErrMalformed},
		{"snapshot in lower case", put(sn, "snapshot", "_type"), tuf.ErrMalformed},
		{"targets in lower case", put(tg, "targets", "_type"), tuf.ErrMalformed},
		{"no type", without(tg, "_type"), tuf.ErrMalformed},
		{"type of another role", put(sn, "Timestamp", "_type"), tuf.ErrMalformed},
		{"type is a number", put(sn, 1, "_type"), tuf.ErrMalformed},
		{"a bundle's list for targets", put(tg, map[string]any{"type": "ci", "tag": "", "targets": []string{"a"}}, "x-fio-offline-bundle"), tuf.ErrMalformed},

		// Signatures.
		{"timestamp by a stranger", stranger(tuf.RoleTimestamp), tuf.ErrSignature},
		{"snapshot by a stranger", stranger(tuf.RoleSnapshot), tuf.ErrSignature},
		{"targets by a stranger", stranger(tuf.RoleTargets), tuf.ErrSignature},
		{"targets by the snapshot key", func(r *tuftest.Repo) {
			r.Keys[tuf.RoleTargets] = r.Keys[tuf.RoleSnapshot]
			r.Publish()
		}, tuf.ErrSignature},
		{"unsigned", func(r *tuftest.Repo) { r.Keys[tuf.RoleTimestamp] = nil; r.Publish() }, tuf.ErrSignature},
		{"signed twice by one key", func(r *tuftest.Repo) {
			k := r.Keys[tuf.RoleTimestamp][0]
			r.Keys[tuf.RoleTimestamp] = []*tuf.PrivateKey{k, k}
			r.Publish()
		}, tuf.ErrMalformed},
		{"changed after signing", broken(ts, func(b []byte) []byte { return bytes.Replace(b, []byte("2026"), []byte("2036"), 1) }), tuf.ErrSignature},
		{"a field added after signing", broken(ts, func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"signed":{`), []byte(`"signed":{"x":1,`), 1)
		}), tuf.ErrSignature},

		// Shape.
		{"signed is null", broken(ts, func([]byte) []byte { return []byte(`{"signatures":[],"signed":null}`) }), tuf.ErrMalformed},
		{"signed is absent", broken(ts, func([]byte) []byte { return []byte(`{"signatures":[]}`) }), tuf.ErrMalformed},
		{"signed is an array", broken(ts, func([]byte) []byte { return []byte(`{"signatures":[],"signed":[]}`) }), tuf.ErrMalformed},
		{"signatures are null", broken(ts, func([]byte) []byte { return []byte(`{"signatures":null,"signed":{}}`) }), tuf.ErrMalformed},
		{"signatures are an object", broken(ts, func([]byte) []byte { return []byte(`{"signatures":{},"signed":{}}`) }), tuf.ErrMalformed},
		{"a signature is null", broken(ts, func([]byte) []byte { return []byte(`{"signatures":[null],"signed":{}}`) }), tuf.ErrMalformed},
		{"a signature without method", broken(ts, func(b []byte) []byte { return bytes.Replace(b, []byte(`"method"`), []byte(`"m"`), 1) }), tuf.ErrMalformed},
		{"signed twice in the file", broken(ts, func(b []byte) []byte { return bytes.Replace(b, []byte(`{"sig`), []byte(`{"signed":{},"sig`), 1) }), tuf.ErrMalformed},
		{"an empty file", broken(ts, func([]byte) []byte { return nil }), tuf.ErrMalformed},
		{"HTML", broken(ts, func([]byte) []byte { return []byte("<html>502</html>") }), tuf.ErrMalformed},
		{"half a file", broken(ts, func(b []byte) []byte { return b[:len(b)/2] }), tuf.ErrMalformed},
		{"a file and more", broken(ts, func(b []byte) []byte { return append(b, "{}"...) }), tuf.ErrMalformed},
		{"a byte order mark", broken(ts, func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }), tuf.ErrMalformed},

		// Versions.
		{"version 0", put(ts, 0, "version"), tuf.ErrMalformed},
		{"version below 0", put(ts, -1, "version"), tuf.ErrMalformed},
		{"version as text", put(ts, "2", "version"), tuf.ErrMalformed},
		{"version null", put(ts, nil, "version"), tuf.ErrMalformed},
		{"version 2^31", put(ts, int64(1)<<31, "version"), tuf.ErrMalformed},
		{"version 2.0", rewrite(ts, `"version":2}`, `"version":2.0}`), tuf.ErrMalformed},
		{"version 2e0", rewrite(ts, `"version":2}`, `"version":2e0}`), tuf.ErrMalformed},
		{"Version and version", rewrite(ts, `"_type"`, `"Version":9,"_type"`), nil},
		{"no version", without(ts, "version"), tuf.ErrMalformed},
		{"snapshot of another version than announced", put(sn, 7, "version"), tuf.ErrVersion},
		{"targets of another version than announced", put(tg, 7, "version"), tuf.ErrVersion},

		// Times.
		{"expiry with fractions", put(ts, "2027-01-01T00:00:00.5Z", "expires"), tuf.ErrMalformed},
		{"expiry with an offset", put(ts, "2027-01-01T00:00:00+00:00", "expires"), tuf.ErrMalformed},
		{"expiry on a day that is none", put(ts, "2027-02-30T00:00:00Z", "expires"), tuf.ErrMalformed},
		{"expiry as a number", put(ts, 1800000000, "expires"), tuf.ErrMalformed},
		{"no expiry", without(ts, "expires"), tuf.ErrMalformed},
		{"expiry in a year of five digits", put(ts, "20270-01-01T00:00:00Z", "expires"), tuf.ErrMalformed},

		// What the timestamp must say about the snapshot.
		{"no meta", without(ts, "meta"), tuf.ErrMalformed},
		{"no snapshot entry", without(ts, "meta", sn), tuf.ErrMalformed},
		{"snapshot entry null", put(ts, nil, "meta", sn), tuf.ErrMalformed},
		{"snapshot entry without hashes", without(ts, "meta", sn, "hashes"), tuf.ErrMalformed},
		{"snapshot entry with no hash", put(ts, map[string]any{}, "meta", sn, "hashes"), tuf.ErrMalformed},
		{"snapshot entry with hashes null", put(ts, nil, "meta", sn, "hashes"), tuf.ErrMalformed},
		{"snapshot entry with an unknown hash only", put(ts, map[string]any{"md5": "00"}, "meta", sn, "hashes"), tuf.ErrMalformed},
		{"snapshot entry with a short hash", put(ts, map[string]any{"sha256": "00"}, "meta", sn, "hashes"), tuf.ErrMalformed},
		{"snapshot entry with a hash of no hex", put(ts, map[string]any{"sha256": strings.Repeat("x", 64)}, "meta", sn, "hashes"), tuf.ErrMalformed},
		{"snapshot entry without length", without(ts, "meta", sn, "length"), tuf.ErrMalformed},
		{"snapshot entry of length 0", put(ts, 0, "meta", sn, "length"), tuf.ErrMalformed},
		{"snapshot entry of length -1", put(ts, -1, "meta", sn, "length"), tuf.ErrMalformed},
		{"snapshot entry without version", without(ts, "meta", sn, "version"), tuf.ErrMalformed},
		{"snapshot of another length", put(ts, 1, "meta", sn, "length"), tuf.ErrHash},
		{"snapshot of another hash", put(ts, map[string]any{"sha256": strings.Repeat("0", 64)}, "meta", sn, "hashes"), tuf.ErrHash},
		{"snapshot of another sha512 and the right sha256", edit(ts, func(m map[string]any) {
			set(m, strings.Repeat("0", 128), "meta", sn, "hashes", "sha512")
		}), tuf.ErrHash},

		// What the snapshot must say about the targets.
		{"no targets entry", without(sn, "meta", tg), tuf.ErrMalformed},
		{"targets entry null", put(sn, nil, "meta", tg), tuf.ErrMalformed},
		{"targets entry without version", without(sn, "meta", tg, "version"), tuf.ErrMalformed},
		{"targets of another length", put(sn, 1, "meta", tg, "length"), tuf.ErrHash},
		{"targets of another hash", put(sn, map[string]any{"sha256": strings.Repeat("0", 64)}, "meta", tg, "hashes"), tuf.ErrHash},

		// Targets.
		{"no targets", without(tg, "targets"), tuf.ErrMalformed},
		{"targets null", put(tg, nil, "targets"), tuf.ErrMalformed},
		{"targets an array", put(tg, []string{}, "targets"), tuf.ErrMalformed},
		{"a target null", put(tg, nil, "targets", "one"), tuf.ErrMalformed},
		{"a target without hashes", without(tg, "targets", "one", "hashes"), tuf.ErrMalformed},
		{"a target without length", without(tg, "targets", "one", "length"), tuf.ErrMalformed},
		{"a target of length -1", put(tg, -1, "targets", "one", "length"), tuf.ErrMalformed},
		{"a target with a hash in base64", put(tg, "XgWqu8zd7v8AESIzRFVmd4iZqrvM3e7/ABEiM0RVZnc=", "targets", "one", "hashes", "sha256"), tuf.ErrMalformed},
		{"a target with custom as text", put(tg, "x", "targets", "one", "custom"), tuf.ErrMalformed},
		{"a target with no name", edit(tg, func(m map[string]any) {
			all := m["targets"].(map[string]any)
			all[""] = all["one"]
		}), tuf.ErrMalformed},
		{"two targets of one name", rewrite(tg, `"one":`, `"one":{},"one":`), tuf.ErrMalformed},
		{"a NUL in a custom field", rewrite(tg, `"main"`, `"ma\u0000in"`), tuf.ErrMalformed},
		{"custom nested too deep", rewrite(tg, `"main"`, strings.Repeat("[", 100)+strings.Repeat("]", 100)), tuf.ErrMalformed},

		// Mix and match.
		{"snapshot for timestamp", swap(ts, sn), tuf.ErrSignature},
		{"snapshot of the day before", func(r *tuftest.Repo) {
			old := r.Files[sn]
			r.Publish()
			r.Files[sn] = old
		}, tuf.ErrHash},
		{"targets of the day before", func(r *tuftest.Repo) {
			old := r.Files[tg]
			r.Publish()
			r.Files[tg] = old
		}, tuf.ErrHash},
		{"targets of another repository", func(r *tuftest.Repo) {
			r.Publish()
			r.Files[tg] = tuftest.New(t).Files[tg]
		}, tuf.ErrSignature},
		{"targets of another tag, same keys and version", func(r *tuftest.Repo) {
			r.Publish()
			file := r.Files[tg]
			r.Version[tuf.RoleTargets]--
			r.Version[tuf.RoleSnapshot]--
			r.AddTarget("two", commit, "intel", "2", "other")
			r.Publish()
			r.Files[tg] = file
		}, tuf.ErrHash},

		// Size.
		{"timestamp at its cap", broken(ts, func(b []byte) []byte { return pad(b, limits.Timestamp) }), nil},
		{"timestamp over its cap", broken(ts, func(b []byte) []byte { return pad(b, limits.Timestamp+1) }), tuf.ErrTooLarge},
		{"snapshot over its cap", broken(sn, func(b []byte) []byte { return pad(b, limits.Snapshot+1) }), tuf.ErrTooLarge},
		{"targets over their cap", broken(tg, func(b []byte) []byte { return pad(b, limits.Targets+1) }), tuf.ErrTooLarge},

		// Missing files.
		{"no timestamp", func(r *tuftest.Repo) { r.Publish(); delete(r.Files, ts) }, tuf.ErrNotFound},
		{"no snapshot", func(r *tuftest.Repo) { r.Publish(); delete(r.Files, sn) }, tuf.ErrNotFound},
		{"no targets", func(r *tuftest.Repo) { r.Publish(); delete(r.Files, tg) }, tuf.ErrNotFound},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := tuftest.New(t)
			r.AddTarget("one", commit, "intel", "1", "main")
			d := newDevice(t, r)
			d.accepts()
			r.AddTarget("one", commit, "intel", "2", "main")
			c.do(r)
			if c.want == nil {
				d.accepts()
				return
			}
			d.refuses(c.want)
		})
	}
}

// pad makes a file longer without changing what it says.
func pad(file []byte, n int) []byte {
	return append(file, bytes.Repeat([]byte(" "), n-len(file))...)
}

func TestNoVersionGoesBack(t *testing.T) {
	roles := []struct {
		file string
		role tuf.Role
	}{{tuf.TimestampFile, tuf.RoleTimestamp}, {tuf.SnapshotFile, tuf.RoleSnapshot}, {tuf.TargetsFile, tuf.RoleTargets}}
	for _, lost := range []bool{false, true} {
		for _, c := range roles {
			t.Run(fmt.Sprintf("%s, cache lost %v", c.role, lost), func(t *testing.T) {
				r := tuftest.New(t)
				d := newDevice(t, r)
				for range 3 {
					r.Publish()
				}
				d.accepts()
				if lost {
					for _, c := range roles {
						_ = d.cache.Remove(t.Context(), c.file)
					}
				}
				r.Version[c.role] -= 2 // the others go on
				r.Publish()
				err := d.refuses(tuf.ErrRollback)
				if !strings.Contains(err.Error(), "4") {
					t.Errorf("%v does not say which version was seen", err)
				}
			})
		}
	}
}

func TestAllRolesOfTheDayBeforeAreRefused(t *testing.T) {
	r := tuftest.New(t)
	r.Publish()
	old := maps.Clone(r.Files)
	r.Publish()
	d := newDevice(t, r)
	d.accepts()
	r.Files = old
	d.refuses(tuf.ErrRollback)
	if _, err := tuf.FromCache(t.Context(), d.cache, r.Now); err != nil {
		t.Errorf("what was trusted before is no longer: %v", err)
	}
}

func TestARoleDoesNotVanishFromTheSnapshot(t *testing.T) {
	r := tuftest.New(t)
	r.Edit[tuf.SnapshotFile] = func(m map[string]any) {
		set(m, map[string]any{"version": 3}, "meta", "delegated.json")
		set(m, map[string]any{"version": 1}, "meta", "root.json")
	}
	r.Publish()
	d := newDevice(t, r)
	d.accepts()
	r.Edit[tuf.SnapshotFile] = func(m map[string]any) { set(m, map[string]any{"version": 2}, "meta", "delegated.json") }
	r.Publish()
	d.refuses(tuf.ErrRollback)
	r.Edit[tuf.SnapshotFile] = nil
	r.Publish()
	if err := d.refuses(tuf.ErrRollback); !strings.Contains(err.Error(), "delegated.json\" has gone") {
		t.Errorf("%v does not say what is gone", err)
	}
	r.Edit[tuf.SnapshotFile] = func(m map[string]any) { set(m, map[string]any{"version": 3}, "meta", "delegated.json") }
	r.Publish()
	d.accepts()
}

func TestAnotherTimestampOfTheSameVersionIsPolicy(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	first := d.accepts()
	again := func() {
		r.Now = r.Now.Add(time.Hour)
		r.Version[tuf.RoleTimestamp]--
		r.Refresh()
	}
	again()
	if trust := d.accepts(); !trust.Expires().After(first.Expires()) {
		t.Error("the newer timestamp of the same version was not taken")
	}
	d.opt.EqualTimestamp = false
	stored, err := tuf.FromCache(t.Context(), d.cache, r.Now)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if trust := d.accepts(); !trust.Expires().Equal(stored.Expires()) {
		t.Error("without the policy the stored timestamp has to stand")
	}
	d.opt.EqualTimestamp = true
	r.Version[tuf.RoleTimestamp]--
	r.Version[tuf.RoleSnapshot]--
	r.Version[tuf.RoleTargets]--
	r.Publish() // same versions all round, other content
	d.accepts()
	r.Publish()
	d.accepts()
	r.Version[tuf.RoleSnapshot] -= 2
	r.Version[tuf.RoleTimestamp]--
	r.Publish() // same timestamp version, older snapshot
	d.refuses(tuf.ErrRollback)
}

func TestTargetNamesAreData(t *testing.T) {
	names := []string{"../../etc/passwd", "/abs", `C:\x`, "%2f..%2f", "a/./b", strings.Repeat("x", 4096), "timestamp.json", "__proto__"}
	r := tuftest.New(t)
	for _, name := range names {
		r.AddTarget(name, commit, "intel", "1", "main")
	}
	r.Publish()
	d := newDevice(t, r)
	dir := t.TempDir()
	cache, err := tuf.OpenDirCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	d.cache = cache
	trust := d.accepts()
	for _, name := range names {
		if _, ok := trust.Targets().Targets[name]; !ok {
			t.Errorf("target %.20q is gone", name)
		}
	}
	for _, name := range names {
		if err := cache.Store(t.Context(), name, nil); name != "timestamp.json" && !errors.Is(err, tuf.ErrMalformed) {
			t.Errorf("the cache took the name %.20q: %v", name, err)
		}
	}
}

// endless never stops sending.
type endless struct{ tuf.Fetcher }

func (e endless) Fetch(_ context.Context, _ string, max int64) ([]byte, error) {
	return bytes.Repeat([]byte(" "), int(max)+1), nil
}

func TestAFetcherThatOverrunsItsCapIsRefused(t *testing.T) {
	_, err := tuf.Refresh(t.Context(), endless{}, nil, tuf.RefreshOptions{Now: tuftest.Start, FirstUse: true})
	if !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestPrettyPrintedFilesPass(t *testing.T) {
	r := tuftest.New(t)
	r.AddTarget("one", commit, "intel", "1", "main")
	for _, name := range []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
		r.Break[name] = func(b []byte) []byte { return indent(t, b) }
	}
	r.Publish()
	r.Files[tuf.RootName(1)] = indent(t, r.Files[tuf.RootName(1)])
	d := newDevice(t, r)
	d.accepts()
	trust, err := tuf.FromCache(t.Context(), d.cache, r.Now)
	if err != nil || len(trust.Targets().Targets) != 1 {
		t.Errorf("from the cache: %v", err)
	}
	if !bytes.Equal(d.files()[tuf.TargetsFile], r.Files[tuf.TargetsFile]) {
		t.Error("files are stored other than they were served")
	}
}

func TestAHashOverTheFileAsItLiesPasses(t *testing.T) {
	r := tuftest.New(t)
	r.Break[tuf.TargetsFile] = func(b []byte) []byte { return indent(t, b) }
	r.Publish()
	lying := r.Files[tuf.TargetsFile]
	r.Edit[tuf.SnapshotFile] = func(m map[string]any) {
		set(m, len(lying), "meta", tuf.TargetsFile, "length")
		set(m, map[string]any{"sha256": sum(lying)}, "meta", tuf.TargetsFile, "hashes")
	}
	r.Version[tuf.RoleTargets]--
	r.Publish()
	newDevice(t, r).accepts()
	r.Edit[tuf.SnapshotFile] = func(m map[string]any) { // the length of one form, the hash of the other
		set(m, map[string]any{"sha256": sum(lying)}, "meta", tuf.TargetsFile, "hashes")
	}
	r.Version[tuf.RoleTargets]--
	r.Publish()
	newDevice(t, r).refuses(tuf.ErrHash)
}

func TestErrorsCarryNothingThatATerminalObeys(t *testing.T) {
	k := seeded(t, 1)
	root := tuf.NewRoot(1, tuftest.Start, tuf.Changelog{})
	root.AddKey(tuf.RoleRoot, k.Public())
	evil := "\x1b[2J\n" + strings.Repeat("x", 5000)
	one := map[string]string{"keyid": evil, "method": "ed25519", "sig": ""}
	for _, file := range [][]byte{
		tuftest.Envelope(t, []byte(`{}`), []any{one, one}),
		tuftest.SignRaw(t, []byte(`{"_type":"\u001b[2J\n","a":1}`), k),
		tuftest.SignRaw(t, []byte(`{"_type":"Targets","version":1,"expires":"2027-01-01T00:00:00Z","targets":{"\u001b[2J\n":null}}`), k),
		tuftest.SignRaw(t, []byte(`{"_type":"Targets","version":1,"expires":"2027-01-01T00:00:00Z","targets":{"a":{"length":0,"hashes":{"\u001b[2J\n":1}}}}`), k),
	} {
		_, err := tuf.ParseTargets(file)
		if err == nil || strings.ContainsAny(err.Error(), "\x1b\n") || len(err.Error()) > 500 {
			t.Errorf("got %.600q", fmt.Sprint(err))
		}
	}
}

func TestOneTrustTakesNoOlderTimestamp(t *testing.T) {
	r := tuftest.New(t)
	trust := r.Trust()
	old := r.Files[tuf.TimestampFile]
	r.Refresh()
	if err := trust.SetTimestamp(r.Files[tuf.TimestampFile], r.Now); err != nil {
		t.Fatal(err)
	}
	if err := trust.SetTimestamp(r.Files[tuf.TimestampFile], r.Now); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	if err := trust.SetTimestamp(pad(old, limits.Timestamp+1), r.Now); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("over its cap: %v", err)
	}
	if err := trust.SetTimestamp([]byte("{"), r.Now); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("a broken one after it: %v", err)
	}
	if err := trust.SetTimestamp(old, r.Now); !errors.Is(err, tuf.ErrRollback) || trust.Timestamp().Version != 2 {
		t.Errorf("got %v", err)
	}
}

func TestNoFileIsReadThatIsOverEveryCap(t *testing.T) {
	file := pad([]byte(`{"signatures":[],"signed":{}}`), limits.Targets+1)
	if _, err := tuf.ParseEnvelope(file); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, err := tuf.ParseEnvelope(file[:limits.Targets]); err != nil {
		t.Errorf("at the cap: %v", err)
	}
}

func TestMoreSignaturesThanARoleMayWantAreRefused(t *testing.T) {
	var list []any
	for i := range limits.Signatures + 1 {
		list = append(list, map[string]string{"keyid": fmt.Sprint(i), "method": "ed25519", "sig": ""})
	}
	if _, err := tuf.ParseEnvelope(tuftest.Envelope(t, []byte(`{}`), list[1:])); err != nil {
		t.Errorf("at the cap: %v", err)
	}
	if _, err := tuf.ParseEnvelope(tuftest.Envelope(t, []byte(`{}`), list)); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("over the cap: %v", err)
	}
}

func TestLengthsAndHashesAreHeldToWhereTheyAreStated(t *testing.T) {
	for _, stated := range [][]string{{}, {"length"}, {"hashes"}, {"length", "hashes"}} {
		r := tuftest.New(t)
		r.Edit[tuf.SnapshotFile] = func(m map[string]any) {
			for _, field := range []string{"length", "hashes"} {
				if !slices.Contains(stated, field) {
					drop(m, "meta", tuf.TargetsFile, field)
				}
			}
		}
		r.Publish()
		newDevice(t, r).accepts()
		r.Break[tuf.TargetsFile] = func(b []byte) []byte {
			return tuftest.SignRaw(t, bytes.Replace(envelope(t, b).Signed, []byte(`{"_type"`), []byte(`{"A":1,"_type"`), 1), r.Keys[tuf.RoleTargets]...)
		}
		r.Publish()
		if d := newDevice(t, r); len(stated) == 0 {
			d.accepts()
		} else {
			d.refuses(tuf.ErrHash)
		}
	}
}

func TestWithoutThePolicyANewerTimestampIsTakenAndABrokenOneIsNot(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	d.opt.EqualTimestamp = false
	d.accepts()
	r.Refresh()
	if v := d.accepts().Timestamp().Version; v != 2 {
		t.Errorf("version %d", v)
	}
	r.Version[tuf.RoleTimestamp]--
	r.Keys[tuf.RoleTimestamp] = []*tuf.PrivateKey{r.Key(tuf.ED25519)}
	r.Refresh()
	d.refuses(tuf.ErrSignature)
}

// Each version that the snapshot named is noted, and holds without the files.
func TestTheNoteHoldsEachRoleOfTheSnapshot(t *testing.T) {
	for _, lower := range []string{"a.json", "z.json", tuf.TargetsFile} {
		r := tuftest.New(t)
		meta := map[string]int{"a.json": 3, "z.json": 3}
		r.Edit[tuf.SnapshotFile] = func(m map[string]any) {
			for name, v := range meta {
				set(m, map[string]any{"version": v}, "meta", name)
			}
		}
		for range 3 {
			r.Publish()
		}
		d := newDevice(t, r)
		d.accepts()
		for _, name := range []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
			_ = d.cache.Remove(t.Context(), name)
		}
		if meta[lower]--; lower == tuf.TargetsFile {
			delete(meta, lower)
			r.Version[tuf.RoleTargets] -= 2
		}
		r.Publish()
		if err := d.refuses(tuf.ErrRollback); !strings.Contains(err.Error(), lower) {
			t.Errorf("%v does not name %s", err, lower)
		}
	}
}

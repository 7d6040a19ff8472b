package tuf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func TestARootChainIsWalkedToItsEnd(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	d.accepts()
	for range 5 {
		r.SetKeys(tuf.RoleRoot, r.Key(tuf.ED25519))
		r.NextRoot()
	}
	r.Publish()
	r.Requests = nil
	if v := d.accepts().Root().Version; v != 6 {
		t.Errorf("root %d, want 6", v)
	}
	want := []string{"2.root.json", "3.root.json", "4.root.json", "5.root.json", "6.root.json", "7.root.json", "timestamp.json", "snapshot.json", "targets.json"}
	if !slices.Equal(r.Requests, want) {
		t.Errorf("asked for %v", r.Requests)
	}
	r.Requests = nil
	d.accepts()
	if want := []string{"7.root.json", "timestamp.json"}; !slices.Equal(r.Requests, want) {
		t.Errorf("asked for %v though nothing is new", r.Requests)
	}
}

func TestALongRootChainIsWalkedAndAnEndlessOneIsNot(t *testing.T) {
	r := tuftest.New(t)
	for range 299 {
		r.NextRoot()
	}
	if v := newDevice(t, r).accepts().Root().Version; v != 300 {
		t.Errorf("root %d, want 300", v)
	}
	for r.Root.Version < limits.RootChain+1 {
		r.NextRoot()
	}
	newDevice(t, r).refuses(tuf.ErrTooLarge)
}

func TestABrokenRootIsRefusedAndNotStored(t *testing.T) {
	next := func(change func(m map[string]any)) func(*tuftest.Repo) {
		return func(r *tuftest.Repo) {
			r.Edit[tuf.RootName(2)] = change
			r.NextRoot()
		}
	}
	put := func(value any, path ...string) func(*tuftest.Repo) {
		return next(func(m map[string]any) { set(m, value, path...) })
	}
	without := func(path ...string) func(*tuftest.Repo) {
		return next(func(m map[string]any) { drop(m, path...) })
	}
	key := func(kind, public string) func(*tuftest.Repo) {
		return put(map[string]any{"keytype": kind, "keyval": map[string]any{"public": public}}, "keys", "aa")
	}
	cases := []struct {
		name string
		do   func(*tuftest.Repo)
		want error
	}{
		{"signed by itself and not by the old root", func(r *tuftest.Repo) {
			r.SetKeys(tuf.RoleRoot, r.Key(tuf.ED25519))
			r.Keys["retired"] = nil
			r.NextRoot()
		}, tuf.ErrSignature},
		{"signed by the old root and not by itself", func(r *tuftest.Repo) {
			old := r.Keys[tuf.RoleRoot]
			r.SetKeys(tuf.RoleRoot, r.Key(tuf.ED25519))
			r.Keys[tuf.RoleRoot] = old
			r.NextRoot()
		}, tuf.ErrSignature},
		{"signed by too few of its own keys", func(r *tuftest.Repo) {
			old := r.Keys[tuf.RoleRoot][0]
			r.SetKeys(tuf.RoleRoot, old, r.Key(tuf.ED25519))
			r.Keys[tuf.RoleRoot] = []*tuf.PrivateKey{old}
			r.NextRoot()
		}, tuf.ErrSignature},
		{"the same version again", put(1, "version"), tuf.ErrVersion},
		{"a version left out", put(3, "version"), tuf.ErrVersion},
		{"version 0", put(0, "version"), tuf.ErrMalformed},
		{"version 2^31", put(int64(1)<<31, "version"), tuf.ErrMalformed},
		{"lower-case type", put("root", "_type"), tuf.ErrMalformed},
		{"no keys", without("keys"), tuf.ErrMalformed},
		{"keys null", put(nil, "keys"), tuf.ErrMalformed},
		{"no roles", without("roles"), tuf.ErrMalformed},
		{"no root role", without("roles", "root"), tuf.ErrMalformed},
		{"no targets role", without("roles", "targets"), tuf.ErrMalformed},
		{"no snapshot role", without("roles", "snapshot"), tuf.ErrMalformed},
		{"no timestamp role", without("roles", "timestamp"), tuf.ErrMalformed},
		{"role null", put(nil, "roles", "targets"), tuf.ErrMalformed},
		{"threshold 0", put(0, "roles", "targets", "threshold"), tuf.ErrMalformed},
		{"threshold -1", put(-1, "roles", "targets", "threshold"), tuf.ErrMalformed},
		{"threshold above the number of root keys", put(2, "roles", "root", "threshold"), tuf.ErrMalformed},
		{"threshold above the number of snapshot keys", put(2, "roles", "snapshot", "threshold"), tuf.ErrMalformed},
		{"threshold above the number of timestamp keys", put(2, "roles", "timestamp", "threshold"), tuf.ErrMalformed},
		{"threshold 2^53-1", put(int64(1)<<53-1, "roles", "targets", "threshold"), tuf.ErrMalformed},
		{"threshold as text", put("1", "roles", "targets", "threshold"), tuf.ErrMalformed},
		{"no threshold", without("roles", "targets", "threshold"), tuf.ErrMalformed},
		{"a role without keys", put([]string{}, "roles", "targets", "keyids"), tuf.ErrMalformed},
		{"a role with no keyids", without("roles", "targets", "keyids"), tuf.ErrMalformed},
		{"a role with keyids null", put(nil, "roles", "targets", "keyids"), tuf.ErrMalformed},
		{"a role with a key that is not listed", put([]string{"none"}, "roles", "targets", "keyids"), tuf.ErrMalformed},
		{"a key id twice in a role", next(func(m map[string]any) {
			ids := m["roles"].(map[string]any)["targets"].(map[string]any)["keyids"].([]any)
			set(m, append(ids, ids[0]), "roles", "targets", "keyids")
		}), tuf.ErrMalformed},
		{"one key under two ids to meet a threshold of 2", next(func(m map[string]any) {
			ids := m["roles"].(map[string]any)["snapshot"].(map[string]any)["keyids"].([]any)
			keys := m["keys"].(map[string]any)
			keys["again"] = keys[ids[0].(string)]
			set(m, append(ids, "again"), "roles", "snapshot", "keyids")
			set(m, 2, "roles", "snapshot", "threshold")
		}), tuf.ErrMalformed},
		{"a key null", put(nil, "keys", "aa"), tuf.ErrMalformed},
		{"a key of an unknown type", key("ecdsa", "00"), tuf.ErrKey},
		{"an ED25519 key of 31 bytes", key("ED25519", strings.Repeat("a", 62)), tuf.ErrKey},
		{"an ED25519 key of 33 bytes", key("ED25519", strings.Repeat("a", 66)), tuf.ErrKey},
		{"an ED25519 key that is no hex", key("ED25519", strings.Repeat("x", 64)), tuf.ErrKey},
		{"an ED25519 key that is all zero", key("ED25519", strings.Repeat("0", 64)), tuf.ErrKey},
		{"an RSA key that is hex", key("RSA", strings.Repeat("a", 64)), tuf.ErrKey},
		{"an RSA key that is no PEM", key("RSA", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"), tuf.ErrKey},
		{"over the cap", func(r *tuftest.Repo) {
			r.Break[tuf.RootName(2)] = func(b []byte) []byte { return pad(b, limits.Root+1) }
			r.NextRoot()
		}, tuf.ErrTooLarge},
		{"cut short", func(r *tuftest.Repo) {
			r.Break[tuf.RootName(2)] = func(b []byte) []byte { return b[:100] }
			r.NextRoot()
		}, tuf.ErrMalformed},
		{"root 3 in place of root 2", func(r *tuftest.Repo) {
			r.NextRoot()
			r.NextRoot()
			r.Files[tuf.RootName(2)] = r.Files[tuf.RootName(3)]
		}, tuf.ErrVersion},
		{"targets in place of a root", func(r *tuftest.Repo) { r.Files[tuf.RootName(2)] = r.Files[tuf.TargetsFile] }, tuf.ErrSignature},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := tuftest.New(t)
			d := newDevice(t, r)
			d.accepts()
			c.do(r)
			err := d.refuses(c.want)
			if !strings.Contains(err.Error(), "2.root.json") {
				t.Errorf("%v does not name the file", err)
			}
			if fail.ClassOf(err) != fail.Verification || fail.HintOf(err) == "" {
				t.Errorf("class %v, hint %q", fail.ClassOf(err), fail.HintOf(err))
			}
		})
	}
}

func TestOnlyNotFoundEndsTheRootChain(t *testing.T) {
	for _, answer := range []string{"401", "403", "410", "302", "500", "timed out"} {
		t.Run(answer, func(t *testing.T) {
			r := tuftest.New(t)
			d := newDevice(t, r)
			d.accepts()
			broken := errors.New("HTTP " + answer)
			r.FetchError[tuf.RootName(2)] = broken
			d.refuses(broken)
		})
	}
	t.Run("200 with HTML", func(t *testing.T) {
		r := tuftest.New(t)
		d := newDevice(t, r)
		d.accepts()
		r.Files[tuf.RootName(2)] = []byte("<html>not found</html>")
		d.refuses(tuf.ErrMalformed)
	})
}

func TestAnExpiredRootOnTheWayDoesNotMatter(t *testing.T) {
	r := tuftest.New(t)
	r.Lifetime[tuf.RoleRoot] = time.Hour
	r.NextRoot()
	r.Now = r.Now.Add(100 * time.Hour)
	r.Lifetime[tuf.RoleRoot] = 1000 * time.Hour
	r.NextRoot()
	r.Publish()
	newDevice(t, r).accepts()
}

func TestAKeyThatWasReplacedSignsNothing(t *testing.T) {
	for _, role := range []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		t.Run(string(role), func(t *testing.T) {
			r := tuftest.New(t)
			d := newDevice(t, r)
			d.accepts()
			old := r.Keys[role]
			r.SetKeys(role, r.Key(tuf.ED25519))
			r.NextRoot()
			r.Keys[role] = old
			r.Publish()
			if _, err := d.refresh(); !errors.Is(err, tuf.ErrSignature) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAStolenOnlineKeyIsNotEnoughForAThresholdOfTwo(t *testing.T) {
	r := tuftest.New(t)
	online, offline := r.Key(tuf.ED25519), r.Key(tuf.RSA)
	r.SetKeys(tuf.RoleTargets, online, offline)
	r.NextRoot()
	r.Publish()
	d := newDevice(t, r)
	d.accepts()
	r.Keys[tuf.RoleTargets] = []*tuf.PrivateKey{online}
	r.Publish()
	err := d.refuses(tuf.ErrSignature)
	if !strings.Contains(err.Error(), "1 of the 2") {
		t.Errorf("%v does not say how many are missing", err)
	}
}

// A root that lists one key twice is accepted where its threshold can be met,
// and then the key counts once.
func TestOneKeyUnderTwoIDsCountsOnce(t *testing.T) {
	r := tuftest.New(t)
	a, b := r.Key(tuf.ED25519), r.Key(tuf.ED25519)
	r.SetKeys(tuf.RoleTargets, a, b)
	r.Edit[tuf.RootName(2)] = func(m map[string]any) {
		keys := m["keys"].(map[string]any)
		keys["alias"] = keys[a.Public().ID]
		set(m, []string{a.Public().ID, b.Public().ID, "alias"}, "roles", "targets", "keyids")
	}
	r.NextRoot()
	r.Publish()
	d := newDevice(t, r)
	d.accepts()
	signed := envelope(t, r.Files[tuf.TargetsFile]).Signed
	alias := tuftest.Signature(t, signed, a)
	alias["keyid"] = "alias"
	r.Files[tuf.TargetsFile] = tuftest.Envelope(t, signed, []any{tuftest.Signature(t, signed, a), alias})
	root, err := tuf.ParseRoot(r.Files[tuf.RootName(2)])
	if err != nil {
		t.Fatal(err)
	}
	if err := root.Verify(tuf.RoleTargets, r.Files[tuf.TargetsFile]); !errors.Is(err, tuf.ErrSignature) {
		t.Errorf("got %v", err)
	}
	rep, err := root.Signatures(tuf.RoleTargets, r.Files[tuf.TargetsFile])
	if err != nil || len(rep.Valid) != 1 || len(rep.Invalid) != 1 || rep.Missing() != 1 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestSignaturesByStrangersAreHarmlessOnRoles(t *testing.T) {
	r := tuftest.New(t)
	r.Keys[tuf.RoleTargets] = append(r.Keys[tuf.RoleTargets], r.Key(tuf.ED25519))
	r.Publish()
	newDevice(t, r).accepts()
}

func TestRootRotationRecoversFromAFastForward(t *testing.T) {
	for _, role := range []tuf.Role{tuf.RoleTimestamp, tuf.RoleSnapshot} {
		t.Run(string(role), func(t *testing.T) {
			r := tuftest.New(t)
			d := newDevice(t, r)
			for _, of := range []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
				r.Version[of] = 1<<31 - 2
			}
			r.Publish()
			d.accepts()
			for of := range r.Version {
				r.Version[of] = 1
			}
			r.Publish()
			d.refuses(tuf.ErrRollback)
			r.SetKeys(tuf.RoleTargets, r.Key(tuf.ED25519))
			r.NextRoot()
			r.Publish()
			if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) {
				t.Errorf("other targets keys lowered the floor: %v", err)
			}
			r.SetKeys(role, r.Key(tuf.ED25519))
			r.NextRoot()
			r.Publish()
			d.accepts()
			if _, err := tuf.FromCache(t.Context(), d.cache, r.Now); err != nil {
				t.Errorf("from the cache: %v", err)
			}
			r.Version[tuf.RoleTimestamp] -= 2
			r.Refresh()
			d.refuses(tuf.ErrRollback)
		})
	}
}

// cutOff fails once the roots have been walked.
type cutOff struct{ *tuftest.Repo }

func (c cutOff) Fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	if name == tuf.TimestampFile {
		return nil, errors.New("connection reset")
	}
	return c.Repo.Fetch(ctx, name, max)
}

func TestRecoveryOutlivesACrashAfterTheNewRoot(t *testing.T) {
	for _, noted := range []bool{true, false} {
		r := tuftest.New(t)
		d := newDevice(t, r)
		r.Version[tuf.RoleTimestamp] = 1000
		r.Publish()
		d.accepts()
		if !noted {
			_ = d.cache.Remove(t.Context(), "floor.json")
		}
		r.SetKeys(tuf.RoleTimestamp, r.Key(tuf.ED25519))
		r.NextRoot()
		r.Version[tuf.RoleTimestamp] = 1
		r.Publish()
		if _, err := tuf.Refresh(t.Context(), cutOff{r}, d.cache, tuf.RefreshOptions{Now: r.Now}); err == nil {
			t.Fatal("the fetcher was cut off")
		}
		if d.files()[tuf.RootName(2)] == nil {
			t.Error("a root that follows a stored one was not stored as it came")
		}
		d.accepts()
	}
}

func TestTrustNeedsABeginning(t *testing.T) {
	r := tuftest.New(t)
	r.NextRoot()
	r.NextRoot()
	r.Publish()
	d := newDevice(t, r)
	d.opt.FirstUse = false
	d.refuses(tuf.ErrNoRoot)
	if len(r.Requests) != 0 {
		t.Errorf("asked for %v without a root", r.Requests)
	}
	d.opt.InitialRoots = [][]byte{r.Files[tuf.RootName(2)]}
	if v := d.accepts().Root().Version; v != 3 {
		t.Errorf("root %d, want 3", v)
	}
	if slices.Contains(r.Requests, tuf.RootName(1)) {
		t.Error("asked for a root before the one given")
	}
	d = newDevice(t, r)
	d.opt.InitialRoots = [][]byte{r.Files[tuf.RootName(1)], r.Files[tuf.RootName(3)]}
	d.refuses(tuf.ErrVersion)
	d.opt.InitialRoots = [][]byte{tuftest.New(t).Files[tuf.RootName(1)]}
	d.refuses(tuf.ErrSignature)
	delete(r.Files, tuf.RootName(1))
	d = newDevice(t, r)
	d.refuses(tuf.ErrNoRoot)
	if _, err := tuf.FromCache(t.Context(), d.cache, r.Now); !errors.Is(err, tuf.ErrNoRoot) {
		t.Errorf("from an empty cache: %v", err)
	}
}

func TestAFirstRootMustBeSignedByItself(t *testing.T) {
	r := tuftest.New(t)
	r.Files[tuf.RootName(1)] = tuftest.SignRaw(t, envelope(t, r.Files[tuf.RootName(1)]).Signed, r.Key(tuf.ED25519))
	newDevice(t, r).refuses(tuf.ErrSignature)
	if _, err := tuf.NewTrust(r.Files[tuf.RootName(1)]); !errors.Is(err, tuf.ErrSignature) {
		t.Errorf("got %v", err)
	}
}

func TestAFirstRootIsHeldToItsCap(t *testing.T) {
	file := tuftest.New(t).Files[tuf.RootName(1)]
	if _, err := tuf.NewTrust(pad(file, limits.Root)); err != nil {
		t.Errorf("at the cap: %v", err)
	}
	if _, err := tuf.NewTrust(pad(file, limits.Root+1)); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("over the cap: %v", err)
	}
}

func TestNoFirstUseAfterTrustWasEstablished(t *testing.T) {
	honest := tuftest.New(t)
	d := newDevice(t, honest)
	d.accepts()
	_ = d.cache.Remove(t.Context(), tuf.RootName(1))
	d.repo = tuftest.New(t)
	d.refuses(tuf.ErrRollback)
	d.repo = honest
	d.opt.FirstUse = false
	d.accepts() // the note of the lost root tells the real one
}

func TestTrustAsksForItsStepsInOrder(t *testing.T) {
	r := tuftest.New(t)
	trust, err := tuf.NewTrust(r.Files[tuf.RootName(1)])
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.SetSnapshot(r.Files[tuf.SnapshotFile], r.Now); !errors.Is(err, tuf.ErrVersion) {
		t.Errorf("snapshot first: %v", err)
	}
	if err := trust.SetTargets(r.Files[tuf.TargetsFile], r.Now); !errors.Is(err, tuf.ErrVersion) {
		t.Errorf("targets first: %v", err)
	}
	for _, step := range []error{
		trust.SetTimestamp(r.Files[tuf.TimestampFile], r.Now),
		trust.SetSnapshot(r.Files[tuf.SnapshotFile], r.Now),
		trust.SetTargets(r.Files[tuf.TargetsFile], r.Now),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	r.NextRoot()
	if err := trust.AddRoot(r.Files[tuf.RootName(2)]); err != nil {
		t.Fatal(err)
	}
	if trust.Targets() != nil || trust.Snapshot() != nil || trust.Timestamp() != nil {
		t.Error("what hung below the old root is still trusted")
	}
	if len(trust.RootFiles()) != 2 || !bytes.Equal(trust.RootFiles()[1], r.Files[tuf.RootName(2)]) {
		t.Error("the root files are not those that went in")
	}
}

func envelope(t *testing.T, file []byte) *tuf.Envelope {
	t.Helper()
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func ExampleRootName() {
	fmt.Println(tuf.RootName(3))
	// Output: 3.root.json
}

func TestAChainAloneStoresNothing(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	opt := tuf.RefreshOptions{Now: r.Now}
	if _, err := tuf.Chain(t.Context(), r, d.cache, opt); !errors.Is(err, tuf.ErrNoRoot) {
		t.Errorf("got %v", err)
	}
	opt.FirstUse = true
	if trust, err := tuf.Chain(t.Context(), r, d.cache, opt); err != nil || trust.Root().Version != 1 {
		t.Errorf("got %v", err)
	}
	if n := len(d.files()); n != 0 {
		t.Errorf("%d files were stored", n)
	}
	d.accepts()
	before := len(d.files())
	r.NextRoot()
	trust, err := tuf.Chain(t.Context(), r, d.cache, opt)
	if err != nil || trust.Root().Version != 2 || len(d.files()) != before {
		t.Errorf("got %v", err)
	}
	r.Bundle("ci", "main", "one")
	if _, err := trust.VerifyBundle(r.Files[tuf.BundleTargetsFile], r.Now); err != nil {
		t.Error(err)
	}
}

// The production roots of a factory begin this way: two keys have to sign, and
// the second one is not there yet.
func TestRootWithTooFewTargetsKeysIsWalkedPastAndVouchesForNoTargets(t *testing.T) {
	r := tuftest.New(t)
	of := r.Root.Roles[tuf.RoleTargets]
	of.Threshold = 2
	r.Root.Roles[tuf.RoleTargets] = of
	r.NextRoot()
	r.Publish()
	d := newDevice(t, r)
	d.refuses(tuf.ErrSignature)
	r.SetKeys(tuf.RoleTargets, append(r.Keys[tuf.RoleTargets], r.Key(tuf.ED25519))...)
	r.NextRoot()
	r.Publish()
	d.accepts()
}

func TestInitialRootsAreWalkedAllAndMayBeginAboveTheNote(t *testing.T) {
	r := tuftest.New(t)
	r.NextRoot()
	r.NextRoot()
	r.Publish()
	all := [][]byte{r.Files[tuf.RootName(1)], r.Files[tuf.RootName(2)], r.Files[tuf.RootName(3)]}
	d := newDevice(t, r)
	d.opt.FirstUse, d.opt.InitialRoots = false, all
	delete(r.Files, tuf.RootName(2))
	delete(r.Files, tuf.RootName(3))
	if v := d.accepts().Root().Version; v != 3 {
		t.Errorf("root %d, want 3", v)
	}
	r.Files[tuf.RootName(3)] = all[2]
	r.NextRoot()
	r.Publish()
	for v := range 3 {
		_ = d.cache.Remove(t.Context(), tuf.RootName(v+1))
	}
	d.opt.InitialRoots = [][]byte{r.Files[tuf.RootName(4)]}
	if v := d.accepts().Root().Version; v != 4 {
		t.Errorf("root %d, want 4", v)
	}
}

// Roots and note are lost; of the keys, those of the newest root hold the files.
func TestFilesHoldTheVersionsWhereKeysWereReplacedLongAgo(t *testing.T) {
	r := tuftest.New(t)
	r.SetKeys(tuf.RoleTimestamp, r.Key(tuf.ED25519))
	r.NextRoot()
	for range 3 {
		r.Publish()
	}
	d := newDevice(t, r)
	d.accepts()
	for _, name := range []string{"1.root.json", "2.root.json", "floor.json"} {
		_ = d.cache.Remove(t.Context(), name)
	}
	for role := range r.Version {
		r.Version[role] -= 2
	}
	r.Publish()
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("got %v", err)
	}
}

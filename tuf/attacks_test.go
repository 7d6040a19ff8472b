package tuf_test

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func TestOneStateShownForEverEndsWithItsTimestamp(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	end := r.Now.Add(r.Lifetime[tuf.RoleTimestamp])
	for now := r.Now; now.Before(end); now = now.Add(time.Hour) {
		d.opt.Now = now
		d.accepts()
	}
	d.opt.Now = end
	d.refuses(tuf.ErrExpired)
	if _, err := tuf.FromCache(t.Context(), d.cache, end); !errors.Is(err, tuf.ErrExpired) {
		t.Errorf("from the cache: %v", err)
	}
}

// Devices of CI and of production follow two roots: one that wants the online
// key for targets, and one that wants two keys kept elsewhere.
func TestTargetsOfCIAndOfProductionDoNotPassForOneAnother(t *testing.T) {
	ci, prod := tuftest.New(t), tuftest.New(t)
	prod.SetKeys(tuf.RoleSnapshot, ci.Keys[tuf.RoleSnapshot]...)
	prod.SetKeys(tuf.RoleTimestamp, ci.Keys[tuf.RoleTimestamp]...)
	prod.SetKeys(tuf.RoleTargets, prod.Key(tuf.ED25519), prod.Key(tuf.ED25519))
	prod.NextRoot()
	for _, r := range []*tuftest.Repo{ci, prod} {
		for range 3 {
			r.AddTarget("one", commit, "intel", "1", "main")
			r.Publish()
		}
	}
	of := map[*tuftest.Repo]map[string][]byte{ci: maps.Clone(ci.Files), prod: maps.Clone(prod.Files)}
	for follows, offered := range map[*tuftest.Repo]*tuftest.Repo{ci: prod, prod: ci} {
		d := newDevice(t, follows)
		d.accepts()
		for _, name := range []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
			follows.Files[name] = of[offered][name]
		}
		d.refuses(tuf.ErrSignature)
	}
}

// One key of two is in both roots, as the online key of a factory is.
func TestTargetsSignedForCIAreTooFewSignaturesForProduction(t *testing.T) {
	r := tuftest.New(t)
	online := r.Keys[tuf.RoleTargets][0]
	r.SetKeys(tuf.RoleTargets, online, r.Key(tuf.ED25519))
	r.NextRoot()
	r.Publish()
	d := newDevice(t, r)
	d.accepts()
	r.Keys[tuf.RoleTargets] = []*tuf.PrivateKey{online}
	r.Publish()
	d.refuses(tuf.ErrSignature)
}

func TestARootChainWithAGapEndsBeforeIt(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	d.accepts()
	r.NextRoot()
	r.SetKeys(tuf.RoleTimestamp, r.Key(tuf.ED25519))
	r.NextRoot()
	r.Publish()
	missing := r.Files[tuf.RootName(2)]
	delete(r.Files, tuf.RootName(2))
	d.refuses(tuf.ErrSignature) // root 3 is out of reach, and with it the new key
	r.Files[tuf.RootName(2)] = r.Files[tuf.RootName(3)]
	d.refuses(tuf.ErrVersion)
	r.Files[tuf.RootName(2)] = missing
	d.accepts()
}

// Roots are stored as they are verified; one beyond the note is there because a
// crash came in between, or because somebody put it there.
func TestAStoredRootThatDoesNotFollowIsSetAside(t *testing.T) {
	d, dir := stored(t)
	stranger := tuftest.New(t)
	for range 8 {
		stranger.NextRoot()
	}
	for _, v := range []int{3, 4, 9} {
		if err := os.WriteFile(filepath.Join(dir, tuf.RootName(v)), stranger.Files[tuf.RootName(v)], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if trust, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); err != nil || trust.Root().Version != 2 {
		t.Errorf("from the cache: %v", err)
	}
	if v := d.accepts().Root().Version; v != 2 {
		t.Errorf("root %d, want 2", v)
	}
	for _, v := range []int{3, 4, 9} {
		if got := fmt.Sprint(names(t, dir)); strings.Contains(got, tuf.RootName(v)+" ") || !strings.Contains(got, tuf.RootName(v)+".damaged") {
			t.Errorf("root %d: %s", v, got)
		}
	}
}

func TestStoredRootsThatFollowAreBelievedWithoutAskingAgain(t *testing.T) {
	d, dir := stored(t)
	for range 3 {
		d.repo.NextRoot()
	}
	for _, v := range []int{3, 4} { // the power went before the note was written
		if err := os.WriteFile(filepath.Join(dir, tuf.RootName(v)), d.repo.Files[tuf.RootName(v)], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if trust, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); err != nil || trust.Root().Version != 4 {
		t.Errorf("from the cache: %v", err)
	}
	d.repo.Requests = nil
	if v := d.accepts().Root().Version; v != 5 || d.repo.Requests[0] != tuf.RootName(5) {
		t.Errorf("root %d, asked for %v", v, d.repo.Requests)
	}
}

func TestAClockFarAheadSaysThatAllHasExpired(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	d.accepts()
	d.opt.Now = r.Now.AddDate(10, 0, 0)
	d.refuses(tuf.ErrExpired)
	d.opt.Now = r.Now
	d.accepts() // one wrong reading shuts nobody out
}

func TestAClockThatJumpsBackBetweenTwoStepsIsRefused(t *testing.T) {
	r := tuftest.New(t)
	trust, err := tuf.NewTrust(r.Files[tuf.RootName(1)])
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.SetTimestamp(r.Files[tuf.TimestampFile], r.Now); err != nil {
		t.Fatal(err)
	}
	err = trust.SetSnapshot(r.Files[tuf.SnapshotFile], time.Unix(0, 0))
	if !errors.Is(err, tuf.ErrClock) || trust.Snapshot() != nil || !strings.Contains(err.Error(), "1970") {
		t.Errorf("got %v", err)
	}
}

func TestARefusalNamesRoleVersionKeyAndRemedy(t *testing.T) {
	weak := map[string]any{"keytype": "RSA", "keyval": map[string]any{"public": weakRSA(t)}}
	cases := []struct {
		name string
		do   func(r *tuftest.Repo) (key string)
		want error
		says []string
	}{
		{"the key of another role", func(r *tuftest.Repo) string {
			r.Keys[tuf.RoleTargets] = r.Keys[tuf.RoleSnapshot]
			r.Publish()
			return r.Keys[tuf.RoleSnapshot][0].Public().ID
		}, tuf.ErrSignature, []string{"targets.json", "version 2 is", "root 1 wants for targets", "may sign only snapshot"}},
		{"a key that no root knows", func(r *tuftest.Repo) string {
			r.Keys[tuf.RoleTimestamp] = []*tuf.PrivateKey{r.Key(tuf.ED25519)}
			r.Publish()
			return r.Keys[tuf.RoleTimestamp][0].Public().ID
		}, tuf.ErrSignature, []string{"timestamp.json", "version 2 is", "root 1 wants for timestamp", "may sign nothing"}},
		{"no signature", func(r *tuftest.Repo) string {
			was := r.Keys[tuf.RoleSnapshot][0].Public().ID
			r.Keys[tuf.RoleSnapshot] = nil
			r.Publish()
			return was
		}, tuf.ErrSignature, []string{"snapshot.json", "version 2 is", "0 of the 1", "it lacks key"}},
		{"a signature that is bad", func(r *tuftest.Repo) string {
			r.Break[tuf.TimestampFile] = func(b []byte) []byte { return []byte(strings.Replace(string(b), `"version":2`, `"version":3`, 1)) }
			r.Publish()
			return r.Keys[tuf.RoleTimestamp][0].Public().ID
		}, tuf.ErrSignature, []string{"timestamp.json", "version ", "does not verify"}},
		{"an RSA key of 1024 bits", func(r *tuftest.Repo) string {
			r.Edit[tuf.RootName(2)] = func(m map[string]any) {
				set(m, weak, "keys", "weak")
				set(m, []string{"weak"}, "roles", "targets", "keyids")
			}
			r.NextRoot()
			return `"weak"`
		}, tuf.ErrKey, []string{"2.root.json", "version 2 lists key", "for targets", "1024 bits"}},
		{"what has expired", func(r *tuftest.Repo) string {
			r.Lifetime[tuf.RoleSnapshot] = 0
			r.Publish()
			return ""
		}, tuf.ErrExpired, []string{"snapshot.json", "version 2 at 2026-07-01T10:00:00Z", "it is 2026-07-01T10:00:00Z"}},
		{"another content", func(r *tuftest.Repo) string {
			r.Break[tuf.SnapshotFile] = func(b []byte) []byte { return append([]byte(" "), b...) }
			r.Edit[tuf.TimestampFile] = func(m map[string]any) { set(m, 1, "meta", tuf.SnapshotFile, "length") }
			r.Publish()
			return ""
		}, tuf.ErrHash, []string{"snapshot.json", "bytes with sha256", "version 2 was announced with 1 bytes, sha256"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := tuftest.New(t)
			d := newDevice(t, r)
			d.accepts()
			key := c.do(r)
			err := d.refuses(c.want)
			for _, want := range append(c.says, key) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
			if fail.HintOf(err) == "" {
				t.Errorf("%v says nothing of what to do", err)
			}
		})
	}
}

// weakRSA is a key that could be broken.
func weakRSA(t *testing.T) string {
	t.Helper()
	return spki(t, &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537})
}

// A signer wants to know whose signature is bad and whose is missing.
func TestTooFewSignaturesAreToldApart(t *testing.T) {
	a, b, c := seeded(t, 1), seeded(t, 2), seeded(t, 3)
	root := tuf.NewRoot(4, tuftest.Start, tuf.Changelog{})
	for _, k := range []*tuf.PrivateKey{a, b, c} {
		root.AddKey(tuf.RoleTargets, k.Public())
	}
	root.Roles[tuf.RoleTargets] = tuf.RoleKeys{KeyIDs: root.Roles[tuf.RoleTargets].KeyIDs, Threshold: 3}
	root.AddKey(tuf.RoleSnapshot, seeded(t, 4).Public())
	root.AddKey(tuf.RoleTimestamp, seeded(t, 4).Public())
	signed := []byte(`{"version":7}`)
	good, bad := tuftest.Signature(t, signed, a), tuftest.Signature(t, []byte("another"), b)
	online, stranger := tuftest.Signature(t, signed, seeded(t, 4)), tuftest.Signature(t, signed, a)
	stranger["keyid"] = strings.Repeat("x", 65)
	const kind, of = "targets: not enough valid signatures: ", " of the 3 distinct keys that root 4 wants for targets"
	id := func(k *tuf.PrivateKey) string { return k.Public().ID }
	byID := map[string]string{id(a): "a", id(b): "b", id(c): "c", id(seeded(t, 4)): "online"}
	for _, test := range []struct {
		signed     string
		signatures []any
		want       string
	}{
		{`{"version":7}`, []any{good, bad}, "version 7 is signed by 1" + of + "; the signature by key b does not verify or its key signed already; it lacks key c"},
		{`{"version":7}`, []any{good, online}, "version 7 is signed by 1" + of + "; key online may sign only snapshot and timestamp; it lacks key "},
		{`{"version":7}`, []any{stranger}, "version 7 is signed by 0" + of + "; key " + strings.Repeat("x", 64) + "... may sign nothing; it lacks key "},
		{`{"version":0}`, []any{}, "signed by 0" + of + "; it lacks key "},
		{`{}`, []any{}, "signed by 0" + of + "; it lacks key "},
	} {
		err := root.Verify(tuf.RoleTargets, tuftest.Envelope(t, []byte(test.signed), test.signatures))
		text := fmt.Sprint(err)
		for id, name := range byID {
			text = strings.ReplaceAll(text, id, name)
		}
		if !errors.Is(err, tuf.ErrSignature) || !strings.HasPrefix(text, kind+test.want) {
			t.Errorf("got  %s\nwant %s", text, kind+test.want)
		}
	}
	for _, missing := range []*tuf.PrivateKey{a, b, c} {
		var signatures []any
		for _, k := range []*tuf.PrivateKey{a, b, c} {
			if k != missing {
				signatures = append(signatures, tuftest.Signature(t, signed, k))
			}
		}
		err := root.Verify(tuf.RoleTargets, tuftest.Envelope(t, signed, signatures))
		if want := "signed by 2" + of + "; it lacks key " + id(missing); !strings.HasSuffix(fmt.Sprint(err), want) {
			t.Errorf("%v does not end in %q", err, want)
		}
	}
}

package spec_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
	"github.com/otactl/otactl/tuf/spec/spectest"
	"github.com/otactl/otactl/tuf/tuftest"
)

func none(map[string]any) {}

func TestEachRoleHasToBeSignedByItsOwnKey(t *testing.T) {
	for _, file := range []string{tuf.RootName(1), tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
		r := newRepo(t)
		r.EditBy(file, none)
		refused(t, r, tuf.ErrSignature)
		for role := range r.Keys {
			if role == spectest.Role(file) {
				continue
			}
			r := newRepo(t)
			r.EditBy(file, none, role)
			refused(t, r, tuf.ErrSignature)
		}
		r = newRepo(t)
		r.EditBy(file, none, "root", "timestamp", "snapshot", "targets")
		if _, err := refresh(t, r, nil); err != nil {
			t.Errorf("%s with signatures that nobody needs: %v", file, err)
		}
	}
}

func TestTheNextRoot(t *testing.T) {
	for name, tt := range map[string]struct {
		want error
		make func(r *spectest.Repo)
	}{
		"good":                 {nil, func(r *spectest.Repo) { r.Next(2, none) }},
		"two":                  {nil, func(r *spectest.Repo) { r.Next(2, none); r.Next(3, none) }},
		"not signed":           {tuf.ErrSignature, func(r *spectest.Repo) { r.Next(2, none); r.EditBy(tuf.RootName(2), none) }},
		"by a stranger":        {tuf.ErrSignature, func(r *spectest.Repo) { r.Next(2, none); r.EditBy(tuf.RootName(2), none, "targets") }},
		"of the wrong version": {tuf.ErrVersion, func(r *spectest.Repo) { r.Next(2, set(3, "version")) }},
		"the one before":       {tuf.ErrVersion, func(r *spectest.Repo) { r.Files[tuf.RootName(2)] = r.Files[tuf.RootName(1)] }},
		"by its own keys alone": {tuf.ErrSignature, func(r *spectest.Repo) {
			r.Next(2, giveRoot(r, "targets"))
			r.EditBy(tuf.RootName(2), none, "targets")
		}},
		"by the old keys alone": {tuf.ErrSignature, func(r *spectest.Repo) { r.Next(2, giveRoot(r, "targets")) }},
		"by both": {nil, func(r *spectest.Repo) {
			r.Next(2, giveRoot(r, "targets"))
			r.EditBy(tuf.RootName(2), none, "root", "targets")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			tt.make(r)
			if _, err := refresh(t, r, nil); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// giveRoot lets another role's key sign roots.
func giveRoot(r *spectest.Repo, role string) func(map[string]any) {
	return set([]string{r.IDs[role]}, "roles", "root", "keyids")
}

// A key of each kind signs for targets.
func TestEachKindOfKeyCounts(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind, scheme string
		key          crypto.Signer
		opt          crypto.SignerOpts
	}{
		{"rsa", "rsassa-pss-sha256", rsaKey, &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}},
		{"ecdsa", "ecdsa-sha2-nistp256", p256, crypto.SHA256},
		{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", p256, crypto.SHA256},
		{"ecdsa", "ecdsa-sha2-nistp384", p384, crypto.SHA384},
	} {
		r := newRepo(t)
		r.Edit(tuf.RootName(1), func(m map[string]any) {
			set(map[string]any{"keytype": tt.kind, "scheme": tt.scheme, "keyval": map[string]any{"public": text(t, tt.key.Public())}}, "keys", "k")(m)
			set([]string{"k"}, "roles", "targets", "keyids")(m)
		})
		signed := signedOf(t, r.Files[tuf.TargetsFile])
		h := tt.opt.HashFunc().New()
		h.Write(signed) // in canonical form, and nothing in it needs an escape
		sig, err := tt.key.Sign(rand.Reader, h.Sum(nil), tt.opt)
		if err != nil {
			t.Fatal(err)
		}
		r.Files[tuf.TargetsFile] = fmt.Appendf(nil, `{"signatures":[{"keyid":"k","sig":"%x"}],"signed":%s}`, sig, signed)
		trust, err := refresh(t, r, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.scheme, err)
			continue
		}
		if rep, err := trust.Root().Signatures(tuf.RoleTargets, r.Files[tuf.TargetsFile]); err != nil || len(rep.Valid) != 1 {
			t.Errorf("%s: who signed: %+v, %v", tt.scheme, rep, err)
		}
	}
}

// What is stored and still in force is not fetched again.
func TestWhatIsStoredIsNotFetchedAgain(t *testing.T) {
	r, cache := newRepo(t), tuftest.NewCache()
	if _, err := refresh(t, r, cache); err != nil {
		t.Fatal(err)
	}
	delete(r.Files, tuf.SnapshotFile)
	delete(r.Files, tuf.TargetsFile)
	if _, err := refresh(t, r, cache); err != nil {
		t.Error(err)
	}
}

// What somebody else put into the cache is no reason to think of anything as
// seen.
func TestAForgedCacheRaisesNoFloor(t *testing.T) {
	for _, file := range []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
		r, cache := newRepo(t), tuftest.NewCache()
		if _, err := refresh(t, r, cache); err != nil {
			t.Fatal(err)
		}
		forged := r.Clone(t)
		forged.EditBy(file, func(m map[string]any) {
			m["version"] = 9
			for _, name := range []string{tuf.SnapshotFile, tuf.TargetsFile} {
				if meta, ok := m["meta"].(map[string]any); ok && meta[name] != nil {
					meta[name] = map[string]any{"version": 9}
				}
			}
		}, "root")
		cache.Files[file] = forged.Files[file]
		if _, err := refresh(t, r, cache); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestWhoSignedIsToldForEachSignature(t *testing.T) {
	r := newRepo(t)
	trust, err := tuf.NewTrust(r.Files[tuf.RootName(1)], spec.Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	for file, role := range map[string]tuf.Role{
		tuf.RootName(1): tuf.RoleRoot, tuf.TimestampFile: tuf.RoleTimestamp, tuf.SnapshotFile: tuf.RoleSnapshot, tuf.TargetsFile: tuf.RoleTargets,
	} {
		own, other := r.IDs[string(role)], "targets"
		if role == tuf.RoleTargets {
			other = "snapshot"
		}
		r.EditBy(file, none, string(role), other)
		rep, err := trust.Root().Signatures(role, r.Files[file])
		if err != nil || !slices.Equal(rep.Valid, []string{own}) || !slices.Equal(rep.Unknown, []string{r.IDs[other]}) ||
			!slices.Equal(rep.Allowed, []string{own}) || rep.Threshold != 1 || len(rep.Invalid) > 0 {
			t.Errorf("%s: %+v, %v", file, rep, err)
		}
		r.IDs["stranger"], r.Keys["stranger"] = own, r.Keys[other]
		r.EditBy(file, none, "stranger")
		rep, err = trust.Root().Signatures(role, r.Files[file])
		if err != nil || len(rep.Valid) > 0 || !slices.Equal(rep.Invalid, []string{own}) {
			t.Errorf("%s, signed by another under the same id: %+v, %v", file, rep, err)
		}
		if err := trust.Root().Verify(role, r.Files[file]); !errors.Is(err, tuf.ErrSignature) {
			t.Errorf("%s, signed by another under the same id: %v", file, err)
		}
	}
}

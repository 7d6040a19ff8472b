package tuf_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// production is a repository whose targets need two signatures.
func production(t *testing.T) *tuftest.Repo {
	r := tuftest.New(t)
	r.SetKeys(tuf.RoleTargets, r.Key(tuf.ED25519), r.Key(tuf.RSA))
	r.NextRoot()
	r.AddTarget("one", commit, "intel", "1", "main")
	r.Publish()
	r.Bundle("prod", "main", "one")
	return r
}

func TestABundleSignedByTheThresholdPasses(t *testing.T) {
	r := production(t)
	b, err := r.Trust().VerifyBundle(r.Files[tuf.BundleTargetsFile], r.Now)
	if err != nil {
		t.Fatal(err)
	}
	if b.Type != "prod" || b.Tag != "main" || !slices.Equal(b.Targets, []string{"one"}) || b.Version != 2 {
		t.Errorf("%+v", b)
	}
	pretty := indent(t, r.Files[tuf.BundleTargetsFile])
	if _, err := r.Trust().VerifyBundle(pretty, r.Now); err != nil {
		t.Errorf("pretty-printed: %v", err)
	}
}

func TestABundleWithOneBadSignatureFailsAsAWhole(t *testing.T) {
	const file = tuf.BundleTargetsFile
	put := func(value any, path ...string) func(*testing.T, *tuftest.Repo) {
		return func(_ *testing.T, r *tuftest.Repo) {
			r.Edit[file] = func(m map[string]any) { set(m, value, path...) }
			r.Bundle("prod", "main", "one")
		}
	}
	without := func(path ...string) func(*testing.T, *tuftest.Repo) {
		return func(_ *testing.T, r *tuftest.Repo) {
			r.Edit[file] = func(m map[string]any) { drop(m, path...) }
			r.Bundle("prod", "main", "one")
		}
	}
	signedBy := func(choose func(t *testing.T, r *tuftest.Repo, signed []byte) []map[string]string) func(*testing.T, *tuftest.Repo) {
		return func(t *testing.T, r *tuftest.Repo) {
			signed := envelope(t, r.Files[file]).Signed
			r.Files[file] = tuftest.Envelope(t, signed, choose(t, r, signed))
		}
	}
	all := func(t *testing.T, r *tuftest.Repo, signed []byte) (list []map[string]string) {
		for _, k := range r.Keys[tuf.RoleTargets] {
			list = append(list, tuftest.Signature(t, signed, k))
		}
		return list
	}
	const field = "x-fio-offline-bundle"
	cases := []struct {
		name string
		do   func(*testing.T, *tuftest.Repo)
		want error
	}{
		{"one signature of two", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string { return all(t, r, s)[:1] }), tuf.ErrBundle},
		{"no signature", signedBy(func(*testing.T, *tuftest.Repo, []byte) []map[string]string { return []map[string]string{} }), tuf.ErrBundle},
		{"the same signature twice", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			one := all(t, r, s)[0]
			return []map[string]string{one, one}
		}), tuf.ErrMalformed},
		{"the same key under another id", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			one := all(t, r, s)[0]
			two := tuftest.Signature(t, s, r.Keys[tuf.RoleTargets][0])
			two["keyid"] = strings.ToUpper(two["keyid"])
			return []map[string]string{one, two}
		}), tuf.ErrBundle},
		{"one too many, by a stranger", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			return append(all(t, r, s), tuftest.Signature(t, s, r.Key(tuf.ED25519)))
		}), tuf.ErrBundle},
		{"one too many, by the snapshot key", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			return append(all(t, r, s), tuftest.Signature(t, s, r.Keys[tuf.RoleSnapshot][0]))
		}), tuf.ErrBundle},
		{"a signature over something else", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			list := all(t, r, s)
			list[1] = tuftest.Signature(t, append(s, ' '), r.Keys[tuf.RoleTargets][1])
			return list
		}), tuf.ErrBundle},
		{"a method of another key type", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			list := all(t, r, s)
			list[0]["method"] = tuf.MethodRSA
			return list
		}), tuf.ErrBundle},
		{"a method that is none", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			list := all(t, r, s)
			list[0]["method"] = "none"
			return list
		}), tuf.ErrBundle},
		{"no method", signedBy(func(t *testing.T, r *tuftest.Repo, s []byte) []map[string]string {
			list := all(t, r, s)
			delete(list[0], "method")
			return list
		}), tuf.ErrMalformed},
		{"changed after signing", func(_ *testing.T, r *tuftest.Repo) {
			r.Files[file] = bytes.Replace(r.Files[file], []byte(`"one"`), []byte(`"two"`), 1)
		}, tuf.ErrBundle},
		{"targets.json in its place", func(_ *testing.T, r *tuftest.Repo) { r.Files[file] = r.Files[tuf.TargetsFile] }, tuf.ErrMalformed},
		{"both in one", put(map[string]any{}, "targets"), tuf.ErrMalformed},
		{"no list", without(field), tuf.ErrMalformed},
		{"list null", put(nil, field), tuf.ErrMalformed},
		{"no type", without(field, "type"), tuf.ErrMalformed},
		{"no tag", without(field, "tag"), tuf.ErrMalformed},
		{"tag null", put(nil, field, "tag"), tuf.ErrMalformed},
		{"no targets in the list", put([]string{}, field, "targets"), tuf.ErrMalformed},
		{"targets as text", put("one", field, "targets"), tuf.ErrMalformed},
		{"a target as number", put([]any{1}, field, "targets"), tuf.ErrMalformed},
		{"an empty name", put([]string{""}, field, "targets"), tuf.ErrMalformed},
		{"lower-case type", put("targets", "_type"), tuf.ErrMalformed},
		{"fractional expiry", put("2027-01-01T00:00:00.000Z", "expires"), tuf.ErrMalformed},
		{"over the cap", func(_ *testing.T, r *tuftest.Repo) { r.Files[file] = pad(r.Files[file], limits.BundleTargets+1) }, tuf.ErrTooLarge},
		{"empty", func(_ *testing.T, r *tuftest.Repo) { r.Files[file] = nil }, tuf.ErrMalformed},
		{"cut short", func(_ *testing.T, r *tuftest.Repo) { r.Files[file] = r.Files[file][:200] }, tuf.ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := production(t)
			trust := r.Trust()
			c.do(t, r)
			b, err := trust.VerifyBundle(r.Files[file], r.Now)
			if !errors.Is(err, c.want) || b != nil {
				t.Errorf("got %+v, %v; want %v", b, err, c.want)
			}
		})
	}
}

func TestABundleEndsAtTheSecondOfItsExpiry(t *testing.T) {
	r := production(t)
	trust := r.Trust()
	end := r.Now.Add(r.Lifetime[tuf.RoleTargets])
	if _, err := trust.VerifyBundle(r.Files[tuf.BundleTargetsFile], end.Add(-time.Second)); err != nil {
		t.Errorf("a second before: %v", err)
	}
	for _, now := range []time.Time{end, end.Add(time.Second)} {
		if _, err := trust.VerifyBundle(r.Files[tuf.BundleTargetsFile], now); !errors.Is(err, tuf.ErrExpired) {
			t.Errorf("at %v: %v", now, err)
		}
	}
	if _, err := trust.VerifyBundle(r.Files[tuf.BundleTargetsFile], time.Unix(0, 0)); !errors.Is(err, tuf.ErrClock) {
		t.Errorf("in 1970: %v", err)
	}
}

func TestABundleByARetiredKeyIsRefused(t *testing.T) {
	r := production(t)
	r.SetKeys(tuf.RoleTargets, r.Key(tuf.ED25519))
	r.NextRoot()
	r.Publish()
	if _, err := r.Trust().VerifyBundle(r.Files[tuf.BundleTargetsFile], r.Now); !errors.Is(err, tuf.ErrBundle) {
		t.Errorf("got %v", err)
	}
}

// A bundle's list and targets.json have one _type and one role's signatures;
// neither may pass for the other.
func TestABundleIsNotTakenForTargets(t *testing.T) {
	r := production(t)
	list := r.Files[tuf.BundleTargetsFile]
	r.Edit[tuf.SnapshotFile] = func(m map[string]any) {
		set(m, map[string]any{"version": r.Version[tuf.RoleTargets]}, "meta", tuf.TargetsFile)
	}
	r.Version[tuf.RoleTargets]--
	r.Publish()
	r.Files[tuf.TargetsFile] = list
	newDevice(t, r).refuses(tuf.ErrMalformed)
}

func TestABadSignatureBeyondTheThresholdRefusesABundle(t *testing.T) {
	r := tuftest.New(t)
	a, b := r.Key(tuf.ED25519), r.Key(tuf.ED25519)
	r.SetKeys(tuf.RoleTargets, a, b)
	r.Root.Roles[tuf.RoleTargets] = tuf.RoleKeys{KeyIDs: r.Root.Roles[tuf.RoleTargets].KeyIDs, Threshold: 1}
	r.NextRoot()
	r.Publish()
	trust := r.Trust()
	signed := envelope(t, r.Bundle("prod", "main", "one")).Signed
	good, bad := tuftest.Signature(t, signed, a), tuftest.Signature(t, []byte("another"), b)
	if _, err := trust.VerifyBundle(tuftest.Envelope(t, signed, []any{good}), r.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.VerifyBundle(tuftest.Envelope(t, signed, []any{good, bad}), r.Now); !errors.Is(err, tuf.ErrBundle) {
		t.Errorf("got %v", err)
	}
}

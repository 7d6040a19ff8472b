package tuf_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
	"github.com/otactl/otactl/tuf/spec/spectest"
	"github.com/otactl/otactl/tuf/tuftest"
)

// other is a dialect whose roots have another type, and which reads none.
type other struct{ tuf.Dialect }

var errOther = errors.New("read by the other dialect")

func (other) RootType() string { return "other" }

func (other) Root(tuf.Held, []byte) (tuf.Opened[*tuf.Root], error) {
	return tuf.Opened[*tuf.Root]{}, errOther
}

func TestTheRootTellsTheDialect(t *testing.T) {
	r := tuftest.New(t)
	more := other{r.Trust().Dialect()}
	trust, err := tuf.NewTrust(r.Files[tuf.RootName(1)], more)
	if err != nil || trust.Dialect().Name() != "ota-tuf" {
		t.Errorf("a root of ota-tuf: %v", err)
	}
	for text, want := range map[string]error{
		`{"signatures":[],"signed":{"_type":"other"}}`:   errOther,
		`{"signatures":[],"signed":{"_type":"Other"}}`:   tuf.ErrSignature,
		`{"signed":{"_type":"other"}} and more`:          tuf.ErrMalformed,
		`{"signed":["_type","other"]}`:                   tuf.ErrMalformed,
		`[{"signed":{"_type":"other"}}]`:                 tuf.ErrMalformed,
		`{"signed":{"_type":"other","_type":"Root"}}`:    tuf.ErrMalformed,
		`{"_type":"other","signatures":[],"signed":{}}`:  tuf.ErrMalformed,
		`{"signatures":[],"signed":{"_type":["other"]}}`: tuf.ErrMalformed,
		``: tuf.ErrMalformed,
	} {
		if _, err := tuf.NewTrust([]byte(text), more); !errors.Is(err, want) && !errors.Is(err, tuf.ErrMalformed) {
			t.Errorf("%s: %v, want %v", text, err, want)
		} else if errors.Is(err, errOther) != (want == errOther) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// Servers that sign a version again are of ota-tuf; whoever allows for them
// does not know in which dialect the device's root is.
func TestAnotherTimestampOfOneVersionIsForOTATUFAlone(t *testing.T) {
	r, cache := spectest.New(t, tuftest.Start, nil), tuftest.NewCache()
	for _, note := range []string{"first", "second"} {
		r.Edit(tuf.TimestampFile, func(m map[string]any) { m["x-note"] = note })
		_, err := tuf.Refresh(t.Context(), r, cache, tuf.RefreshOptions{
			Now: r.Now, FirstUse: true, EqualTimestamp: true, Dialects: []tuf.Dialect{spec.Dialect{}},
		})
		if err != nil || !strings.Contains(string(cache.Files[tuf.TimestampFile]), "first") {
			t.Errorf("%s: %v; stored is %s", note, err, cache.Files[tuf.TimestampFile])
		}
	}
}

func TestADialectReadsABundleAloneAsWell(t *testing.T) {
	d := tuftest.New(t).Trust().Dialect()
	if b, err := d.Bundle(golden(t, "bundle-targets.json")); err != nil || b.Tag != "main" {
		t.Errorf("%+v, %v", b, err)
	}
	for _, bad := range []string{``, `{`, `{"signatures":null,"signed":{}}`, `{"signatures":[],"signed":{}}`} {
		if b, err := d.Bundle([]byte(bad)); !errors.Is(err, tuf.ErrMalformed) || b != nil {
			t.Errorf("%q: %+v, %v", bad, b, err)
		}
	}
}

// lender reads roots as ota-tuf does and says something else of signatures.
type lender struct{ tuf.Dialect }

func (lender) RootType() string { return "Root" }

func (lender) Signatures(*tuf.Root, tuf.Role, []byte) (*tuf.SignatureReport, error) {
	return nil, errOther
}

func TestARootJudgesSignaturesInItsOwnDialect(t *testing.T) {
	r := tuftest.New(t)
	file := r.Files[tuf.RootName(1)]
	trust, err := tuf.NewTrust(file, lender{r.Trust().Dialect()})
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.Root().Verify(tuf.RoleRoot, file); !errors.Is(err, errOther) {
		t.Errorf("got %v", err)
	}
	if rep, err := trust.Root().Signatures(tuf.RoleRoot, file); !errors.Is(err, errOther) || rep != nil {
		t.Errorf("got %v", err)
	}
	if err := r.Root.Verify(tuf.RoleRoot, []byte("{")); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

// A root that was made in memory has been through no parser.
func TestARootThatWasMadeVouchesForNothingByItself(t *testing.T) {
	file := golden(t, "targets.json")
	root := tuf.NewRoot(1, tuftest.Start, tuf.Changelog{})
	for what, of := range map[string]tuf.RoleKeys{
		"no role":              {},
		"a threshold of 0":     {KeyIDs: []string{seeded(t, 2).Public().ID}},
		"a key that is no key": {KeyIDs: []string{seeded(t, 2).Public().ID}, Threshold: 1},
	} {
		root.Roles[tuf.RoleTargets] = of
		if err := root.Verify(tuf.RoleTargets, file); !errors.Is(err, tuf.ErrSignature) {
			t.Errorf("%s: %v", what, err)
		}
	}
	root.AddKey(tuf.RoleTargets, seeded(t, 2).Public())
	if err := root.Verify(tuf.RoleTargets, file); err != nil {
		t.Error(err)
	}
}

// bare has no canonical form of targets.
type bare struct{ tuf.Dialect }

func (bare) RootType() string { return "Root" }

func (b bare) Targets(held tuf.Held, file []byte) (tuf.Opened[*tuf.Targets], error) {
	o, err := b.Dialect.Targets(held, file)
	o.Whole = nil
	return o, err
}

func TestWhereThereIsNoCanonicalFormNoneIsCompared(t *testing.T) {
	r := tuftest.New(t)
	r.Edit[tuf.SnapshotFile] = func(m map[string]any) {
		drop(m, "meta", tuf.TargetsFile, "length")
		set(m, map[string]any{"sha256": sum(nil)}, "meta", tuf.TargetsFile, "hashes")
	}
	r.Publish()
	trust, err := tuf.NewTrust(r.Files[tuf.RootName(1)], bare{tuftest.New(t).Trust().Dialect()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(trust.SetTimestamp(r.Files[tuf.TimestampFile], r.Now), trust.SetSnapshot(r.Files[tuf.SnapshotFile], r.Now)); err != nil {
		t.Fatal(err)
	}
	if err := trust.SetTargets(r.Files[tuf.TargetsFile], r.Now); !errors.Is(err, tuf.ErrHash) {
		t.Errorf("got %v", err)
	}
}

package tuf_test

import (
	"errors"
	"testing"

	"github.com/otactl/otactl/tuf"
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

package pull

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
)

// dated is a server that knows no ETags, and takes any date from its file's on
// for one of whoever has the file.
type dated struct {
	*far
	at time.Time // of the summary and its signatures
}

func (d *dated) File(ctx context.Context, path string, max int64, have ostree.FileVersion) ([]byte, ostree.FileVersion, error) {
	data, v, err := d.far.File(ctx, path, max, ostree.FileVersion{})
	if !strings.HasPrefix(path, "summary") || err != nil {
		return data, v, err
	}
	if since, err := time.Parse(httpDate, have.Modified); err == nil && !since.Before(d.at) {
		return nil, have, ostree.ErrNotModified
	}
	return data, ostree.FileVersion{Modified: d.at.UTC().Format(httpDate)}, nil
}

func at(date string) time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return t
}

func TestASummaryFromAnotherAddressIsNotTheRemotes(t *testing.T) {
	for _, check := range []func(data, sig []byte) error{nil, func([]byte, []byte) error { return nil }} {
		w, elsewhere := newWorld(t), newWorld(t)
		for _, from := range []*world{w, elsewhere} {
			from.commit("main")
			from.summary()
			if err := os.WriteFile(filepath.Join(from.served, "summary.sig"), []byte("of one key"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		there := elsewhere.commit("main")
		elsewhere.summary()
		o := Options{Remote: "origin", Refs: []Ref{{Name: "main"}}, CheckSummary: check}
		for _, remote := range []*dated{{w.remote, at("2026-03-01")}, {elsewhere.remote, at("2026-02-01")}} {
			if _, err := Run(t.Context(), w.repo, remote, o); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.at("origin:main"); got != there {
			t.Errorf("verified: %v: main is at %s, and at %s there", check != nil, got, there)
		}
	}
}

func TestADateThatIsStillToComeKeepsNoSummaryBack(t *testing.T) {
	w := newWorld(t)
	w.commit("main")
	w.summary()
	remote := &dated{w.remote, at("2099-01-01")}
	pull := func() {
		t.Helper()
		if _, err := Run(t.Context(), w.repo, remote, Options{Remote: "origin", Refs: []Ref{{Name: "main"}}, Now: at("2026-03-02")}); err != nil {
			t.Fatal(err)
		}
	}
	pull()
	path := filepath.Join(w.repo.Path(), "tmp", "cache", "summaries", "origin")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	pull()
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("the same summary was written again (%v)", err)
	}
	next := w.commit("main")
	w.summary()
	remote.at = at("2026-03-01")
	pull()
	if got := w.at("origin:main"); got != next {
		t.Errorf("main is at %s, and at %s there", got, next)
	}
}

package pull

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
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

// portal stands before a server until its pages are used up: each takes the
// place of one summary.
type portal struct {
	*dated
	pages []string
}

func (p *portal) File(ctx context.Context, path string, max int64, have ostree.FileVersion) ([]byte, ostree.FileVersion, error) {
	if path != "summary" || len(p.pages) == 0 {
		return p.dated.File(ctx, path, max, have)
	}
	page := p.pages[0]
	p.pages = p.pages[1:]
	return []byte(page), ostree.FileVersion{Modified: at("2026-03-01").Format(httpDate)}, nil
}

// TestWhatIsNoSummaryIsNotKept: the server has nothing newer than the page that
// somebody on the way put in its place.
func TestWhatIsNoSummaryIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.commit("main")
	w.summary()
	const page = "<html>please log in</html>"
	remote := &portal{&dated{w.remote, at("2026-02-01")}, []string{page, page}}
	o := Options{Remote: "origin", Refs: []Ref{{Name: "main"}}, Now: at("2026-03-02")}
	if _, err := Run(t.Context(), w.repo, remote, o); fail.ClassOf(err) != fail.Verification {
		t.Errorf("the page was taken: %v", err)
	}
	if _, err := Run(t.Context(), w.repo, remote, o); err != nil {
		t.Errorf("without the page: %v", err)
	}
	remote.pages = []string{page}
	if _, err := Run(t.Context(), w.repo, remote, o); err != nil {
		t.Errorf("one page: %v", err)
	}
}

// TestAKeptSummaryThatIsNoneIsFetchedAnew: a power cut may leave a file without
// its bytes.
func TestAKeptSummaryThatIsNoneIsFetchedAnew(t *testing.T) {
	w := newWorld(t)
	w.commit("main")
	w.summary()
	remote := &dated{w.remote, at("2026-02-01")}
	o := Options{Remote: "origin", Refs: []Ref{{Name: "main"}}}
	path := filepath.Join(w.repo.Path(), "tmp", "cache", "summaries", "origin")
	for range 2 {
		if _, err := Run(t.Context(), w.repo, remote, o); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Size() == 0 {
			t.Errorf("nothing is kept (%v)", err)
		}
		if err := errors.Join(os.Truncate(path, 0), os.Chtimes(path, remote.at, remote.at)); err != nil {
			t.Fatal(err)
		}
	}
}

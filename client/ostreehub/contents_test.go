package ostreehub

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/ostreehub/ostreehubtest"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree/storetest"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// push sends all of a repo and returns the paths in the order in which they
// were stored.
func push(t *testing.T, s *ostreehubtest.Server, dir string) []string {
	t.Helper()
	c, err := OpenContents(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	s.AfterPut = func(paths []string) { order = append(order, paths...) }
	if _, err := c.Push(t.Context(), open(t, s, c.Source()), PushOptions{}); err != nil {
		t.Fatal(err)
	}
	return order
}

func TestEachFileComesAfterWhatItNeeds(t *testing.T) {
	repo := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	write(t, repo+"/deltas/aa/superblock", "names the parts")
	write(t, repo+"/deltas/aa/zz", "a part, last by its name")
	write(t, repo+"/delta-indexes/aa/x.index", "names the delta")
	write(t, repo+"/summary", "is made by the server")
	order := push(t, ostreehubtest.New(t), repo)
	at := func(path string) int { return slices.Index(order, path) }
	for _, pair := range [][2]string{
		{"deltas/aa/zz", "deltas/aa/superblock"},
		{"deltas/aa/superblock", "delta-indexes/aa/x.index"},
		{"delta-indexes/aa/x.index", "refs/heads/os/main"},
		{"config", "refs/heads/os/main"},
	} {
		if at(pair[0]) < 0 || at(pair[0]) > at(pair[1]) {
			t.Errorf("%s is number %d, %s number %d", pair[0], at(pair[0]), pair[1], at(pair[1]))
		}
	}
	if at("summary") >= 0 || order[len(order)-1] != "refs/heads/os/main" {
		t.Errorf("%v", order)
	}
}

func TestRemotesOfARepoStayWhereTheyAre(t *testing.T) {
	repo := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	testkit.OSTree(t, "--repo="+repo, "remote", "add", "origin", "https://user:secret@host/")
	testkit.OSTree(t, "--repo="+repo, "refs", "--create=origin:main", "os/main")
	s := ostreehubtest.New(t)
	push(t, s, repo)
	for path, text := range s.Files() {
		if strings.Contains(text, "secret") || strings.HasPrefix(path, "refs/remotes") {
			t.Errorf("%s was sent", path)
		}
	}
	if !strings.Contains(string(s.File("config")), "mode=archive-z2") {
		t.Errorf("config is %q", s.File("config"))
	}
}

func TestARefToWhatIsNotThereSendsNothing(t *testing.T) {
	repo := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	write(t, repo+"/refs/heads/broken", strings.Repeat("ab", 32)+"\n")
	if _, err := OpenContents(t.Context(), repo); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), "broken") {
		t.Error(err)
	}
}

func TestAnEmptyRepoIsItsConfig(t *testing.T) {
	repo := filepath.Join(t.TempDir(), "repo")
	testkit.OSTree(t, "--repo="+repo, "init", "--mode=archive")
	if order := push(t, ostreehubtest.New(t), repo); !slices.Equal(order, []string{"config"}) {
		t.Errorf("sent %v", order)
	}
}

// TestAPushThatEndsAnywhereGoesOn: whatever is visible is complete, and only
// the rest is sent afterwards.
func TestAPushThatEndsAnywhereGoesOn(t *testing.T) {
	sample := storetest.NewSample(t, 12, 30, "a")
	for _, point := range []string{"ostreehub.put", "ostreehub.send", "ostreehub.ref"} {
		for nth := 1; ; nth = 3*nth + 1 {
			s := ostreehubtest.New(t)
			st, err := New(Options{URL: s.URL, Retry: quick, Local: sample, Faults: storetest.FailAt(point, nth)})
			if err != nil {
				t.Fatal(err)
			}
			if err = publish(t, st, sample); err == nil {
				break
			}
			if !errors.Is(err, storetest.ErrInjected) || s.File("refs/heads/main") != nil {
				t.Errorf("%s, %d: %v, the ref is %q", point, nth, err, s.File("refs/heads/main"))
			}
			there := len(s.Files())
			again := open(t, s, sample)
			if err := publish(t, again, sample); err != nil {
				t.Errorf("%s, %d, again: %v", point, nth, err)
			}
			if sent := int(again.Tally().Stored); there+sent+1 != len(s.Files()) {
				t.Errorf("%s, %d: %d files were there, %d objects and a ref were sent, and %d are there", point, nth, there, sent, len(s.Files()))
			}
			noProblems(t, s)
		}
	}
}

func publish(t *testing.T, st *Store, sample *storetest.Sample) error {
	t.Helper()
	if _, err := copyTo(t, st, sample); err != nil {
		return err
	}
	return st.SetRef(t.Context(), "main", sample.Commit, nil)
}

package bucket

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/ostree/summary"
	"github.com/otactl/otactl/ostree/variant"
)

// published copies a sample and moves a ref to it.
func published(t *testing.T, st *Store, ref, text string) ostree.Checksum {
	t.Helper()
	sample := storetest.NewSample(t, 0, 0, text)
	if _, err := ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := st.SetRef(t.Context(), ref, sample.Commit, nil); err != nil {
		t.Fatal(err)
	}
	return sample.Commit
}

// shown is the summary that readers get.
func shown(t *testing.T, st *Store) (*summary.Summary, []byte) {
	t.Helper()
	data, err := st.ReadFile(t.Context(), summary.File, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	s, err := summary.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return s, data
}

// signs makes a signature that tells what it was made of.
func signs(data []byte) ([]byte, error) { return append([]byte("signed "), data...), nil }

func fits(t *testing.T, st *Store, data []byte) bool {
	t.Helper()
	sig, err := st.ReadFile(t.Context(), summary.SigFile, 1<<20)
	return err == nil && string(sig) == "signed "+string(data)
}

func TestTheSummarySaysWhatIsThere(t *testing.T) {
	s := testkit.NewS3(t, "site")
	l := newLine(t, s, nil)
	o := l.options(s)
	o.Clock = clock.At(time.Unix(1700000000, 0))
	st := open(t, o)
	a, b := published(t, st, "main", "a"), published(t, st, "os/arm/main", "b")
	if err := st.UpdateSummary(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum, _ := shown(t, st)
	first, _ := sum.Ref("main")
	second, _ := sum.Ref("os/arm/main")
	if first.Commit != a || second.Commit != b || first.Size == 0 || sum.Mode != ostree.ModeArchive || sum.LastModified.Unix() != 1700000000 {
		t.Errorf("%+v", sum)
	}
	// Nothing is written while nothing changed.
	later := o
	later.Clock = clock.At(time.Unix(1800000000, 0))
	st = open(t, later)
	writes := l.count("PUT summary")
	if err := st.UpdateSummary(t.Context()); err != nil || l.count("PUT summary") != writes {
		t.Errorf("%v, %d writes", err, l.count("PUT summary")-writes)
	}
	c := published(t, st, "main", "c")
	if err := st.UpdateSummary(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum, _ = shown(t, st)
	if first, _ := sum.Ref("main"); first.Commit != c || sum.LastModified.Unix() != 1800000000 {
		t.Errorf("%+v", sum)
	}
}

// TestDeltasAreInTheSummary also where they lie under two names each.
func TestDeltasAreInTheSummary(t *testing.T) {
	s := testkit.NewS3(t, "site")
	st := open(t, options(s, "os"))
	st.plusIsSpace = true
	published(t, st, "main", "a")
	for path, text := range map[string]string{
		"deltas/AA/+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/superblock": "the superblock",
		"deltas/AA/+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/0":          "a part",
		"deltas/no/delta/superblock":                                     "x",
	} {
		if err := st.PutFile(t.Context(), path, int64(len(text)), opener(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.UpdateSummary(t.Context()); err != nil {
		t.Fatal(err)
	}
	sum, _ := shown(t, st)
	if len(sum.Deltas) != 1 {
		t.Errorf("deltas %v", sum.Deltas)
	}
	for _, plus := range []string{"+", " "} {
		name := filepath.Join(s.Root, "site/os/deltas/AA", plus+strings.Repeat("A", 40), "superblock")
		if data, err := os.ReadFile(name); err != nil || string(data) != "the superblock" {
			t.Errorf("%q, %v", data, err)
		}
	}
}

func TestWhoeverIsKilledWhileTheSummaryIsWrittenCanGoOn(t *testing.T) {
	s := testkit.NewS3(t, "site")
	for _, point := range []string{"bucket.summary", "bucket.signature"} {
		o := options(s, point)
		o.SignSummary = signs
		st := open(t, o)
		published(t, st, "main", "a")
		if err := st.UpdateSummary(t.Context()); err != nil {
			t.Fatal(err)
		}
		commit := published(t, st, "main", "b")
		o.Faults = storetest.FailAt(point, 1)
		if err := open(t, o).UpdateSummary(t.Context()); !errors.Is(err, storetest.ErrInjected) {
			t.Fatalf("%s: %v", point, err)
		}
		o.Faults = nil
		if err := open(t, o).UpdateSummary(t.Context()); err != nil {
			t.Errorf("%s: %v", point, err)
		}
		sum, data := shown(t, st)
		if r, _ := sum.Ref("main"); r.Commit != commit || !fits(t, st, data) {
			t.Errorf("%s: the summary is not that of the ref, or not signed", point)
		}
	}
}

// TestOfManyPublishersNoneIsLeftOut: each writes the summary of the refs that it
// saw, with its own signature.
func TestOfManyPublishersNoneIsLeftOut(t *testing.T) {
	s := testkit.NewS3(t, "site")
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			o := options(s, "")
			o.SignSummary = signs
			st, err := Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			published(t, st, fmt.Sprintf("machine-%d", i), fmt.Sprint(i))
			if err := st.UpdateSummary(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	o := options(s, "")
	o.SignSummary = signs
	st := open(t, o)
	sum, data := shown(t, st)
	if len(sum.Refs) != 5 || !fits(t, st, data) {
		t.Errorf("%d refs in the summary, signed %v", len(sum.Refs), fits(t, st, data))
	}
}

// TestARefThatMovesWhileTheSummaryIsMadeIsInIt although its publisher was killed
// before he came to the summary.
func TestARefThatMovesWhileTheSummaryIsMadeIsInIt(t *testing.T) {
	s := testkit.NewS3(t, "site")
	direct := open(t, options(s, ""))
	published(t, direct, "main", "a")
	var once atomic.Bool
	l := newLine(t, s, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && filepath.Base(r.URL.Path) == "summary" && !once.Swap(true) {
			published(t, direct, "other", "b")
		}
		return false
	})
	st := open(t, l.options(s))
	if err := st.UpdateSummary(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sum, _ := shown(t, st); len(sum.Refs) != 2 {
		t.Errorf("%d refs in the summary, want 2", len(sum.Refs))
	}
}

// TestOSTreePullsFromABucket by its summary, which a GPG key has signed, and
// refuses one that another key has.
func TestOSTreePullsFromABucket(t *testing.T) {
	home := testkit.GPGHome(t)
	testkit.GPG(t, home, nil, "--quick-generate-key", "release@example.org", "ed25519", "sign", "never")
	key := filepath.Join(t.TempDir(), "key.gpg")
	if err := os.WriteFile(key, testkit.GPG(t, home, nil, "--export", "release@example.org"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := testkit.NewS3(t, "site")
	o := options(s, "os")
	o.SignSummary = gpgSigner(t, home)
	st := open(t, o)
	commit := published(t, st, "main", "a")
	if err := st.UpdateSummary(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := testkit.NewWeb(t, filepath.Join(s.Root, "site"))
	repo := filepath.Join(t.TempDir(), "repo")
	testkit.OSTree(t, "init", "--repo="+repo, "--mode=archive")
	testkit.OSTree(t, "remote", "add", "--repo="+repo, "--set=gpg-verify=false", "--set=gpg-verify-summary=true", "--gpg-import="+key, "s", web.URL+"/os")
	testkit.OSTree(t, "pull", "--repo="+repo, "s", "main")
	testkit.OSTree(t, "fsck", "--repo="+repo)
	if at := testkit.OSTree(t, "rev-parse", "--repo="+repo, "s:main"); at != commit.String() {
		t.Errorf("pulled %s, want %s", at, commit)
	}
	if err := os.WriteFile(filepath.Join(s.Root, "site/os/summary.sig"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := testkit.TryOSTree("pull", "--repo="+repo, "s", "main"); err == nil {
		t.Errorf("a summary without its signature was believed: %s", stderr)
	}
}

func opener(text string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

// gpgSigner signs with the only key of a GPG home.
func gpgSigner(t *testing.T, home string) func([]byte) ([]byte, error) {
	t.Helper()
	signer, err := sign.NewGPGSigner(t.Context(), home, "release@example.org", sign.Env{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return func(data []byte) ([]byte, error) {
		detached, err := sign.AddTo(variant.Dict(), data, signer)
		return detached.Data(), err
	}
}

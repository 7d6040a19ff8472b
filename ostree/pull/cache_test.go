package pull

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// signed is a remote with a summary and a stand-in for signatures: they hold
// the length of what they sign.
type signed struct {
	*world
	cache string
}

var errForged = errors.New("bad signature")

func fits(data, sig []byte) error {
	if string(sig) != signature(data) {
		return errForged
	}
	return nil
}

func signature(data []byte) string { return "signed: " + strings.Repeat("x", len(data)%97) }

func newSigned(t *testing.T) *signed {
	w := newWorld(t)
	w.commit("main")
	s := &signed{w, ""}
	s.publish("one", "one")
	return s
}

// publish serves a summary and the signatures of another, or the same.
func (s *signed) publish(data, sig string) {
	s.t.Helper()
	s.summaryOf(data)
	all := map[string][]byte{}
	for _, name := range []string{data, sig} {
		all[name] = s.summaryOf(name)
	}
	if err := errors.Join(os.WriteFile(s.served+"/summary", all[data], 0o644),
		os.WriteFile(s.served+"/summary.sig", []byte(signature(all[sig])), 0o644)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *signed) summaryOf(text string) []byte {
	s.t.Helper()
	testkit.OSTree(s.t, "--repo="+s.served, "summary", "-u", "--add-metadata=x='"+strings.Repeat(text, len(text))+"'")
	data, err := os.ReadFile(s.served + "/summary")
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}

func (s *signed) pullSigned(o Options) error {
	s.t.Helper()
	o.CheckSummary = fits
	_, err := s.pull(o)
	return err
}

// cached is what the cache holds.
func (s *signed) cached() (data, sig []byte) {
	s.t.Helper()
	path := filepath.Join(s.repo.Path(), "tmp", "cache", "summaries", "origin")
	data, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	sig, err = os.ReadFile(path + ".sig")
	if err != nil {
		s.t.Fatal(err)
	}
	return data, sig
}

func TestTheSummaryIsKeptAndNotWrittenAgain(t *testing.T) {
	s := newSigned(t)
	if err := s.pullSigned(Options{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.repo.Path(), "tmp", "cache", "summaries", "origin")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.pullSigned(Options{}); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was written again (%v)", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.pullSigned(Options{}); err != nil {
		t.Fatal(err)
	}
	s.cached()
	dir := t.TempDir()
	for _, o := range []Options{{Remote: "b", CacheDir: dir}, {Remote: "c", NoCache: true}} {
		if err := s.pullSigned(o); err != nil {
			t.Fatal(err)
		}
		_, there := os.Stat(filepath.Join(dir, "summaries", o.Remote))
		_, inRepo := os.Stat(filepath.Join(s.repo.Path(), "tmp/cache/summaries", o.Remote))
		if (there == nil) != (o.CacheDir != "") || inRepo == nil {
			t.Errorf("%s: in the folder %v, in the repo %v", o.Remote, there, inRepo)
		}
	}
}

// A server replaces one file after the other; who comes between must neither
// take a pair that does not fit nor keep it.
func TestAPairThatDoesNotFitIsNeverTaken(t *testing.T) {
	s := newSigned(t)
	if err := s.pullSigned(Options{}); err != nil {
		t.Fatal(err)
	}
	data, sig := s.cached()
	s.publish("one", "second") // the signatures came first
	if err := s.pullSigned(Options{}); !errors.Is(err, errForged) {
		t.Errorf("old summary, new signatures: %v", err)
	}
	if d, g := s.cached(); !bytes.Equal(d, data) || !bytes.Equal(g, sig) {
		t.Error("the cache changed")
	}
	s.publish("second", "second")
	if err := s.pullSigned(Options{}); err != nil {
		t.Fatal(err)
	}
	if d, _ := s.cached(); bytes.Equal(d, data) {
		t.Error("the new one is not in the cache")
	}
	data, _ = s.cached()
	s.publish("a third", "second") // the signatures are those of the one we have
	if err := s.pullSigned(Options{}); err != nil {
		t.Errorf("new summary, old signatures: %v", err)
	}
	if d, _ := s.cached(); !bytes.Equal(d, data) {
		t.Error("the cache changed")
	}
}

func TestADamagedCacheIsMendedOnceItIsSeen(t *testing.T) {
	s := newSigned(t)
	if err := s.pullSigned(Options{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.repo.Path(), "tmp", "cache", "summaries", "origin")
	good, _ := s.cached()
	if err := os.WriteFile(path, append(good, 0), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.pullSigned(Options{Faults: storetest.FailAt("pull.invalid-cache", 1)}); !errors.Is(err, storetest.ErrInjected) {
		t.Errorf("it went unnoticed: %v", err)
	}
	if err := s.pullSigned(Options{}); err != nil {
		t.Fatal(err)
	}
	if d, _ := s.cached(); !bytes.Equal(d, good) {
		t.Error("it was not mended")
	}
}

func TestASignedSummaryThatExpiredIsRefused(t *testing.T) {
	s := newSigned(t)
	repo := s.served
	testkit.OSTree(t, "--repo="+repo, "summary", "-u", "--add-metadata=ostree.summary.expires=uint64 "+bigEndian(2_000_000_000))
	data, err := os.ReadFile(repo + "/summary")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(repo+"/summary.sig", []byte(signature(data)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.pullSigned(Options{Now: time.Unix(2_000_000_001, 0)}); fail.ClassOf(err) != fail.Expired {
		t.Errorf("%v", err)
	}
	if err := s.pullSigned(Options{Now: time.Unix(1_999_999_999, 0)}); err != nil {
		t.Error(err)
	}
}

// bigEndian is a number as it stands in a value whose bytes are swapped.
func bigEndian(n uint64) string {
	var swapped uint64
	for range 8 {
		swapped = swapped<<8 | n&0xff
		n >>= 8
	}
	return "0x" + hexOf(swapped)
}

func hexOf(n uint64) string {
	const digits = "0123456789abcdef"
	var b []byte
	for range 16 {
		b = append([]byte{digits[n&15]}, b...)
		n >>= 4
	}
	return string(b)
}

func TestTheCacheIsTheOneOfTheRealProgram(t *testing.T) {
	dir := t.TempDir()
	c := NewCache(dir, "origin")
	version := ostree.FileVersion{ETag: `"abc"`, Modified: "Tue, 14 Nov 2023 22:13:20 GMT"}
	s := &signedSummary{data: []byte("d"), sig: []byte("s"), dataVersion: version, sigVersion: version}
	if err := c.store(&signedSummary{}, s, "http://host/repo", true); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(dir + "/summaries/origin.sig")
	if err != nil || st.ModTime().Unix() != 1_700_000_000 {
		t.Errorf("the date of the file is %v, %v", st, err)
	}
	got := c.load("http://host/repo", true)
	if got.sigVersion != version || got.dataVersion != version || string(got.data) != "d" {
		t.Errorf("%+v", got)
	}
	if err := c.store(got, &signedSummary{data: []byte("other")}, "http://host/repo", false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + "/summaries/origin.sig"); err == nil {
		t.Error("signatures of another summary stayed")
	}
}

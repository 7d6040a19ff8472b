package folder

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/ostree/summary"
	"github.com/otactl/otactl/ostree/variant"
)

// What publishers find out by asking.
var (
	_ ostree.Store      = (*Store)(nil)
	_ ostree.Files      = (*Store)(nil)
	_ ostree.RefLister  = (*Store)(nil)
	_ ostree.Summarizer = (*Store)(nil)
)

func create(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	o.Create = true
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func published(t *testing.T, s *Store, ref, text string) ostree.Checksum {
	t.Helper()
	sample := storetest.NewSample(t, 2, 2, text)
	if _, err := ostree.Copy(t.Context(), s, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.SetRef(t.Context(), ref, sample.Commit, nil), s.UpdateSummary(t.Context())); err != nil {
		t.Fatal(err)
	}
	return sample.Commit
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) ostree.Store { return create(t, filepath.Join(t.TempDir(), "site"), Options{}) })
}

func TestWhatIsNoPlaceToPublishTo(t *testing.T) {
	dir := t.TempDir()
	bare, music, file := filepath.Join(dir, "bare"), filepath.Join(dir, "music"), filepath.Join(dir, "file")
	if _, err := ostree.CreateRepo(bare, ostree.ModeBareUser); err != nil {
		t.Fatal(err)
	}
	signed := create(t, filepath.Join(dir, "signed"), Options{})
	err := errors.Join(os.Mkdir(music, 0o755), os.WriteFile(filepath.Join(music, "song"), nil, 0o644), os.WriteFile(file, nil, 0o644),
		os.WriteFile(filepath.Join(signed.Path(), "summary.sig"), nil, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		dir  string
		want fail.Class
	}{{"", fail.Usage}, {bare, fail.Conflict}, {music, fail.Conflict}, {file, fail.Usage}, {signed.Path(), fail.Usage}} {
		if _, err := Open(tc.dir, Options{Create: true}); fail.ClassOf(err) != tc.want || fail.HintOf(err) == "" {
			t.Errorf("%s: %v (class %d, hint %q)", tc.dir, err, fail.ClassOf(err), fail.HintOf(err))
		}
	}
	if _, err := Open(signed.Path(), Options{ReadOnly: true}); err != nil {
		t.Errorf("a signed summary is in the way of who only reads: %v", err)
	}
	child := create(t, filepath.Join(dir, "child"), Options{})
	if err := os.WriteFile(filepath.Join(child.Path(), "config"), []byte("[core]\nrepo_version=1\nmode=archive-z2\nparent="+signed.Path()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(child.Path(), Options{}); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("a repo with a parent: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "nothing"), Options{}); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "nothing")); err == nil {
		t.Error("it was made")
	}
}

func TestPublishersThatMakeTheFolderAtOnceAllGetIt(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "www")
		var g errgroup.Group
		for range 8 {
			g.Go(func() error {
				_, err := Open(dir, Options{Create: true})
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatAKilledCreationLeftIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".config.tmp-123", "config"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir, Options{Create: true}); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "music"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "config")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{Create: true}); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("objects without a config, and music: %v", err)
	}
}

func TestARefOfAPartialCommitProvesNothing(t *testing.T) {
	s := create(t, t.TempDir(), Options{})
	commit := published(t, s, "main", "a")
	if err := os.WriteFile(filepath.Join(s.Path(), "state", commit.String()+".commitpartial"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ref(t.Context(), "main"); fail.ClassOf(err) != fail.Verification {
		t.Errorf("%v", err)
	}
}

func opener(text string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func TestFilesAreReplacedWhole(t *testing.T) {
	s := create(t, t.TempDir(), Options{})
	const name = "deltas/AB/CD/superblock"
	for _, text := range []string{"first", "second"} {
		if err := s.PutFile(t.Context(), name, int64(len(text)), opener(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.ReadFile(t.Context(), name, 100); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	for _, size := range []int64{3, 9} {
		if err := s.PutFile(t.Context(), name, size, opener("third")); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%d bytes announced of 5: %v", size, err)
		}
	}
	if got, _ := s.ReadFile(t.Context(), name, 100); string(got) != "second" {
		t.Errorf("%q is there after a failure", got)
	}
	if _, err := s.ReadFile(t.Context(), name, 3); err == nil {
		t.Error("the limit was not kept")
	}
	if _, err := s.ReadFile(t.Context(), "summary", 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no summary: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.Path(), "tmp/otactl-file*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNoFileLeadsOutOfTheRepo(t *testing.T) {
	s := create(t, filepath.Join(t.TempDir(), "site"), Options{})
	outside := filepath.Join(filepath.Dir(s.Path()), "outside")
	if err := errors.Join(os.Mkdir(outside, 0o755), os.Symlink(outside, filepath.Join(s.Path(), "deltas"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "../outside/x", "deltas/../../outside/x", "/etc/passwd", "deltas", "deltas/", "objects/ab/x", "refs/heads/main", "summary/x", "deltas/a b", "deltas/a\x00", "other", "deltas//x", "deltas/./x"} {
		if err := s.PutFile(t.Context(), name, 1, opener("x")); fail.ClassOf(err) != fail.Usage {
			t.Errorf("put %q: %v", name, err)
		}
		if _, err := s.ReadFile(t.Context(), name, 1); fail.ClassOf(err) != fail.Usage {
			t.Errorf("read %q: %v", name, err)
		}
	}
	if err := s.PutFile(t.Context(), "deltas/AB/x", 1, opener("x")); err == nil {
		t.Error("a file was written through a link that leads out")
	}
	if list, _ := os.ReadDir(outside); len(list) > 0 {
		t.Errorf("outside there is %v", list)
	}
}

func TestAWebServerMayReadEverything(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there files have no modes")
	}
	s := create(t, filepath.Join(t.TempDir(), "site"), Options{})
	published(t, s, "os/arm/main", "a")
	if err := s.PutFile(t.Context(), "deltas/AB/CD/superblock", 1, opener("x")); err != nil {
		t.Fatal(err)
	}
	for _, top := range []string{"config", "objects", "refs", "deltas", "summary"} {
		err := filepath.WalkDir(filepath.Join(s.Path(), top), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			st, err := d.Info()
			if want := map[bool]fs.FileMode{true: 0o555, false: 0o444}[d.IsDir()]; err == nil && st.Mode().Perm()&want != want {
				t.Errorf("%s has mode %o", path, st.Mode().Perm())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestTheSummaryIsWrittenWhenItSaysSomethingNew(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1700000000, 0)
	tick := func() time.Time { now = now.Add(time.Hour); return now }
	s := create(t, dir, Options{Clock: clock.Clock(tick)})
	commit := published(t, s, "main", "a")
	data, _, err := summary.Read(s.Repo)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := summary.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := sum.Ref("main"); r.Commit != commit {
		t.Errorf("%+v", sum)
	}
	if err := s.UpdateSummary(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, _, _ := summary.Read(s.Repo); string(again) != string(data) {
		t.Error("it was written again")
	}
	published(t, s, "main", "b")
	if again, _, _ := summary.Read(s.Repo); string(again) == string(data) {
		t.Error("it is still the old one")
	}
}

// TestOSTreePullsFromAWebServer by a summary that a GPG key has signed.
func TestOSTreePullsFromAWebServer(t *testing.T) {
	home := testkit.GPGHome(t)
	testkit.GPG(t, home, nil, "--quick-generate-key", "release@example.org", "ed25519", "sign", "never")
	key := filepath.Join(t.TempDir(), "key.gpg")
	if err := os.WriteFile(key, testkit.GPG(t, home, nil, "--export", "release@example.org"), 0o644); err != nil {
		t.Fatal(err)
	}
	signer, err := sign.NewGPGSigner(t.Context(), home, "release@example.org", sign.Env{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	times := 0
	s := create(t, filepath.Join(t.TempDir(), "site"), Options{SignSummary: func(data []byte) ([]byte, error) {
		times++
		detached, err := sign.AddTo(variant.Dict(), data, signer)
		return detached.Data(), err
	}})
	commit := published(t, s, "main", "a")
	if err := s.UpdateSummary(t.Context()); err != nil || times != 1 {
		t.Errorf("%v, signed %d times", err, times)
	}
	web := testkit.NewWeb(t, s.Path())
	repo := filepath.Join(t.TempDir(), "repo")
	testkit.OSTree(t, "init", "--repo="+repo, "--mode=archive")
	testkit.OSTree(t, "remote", "add", "--repo="+repo, "--set=gpg-verify=false", "--set=gpg-verify-summary=true", "--gpg-import="+key, "s", web.URL)
	testkit.OSTree(t, "pull", "--repo="+repo, "s", "main")
	testkit.OSTree(t, "fsck", "--repo="+repo)
	if at := testkit.OSTree(t, "rev-parse", "--repo="+repo, "s:main"); at != commit.String() {
		t.Errorf("pulled %s, want %s", at, commit)
	}
	// Killed between the summary and its signature: the next run signs again.
	if err := os.Chtimes(filepath.Join(s.Path(), summary.SigFile), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateSummary(t.Context()); err != nil || times != 2 {
		t.Errorf("%v, signed %d times", err, times)
	}
}

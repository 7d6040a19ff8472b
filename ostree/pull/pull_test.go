package pull

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/ostree/variant"
)

// far is a repo that is reached over something like a network.
type far struct {
	*Local
	mu    sync.Mutex
	asked []string
	hide  string // files with this in their path are not there
}

func (f *far) note(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, path)
	return f.hide == "" || !strings.Contains(path, f.hide)
}

func (f *far) File(ctx context.Context, path string, max int64, have ostree.FileVersion) ([]byte, ostree.FileVersion, error) {
	if !f.note(path) {
		return nil, have, fs.ErrNotExist
	}
	data, _, err := f.Local.File(ctx, path, max, have)
	if err != nil {
		return nil, have, err
	}
	v := ostree.FileVersion{ETag: fmt.Sprintf("%q", string(data[:min(20, len(data))])+fmt.Sprint(len(data), data[len(data)-1]))}
	if v == have {
		return nil, have, ostree.ErrNotModified
	}
	return data, v, nil
}

func (f *far) Stream(ctx context.Context, path string, at ostree.Place) (*ostree.Rest, error) {
	if !f.note(path) {
		return nil, fs.ErrNotExist
	}
	return f.Local.Stream(ctx, path, at)
}

func (f *far) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	f.note("refs/heads/" + name)
	return f.Local.Ref(ctx, name)
}

func (f *far) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	return ostree.NewArchived(id, func(ctx context.Context) (io.ReadCloser, int64, error) {
		if !f.note(id.ArchivePath()) {
			return nil, 0, &ostree.MissingError{ID: id}
		}
		obj, err := f.Local.Object(ctx, id)
		if err != nil {
			return nil, 0, err
		}
		return obj.OpenArchive(ctx)
	}), nil
}

// requests are those since the last call.
func (f *far) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.asked
	f.asked = nil
	return list
}

// endless never says what its config is.
type endless struct {
	*far
	over chan struct{} // closed when nobody waits for that any more
}

func (e *endless) File(ctx context.Context, path string, max int64, have ostree.FileVersion) ([]byte, ostree.FileVersion, error) {
	if path != "config" {
		return e.far.File(ctx, path, max, have)
	}
	defer close(e.over)
	<-ctx.Done()
	return nil, have, ctx.Err()
}

// world is a remote that the real program made, and a repo that pulls from it.
type world struct {
	t      *testing.T
	served string
	remote *far
	repo   *ostree.Repo
	trees  int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	served := filepath.Join(t.TempDir(), "served")
	testkit.OSTree(t, "--repo="+served, "init", "--mode=archive")
	local, err := OpenLocal(served)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, served: served, remote: &far{Local: local}, repo: repoOf(t, ostree.ModeBareUser)}
}

func repoOf(t *testing.T, mode ostree.Mode) *ostree.Repo {
	t.Helper()
	repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), mode)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// commit makes another version of the tree at a ref; args are for ostree.
func (w *world) commit(ref string, args ...string) ostree.Checksum {
	w.t.Helper()
	w.trees++
	dir := w.t.TempDir()
	for i := range 5 {
		text := fmt.Sprintf("file %d of all versions\n", i)
		if i == 0 {
			text = fmt.Sprintf("version %d\n", w.trees)
		}
		sub := filepath.Join(dir, fmt.Sprint("d", i))
		if err := errors.Join(os.Mkdir(sub, 0o755), os.WriteFile(filepath.Join(sub, "f"), []byte(text), 0o644)); err != nil {
			w.t.Fatal(err)
		}
	}
	noise := make([]byte, 20_000) // does not pack
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	if err := os.WriteFile(filepath.Join(dir, "noise"), noise, 0o644); err != nil {
		w.t.Fatal(err)
	}
	when := time.Unix(1_700_000_000+int64(w.trees)*60, 0).UTC().Format(time.RFC3339)
	out := testkit.OSTree(w.t, append([]string{"--repo=" + w.served, "commit", "--branch=" + ref, "--tree=dir=" + dir, "--timestamp=" + when}, args...)...)
	return sum(w.t, out)
}

func sum(t *testing.T, s string) ostree.Checksum {
	t.Helper()
	c, err := ostree.ParseChecksum(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) summary() { testkit.OSTree(w.t, "--repo="+w.served, "summary", "-u") }

// pull pulls main from origin unless o says otherwise.
func (w *world) pull(o Options) (Report, error) {
	if o.Remote == "" {
		o.Remote = "origin"
	}
	if o.Refs == nil && !o.Mirror {
		o.Refs = []Ref{{Name: "main"}}
	}
	return Run(w.t.Context(), w.repo, w.remote, o)
}

func (w *world) mustPull(o Options) Report {
	w.t.Helper()
	r, err := w.pull(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// at says where a ref of the repo stands, zero for nowhere.
func (w *world) at(name string) ostree.Checksum {
	w.t.Helper()
	c, err := w.repo.Ref(w.t.Context(), name)
	if err != nil && !errors.Is(err, ostree.ErrRefNotFound) {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) isWhole(c ostree.Checksum) {
	w.t.Helper()
	if whole, err := w.repo.IsComplete(c); err != nil || !whole {
		w.t.Errorf("commit %s is complete: %v, %v", c, whole, err)
	}
	if _, err := ostree.Verify(w.t.Context(), w.repo, c, ostree.VerifyOptions{}); err != nil {
		w.t.Error(err)
	}
}

// untouched says that nothing was written.
func (w *world) untouched(why string) {
	w.t.Helper()
	n := 0
	err := w.repo.ListObjects(w.t.Context(), func(ostree.ObjectID) error { n++; return nil })
	if refs, rerr := w.repo.Refs(w.t.Context()); err != nil || rerr != nil || n > 0 || len(refs) > 0 {
		w.t.Errorf("%s: %d objects and refs %v were written (%v, %v)", why, n, refs, err, rerr)
	}
}

func TestARefIsFoundWithASummaryAndWithout(t *testing.T) {
	w := newWorld(t)
	one := w.commit("main")
	if r := w.mustPull(Options{}); len(r.Refs) != 1 || r.Refs[0] != (Update{"origin:main", ostree.Checksum{}, one}) {
		t.Errorf("%+v", r.Refs)
	}
	w.isWhole(one)
	two := w.commit("main")
	w.summary()
	w.mustPull(Options{})
	w.isWhole(two)
	if w.at("origin:main") != two {
		t.Error("the ref did not move")
	}
	if _, err := w.pull(Options{Refs: []Ref{{Name: "none"}}}); !errors.Is(err, ostree.ErrRefNotFound) {
		t.Errorf("a ref that is not there: %v", err)
	}
	w.mustPull(Options{Refs: []Ref{{Name: "main", Commit: &one}, {Commit: &two}}})
	if w.at("origin:main") != one {
		t.Error("the ref is not where it was told to be")
	}
}

func TestNothingNewCostsAtMostThreeRequests(t *testing.T) {
	for _, withSummary := range []bool{false, true} {
		for _, signed := range []bool{false, true} {
			w := newWorld(t)
			w.commit("main")
			if withSummary {
				w.summary()
			}
			var o Options
			if signed && withSummary {
				o.CheckSummary = func([]byte, []byte) error { return nil }
			}
			w.mustPull(o)
			w.remote.requests()
			r := w.mustPull(o)
			if list := w.remote.requests(); len(list) > 3 || r.Copied > 0 || len(r.Refs) > 0 {
				t.Errorf("summary %v, signed %v: %+v after %q", withSummary, signed, r, list)
			}
		}
	}
}

func TestNothingIsWrittenOfWhatIsNotSigned(t *testing.T) {
	w := newWorld(t)
	c := w.commit("main")
	w.summary()
	refused := errors.New("no signature")
	_, err := w.pull(Options{CheckCommit: func(got ostree.Checksum, data, detached []byte) error {
		if got != c || len(data) == 0 || detached != nil {
			t.Errorf("judged is %s, %d bytes, %v", got, len(data), detached)
		}
		return refused
	}})
	if !errors.Is(err, refused) {
		t.Errorf("commit: %v", err)
	}
	w.untouched("commit")
	if _, err = w.pull(Options{CheckSummary: func(_, sig []byte) error {
		if sig != nil {
			t.Errorf("signatures out of nowhere: %x", sig)
		}
		return refused
	}}); !errors.Is(err, refused) {
		t.Errorf("summary: %v", err)
	}
	w.untouched("summary")
	if err := os.Remove(w.served + "/summary"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pull(Options{CheckSummary: func(_, _ []byte) error { return nil }}); fail.ClassOf(err) != fail.Verification {
		t.Errorf("no summary where a signed one is demanded: %v", err)
	}
	w.untouched("no summary")
}

// TestSignaturesThatAreHereCountWhereTheRemoteHasNone of the same commit.
func TestSignaturesThatAreHereCountWhereTheRemoteHasNone(t *testing.T) {
	w := newWorld(t)
	w.commit("main", "--add-detached-metadata-string=signed=yes")
	unsigned := errors.New("no signature")
	o := Options{CheckCommit: func(_ ostree.Checksum, _, detached []byte) error {
		if !bytes.Contains(detached, []byte("yes")) {
			return unsigned
		}
		return nil
	}}
	w.mustPull(o)
	w.remote.hide = ".commitmeta"
	w.mustPull(o)
	here := w.repo
	w.repo = repoOf(t, ostree.ModeBareUser)
	if _, err := w.pull(o); !errors.Is(err, unsigned) {
		t.Errorf("signatures are nowhere: %v", err)
	}
	w.untouched("unsigned")
	w.repo = here
	w.commit("main")
	if _, err := w.pull(o); !errors.Is(err, unsigned) {
		t.Errorf("signatures are those of the commit before: %v", err)
	}
}

func TestRefsMoveLast(t *testing.T) {
	w := newWorld(t)
	c := w.commit("main")
	_, err := w.pull(Options{Faults: storetest.FailAt("pull.ref", 1)})
	if !errors.Is(err, storetest.ErrInjected) || !w.at("origin:main").IsZero() {
		t.Errorf("%v, and the ref is at %s", err, w.at("origin:main"))
	}
	w.isWhole(c)
	for nth := 1; ; nth += 3 {
		w.repo = repoOf(t, ostree.ModeArchive)
		if _, err := w.pull(Options{Faults: storetest.FailAt("copy.put", nth)}); err == nil {
			break
		}
		if !w.at("origin:main").IsZero() {
			t.Fatal("the ref is there, and not what it names")
		}
		w.mustPull(Options{})
		w.isWhole(c)
	}
}

func TestACommitMustBeMadeForItsRef(t *testing.T) {
	w := newWorld(t)
	c := w.commit("main")
	testkit.OSTree(t, "--repo="+w.served, "refs", "--create=other", c.String())
	if _, err := w.pull(Options{Refs: []Ref{{Name: "other"}}}); !errors.Is(err, ostree.ErrNotBound) {
		t.Errorf("%v", err)
	}
	w.untouched("another ref's commit")
	w.mustPull(Options{Refs: []Ref{{Commit: &c}}})
	w.mustPull(Options{Refs: []Ref{{Name: "other"}}, IgnoreBindings: true})
	if _, err := w.pull(Options{CollectionID: "org.example.A"}); !errors.Is(err, ostree.ErrNotBound) {
		t.Errorf("a commit of no collection: %v", err)
	}
	w.commit("main", "--add-metadata-string=ostree.collection-binding=org.example.A")
	if _, err := w.pull(Options{CollectionID: "org.example.B"}); !errors.Is(err, ostree.ErrNotBound) {
		t.Errorf("a commit of another collection: %v", err)
	}
	w.mustPull(Options{CollectionID: "org.example.A"})
}

func TestTimeDoesNotGoBack(t *testing.T) {
	w := newWorld(t)
	old, recent := w.commit("main"), w.commit("main")
	w.mustPull(Options{NotOlder: true})
	w.mustPull(Options{NotOlder: true})
	if _, err := w.pull(Options{NotOlder: true, Refs: []Ref{{Name: "main", Commit: &old}}}); fail.ClassOf(err) != fail.Verification || w.at("origin:main") != recent {
		t.Errorf("%v, ref is at %s", err, w.at("origin:main"))
	}
	if _, err := w.pull(Options{NotOlderThan: &recent, Refs: []Ref{{Commit: &old}}}); fail.ClassOf(err) != fail.Verification {
		t.Errorf("%v", err)
	}
	w.mustPull(Options{Refs: []Ref{{Name: "main", Commit: &old}}})
	w.mustPull(Options{NotOlderThan: &old})
}

func TestOnlyArchiveReposArePulledOverANetwork(t *testing.T) {
	for _, summary := range []bool{false, true} {
		w := newWorld(t)
		bare := filepath.Join(t.TempDir(), "bare")
		testkit.OSTree(t, "--repo="+bare, "init", "--mode=bare-user")
		w.served = bare
		local, err := OpenLocal(bare)
		if err != nil {
			t.Fatal(err)
		}
		w.remote = &far{Local: local}
		w.commit("main")
		if summary {
			w.summary()
		}
		if _, err := w.pull(Options{}); fail.ClassOf(err) != fail.Unsupported {
			t.Errorf("summary %v: %v", summary, err)
		}
		w.untouched("a repo of mode bare-user")
		if _, err := Run(t.Context(), w.repo, local, Options{Remote: "origin", Refs: []Ref{{Name: "main"}}}); err != nil {
			t.Errorf("on this machine: %v", err)
		}
	}
}

func TestAMirrorHasAllRefsAndTheSummary(t *testing.T) {
	w := newWorld(t)
	w.repo = repoOf(t, ostree.ModeArchive)
	if _, err := w.pull(Options{Mirror: true}); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("all refs of a remote without a summary: %v", err)
	}
	a, b := w.commit("main"), w.commit("os/b")
	w.summary()
	r := w.mustPull(Options{Mirror: true})
	if w.at("main") != a || w.at("os/b") != b || len(r.Refs) != 2 {
		t.Errorf("%+v", r.Refs)
	}
	want, err := os.ReadFile(w.served + "/summary")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(w.repo.Path() + "/summary"); err != nil || !slices.Equal(got, want) {
		t.Errorf("summary: %v", err)
	}
	w.repo = repoOf(t, ostree.ModeArchive)
	w.mustPull(Options{Mirror: true, Refs: []Ref{{Name: "main"}}})
	if _, err := os.Stat(w.repo.Path() + "/summary"); err == nil {
		t.Error("a mirror of one ref has the summary of all")
	}
}

func TestHistoryComesAsFarAsItGoes(t *testing.T) {
	w := newWorld(t)
	commits := []ostree.Checksum{w.commit("main"), w.commit("main"), w.commit("main")}
	w.mustPull(Options{Depth: 1})
	w.isWhole(commits[1])
	testkit.OSTree(t, "--repo="+w.served, "prune", "--refs-only", "--depth=1")
	w.repo = repoOf(t, ostree.ModeBareUser)
	w.mustPull(Options{Depth: -1})
	if whole, err := w.repo.IsComplete(commits[0]); whole || err != nil {
		t.Errorf("the pruned one is there: %v", err)
	}
	w.isWhole(commits[1])
	w.isWhole(commits[2])
	w.remote.hide = ".commit"
	w.repo = repoOf(t, ostree.ModeBareUser)
	if _, err := w.pull(Options{Depth: -1}); err == nil {
		t.Error("the commit that was asked for is missing, and nobody says so")
	}
}

func TestARepoOnThisMachineGetsNoMoreWorkersThanProcessors(t *testing.T) {
	w := newWorld(t)
	near := &run{local: w.remote.Local.Repo, opt: Options{Jobs: 100}} // what the command line asks for by default
	if n := near.jobs(); n != 0 {
		t.Errorf("%d jobs, want the engine's own choice", n)
	}
	far := &run{opt: Options{Jobs: 7}}
	if n := far.jobs(); n != 7 {
		t.Errorf("%d jobs over a network, want the 7 asked for", n)
	}
}

func TestADeltaInSignedFormIsPulled(t *testing.T) {
	w := newWorld(t)
	c := w.commit("main")
	testkit.OSTree(t, "--repo="+w.served, "static-delta", "generate", "--empty", "--to="+c.String())
	list, err := filepath.Glob(w.served + "/deltas/*/*/superblock")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	plain, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list[0], delta.Wrap(plain, variant.Dict()), 0o644); err != nil {
		t.Fatal(err)
	}
	w.summary()
	if r := w.mustPull(Options{Deltas: OnlyDeltas}); r.Delta.Deltas != 1 {
		t.Errorf("%+v", r.Delta)
	}
	w.isWhole(c)
}

// TestNothingGoesOnAfterAPull, also not the question about the config, whose
// answer one that ends early has no use for.
func TestNothingGoesOnAfterAPull(t *testing.T) {
	for what, opt := range map[string]Options{
		"a dry run":        {Refs: []Ref{{Name: "main"}}, DryRun: true},
		"a missing commit": {Refs: []Ref{{Commit: &ostree.Checksum{9}}}},
	} {
		w := newWorld(t)
		w.commit("main")
		remote := &endless{w.remote, make(chan struct{})}
		if _, err := Run(t.Context(), w.repo, remote, opt); (err == nil) != opt.DryRun {
			t.Errorf("%s: %v", what, err)
		}
		select {
		case <-remote.over:
		default:
			t.Errorf("%s: somebody still asks for the config", what)
		}
	}
}

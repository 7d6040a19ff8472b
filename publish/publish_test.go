package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

// bigTree adds n files in several folders to a small OS; the first changed of
// them differ by version.
func bigTree(t *testing.T, version string, n, changed int) string {
	t.Helper()
	dir := testkit.SmallOS(t, version)
	for i := range n {
		text := fmt.Sprintf("file %d\n", i)
		if i < changed {
			text += version
		}
		path := filepath.Join(dir, fmt.Sprintf("usr/share/d%02d/f%d", i%20, i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// world is a repo with one commit on main, and an empty strict treehub.
type world struct {
	t     *testing.T
	path  string
	repo  *ostree.Repo
	hub   *treehubtest.Server
	first string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel() // nearly all of a test's time is waiting for the disk
	w := &world{t: t, hub: treehubtest.New(t)}
	w.hub.Strict = true
	w.path = filepath.Join(t.TempDir(), "repo")
	testkit.OSTree(t, "--repo="+w.path, "init", "--mode=archive")
	testkit.OSTree(t, "--repo="+w.path, "config", "set", "core.fsync", "false") // a test repo need not outlive a power cut
	w.first = testkit.Commit(t, w.path, bigTree(t, "1", 400, 20), "main")
	w.repo = w.open()
	return w
}

func (w *world) open() *ostree.Repo {
	w.t.Helper()
	r, err := ostree.OpenRepo(w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) commit(version string, changed int) string {
	w.t.Helper()
	sum := testkit.Commit(w.t, w.path, bigTree(w.t, version, 400, changed), "main")
	w.repo = w.open()
	return sum
}

func (w *world) options() Options {
	w.t.Helper()
	st, err := treehub.New(treehub.Options{BaseURL: w.hub.URL, Retry: quick})
	if err != nil {
		w.t.Fatal(err)
	}
	return Options{Repo: w.repo, Remote: st, Items: []Item{{Rev: "main"}}, Clock: clock.At(time.Unix(1_700_000_000, 0))}
}

func (w *world) push(change ...func(*Options)) (Report, error) {
	w.t.Helper()
	opt := w.options()
	for _, f := range change {
		f(&opt)
	}
	return Run(w.t.Context(), opt)
}

func (w *world) mustPush(change ...func(*Options)) Report {
	w.t.Helper()
	rep, err := w.push(change...)
	if err != nil {
		w.t.Fatal(err)
	}
	return rep
}

// visible checks what a reader sees: each ref names a commit without holes,
// and nothing came before what it needs.
func (w *world) visible(want string) {
	w.t.Helper()
	if got := w.hub.Ref("main"); got != want {
		w.t.Errorf("ref main is %q, want %q", got, want)
	}
	if want != "" && !w.hub.Complete(want) {
		w.t.Errorf("%s has holes", want)
	}
	if v := w.hub.Violations(); len(v) > 0 {
		w.t.Errorf("%d objects came too early, the first: %s", len(v), v[0])
	}
}

func TestFullPushSendsEachObjectOnceInOrder(t *testing.T) {
	w := newWorld(t)
	rep := w.mustPush()
	w.visible(w.first)
	want := strings.Count(testkit.OSTree(t, "--repo="+w.path, "ls", "-R", "main"), "\n") // at least one object a line
	if rep.Objects < 400 || rep.New != rep.Objects || rep.Present != 0 || !rep.Items[0].RefMoved || rep.Total != rep.Bytes || want == 0 {
		t.Errorf("%+v", rep)
	}
	if posts := w.hub.Count("POST objects"); posts != rep.Objects {
		t.Errorf("%d POSTs for %d objects", posts, rep.Objects)
	}
	if heads := w.hub.Count("HEAD objects"); heads > rep.Objects/5 {
		t.Errorf("%d HEADs for %d objects on an empty remote", heads, rep.Objects)
	}
	for path, data := range w.hub.Objects() {
		local, err := os.ReadFile(filepath.Join(w.path, path))
		if err != nil || string(local) != string(data) {
			t.Fatalf("%s differs from the local one (%v)", path, err)
		}
	}
}

func TestSecondPushSendsOnlyTheDifference(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	second := w.commit("2", 12) // 3 % of the files
	w.hub.Reset()
	before := len(w.hub.Objects())
	rep := w.mustPush()
	w.visible(second)
	if stored := len(w.hub.Objects()) - before; rep.New != stored || rep.New > 60 || rep.Present != rep.Objects-rep.New {
		t.Errorf("%d stored, %+v", stored, rep)
	}
	if total := w.hub.Requests(); total > rep.New+5 {
		t.Errorf("%d requests for %d new objects", total, rep.New)
	}
	if rep.Items[0].Previous.String() != w.first || rep.Saved() < 30 {
		t.Errorf("previous %s, saved %.1f %%", rep.Items[0].Previous, rep.Saved())
	}
}

func TestNothingNewCostsOneQuestion(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	w.hub.Reset()
	rep := w.mustPush()
	if w.hub.Requests() > 2 || rep.New != 0 || rep.Items[0].RefMoved || rep.Present != rep.Objects {
		t.Errorf("%d requests, %+v", w.hub.Requests(), rep)
	}
}

func TestKilledHalfWayGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t)
	const until = 150
	ctx, cancel := context.WithCancel(t.Context())
	w.hub.Fault = func(int, http.ResponseWriter, *http.Request) bool {
		if w.hub.Count("POST objects") >= until {
			cancel()
		}
		return false
	}
	if _, err := Run(ctx, w.options()); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	w.visible("")
	had := len(w.hub.Objects())
	if had < until/2 {
		t.Fatalf("only %d objects arrived before the end", had)
	}
	w.hub.Reset()
	rep := w.mustPush()
	w.visible(w.first)
	// What was under way when we were killed may have arrived a moment later.
	if missing := rep.Objects - had; rep.New > missing || rep.New < missing-treehub.DefaultJobs {
		t.Errorf("%d sent, %d were missing", rep.New, missing)
	}
	if again := w.hub.Count("POST objects") - rep.New; again > 32 {
		t.Errorf("%d objects were sent in vain", again)
	}
}

func TestServerGoneInMidPushLeavesNoRef(t *testing.T) {
	w := newWorld(t)
	w.hub.Fault = func(n int, _ http.ResponseWriter, r *http.Request) bool {
		if w.hub.Count("POST objects") > 100 {
			go w.hub.Stop()
			panic(http.ErrAbortHandler)
		}
		return false
	}
	_, err := w.push()
	if fail.ClassOf(err) != fail.Network || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v (class %v)", err, fail.ClassOf(err))
	}
	w.visible("")
}

func TestUnsteadyServerGetsEverythingAllTheSame(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	tries := map[string]int{}
	w.hub.Fault = func(n int, rw http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		tries[r.Method+r.URL.Path]++
		try := tries[r.Method+r.URL.Path]
		mu.Unlock()
		switch {
		case n == 20:
			rw.Header().Set("Retry-After", "1")
			rw.WriteHeader(http.StatusTooManyRequests)
			return true
		case try > 2: // each request gets through in the end
		case n%3 == 0:
			rw.WriteHeader(http.StatusServiceUnavailable)
			return true
		case n%5 == 0:
			panic(http.ErrAbortHandler)
		case n%7 == 0 && r.Method == http.MethodPost:
			io.CopyN(io.Discard, r.Body, 10)
			panic(http.ErrAbortHandler)
		}
		return false
	}
	rep := w.mustPush(func(o *Options) { o.Jobs = 8 })
	w.visible(w.first)
	if rep.New != rep.Objects {
		t.Errorf("%+v", rep)
	}
}

func TestRefusedTokenEndsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.hub.Token = "other"
	_, err := w.push()
	if fail.ClassOf(err) != fail.Auth || w.hub.Requests() != 1 {
		t.Errorf("%v after %d requests", err, w.hub.Requests())
	}
}

func TestCorruptLocalObjectIsNamedAndNothingIsVisible(t *testing.T) {
	w := newWorld(t)
	var victim string
	filepath.WalkDir(filepath.Join(w.path, "objects"), func(path string, d os.DirEntry, err error) error {
		if victim == "" && strings.HasSuffix(path, ".filez") && err == nil {
			victim = path
		}
		return err
	})
	data, err := os.ReadFile(victim)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 0xff
	os.Chmod(victim, 0o644)
	if err := os.WriteFile(victim, data, 0o644); err != nil {
		t.Fatal(err)
	}
	rel, _ := filepath.Rel(w.path, victim)
	id, err := ostree.ParseArchivePath(filepath.ToSlash(rel))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.push()
	if c, ok := errors.AsType[*ostree.CorruptError](err); !ok || c.ID != id || fail.ClassOf(err) != fail.Verification || fail.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	w.visible("")
	if w.hub.Objects()[id.ArchivePath()] != nil {
		t.Error("the corrupt object was stored")
	}
}

func TestMissingLocalObjectIsNamed(t *testing.T) {
	w := newWorld(t)
	var victim string
	filepath.WalkDir(filepath.Join(w.path, "objects"), func(path string, d os.DirEntry, err error) error {
		if victim == "" && strings.HasSuffix(path, ".filez") && err == nil {
			victim = path
		}
		return err
	})
	if err := os.Remove(victim); err != nil {
		t.Fatal(err)
	}
	_, err := w.push()
	if m, ok := errors.AsType[*ostree.MissingError](err); !ok || !strings.HasSuffix(victim, m.ID.ArchivePath()) {
		t.Errorf("%v", err)
	}
	w.visible("")
}

func TestRefMovedMeanwhileIsNotOverwritten(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	w.commit("2", 12)
	other := w.first // any complete commit will do, so let it come back
	w.hub.SetRef("main", "")
	rep, err := w.push(func(o *Options) {
		o.Remote = movesRef{o.Remote, func() { w.hub.SetRef("main", other) }}
	})
	if !errors.Is(err, ostree.ErrRefMoved) || fail.ClassOf(err) != fail.Conflict || rep.Items[0].RefMoved || w.hub.Ref("main") != other {
		t.Errorf("%v, ref %s", err, w.hub.Ref("main"))
	}
}

// movesRef lets somebody else publish just before our ref moves.
type movesRef struct {
	Remote
	before func()
}

func (m movesRef) SetRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) error {
	m.before()
	return m.Remote.SetRef(ctx, name, c, want)
}

func TestDryRunChangesNothingAndTellsTheTruth(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	second := w.commit("2", 12)
	w.hub.Reset()
	dry := w.mustPush(func(o *Options) { o.DryRun = true })
	if w.hub.Count("POST objects")+w.hub.Count("POST refs") != 0 || w.hub.Ref("main") != w.first {
		t.Error("a dry run changed the remote")
	}
	wet := w.mustPush()
	w.visible(second)
	if dry.New != wet.New || dry.Bytes != wet.Bytes || !dry.Items[0].RefMoved || dry.Present != wet.Present {
		t.Errorf("dry %+v\nwet %+v", dry, wet)
	}
}

// What the server lost below a commit that a ref names is sent again: with
// FullCheck always, and without it where the server notices.
func TestWhatTheServerLostIsMended(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	lost := someFiles(w, 3)
	w.hub.Lose(lost...)
	if rep := w.mustPush(func(o *Options) { o.FullCheck = true }); rep.New != 3 || !w.hub.Complete(w.first) {
		t.Errorf("full check: %+v", rep)
	}
	w.hub.Lose(lost...)
	second := w.commit("2", 12)
	w.mustPush()
	if !w.hub.Complete(second) || w.hub.Ref("main") != second {
		t.Error("holes after the server said so")
	}
}

// someFiles are n objects of files that no version changes.
func someFiles(w *world, n int) []string {
	w.t.Helper()
	var out []string
	for _, line := range strings.Split(testkit.OSTree(w.t, "--repo="+w.path, "ls", "-C", "main", "/usr/share/d19"), "\n") {
		for _, f := range strings.Fields(line) {
			if c, err := ostree.ParseChecksum(f); err == nil && strings.HasPrefix(line, "-") && len(out) < n {
				out = append(out, ostree.ObjectID{Sum: c, Type: ostree.TypeFile}.ArchivePath())
			}
		}
	}
	if len(out) != n {
		w.t.Fatalf("found %d files", len(out))
	}
	return out
}

// A bucket's rules, or a hand, may take away what a ref names.
func TestRefWhoseCommitIsGoneProvesNothing(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), "site")
	to := w.toFolder(dir)
	w.mustPush(to)
	if err := os.RemoveAll(filepath.Join(dir, "objects")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "objects"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.commit("2", 12)
	w.mustPush(to)
	opt := w.options()
	to(&opt)
	rep, err := Check(t.Context(), CheckOptions{Remote: opt.Remote, Rev: "main", All: true})
	if err != nil || !rep.Complete() {
		t.Errorf("%v, %d of %d objects are missing", err, len(rep.Missing), rep.Objects)
	}
}

func TestCommitByChecksumMovesNoRef(t *testing.T) {
	w := newWorld(t)
	rep := w.mustPush(func(o *Options) { o.Items[0].Rev = w.first })
	if w.hub.Count("POST refs") != 0 || rep.Items[0].Ref != "" || !w.hub.Complete(w.first) {
		t.Errorf("%+v", rep)
	}
}

// A remote that has the parent, but under no ref we know of, still gets only
// the difference.
func TestAncestorOnTheRemoteIsFound(t *testing.T) {
	w := newWorld(t)
	w.mustPush(func(o *Options) { o.Items[0].Rev = w.first })
	second := w.commit("2", 12)
	w.hub.Reset()
	rep := w.mustPush()
	w.visible(second)
	if w.hub.Requests() > rep.New+40 {
		t.Errorf("%d requests for %d new objects", w.hub.Requests(), rep.New)
	}
}

func TestWhatIsAskedForMustBeThere(t *testing.T) {
	w := newWorld(t)
	for _, rev := range []string{"nosuch", strings.Repeat("0a", 32), "remote:main"} {
		if _, err := w.push(func(o *Options) { o.Items[0].Rev = rev }); fail.ClassOf(err) != fail.NotFound {
			t.Errorf("%s: %v", rev, err)
		}
	}
	if w.hub.Requests() != 0 {
		t.Errorf("%d requests", w.hub.Requests())
	}
}

func TestDefaultRefIsTheOnlyOneOrTheHardwares(t *testing.T) {
	w := newWorld(t)
	if ref, err := DefaultRef(t.Context(), w.repo, nil); err != nil || ref != "main" {
		t.Errorf("%q, %v", ref, err)
	}
	testkit.OSTree(t, "--repo="+w.path, "refs", "--create=qemu", "main")
	w.repo = w.open()
	if ref, err := DefaultRef(t.Context(), w.repo, []string{"x", "qemu"}); err != nil || ref != "qemu" {
		t.Errorf("%q, %v", ref, err)
	}
	if _, err := DefaultRef(t.Context(), w.repo, []string{"x"}); fail.ClassOf(err) != fail.Usage || !strings.Contains(fail.HintOf(err), "main, qemu") {
		t.Errorf("%v", err)
	}
}

// known answers Has from a set and counts questions.
type known struct {
	Remote
	have  func(ostree.ObjectID) bool
	asked atomic.Int32
}

func (k *known) Has(_ context.Context, ids []ostree.ObjectID) ([]bool, error) {
	k.asked.Add(int32(len(ids)))
	out := make([]bool, len(ids))
	for i, id := range ids {
		out[i] = k.have(id)
	}
	return out, nil
}

func TestGuessingAsksLittleWhereAllIsNewAndAllWhereMuchIsThere(t *testing.T) {
	batch := make([]ostree.ObjectID, 256)
	for i := range batch {
		batch[i] = ostree.ObjectID{Sum: ostree.Checksum{byte(i)}, Type: ostree.TypeFile}
	}
	none := &known{have: func(ostree.ObjectID) bool { return false }}
	g := newGuessing(none, false)
	for range 20 {
		if _, err := g.Has(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if n := none.asked.Load(); n != firstSample+19*256/laterSample {
		t.Errorf("all new: %d of %d asked", n, 20*256)
	}
	half := &known{have: func(id ostree.ObjectID) bool { return id.Sum[0]%2 == 1 }}
	g = newGuessing(half, false)
	got, err := g.Has(t.Context(), batch)
	if err != nil || half.asked.Load() > 256 {
		t.Fatalf("%d asked, %v", half.asked.Load(), err)
	}
	present := 0
	for i, ok := range got {
		if ok && !half.have(batch[i]) {
			t.Fatal("said to be there and is not")
		}
		if ok {
			present++
		}
	}
	if half.asked.Load() == 256 && present != 128 {
		t.Errorf("%d found", present)
	}
}

func TestManyAtOnceAskNoMoreThanOneAfterTheOther(t *testing.T) {
	none := &known{have: func(ostree.ObjectID) bool { return false }}
	g := newGuessing(none, false)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			few := []ostree.ObjectID{{Sum: ostree.Checksum{byte(i)}}, {Sum: ostree.Checksum{byte(i), 1}}, {Sum: ostree.Checksum{byte(i), 2}}}
			if _, err := g.Has(t.Context(), few); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := none.asked.Load(); n < firstSample || n > firstSample+2+300/laterSample {
		t.Errorf("%d of 300 asked", n)
	}
}

func TestSpreadAndRestCoverAll(t *testing.T) {
	for size := range 40 {
		for n := range size + 1 {
			all := append(spread(size, n), rest(size, n)...)
			slices.Sort(all)
			if len(slices.Compact(all)) != size {
				t.Fatalf("size %d, n %d: %v", size, n, all)
			}
		}
	}
}

// An incremental push that was cut short is where hardly anything should be
// there, and much is.
func TestKilledIncrementalPushGoesOnWithoutSendingAgain(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	second := w.commit("2", 300)
	w.hub.Reset()
	const until = 200
	ctx, cancel := context.WithCancel(t.Context())
	w.hub.Fault = func(int, http.ResponseWriter, *http.Request) bool {
		if w.hub.Count("POST objects") >= until {
			cancel()
		}
		return false
	}
	if _, err := Run(ctx, w.options()); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	w.visible(w.first)
	w.hub.Behave()
	w.hub.Reset()
	rep := w.mustPush()
	w.visible(second)
	if again := w.hub.Count("POST objects") - rep.New; again > 2*treehub.DefaultJobs {
		t.Errorf("%d objects were sent in vain, %d were missing", again, rep.New)
	}
}

// Signatures may be newer than the commit and the push of it.
func TestNewSignatureOfACommitThatIsThereIsSent(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	sum, err := ostree.ParseChecksum(w.first)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.repo.WriteDetached(t.Context(), sum, variant.Dict(variant.Entry{Key: "k", Value: variant.Text("v")})); err != nil {
		t.Fatal(err)
	}
	w.hub.Reset()
	rep := w.mustPush()
	id := ostree.ObjectID{Sum: sum, Type: ostree.TypeCommitMeta}
	if len(w.hub.Objects()[id.ArchivePath()]) == 0 || w.hub.Requests() > 4 || rep.New != 1 {
		t.Errorf("%d requests, %+v", w.hub.Requests(), rep)
	}
}

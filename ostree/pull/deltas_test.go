package pull

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/variant"
)

// deltas is a remote with two commits, of which the repo has the first, and a
// delta between them.
type deltas struct {
	*world
	one, two ostree.Checksum
}

func newDeltas(t *testing.T, args ...string) *deltas {
	t.Helper()
	w := newWorld(t)
	d := &deltas{world: w}
	d.one = w.commit("main")
	w.mustPull(Options{})
	d.two = w.commit("main")
	d.generate(append([]string{"--from=" + d.one.String(), "--to=" + d.two.String()}, args...)...)
	w.remote.requests()
	return d
}

func (d *deltas) generate(args ...string) {
	d.t.Helper()
	testkit.OSTree(d.t, append([]string{"--repo=" + d.served, "static-delta", "generate"}, args...)...)
}

// objects are the requests for objects but detached metadata.
func (d *deltas) objects() int {
	n := 0
	for _, path := range d.remote.requests() {
		if strings.HasPrefix(path, "objects/") && !strings.HasSuffix(path, ".commitmeta") {
			n++
		}
	}
	return n
}

func (d *deltas) path() string {
	return filepath.Join(d.served, delta.Name{From: d.one, To: d.two}.Dir())
}

func TestADeltaTakesThePlaceOfObjects(t *testing.T) {
	for _, summary := range []bool{false, true} {
		d := newDeltas(t)
		if summary {
			d.summary()
		}
		r := d.mustPull(Options{})
		if n := d.objects(); n != 0 || r.Delta.Deltas != 1 || r.Delta.Parts != 1 {
			t.Errorf("summary %v: %d objects came by themselves, %+v", summary, n, r)
		}
		d.isWhole(d.two)
		if d.at("origin:main") != d.two {
			t.Error("the ref did not move")
		}
	}
}

func TestADeltaIsTriedOnlyWhereItHelps(t *testing.T) {
	d := newDeltas(t)
	if r := d.mustPull(Options{Deltas: NoDeltas}); r.Delta.Deltas != 0 || d.objects() == 0 {
		t.Errorf("%+v", r)
	}
	d.repo = repoOf(t, ostree.ModeArchive)
	if r := d.mustPull(Options{}); r.Delta.Deltas != 0 {
		t.Errorf("into an archive: %+v", r)
	}
	if _, err := d.pull(Options{Deltas: OnlyDeltas}); fail.ClassOf(err) != fail.Usage {
		t.Errorf("into an archive, required: %v", err)
	}
	d.repo = repoOf(t, ostree.ModeBareUser)
	if _, err := d.pull(Options{Deltas: OnlyDeltas}); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("required, and none starts from nothing: %v", err)
	}
	d.untouched("required, and there is none")
	d.generate("--empty", "--to="+d.two.String(), "--min-fallback-size=0")
	d.remote.requests()
	if r := d.mustPull(Options{}); r.Delta.Deltas != 1 || d.objects() > 0 {
		t.Errorf("from scratch: %+v", r)
	}
	d.isWhole(d.two)
	if r := d.mustPull(Options{Deltas: OnlyDeltas}); r.Delta.Deltas != 0 {
		t.Errorf("required, and all is there: %+v", r)
	}
}

func TestADryRunSaysWhatADeltaWouldBring(t *testing.T) {
	d := newDeltas(t)
	r := d.mustPull(Options{Deltas: OnlyDeltas, DryRun: true})
	if r.Delta.Deltas != 1 || r.Delta.Parts != 1 || r.Delta.Bytes == 0 || d.at("origin:main") != d.one {
		t.Errorf("%+v", r)
	}
	if there, err := d.repo.Has(t.Context(), []ostree.ObjectID{{Sum: d.two, Type: ostree.TypeCommit}}); err != nil || there[0] {
		t.Error("the commit is there")
	}
}

func TestACommitOfADeltaIsJudgedLikeAnyOther(t *testing.T) {
	d := newDeltas(t)
	refused := errors.New("no signature")
	_, err := d.pull(Options{CheckCommit: func(c ostree.Checksum, _, _ []byte) error {
		if c != d.two {
			t.Errorf("judged is %s", c)
		}
		return refused
	}})
	if !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	if there, err := d.repo.Has(t.Context(), []ostree.ObjectID{{Sum: d.two, Type: ostree.TypeCommit}}); err != nil || there[0] || d.repo.IsPartial(d.two) {
		t.Error("something of it was written")
	}
	testkit.OSTree(t, "--repo="+d.served, "refs", "--create=other", d.two.String())
	if _, err := d.pull(Options{Refs: []Ref{{Name: "other"}}}); !errors.Is(err, ostree.ErrNotBound) {
		t.Errorf("%v", err)
	}
}

func TestAFileThatIsNotWantedIsRefusedAlsoInADelta(t *testing.T) {
	d := &deltas{world: newWorld(t)}
	d.one = d.commit("main")
	d.mustPull(Options{})
	setuid := filepath.Join(t.TempDir(), "setuid")
	if err := os.WriteFile(setuid, []byte("+2048 /d0/f\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.two = d.commit("main", "--statoverride="+setuid)
	d.generate("--from="+d.one.String(), "--to="+d.two.String())
	for _, how := range []Deltas{DeltasIfCheaper, OnlyDeltas, NoDeltas} {
		_, err := d.pull(Options{Deltas: how, CheckFile: ostree.CheckUserOnly})
		bad, ok := errors.AsType[*ostree.CorruptError](err)
		if _, blamed := errors.AsType[*delta.BadError](err); !ok || blamed || bad.ID != lookup(t, d, "/d0/f") {
			t.Errorf("%v: %v", how, err)
		}
		if there, err := d.repo.Has(t.Context(), []ostree.ObjectID{lookup(t, d, "/d0/f")}); err != nil || there[0] {
			t.Errorf("%v: it is there, %v", how, err)
		}
	}
	d.mustPull(Options{Deltas: OnlyDeltas})
	d.isWhole(d.two)
}

// Whatever is wrong with a delta, what it would have brought is not there, or
// is right.
func TestADeltaThatLiesIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(d *deltas){
		"superblock that the summary does not know": func(d *deltas) {
			d.generate("--empty", "--to="+d.two.String())
			scratch := filepath.Join(d.served, delta.Name{To: d.two}.Superblock())
			data, err := os.ReadFile(scratch)
			if err == nil {
				err = os.WriteFile(d.path()+"/superblock", data, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		"superblock cut short": func(d *deltas) { truncate(t, d.path()+"/superblock") },
		"part cut short":       func(d *deltas) { truncate(t, d.path()+"/0") },
		"part missing": func(d *deltas) {
			if err := os.Remove(d.path() + "/0"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDeltas(t)
			d.summary()
			spoil(d)
			if _, err := d.pull(Options{}); err == nil {
				t.Error("it was taken")
			}
			if whole, err := d.repo.IsComplete(d.two); whole || err != nil || d.at("origin:main") != d.one {
				t.Errorf("the commit is complete: %v (%v)", whole, err)
			}
			d.mustPull(Options{Deltas: NoDeltas})
			d.isWhole(d.two)
		})
	}
}

func truncate(t *testing.T, path string) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, st.Size()-1); err != nil {
		t.Fatal(err)
	}
}

func TestWhatADeltaLeavesOutIsFetched(t *testing.T) {
	d := newDeltas(t)
	if err := os.RemoveAll(d.served + "/deltas"); err != nil {
		t.Fatal(err)
	}
	d.generate("--from="+d.one.String(), "--to="+d.two.String(), "--min-fallback-size=0", "--disable-bsdiff")
	lost := lookup(t, d, "/d0/f") // of the new commit
	d.mustPull(Options{Deltas: OnlyDeltas})
	d.isWhole(d.two)
	// A repo that lacks what the delta takes for granted.
	other := newDeltas(t)
	gone := lookup(t, other, "/d3/f")
	if err := other.repo.DeleteObject(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	other.mustPull(Options{Deltas: OnlyDeltas})
	other.isWhole(other.two)
	if lost == gone {
		t.Error("the two trees have only one file")
	}
}

func lookup(t *testing.T, d *deltas, path string) ostree.ObjectID {
	t.Helper()
	e, err := ostree.Lookup(t.Context(), d.remote.Local.Repo, d.two, path)
	if err != nil {
		t.Fatal(err)
	}
	return ostree.ObjectID{Sum: e.Sum, Type: ostree.TypeFile}
}

func TestObjectsAreTakenWhereMostOfThemAreThere(t *testing.T) {
	d := newDeltas(t)
	d.mustPull(Options{Deltas: NoDeltas})
	if err := d.repo.DeleteRef(t.Context(), "origin:main", nil); err != nil {
		t.Fatal(err)
	}
	gone := lookup(t, d, "/d0/f")
	if err := errors.Join(d.repo.MarkPartial(d.two, ostree.PartialPull), d.repo.DeleteObject(t.Context(), gone)); err != nil {
		t.Fatal(err)
	}
	d.remote.requests()
	d.generate("--empty", "--to="+d.two.String(), "--min-fallback-size=0")
	if r := d.mustPull(Options{}); r.Delta.Deltas != 0 || d.objects() != 1 {
		t.Errorf("%+v", r)
	}
	d.isWhole(d.two)
}

// The list may be older than the removal of a delta.
func TestADeltaThatIsListedAndGoneIsAsIfThereWereNone(t *testing.T) {
	d := newDeltas(t)
	d.summary()
	testkit.OSTree(t, "--repo="+d.served, "static-delta", "delete", d.one.String()+"-"+d.two.String())
	if _, err := d.pull(Options{Deltas: OnlyDeltas}); fail.ClassOf(err) != fail.NotFound || d.at("origin:main") != d.one {
		t.Errorf("required: %v", err)
	}
	if r := d.mustPull(Options{}); r.Delta.Deltas != 0 || d.at("origin:main") != d.two {
		t.Errorf("%+v", r)
	}
	d.isWhole(d.two)
}

func TestDetachedMetadataOfADeltaThatNobodyJudgedIsNotWritten(t *testing.T) {
	d := newDeltas(t)
	served := d.remote.Local.Repo
	write := func(text string) []byte {
		v := variant.Dict(variant.Entry{Key: "of", Value: variant.Text(text)})
		if err := served.WriteDetached(t.Context(), d.two, v); err != nil {
			t.Fatal(err)
		}
		return v.Data()
	}
	write("the delta")
	d.generate("--from="+d.one.String(), "--to="+d.two.String())
	judged := write("the remote")
	// What a pull that breaks off between the delta and the copy leaves.
	lost := lookup(t, d, "/d3/f")
	path := filepath.Join(d.served, lost.ArchivePath())
	if err := errors.Join(d.repo.DeleteObject(t.Context(), lost), os.Rename(path, path+".away")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.pull(Options{Deltas: OnlyDeltas}); err == nil {
		t.Fatal("the pull did not break off")
	}
	here := func() []byte {
		v, err := ostree.ReadDetached(t.Context(), d.repo, d.two)
		if err != nil {
			t.Fatal(err)
		}
		return v.Data()
	}
	if there, err := d.repo.Has(t.Context(), []ostree.ObjectID{{Sum: d.two, Type: ostree.TypeCommit}}); err != nil || !there[0] || len(here()) != 0 {
		t.Errorf("the commit is there: %v (%v), with %q", there[0], err, here())
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	d.mustPull(Options{Deltas: OnlyDeltas})
	if !bytes.Equal(here(), judged) {
		t.Errorf("the commit has %q", here())
	}
}

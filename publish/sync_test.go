package publish

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// twin is a world that was published, and a second, empty treehub.
func twin(t *testing.T) (w *world, to *treehubtest.Server, sync func(...func(*SyncOptions)) (SyncReport, error)) {
	w = newWorld(t)
	w.mustPush()
	to = treehubtest.New(t)
	to.Strict = true
	open := func(url string) *treehub.Store {
		st, err := treehub.New(treehub.Options{BaseURL: url, Retry: quick})
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	return w, to, func(change ...func(*SyncOptions)) (SyncReport, error) {
		opt := SyncOptions{From: open(w.hub.URL), To: open(to.URL), Revs: []string{"main"}}
		for _, f := range change {
			f(&opt)
		}
		return Sync(t.Context(), opt)
	}
}

func TestSyncBringsAllInOrderAndNothingTwice(t *testing.T) {
	w, to, sync := twin(t)
	rep, err := sync()
	if err != nil || to.Ref("main") != w.first || !to.Complete(w.first) || len(to.Violations()) > 0 || rep.New != len(to.Objects()) {
		t.Fatalf("%v, %+v", err, rep)
	}
	to.Reset()
	if rep, err = sync(); err != nil || rep.New != 0 || to.Count("POST objects") != 0 || rep.Items[0].RefMoved {
		t.Errorf("again: %v, %+v, %d objects sent", err, rep, to.Count("POST objects"))
	}
	second := w.commit("2", 12)
	w.mustPush()
	before := len(to.Objects())
	if rep, err = sync(); err != nil || to.Ref("main") != second || rep.New != len(to.Objects())-before || rep.New > 60 {
		t.Errorf("the difference: %v, %+v", err, rep)
	}
}

func TestSyncEndedAtEachPointGoesOn(t *testing.T) {
	w, to, sync := twin(t)
	s := newShelf()
	targets := map[string]tuf.Target{"qemu-1": {Hashes: map[string]string{"sha256": w.first}}}
	with := func(o *SyncOptions) { o.Targets, o.Backend = targets, s }
	for _, point := range []string{"copy.put", "copy.commit", "copy.close", "sync.ref", "sync.target"} {
		power := errors.New("the power is gone")
		_, err := sync(with, func(o *SyncOptions) { o.Faults = failsAt{point, power} })
		if !errors.Is(err, power) {
			t.Errorf("%s: %v", point, err)
		}
		if ref := to.Ref("main"); ref != "" && !to.Complete(ref) || len(s.targets) > 0 {
			t.Errorf("%s: main is %q, %d targets", point, ref, len(s.targets))
		}
	}
	if rep, err := sync(with); err != nil || !slices.Equal(rep.Added, []string{"qemu-1"}) || len(s.targets) != 1 || !to.Complete(w.first) {
		t.Errorf("%v, %+v", err, rep)
	}
	if rep, err := sync(with); err != nil || !slices.Equal(rep.Kept, []string{"qemu-1"}) || len(rep.Added) > 0 {
		t.Errorf("again: %v, %+v", err, rep)
	}
}

type failsAt struct {
	point string
	err   error
}

func (f failsAt) At(point string) error {
	if point == f.point {
		return f.err
	}
	return nil
}

func TestSyncRefusesATargetThatNamesSomethingElseThere(t *testing.T) {
	w, to, sync := twin(t)
	s := newShelf()
	s.add("qemu", "1", strings.Repeat("0a", 32), []string{"qemu"}, nil)
	_, err := sync(func(o *SyncOptions) {
		o.Backend = s
		o.Targets = map[string]tuf.Target{"qemu-1": {Hashes: map[string]string{"sha256": w.first}}}
	})
	if fail.ClassOf(err) != fail.Conflict || fail.HintOf(err) == "" || len(to.Objects()) != 0 {
		t.Errorf("%v, %d objects", err, len(to.Objects()))
	}
}

func TestSyncNamesWhatTheSourceLacks(t *testing.T) {
	w, to, sync := twin(t)
	lost := someFiles(w, 1)[0]
	w.hub.Lose(lost)
	_, err := sync()
	if m, ok := errors.AsType[*ostree.MissingError](err); !ok || m.ID.ArchivePath() != lost || fail.ClassOf(err) != fail.Verification || to.Ref("main") != "" {
		t.Errorf("%v", err)
	}
}

func TestSyncTakesEachRefOnce(t *testing.T) {
	_, to, sync := twin(t)
	_, err := sync(func(o *SyncOptions) { o.Revs = []string{"main", "main"} })
	if fail.ClassOf(err) != fail.Usage || len(to.Objects()) != 0 {
		t.Errorf("%v, %d objects sent", err, len(to.Objects()))
	}
}

func TestSyncNamesWhatWentBadInTheSource(t *testing.T) {
	w, to, sync := twin(t)
	bad := someFiles(w, 1)[0]
	w.hub.Spoil(bad)
	_, err := sync()
	if c, ok := errors.AsType[*ostree.CorruptError](err); !ok || c.ID.ArchivePath() != bad || fail.ClassOf(err) != fail.Verification || fail.HintOf(err) == "" || to.Ref("main") != "" {
		t.Errorf("%v", err)
	}
}

func TestCheckFindsWhatWasLostOrWentBad(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	check := func(change ...func(*CheckOptions)) CheckReport {
		t.Helper()
		opt := CheckOptions{Remote: w.options().Remote.(*treehub.Store), Repo: w.repo, Rev: "main", All: true}
		for _, f := range change {
			f(&opt)
		}
		rep, err := Check(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	alone := func(o *CheckOptions) { o.Repo = nil }
	hashed := func(o *CheckOptions) { o.Verify = true }
	here, there := check(), check(alone, hashed)
	if !here.Complete() || !there.Complete() || here.Objects != there.Objects || there.Looked != there.Objects || there.Bytes == 0 {
		t.Errorf("%+v\n%+v", here, there)
	}
	if few := check(func(o *CheckOptions) { o.All, o.Sample = false, 7 }); few.Looked != 7 || !few.Complete() {
		t.Errorf("%+v", few)
	}
	victim := someFiles(w, 2)
	w.hub.Spoil(victim[0])
	w.hub.Lose(victim[1])
	for _, rep := range []CheckReport{check(hashed), check(alone, hashed)} {
		if len(rep.Corrupt) != 1 || rep.Corrupt[0].ID.ArchivePath() != victim[0] || len(rep.Missing) != 1 || rep.Missing[0].ArchivePath() != victim[1] {
			t.Errorf("%+v", rep)
		}
		if err := rep.Explain(); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), rep.Corrupt[0].ID.String()) {
			t.Errorf("%v", err)
		}
	}
	if rep := check(); len(rep.Missing) != 1 || len(rep.Corrupt) != 0 {
		t.Errorf("without hashing: %+v", rep)
	}
	w.hub.SetRef("main", strings.Repeat("0a", 32))
	if rep := check(); rep.Complete() || rep.There.String() != strings.Repeat("0a", 32) {
		t.Errorf("another ref: %+v", rep)
	}
}

func TestCheckOfACommitWithATreeThatIsGoneNamesIt(t *testing.T) {
	w := newWorld(t)
	w.mustPush()
	for path := range w.hub.Objects() {
		if strings.HasSuffix(path, ".dirtree") {
			w.hub.Lose(path)
			break
		}
	}
	rep, err := Check(t.Context(), CheckOptions{Remote: w.options().Remote.(*treehub.Store), Rev: w.first})
	if err != nil || len(rep.Missing) != 1 || rep.Complete() {
		t.Errorf("%v, %+v", err, rep)
	}
}

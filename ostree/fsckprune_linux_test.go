package ostree

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/progress"
)

// atStep is a sink that does something when so many objects were looked at.
type atStep struct {
	progress.Counter
	step map[int64]func()
}

func (s *atStep) Start(string, progress.Unit, int64) progress.Task { return s }

func (s *atStep) Add(n int64) {
	s.Counter.Add(n)
	done, _ := s.Value()
	if do := s.step[done]; do != nil {
		delete(s.step, done)
		do()
	}
}

// pruneBeside prunes what no ref names, as another process does.
func pruneBeside(t *testing.T, r *Repo) func() {
	other := openRepo(t, r.Path())
	return func() {
		if _, err := Prune(t.Context(), other, PruneOptions{RefsOnly: true, Limit: true}); err != nil {
			t.Error(err)
		}
	}
}

// walked is how many objects fsck looks at, and how many of them are no files.
func walked(t *testing.T, r *Repo) (all, besides int64) {
	t.Helper()
	for _, id := range objects(t, r) {
		if all++; !strings.HasSuffix(id, ".file") {
			besides++
		}
	}
	return all, besides
}

// TestAPruneBesideFsckIsNoDamage, whenever it comes.
func TestAPruneBesideFsckIsNoDamage(t *testing.T) {
	from, _ := years(t)
	all, _ := walked(t, from)
	for at := int64(1); at <= all; at++ {
		for _, opt := range []FsckOptions{{}, {KeepOn: true, Mark: true}} {
			r := copyRepo(t, from)
			opt.Jobs, opt.Progress = 1, &atStep{step: map[int64]func(){at: pruneBeside(t, r)}}
			report, err := Fsck(t.Context(), r, opt)
			if err != nil || len(report.Problems)+len(report.Marked)+len(report.Deleted) > 0 {
				t.Errorf("at %d of %d: %v, %v, %+v", at, all, report.Problems, err, report)
			}
		}
	}
}

// TestFsckBesideAPruneFindsWhatIsDamaged: that something is gone which nobody
// misses does not end the search.
func TestFsckBesideAPruneFindsWhatIsDamaged(t *testing.T) {
	from, commits := years(t)
	all, _ := walked(t, from)
	id := fileOf(t, from, commits["a"][3])
	for name, spoil := range map[string]func(path string) error{
		"missing": os.Remove,
		"corrupt": func(path string) error { return os.WriteFile(path, []byte("whoops, not what it was"), 0o644) },
	} {
		for at := int64(1); at <= all; at++ {
			r := copyRepo(t, from)
			if err := spoil(r.objectPath(id)); err != nil {
				t.Fatal(err)
			}
			report, err := Fsck(t.Context(), r, FsckOptions{Jobs: 1, Progress: &atStep{step: map[int64]func(){at: pruneBeside(t, r)}}})
			if err != nil || len(report.Problems) != 1 {
				t.Fatalf("%s, at %d of %d: %v, %v", name, at, all, report.Problems, err)
			}
			if p, ok := errors.AsType[*FsckProblem](report.Problems[0]); !ok || p.ID != id || !slices.Equal(p.Commits, commits["a"][3:]) {
				t.Errorf("%s, at %d of %d: %v", name, at, all, report.Problems[0])
			}
		}
	}
}

// TestFsckGoesOnWhenWhatItStoppedAtIsPruned: what comes after it was not looked at.
func TestFsckGoesOnWhenWhatItStoppedAtIsPruned(t *testing.T) {
	from, commits := years(t)
	for _, lost := range []Checksum{commits["a"][3], commits["b"][3]} {
		r := copyRepo(t, from)
		corrupt, missing := fileOf(t, from, commits["a"][0]), fileOf(t, from, lost)
		err := errors.Join(os.WriteFile(r.objectPath(corrupt), []byte("whoops, not what it was"), 0o644), os.Remove(r.objectPath(missing)))
		if err != nil {
			t.Fatal(err)
		}
		f := &fsck{repo: r}
		whole, err := f.commits(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w := newFsckWalk(f, whole, nil)
		if err := w.run(t.Context()); !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		pruneBeside(t, r)()
		if err := f.walkOn(t.Context(), w, whole); err != nil || len(f.report.Problems) != 1 {
			t.Fatalf("%v, %v", f.report.Problems, err)
		}
		if p, ok := errors.AsType[*FsckProblem](f.report.Problems[0]); !ok || p.ID != missing {
			t.Errorf("%v", f.report.Problems[0])
		}
	}
}

// fileOf is the one file of a commit of years.
func fileOf(t *testing.T, r *Repo, c Checksum) (file ObjectID) {
	t.Helper()
	err := Closure(t.Context(), r, c, func(id ObjectID) error {
		if id.Type == TypeFile {
			file = id
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFsckSeesACommitOfWhichAKilledPruneLeftARest: that of the original removes
// in no order.
func TestFsckSeesACommitOfWhichAKilledPruneLeftARest(t *testing.T) {
	from, commits := years(t)
	all, besides := walked(t, from)
	old, err := LoadCommit(t.Context(), from, commits["a"][0])
	if err != nil {
		t.Fatal(err)
	}
	remove := func(r *Repo, id ObjectID) func() {
		return func() {
			if err := os.Remove(r.objectPath(id)); err != nil {
				t.Error(err)
			}
		}
	}
	for _, mark := range []bool{false, true} {
		r := copyRepo(t, from)
		report, err := Fsck(t.Context(), r, FsckOptions{Jobs: 1, KeepOn: true, Mark: mark, Progress: &atStep{step: map[int64]func(){
			besides: remove(r, fileOf(t, from, commits["a"][0])), all: remove(r, ObjectID{old.Tree, TypeDirTree}),
		}}})
		if err != nil || len(report.Problems) != 1 {
			t.Fatalf("%v, %v", report.Problems, err)
		}
		p, ok := errors.AsType[*FsckProblem](report.Problems[0])
		if !ok || p.ID != (ObjectID{old.Tree, TypeDirTree}) || len(p.Commits) != 1 || p.Commits[0] != commits["a"][0] {
			t.Errorf("%v", report.Problems[0])
		}
		if mark != r.IsPartial(commits["a"][0]) {
			t.Errorf("marked: %v", !mark)
		}
	}
}

// TestARefThatMovesOnWhileFsckLooksIsNotLost, though a prune has taken what it
// named before.
func TestARefThatMovesOnWhileFsckLooksIsNotLost(t *testing.T) {
	r, commits := years(t)
	pruneBeside(t, r)()
	unbound := func(*Commit) error { return nil }
	for name, c := range map[string]struct {
		now  func() (Checksum, error)
		lost int
	}{
		"it moved on":    {func() (Checksum, error) { return commits["a"][3], nil }, 0},
		"it is gone":     {func() (Checksum, error) { return Checksum{}, ErrRefNotFound }, 0},
		"it is dangling": {func() (Checksum, error) { return commits["a"][0], nil }, 1},
	} {
		f := &fsck{repo: r, opt: FsckOptions{KeepOn: true}}
		if err := f.ref(t.Context(), "a", commits["a"][0], c.now, unbound); err != nil || len(f.report.Problems) != c.lost {
			t.Errorf("%s: %v, %v", name, f.report.Problems, err)
		}
	}
}

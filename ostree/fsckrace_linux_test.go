package ostree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
)

// TestWhatComesByWhileFsckWaitsIsNotLeftWithAHole: it may be a pull of what is
// corrupt, or a commit that shares it.
func TestWhatComesByWhileFsckWaitsIsNotLeftWithAHole(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, other, src *Repo, commits []Checksum) error{
		"pull again": func(t *testing.T, other, src *Repo, commits []Checksum) error {
			if err := other.MarkPartial(commits[1], PartialPull); err != nil {
				return err
			}
			_, err := Copy(t.Context(), other, src, commits[1], CopyOptions{})
			return err
		},
		"new commit": func(t *testing.T, other, src *Repo, commits []Checksum) error {
			tip, err := LoadCommit(t.Context(), other, commits[1])
			if err != nil {
				return err
			}
			_, _, err = WriteCommit(t.Context(), other, tip.Tree, tip.Meta, CommitOptions{Time: time.Unix(1, 0)})
			return err
		},
	} {
		src, commits := theirRepo(t, ModeArchive)
		r := copyRepo(t, src)
		id := victim(t, r, commits, TypeFile)
		if err := os.WriteFile(r.objectPath(id), []byte("whoops, not what it was"), 0o644); err != nil {
			t.Fatal(err)
		}
		other := openRepo(t, r.Path())
		release, err := other.Hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := &fsck{repo: r, opt: FsckOptions{Delete: true, KeepOn: true, Mark: true}}
		whole, err := f.commits(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w := newFsckWalk(f, whole, nil)
		if err := w.run(t.Context()); err != nil || len(f.bad) != 1 {
			t.Fatalf("%s: %v, %v", name, f.bad, err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := f.mend(t.Context(), w, whole)
			done <- err
		}()
		if err := meanwhile(t, other, src, commits); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		release()
		if err := <-done; err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		soundOrMarked(t, name, openRepo(t, r.Path()))
	}
}

// soundOrMarked demands of each commit that it is marked as partial or has all.
func soundOrMarked(t *testing.T, name string, r *Repo) {
	t.Helper()
	report, err := Fsck(t.Context(), r, FsckOptions{KeepOn: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		if _, ok := p.(*FsckProblem); ok {
			t.Errorf("%s: a commit counts as whole, and: %v", name, p)
		}
	}
}

// atUnmark is what happens just before a commit is no longer marked as partial.
type atUnmark func() error

func (do atUnmark) At(point string) error {
	if point != "repo.unmark" {
		return nil
	}
	return do()
}

// TestFsckWaitsUntilACommitIsNoLongerMarked: what a copy believed to be there
// still is then.
func TestFsckWaitsUntilACommitIsNoLongerMarked(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	r := newRepo(t, ModeArchive)
	asked := false
	r.SetFaults(atUnmark(func() error {
		asked = true
		f, err := os.OpenFile(filepath.Join(r.Path(), ".lock"), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := lockExclusive(f); !errors.Is(err, errLocked) {
			return fmt.Errorf("nobody holds the lock: %v", err)
		}
		return nil
	}))
	if _, err := Copy(t.Context(), r, src, commits[1], CopyOptions{}); err != nil || !asked {
		t.Errorf("asked %v, %v", asked, err)
	}
}

// TestFsckAndPruneTakeNoDepthForDamage: libostree commits, checks out and prunes
// trees that are deeper than we check out.
func TestFsckAndPruneTakeNoDepthForDamage(t *testing.T) {
	e := newEvil(t)
	meta := e.meta()
	at := e.value(TypeDirTree, dirTree([]entry{{name: "a", sum: e.good("a")}}, nil))
	small := e.commit(at.Sum)
	for range limits.TreeDepth + 1 {
		at = e.value(TypeDirTree, dirTree(nil, []entry{{name: "d", tree: at.Sum, meta: meta}}))
	}
	for _, c := range []Checksum{small, e.commit(at.Sum)} {
		if err := e.SetRef(t.Context(), "c"+c.String()[:8], c, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := objects(t, e.Repo)
	report, err := Fsck(t.Context(), e.Repo, FsckOptions{Delete: true})
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("fsck: %v, %v", report.Problems, err)
	}
	if _, err := Prune(t.Context(), e.Repo, PruneOptions{}); err != nil {
		t.Errorf("prune: %v", err)
	}
	if after := objects(t, e.Repo); !slices.Equal(before, after) {
		t.Errorf("of %d objects %d are left", len(before), len(after))
	}
	cli(t, "--repo="+filepath.Clean(e.Path()), "fsck")
}

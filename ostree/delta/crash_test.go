package delta

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/ostree"
)

// nth fails the nth point that it is asked about.
type nth struct {
	n    int
	seen int
}

var errPowerCut = errors.New("power cut")

func (f *nth) At(string) error {
	f.seen++
	if f.seen == f.n {
		return errPowerCut
	}
	return nil
}

// Broken off at any point, a delta leaves a commit that doesn't count as
// complete, and can be applied again.
func TestDeltaThatIsBrokenOffCanBeAppliedAgain(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	opt := options(t)
	opt.File = filepath.Join(t.TempDir(), "delta")
	if _, err := Generate(t.Context(), openRepo(t, repo), Name{sum(t, from), sum(t, to)}, opt); err != nil {
		t.Fatal(err)
	}
	f, err := Open(opt.File)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	template := holding(t, "bare-user", repo, from).Path()
	for n := 1; ; n++ {
		path := filepath.Join(t.TempDir(), "repo")
		command(t, "cp", "-a", template, path)
		r := openRepo(t, path)
		fault := &nth{n: n}
		r.SetFaults(fault)
		_, err := ApplyFile(t.Context(), r, f, ApplyOptions{Jobs: 1})
		if err == nil {
			if n < 20 {
				t.Errorf("only %d points", n)
			}
			return
		}
		if !errors.Is(err, errPowerCut) {
			t.Fatalf("point %d: %v", n, err)
		}
		again := openRepo(t, r.Path())
		if whole, err := again.IsComplete(sum(t, to)); whole || err != nil {
			t.Fatalf("point %d: the commit counts as complete: %v", n, err)
		}
		if _, err := ApplyFile(t.Context(), again, f, ApplyOptions{}); err != nil {
			t.Fatalf("point %d: applied again: %v", n, err)
		}
		if n%10 == 0 {
			command(t, "ostree", "--repo="+r.Path(), "fsck")
		}
	}
}

func TestPartOfWhichAllObjectsAreThereIsNotOpened(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	opt := options(t)
	opt.File = filepath.Join(t.TempDir(), "delta")
	if _, err := Generate(t.Context(), openRepo(t, repo), Name{sum(t, from), sum(t, to)}, opt); err != nil {
		t.Fatal(err)
	}
	f, err := Open(opt.File)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := holding(t, "bare-user", repo, from)
	opened := func() int {
		var n atomic.Int32
		_, err := Apply(t.Context(), r, f.Superblock, func(_ context.Context, i int) (io.ReadCloser, error) {
			n.Add(1)
			return f.Part(i)
		}, ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return int(n.Load())
	}
	again := func() int {
		if err := r.MarkPartial(f.Name.To, ostree.PartialPull); err != nil {
			t.Fatal(err)
		}
		return opened()
	}
	if n := opened(); n != len(f.Parts) {
		t.Fatalf("%d of %d parts were opened", n, len(f.Parts))
	}
	var most uint64
	r.SetRoom(func(need uint64) error {
		most = max(most, need)
		return nil
	})
	if n := again(); n != 0 || most >= f.Sizes().Unpacked {
		t.Errorf("%d parts were opened again, and room for %d of %d bytes was asked for", n, most, f.Sizes().Unpacked)
	}
	r.SetRoom(nil)
	root, err := ostree.LoadCommit(t.Context(), r, f.Name.To)
	if err != nil {
		t.Fatal(err)
	}
	tree := ostree.ObjectID{Sum: root.Tree, Type: ostree.TypeDirTree}
	if err := os.Remove(filepath.Join(r.Path(), tree.ArchivePath())); err != nil {
		t.Fatal(err)
	}
	if n := again(); n != 1 {
		t.Errorf("%d parts were opened for one object", n)
	}
}

func TestDeltaIsMadeInARepoOfARelativePath(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	t.Chdir(filepath.Dir(repo))
	n := Name{sum(t, from), sum(t, to)}
	if _, err := Generate(t.Context(), openRepo(t, filepath.Base(repo)), n, options(t)); err != nil {
		t.Fatal(err)
	}
	if ok, err := Exists(openRepo(t, repo), n); err != nil || !ok {
		t.Errorf("there: %v, %v", ok, err)
	}
}

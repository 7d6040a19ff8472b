package offline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// sized is a backend whose objects lie on another machine that says their sizes.
type sized struct {
	*backend
	sizes   func(repo *ostree.Repo, commit ostree.Checksum, give func(ostree.ObjectID, int64) error) error
	objects atomic.Int64 // it was asked for
}

func (f *sized) Objects(ctx context.Context) (ostree.Source, error) {
	repo, err := ostree.OpenRepo(f.repoDir)
	return sizedSource{repo, f}, err
}

// sizedSource hides what else a repo on this machine is.
type sizedSource struct {
	ostree.Source
	of *sized
}

func (s sizedSource) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	s.of.objects.Add(1)
	return s.Source.Object(ctx, id)
}

func (s sizedSource) Sizes(_ context.Context, commit ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
	return s.of.sizes(s.Source.(*ostree.Repo), commit, give)
}

// honest says the sizes as they are.
func honest(repo *ostree.Repo, commit ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
	return ostree.Closure(context.Background(), repo, commit, func(id ostree.ObjectID) error {
		st, err := os.Stat(filepath.Join(repo.Path(), filepath.FromSlash(id.ArchivePath())))
		if err != nil {
			return err
		}
		return give(id, st.Size())
	})
}

func sizedBackend(t *testing.T) *sized {
	t.Helper()
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	return &sized{backend: b, sizes: honest}
}

// planOf is the report of a dry run into dir.
func planOf(t *testing.T, b Backend, dir, target string) *BuildReport {
	t.Helper()
	opt := options(target)
	opt.DryRun, opt.AllowMultiple = true, true
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	return rep
}

func samePlan(t *testing.T, got, want *BuildReport) {
	t.Helper()
	if got.Objects != want.Objects || got.Copied != want.Copied || got.Present != want.Present || got.Bytes != want.Bytes || got.Need != want.Need {
		t.Errorf("planned %+v\nwant    %+v", got, want)
	}
}

func TestAPlanCountsWhatTheBuildThenCounts(t *testing.T) {
	f := sizedBackend(t)
	for _, from := range []Backend{f, f.backend} {
		dir := filepath.Join(t.TempDir(), "bundle")
		for _, round := range []string{"a new bundle", "one that has the target"} {
			plan := planOf(t, from, dir, "pc-1")
			built, err := Build(t.Context(), from, dir, options("pc-1"))
			check(t, err)
			if plan.Objects != built.Objects || plan.Copied != built.Copied || plan.Present != built.Present || plan.Bytes != built.Bytes {
				t.Errorf("%s: planned %+v\nbuilt    %+v", round, plan, built)
			}
		}
	}
}

func TestAPlanAsksForRoomForTheArchiveWhereItWillLie(t *testing.T) {
	f := sizedBackend(t)
	tree, noise := tinyTree(t, "2"), noise(200<<10)
	write(t, filepath.Join(tree, "noise"), noise)
	f.publish("pc-2", "pc", tree, nil)
	scratch := t.TempDir()
	need := func(archive string) int64 {
		opt := options("pc-2")
		opt.DryRun, opt.Archive = true, archive
		rep, err := Build(t.Context(), f, filepath.Join(scratch, "bundle"), opt)
		check(t, err)
		return rep.Need
	}
	dir, file := filepath.Join(scratch, "bundle"), filepath.Join(scratch, "bundle.ota")
	alone := need("")
	planned := need(file) - alone
	_, err := Build(t.Context(), f, dir, options("pc-2"))
	check(t, err)
	// What lies there by chance is not packed, and sums of clusters are none of an archive's.
	write(t, filepath.Join(dir, "lost+found/film"), nil)
	check(t, os.Truncate(filepath.Join(dir, "lost+found/film"), 1<<40))
	again := need(file) - need("")
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	rep, err := Pack(t.Context(), bundle, file, PackOptions{})
	check(t, err)
	// Texts that nothing vouches for are not counted before they are written.
	if least, most := rep.Bytes-8<<10, rep.Bytes+8<<10; planned < least || planned > most || again < least || again > most {
		t.Errorf("%d bytes were packed; for a new bundle %d were planned, for one that is there %d", rep.Bytes, planned, again)
	}
}

func TestOfObjectsThatMakeRoomForDeltasNoneIsToBePacked(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(nil)
	check(t, err)
	rep, err := v.build(func(o *BuildOptions) { o.DeltaOnly, o.DryRun, o.Archive = true, true, v.dir+".ota" })
	check(t, err)
	without, err := v.build(func(o *BuildOptions) { o.DeltaOnly, o.DryRun = true, true })
	check(t, err)
	if got := rep.Need - without.Need; got <= 0 || got > 250<<10 {
		t.Errorf("%d bytes for an archive without the 300 KiB of objects", got)
	}
}

func TestSizesOfTheSourcePlanAsALookAtEachObjectDoes(t *testing.T) {
	f := sizedBackend(t)
	dir := filepath.Join(t.TempDir(), "bundle")
	samePlan(t, planOf(t, f, dir, "pc-1"), planOf(t, f.backend, dir, "pc-1"))
	_, err := Build(t.Context(), f, dir, options("pc-1"))
	check(t, err)
	f.publish("pc-2", "pc", tinyTree(t, "2"), nil)
	rep := planOf(t, f, dir, "pc-2")
	samePlan(t, rep, planOf(t, f.backend, dir, "pc-2"))
	if rep.Copied == 0 || rep.Present == 0 {
		t.Errorf("nothing is shared, or all: %+v", rep)
	}
}

func TestADryRunAsksForNoObjectWhereTheSourceSaysTheSizes(t *testing.T) {
	f := sizedBackend(t)
	rep := planOf(t, f, filepath.Join(t.TempDir(), "bundle"), "pc-1")
	if n := f.objects.Load(); n > 2 || rep.Copied <= 2 {
		t.Errorf("%d objects were asked for, of %d", n, rep.Copied) // the commit
	}
}

func TestAMediumThatIsTooSmallForTheSizesIsLeftAlone(t *testing.T) {
	f := sizedBackend(t)
	f.sizes = func(_ *ostree.Repo, _ ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
		return give(ostree.ObjectID{Sum: ostree.Checksum{1}, Type: ostree.TypeFile}, 1<<40)
	}
	dir := filepath.Join(t.TempDir(), "bundle")
	_, err := Build(t.Context(), f, dir, options("pc-1"))
	if fail.ClassOf(err) != fail.NoSpace {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

// What a source says of sizes is neither believed nor needed.
func TestABundleIsWholeWhateverTheSourceSaysOfSizes(t *testing.T) {
	broken := fail.New(fail.Network, "", "the line broke")
	for what, sizes := range map[string]func(*ostree.Repo, ostree.Checksum, func(ostree.ObjectID, int64) error) error{
		"nothing": func(*ostree.Repo, ostree.Checksum, func(ostree.ObjectID, int64) error) error { return nil },
		"it cannot": func(*ostree.Repo, ostree.Checksum, func(ostree.ObjectID, int64) error) error {
			return errors.ErrUnsupported
		},
		"it breaks off": func(_ *ostree.Repo, c ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
			return errors.Join(give(ostree.ObjectID{Sum: c, Type: ostree.TypeCommit}, 1<<40), broken)
		},
		"one byte each": func(repo *ostree.Repo, c ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
			return honest(repo, c, func(id ostree.ObjectID, _ int64) error { return give(id, 1) })
		},
		"of others": func(_ *ostree.Repo, _ ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
			return give(ostree.ObjectID{Sum: ostree.Checksum{1}, Type: ostree.TypeFile}, 100)
		},
	} {
		t.Run(what, func(t *testing.T) {
			f := sizedBackend(t)
			f.sizes = sizes
			dir := filepath.Join(t.TempDir(), "bundle")
			rep, err := Build(t.Context(), f, dir, options("pc-1"))
			check(t, err)
			if report := verify(t, dir); len(report.Findings) > 0 || rep.Copied != rep.Objects {
				t.Errorf("%d of %d copied, findings %v", rep.Copied, rep.Objects, report.Findings)
			}
		})
	}
}

func TestADryRunLooksAtEachObjectWhereTheSizesBreakOff(t *testing.T) {
	f := sizedBackend(t)
	f.sizes = func(_ *ostree.Repo, c ostree.Checksum, give func(ostree.ObjectID, int64) error) error {
		return errors.Join(give(ostree.ObjectID{Sum: c, Type: ostree.TypeCommit}, 1<<40), errors.New("the line broke"))
	}
	dir := filepath.Join(t.TempDir(), "bundle")
	samePlan(t, planOf(t, f, dir, "pc-1"), planOf(t, f.backend, dir, "pc-1"))
}

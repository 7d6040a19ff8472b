package ostree

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/progress"
)

// FsckOptions tune Fsck. The zero value works.
type FsckOptions struct {
	Jobs int // objects read at once; 0 means one per processor
	// KeepOn goes on after the first problem; all are in the report.
	KeepOn bool
	// Bindings also demands that each commit names the refs that point at it.
	Bindings bool
	Progress progress.Sink
}

// FsckReport says what Fsck saw.
type FsckReport struct {
	Commits int `json:"commits"` // verified
	Objects int `json:"objects"` // verified, each once
	// Partial commits are incomplete by intent and were not verified.
	Partial  int     `json:"partial"`
	Problems []error `json:"-" yaml:"-"`
}

// errStop ends a walk whose problem is in the report.
var errStop = errors.New("stop at the first problem")

// Fsck verifies that each ref names a commit, and reads and rehashes all that
// the repo's commits reach, each object once however many commits share it. It
// changes nothing. Bad and missing objects are in the report; the error is
// about what kept it from looking.
func Fsck(ctx context.Context, repo *Repo, opt FsckOptions) (FsckReport, error) {
	f := &fsck{repo: repo, opt: opt, found: map[ObjectID]bool{}}
	err := f.run(ctx)
	if errors.Is(err, errStop) {
		err = nil
	}
	return f.report, err
}

type fsck struct {
	repo  *Repo
	opt   FsckOptions
	found map[ObjectID]bool

	mu     sync.Mutex
	report FsckReport
}

// problem notes err; it returns errStop when that is to be the last.
func (f *fsck) problem(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.opt.KeepOn && len(f.report.Problems) > 0 {
		return errStop
	}
	f.report.Problems = append(f.report.Problems, err)
	if f.opt.KeepOn {
		return nil
	}
	return errStop
}

// settle sorts an error: what is wrong with the repo is a problem.
func (f *fsck) settle(err error) error {
	_, corrupt := errors.AsType[*CorruptError](err)
	_, missing := errors.AsType[*MissingError](err)
	if corrupt || missing {
		return f.problem(err)
	}
	return err
}

func (f *fsck) run(ctx context.Context) error {
	commits, err := f.commits(ctx)
	if err != nil {
		return err
	}
	if err := f.refs(ctx); err != nil {
		return err
	}
	for _, c := range commits {
		if f.repo.IsPartial(c) {
			err = f.partial(c)
		} else {
			err = f.reach(ctx, c)
		}
		if err != nil {
			return err
		}
	}
	return f.verify(ctx)
}

// commits are all commits of the repo, in the order of their checksums.
func (f *fsck) commits(ctx context.Context) ([]Checksum, error) {
	var commits []Checksum
	err := f.repo.ListObjects(ctx, func(id ObjectID) error {
		if id.Type == TypeCommit {
			commits = append(commits, id.Sum)
		}
		return nil
	})
	slices.SortFunc(commits, func(a, b Checksum) int { return slices.Compare(a[:], b[:]) })
	return commits, err
}

func (f *fsck) refs(ctx context.Context) error {
	refs, err := f.repo.Refs(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if err := f.settle(f.ref(ctx, name, refs[name])); err != nil {
			return err
		}
	}
	return nil
}

func (f *fsck) ref(ctx context.Context, name string, c Checksum) error {
	commit, err := LoadCommit(ctx, f.repo, c)
	if err != nil {
		return fmt.Errorf("ref %s: %w", name, err)
	}
	if f.opt.Bindings {
		if err := commit.CheckBinding(name); err != nil {
			return f.problem(fmt.Errorf("commit %s: %w", c, err))
		}
	}
	return nil
}

// partial counts a partial commit. One that libostree's fsck marked as such
// stands for damage.
func (f *fsck) partial(c Checksum) error {
	f.report.Partial++
	mark, err := fsx.ReadFile(f.repo.markerPath(c), 16)
	if err = ignoreMissing(err); err != nil { // an open transaction of old makes all commits partial
		return err
	}
	if string(mark) == "f" {
		return f.problem(fmt.Errorf("commit %s lost objects that an earlier fsck found to be bad", c))
	}
	return nil
}

func (f *fsck) reach(ctx context.Context, c Checksum) error {
	f.report.Commits++
	err := Closure(ctx, f.repo, c, func(id ObjectID) error {
		f.found[id] = true
		return nil
	})
	if err != nil {
		return f.settle(fmt.Errorf("commit %s: %w", c, err))
	}
	return nil
}

// verify reads every object that was found.
func (f *fsck) verify(ctx context.Context) error {
	task := progress.Start(f.opt.Progress, "verifying objects", progress.Count, int64(len(f.found)))
	defer task.Done()
	if f.opt.Jobs < 1 {
		f.opt.Jobs = runtime.GOMAXPROCS(0)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(f.opt.Jobs)
	for id := range f.found {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			defer task.Add(1)
			return f.settle(f.object(gctx, id))
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (f *fsck) object(ctx context.Context, id ObjectID) error {
	obj, err := f.repo.Object(ctx, id)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.report.Objects++
	f.mu.Unlock()
	return VerifyObject(ctx, obj)
}

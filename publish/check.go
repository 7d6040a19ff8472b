package publish

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
)

// Readable is a store or a source that people know by an address.
type Readable interface {
	ostree.Source
	// URL is for people; it holds no secret.
	URL() string
}

// DefaultSample is how many objects a check looks at unless it is to look at
// all.
const DefaultSample = 500

// CheckOptions of Check. Remote and Rev are needed.
type CheckOptions struct {
	Remote Readable
	// Repo, when not nil, says what Rev is and what it reaches. Without it both
	// are read from Remote.
	Repo *ostree.Repo
	// Rev is a ref or a commit by its checksum. With Repo, the remote's ref has
	// to name the commit that the local one names.
	Rev string
	// Sample is how many objects are looked at, picked anew each time; 0 means
	// DefaultSample. All looks at every one.
	Sample int
	All    bool
	// Verify fetches what is looked at and hashes it, instead of asking whether
	// it is there.
	Verify bool
	Jobs   int // requests under way at once; 0 means treehub.DefaultJobs

	Clock    clock.Clock // nil is the machine's
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
}

// CheckReport says what Check found.
type CheckReport struct {
	URL    string
	Ref    string          // empty: a commit was asked for
	Commit ostree.Checksum // what has to be there
	There  ostree.Checksum // what the remote's ref names; zero without one
	// Objects is how many the commit reaches, as far as was found out; of them
	// Looked were looked at.
	Objects, Looked int
	Bytes           int64             // fetched, in archive form, and hashed
	Missing         []ostree.ObjectID // in the order of their names
	Corrupt         []*ostree.CorruptError
	Elapsed         time.Duration
}

// Complete says that nothing was found to be wrong.
func (r CheckReport) Complete() bool {
	return len(r.Missing) == 0 && len(r.Corrupt) == 0 && (r.Ref == "" || r.There == r.Commit)
}

type check struct {
	CheckOptions
	mu     sync.Mutex
	report CheckReport
}

// Check says whether a commit is complete on a remote. It changes nothing. What
// it finds wrong is in the report; an error means that it could not find out.
func Check(ctx context.Context, opt CheckOptions) (CheckReport, error) {
	if opt.Clock == nil {
		opt.Clock = clock.System
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Jobs == 0 {
		opt.Jobs = treehub.DefaultJobs
	}
	if opt.Sample == 0 {
		opt.Sample = DefaultSample
	}
	c := &check{CheckOptions: opt, report: CheckReport{URL: opt.Remote.URL()}}
	start := opt.Clock()
	err := c.run(ctx)
	slices.SortFunc(c.report.Missing, func(a, b ostree.ObjectID) int { return cmp.Compare(a.String(), b.String()) })
	c.report.Elapsed = opt.Clock().Sub(start)
	return c.report, err
}

func (c *check) run(ctx context.Context) error {
	from, err := c.resolve(ctx)
	if err != nil {
		return err
	}
	ids, seen, err := c.reach(ctx, from)
	if err != nil {
		return err
	}
	c.report.Objects = len(ids) + seen
	c.report.Looked = seen
	if !c.All {
		ids = pick(ids, c.Sample)
	}
	c.report.Looked += len(ids)
	if c.Verify {
		return c.verify(ctx, ids)
	}
	return c.ask(ctx, ids)
}

// resolve finds the commit, and who is asked what it reaches.
func (c *check) resolve(ctx context.Context) (ostree.Source, error) {
	r := &c.report
	var err error
	switch sum, perr := ostree.ParseChecksum(c.Rev); {
	case c.Repo != nil:
		if r.Commit, r.Ref, err = resolve(ctx, c.Repo, c.Rev); err == nil {
			err = wholeCommit(ctx, c.Repo, r.Commit)
		}
	case perr == nil:
		r.Commit = sum
	default:
		r.Ref = c.Rev
	}
	if err != nil || r.Ref == "" {
		return c.source(), err
	}
	r.There, err = c.Remote.Ref(ctx, r.Ref)
	if errors.Is(err, ostree.ErrRefNotFound) && c.Repo != nil {
		err = nil
	}
	if c.Repo == nil {
		r.Commit = r.There
	}
	return c.source(), err
}

func (c *check) source() ostree.Source {
	if c.Repo != nil {
		return c.Repo
	}
	return c.Remote
}

// reach lists what the commit reaches, the commit first, and how many objects
// more were read from the remote to find that out, and so are there.
func (c *check) reach(ctx context.Context, from ostree.Source) (ids []ostree.ObjectID, seen int, err error) {
	commit := ostree.ObjectID{Sum: c.report.Commit, Type: ostree.TypeCommit}
	if c.Repo != nil {
		err = ostree.Closure(ctx, from, commit.Sum, func(id ostree.ObjectID) error {
			ids = append(ids, id)
			return nil
		})
		return ids, 0, explain(err, c.Repo)
	}
	head, err := ostree.LoadCommit(ctx, from, commit.Sum)
	if err != nil {
		return nil, 1, c.note(err)
	}
	w := &reaching{check: c, from: from, met: map[ostree.ObjectID]struct{}{}}
	w.meet(ostree.ObjectID{Sum: head.Meta, Type: ostree.TypeDirMeta})
	level := []ostree.Checksum{head.Tree}
	for depth := 0; len(level) > 0; depth++ {
		if depth > limits.TreeDepth {
			return nil, 0, &ostree.CorruptError{ID: commit, Where: c.Remote.URL(), Why: "its directories nest too deep"}
		}
		seen += len(level)
		if level, err = w.descend(ctx, level); err != nil {
			return nil, 0, err
		}
	}
	return w.ids, seen + 1, nil
}

// reaching walks a tree on a remote, all directories of a level at once: one
// after the other each would cost a wait.
type reaching struct {
	*check
	from ostree.Source
	ids  []ostree.ObjectID // met, and neither commit nor dirtree
	met  map[ostree.ObjectID]struct{}
}

func (w *reaching) meet(id ostree.ObjectID) bool {
	if _, ok := w.met[id]; ok {
		return false
	}
	w.met[id] = struct{}{}
	if id.Type != ostree.TypeDirTree {
		w.ids = append(w.ids, id)
	}
	return true
}

// descend reads the dirtrees of a level and gives those of the next.
func (w *reaching) descend(ctx context.Context, level []ostree.Checksum) ([]ostree.Checksum, error) {
	trees := make([]*ostree.DirTree, len(level))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(w.Jobs)
	for i, sum := range level {
		g.Go(func() error {
			var err error
			trees[i], err = ostree.LoadDirTree(ctx, w.from, sum)
			return w.note(err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var next []ostree.Checksum
	for _, t := range trees {
		if t == nil {
			continue
		}
		for _, f := range t.Files {
			w.meet(ostree.ObjectID{Sum: f.Sum, Type: ostree.TypeFile})
		}
		for _, d := range t.Dirs {
			w.meet(ostree.ObjectID{Sum: d.Meta, Type: ostree.TypeDirMeta})
			if w.meet(ostree.ObjectID{Sum: d.Tree, Type: ostree.TypeDirTree}) {
				next = append(next, d.Tree)
			}
		}
	}
	return next, nil
}

// note puts what is wrong with an object into the report; any other error it
// gives back.
func (c *check) note(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := errors.AsType[*ostree.MissingError](err); ok {
		c.report.Missing = append(c.report.Missing, m.ID)
		return nil
	}
	if bad, ok := errors.AsType[*ostree.CorruptError](err); ok {
		c.report.Corrupt = append(c.report.Corrupt, bad)
		return nil
	}
	return err
}

// pick takes n of ids at random, the first always: that is the commit.
func pick(ids []ostree.ObjectID, n int) []ostree.ObjectID {
	if n >= len(ids) {
		return ids
	}
	for i := 1; i < n; i++ {
		j := i + rand.N(len(ids)-i)
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids[:n]
}

func (c *check) ask(ctx context.Context, ids []ostree.ObjectID) error {
	task := progress.Start(c.Progress, "asking about objects", progress.Count, int64(len(ids)))
	defer task.Done()
	batch := DefaultSample
	if s, ok := c.Remote.(ostree.Store); ok {
		batch = max(1, s.Traits().Batch)
	}
	for some := range slices.Chunk(ids, batch) {
		have, err := c.Remote.Has(ctx, some)
		if err != nil {
			return err
		}
		for i, id := range some {
			if !have[i] {
				c.report.Missing = append(c.report.Missing, id)
			}
		}
		task.Add(int64(len(some)))
	}
	return nil
}

func (c *check) verify(ctx context.Context, ids []ostree.ObjectID) error {
	task := progress.Start(c.Progress, "fetching objects", progress.Count, int64(len(ids)))
	defer task.Done()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(c.Jobs)
	for _, id := range ids {
		g.Go(func() error {
			defer task.Add(1)
			return c.note(c.fetch(ctx, id))
		})
	}
	return g.Wait()
}

func (c *check) fetch(ctx context.Context, id ostree.ObjectID) error {
	obj, err := c.Remote.Object(ctx, id)
	if err != nil {
		return err
	}
	var fetched atomic.Int64
	counted := ostree.NewArchived(id, func(ctx context.Context) (io.ReadCloser, int64, error) {
		rc, n, err := obj.OpenArchive(ctx)
		if err != nil {
			return nil, 0, err
		}
		return &counting{rc, &fetched}, n, nil
	})
	err = ostree.VerifyObject(ctx, counted)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Bytes += fetched.Load()
	return err
}

type counting struct {
	io.ReadCloser
	n *atomic.Int64
}

func (r *counting) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.n.Add(int64(n))
	return n, err
}

// Explain is the error for a report that is not Complete: a Verification that
// says what to do.
func (r CheckReport) Explain() error {
	const hint = "publish it again with --full-check"
	switch {
	case r.Complete():
		return nil
	case len(r.Corrupt) > 0:
		return fail.New(fail.Verification, "have the server's disk and whatever is between looked at, remove the object there, then "+hint,
			"commit %s at %s: %d objects are corrupt, such as %s", r.Commit, r.URL, len(r.Corrupt), r.Corrupt[0].ID)
	case len(r.Missing) > 0:
		return fail.New(fail.Verification, hint, "commit %s at %s: %d of %d objects are missing, such as %s", r.Commit, r.URL, len(r.Missing), r.Looked, r.Missing[0])
	case r.There.IsZero():
		return fail.New(fail.Verification, "publish it", "ref %s at %s: it is not there", r.Ref, r.URL)
	}
	return fail.New(fail.Verification, "publish it, or pull what is there", "ref %s at %s: it names commit %s, and here %s", r.Ref, r.URL, r.There, r.Commit)
}

package delta

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// checkClosure sees to it that all that a commit reaches is in the repo. What it
// shares with the commit that the delta starts from is taken for granted if
// that one is complete.
func checkClosure(ctx context.Context, repo *ostree.Repo, n Name) error {
	to, err := ostree.LoadCommit(ctx, repo, n.To)
	if err != nil {
		return err
	}
	var old *pair
	if !n.Scratch() {
		whole, err := repo.IsComplete(n.From)
		if err != nil {
			return err
		}
		if whole {
			from, err := ostree.LoadCommit(ctx, repo, n.From)
			if err != nil {
				return err
			}
			old = &pair{from.Tree, from.Meta}
		}
	}
	c := &closure{repo: repo, known: map[ostree.ObjectID]bool{}}
	c.walkers, ctx = errgroup.WithContext(ctx)
	c.walkers.SetLimit(runtime.GOMAXPROCS(0))
	c.walkers.Go(func() error { return c.dir(ctx, pair{to.Tree, to.Meta}, old, 1) })
	if err := c.walkers.Wait(); err != nil {
		return err
	}
	return errors.Join(c.missing...)
}

// pair is a directory: its tree and its metadata.
type pair struct{ tree, meta ostree.Checksum }

// closure is one walk, by as many goroutines as there are processors.
type closure struct {
	repo    *ostree.Repo
	walkers *errgroup.Group

	mu      sync.Mutex
	known   map[ostree.ObjectID]bool // met before
	missing []error                  // as many as somebody will read
}

// dir goes through a directory, beside the one of the same name in the old
// commit, if there is one.
func (c *closure) dir(ctx context.Context, now pair, old *pair, depth int) error {
	if depth > limits.TreeDepth {
		return &ostree.CorruptError{ID: ostree.ObjectID{Sum: now.tree, Type: ostree.TypeDirTree}, Why: "directories nest too deep"}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var want []ostree.ObjectID
	if old == nil || old.meta != now.meta {
		want = append(want, ostree.ObjectID{Sum: now.meta, Type: ostree.TypeDirMeta})
	}
	// Beside which other directory a tree was seen makes no difference.
	if old != nil && old.tree == now.tree || !c.first(ostree.ObjectID{Sum: now.tree, Type: ostree.TypeDirTree}) {
		return c.ask(ctx, want)
	}
	tree, err := ostree.LoadDirTree(ctx, c.repo, now.tree)
	if err != nil {
		return err
	}
	before := &ostree.DirTree{}
	if old != nil {
		if before, err = ostree.LoadDirTree(ctx, c.repo, old.tree); err != nil {
			return err
		}
	}
	for _, f := range tree.Files {
		if was, ok := before.File(f.Name); !ok || was.Sum != f.Sum {
			want = append(want, ostree.ObjectID{Sum: f.Sum, Type: ostree.TypeFile})
		}
	}
	if err := c.ask(ctx, want); err != nil {
		return err
	}
	for _, d := range tree.Dirs {
		if err := c.below(ctx, d, before, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// below goes through a directory in another one, beside the caller if a
// processor is free.
func (c *closure) below(ctx context.Context, d ostree.TreeDir, before *ostree.DirTree, depth int) error {
	var old *pair
	if was, ok := before.Dir(d.Name); ok {
		old = &pair{was.Tree, was.Meta}
	}
	walk := func() error { return c.dir(ctx, pair{d.Tree, d.Meta}, old, depth) }
	if c.walkers.TryGo(walk) {
		return nil
	}
	return walk()
}

// first says whether an object was not met before.
func (c *closure) first(id ostree.ObjectID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[id] {
		return false
	}
	c.known[id] = true
	return true
}

// mostMissing is how many missing objects an error names.
const mostMissing = 10

// ask asks the repo about objects.
func (c *closure) ask(ctx context.Context, ids []ostree.ObjectID) error {
	ids = slices.DeleteFunc(ids, func(id ostree.ObjectID) bool { return !c.first(id) })
	there, err := c.repo.Has(ctx, ids)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, id := range ids {
		if !there[i] && len(c.missing) < mostMissing {
			c.missing = append(c.missing, &ostree.MissingError{ID: id, Where: c.repo.Path()})
		}
	}
	return nil
}

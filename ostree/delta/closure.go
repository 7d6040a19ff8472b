package delta

import (
	"context"
	"errors"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// checkClosure sees to it that all that a commit reaches is in the repo. What it
// shares with the commit that the delta starts from is taken for granted if
// that one is complete.
func checkClosure(ctx context.Context, repo *ostree.Repo, n Name) error {
	c := &closure{repo: repo, known: map[ostree.ObjectID]bool{}}
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
	if err := c.dir(ctx, pair{to.Tree, to.Meta}, old, 1); err != nil {
		return err
	}
	return c.ask(ctx)
}

// pair is a directory: its tree and its metadata.
type pair struct{ tree, meta ostree.Checksum }

type closure struct {
	repo  *ostree.Repo
	known map[ostree.ObjectID]bool // asked for, or seen in the old commit
	ids   []ostree.ObjectID
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
	if old == nil || old.meta != now.meta {
		c.want(ostree.ObjectID{Sum: now.meta, Type: ostree.TypeDirMeta})
	}
	if old != nil && old.tree == now.tree {
		return nil
	}
	id := ostree.ObjectID{Sum: now.tree, Type: ostree.TypeDirTree}
	if c.known[id] { // beside which other directory it was seen makes no difference
		return nil
	}
	c.known[id] = true
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
			c.want(ostree.ObjectID{Sum: f.Sum, Type: ostree.TypeFile})
		}
	}
	for _, d := range tree.Dirs {
		var was *pair
		if w, ok := before.Dir(d.Name); ok {
			was = &pair{w.Tree, w.Meta}
		}
		if err := c.dir(ctx, pair{d.Tree, d.Meta}, was, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *closure) want(id ostree.ObjectID) {
	if !c.known[id] {
		c.known[id] = true
		c.ids = append(c.ids, id)
	}
}

// ask asks the repo about everything that was wanted.
func (c *closure) ask(ctx context.Context) error {
	there, err := c.repo.Has(ctx, c.ids)
	if err != nil {
		return err
	}
	var missing []error
	for i, id := range c.ids {
		if !there[i] {
			missing = append(missing, &ostree.MissingError{ID: id, Where: c.repo.Path()})
		}
	}
	if len(missing) > 10 {
		missing = missing[:10]
	}
	return errors.Join(missing...)
}

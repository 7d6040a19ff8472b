package ostree

import (
	"context"
	"fmt"

	"github.com/otactl/otactl/internal/limits"
)

// Closure calls fn once for each object that commit reaches, commit itself
// first and each directory before what is in it. Dirtrees are verified as they
// are read; whether the others are there, fn may ask. Detached metadata, which
// no object names, is not part of it. An error of fn ends the walk.
func Closure(ctx context.Context, src Source, commit Checksum, fn func(ObjectID) error) error {
	return Closures(ctx, src, []Checksum{commit}, fn)
}

// Closures is Closure for several commits: what they share is met once.
func Closures(ctx context.Context, src Source, commits []Checksum, fn func(ObjectID) error) error {
	w := &walker{src: src, seen: map[ObjectID]struct{}{}, fn: fn}
	for _, c := range commits {
		if err := w.commit(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// walker visits a closure depth first.
type walker struct {
	src  Source
	seen map[ObjectID]struct{}
	fn   func(ObjectID) error
	// anyDepth is for a repo's own commits: as each dirtree is met once, the walk
	// ends however deep they nest, and what must not be lost is looked at too.
	anyDepth bool
	// bad may take an error about one dirtree, and the walk goes on without
	// it; nil ends the walk.
	bad func(error) error
}

// descent is a dirtree that waits for its visit.
type descent struct {
	sum   Checksum
	depth int
}

func (w *walker) commit(ctx context.Context, sum Checksum) error {
	c, err := LoadCommit(ctx, w.src, sum)
	if err != nil {
		return w.spoiled(err)
	}
	if err := w.visit(ObjectID{sum, TypeCommit}); err != nil {
		return err
	}
	return w.tree(ctx, c.Tree, c.Meta)
}

// tree visits what a commit holds: its root, and all below.
func (w *walker) tree(ctx context.Context, tree, meta Checksum) error {
	if err := w.visit(ObjectID{meta, TypeDirMeta}); err != nil {
		return err
	}
	if err := w.visit(ObjectID{tree, TypeDirTree}); err != nil {
		return err
	}
	todo := []descent{{tree, 1}}
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if err := ctx.Err(); err != nil {
			return err
		}
		next, err := w.dirTree(ctx, b)
		if err != nil {
			return err
		}
		todo = append(todo, next...)
	}
	return nil
}

// dirTree visits what a directory names, and gives the subdirectories that
// were not seen yet.
func (w *walker) dirTree(ctx context.Context, b descent) ([]descent, error) {
	if err := checkDepth(b.sum, b.depth); err != nil && !w.anyDepth {
		return nil, w.spoiled(err)
	}
	tree, err := LoadDirTree(ctx, w.src, b.sum)
	if err != nil {
		return nil, w.spoiled(err)
	}
	var next []descent
	tree.children(func(id ObjectID) {
		if _, seen := w.seen[id]; err != nil || seen {
			return
		}
		if err = w.visit(id); err == nil && id.Type == TypeDirTree {
			next = append(next, descent{id.Sum, b.depth + 1})
		}
	})
	return next, err
}

func checkDepth(tree Checksum, depth int) error {
	if depth > limits.TreeDepth {
		return &CorruptError{ID: ObjectID{tree, TypeDirTree},
			Why: fmt.Sprintf("directories nest deeper than the %d levels allowed", limits.TreeDepth)}
	}
	return nil
}

// unfolding counts what a walk visits that enters a dirtree as often as it is
// named, and ends one that no disk would hold.
type unfolding struct{ seen, most int }

// in is called for each directory that is entered.
func (u *unfolding) in(tree Checksum, t *DirTree) error {
	if u.most == 0 {
		u.most = limits.TreeEntries
	}
	if u.seen += len(t.Files) + len(t.Dirs); u.seen > u.most {
		return &CorruptError{ID: ObjectID{tree, TypeDirTree},
			Why: fmt.Sprintf("the tree around it unfolds into more than the %d names allowed", u.most)}
	}
	return nil
}

func (w *walker) spoiled(err error) error {
	if w.bad != nil {
		return w.bad(err)
	}
	return err
}

func (w *walker) visit(id ObjectID) error {
	if _, seen := w.seen[id]; seen {
		return nil
	}
	w.seen[id] = struct{}{}
	return w.fn(id)
}

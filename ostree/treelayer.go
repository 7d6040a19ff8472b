package ostree

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/progress"
)

// Commit lays the tree of a commit over what is there; the options apply to it
// unless asIs is set.
func (b *TreeBuilder) Commit(commit Checksum, asIs bool) error {
	c, err := LoadCommit(b.ctx, b.repo, commit)
	if err != nil {
		return err
	}
	at, err := b.base()
	if err != nil {
		return err
	}
	task := progress.Start(b.opt.Progress, "reading the tree", progress.Count, 0)
	defer task.Done()
	err = b.parallel(func(ctx context.Context, files *errgroup.Group) error {
		l := &layer{b: b, ctx: ctx, files: files, task: task, plain: asIs || b.filter.plain}
		return l.dir(at, c.Tree, c.Meta, cmp.Or(b.prefix, "/"), 1)
	})
	if err != nil {
		return fmt.Errorf("tree of commit %s: %w", commit, err)
	}
	return nil
}

// layer is one tree of the repo on its way over another.
type layer struct {
	b     *TreeBuilder
	ctx   context.Context
	files *errgroup.Group
	task  progress.Task
	plain bool
	unfolding
}

func (l *layer) dir(at *branch, tree, meta Checksum, name string, depth int) error {
	if err := checkDepth(tree, depth); err != nil {
		return err
	}
	if err := l.meta(at, meta, name); err != nil {
		return err
	}
	if l.plain && at.empty() {
		at.lazy = &tree
		return nil
	}
	if err := l.b.expand(at); err != nil {
		return err
	}
	t, err := LoadDirTree(l.ctx, l.b.repo, tree)
	if err != nil {
		return err
	}
	if err := l.in(tree, t); err != nil {
		return err
	}
	l.task.Grow(int64(len(t.Files)))
	for _, f := range t.Files {
		if err := l.file(at, f, path.Join(name, f.Name)); err != nil {
			return err
		}
	}
	for _, d := range t.Dirs {
		below := path.Join(name, d.Name)
		if !l.plain && l.b.filter.skips(below) {
			continue
		}
		sub, err := at.dir(d.Name)
		if err != nil {
			return fmt.Errorf("%s: %w", below, err)
		}
		if err := l.dir(sub, d.Tree, d.Meta, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (l *layer) meta(at *branch, meta Checksum, name string) error {
	if l.plain {
		at.meta = &meta
		return nil
	}
	m, err := LoadDirMeta(l.ctx, l.b.repo, meta)
	if err != nil {
		return err
	}
	return l.b.dirMeta(at, &FileHeader{UID: m.UID, GID: m.GID, Mode: m.Mode, Xattrs: m.Xattrs}, name)
}

func (l *layer) file(at *branch, f TreeFile, name string) error {
	if !l.plain && l.b.filter.skips(name) {
		return l.ctx.Err()
	}
	entry, err := at.file(f.Name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	entry.sum = f.Sum
	if l.plain {
		return l.ctx.Err()
	}
	l.files.Go(func() error {
		defer l.task.Add(1)
		sum, err := l.changed(f.Sum, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		entry.sum = sum
		return nil
	})
	return l.ctx.Err()
}

// changed is a file of the repo after the options, stored anew if they change
// it.
func (l *layer) changed(sum Checksum, name string) (Checksum, error) {
	obj, err := l.b.repo.Object(l.ctx, ObjectID{Sum: sum, Type: TypeFile})
	if err != nil {
		return sum, err
	}
	h, payload, err := obj.OpenFile(l.ctx)
	if err != nil {
		return sum, err
	}
	defer payload.Close()
	changed := *h
	l.b.filter.change(&changed, name)
	if sameHeader(h, &changed) {
		l.b.count(0, false)
		return sum, nil
	}
	return l.b.content(l.ctx, &changed, payload, func(ctx context.Context) (io.ReadCloser, error) {
		_, again, err := obj.OpenFile(ctx)
		return again, err
	})
}

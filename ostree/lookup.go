package ostree

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
)

// Entry is a file, symlink or directory in the tree of a commit.
type Entry struct {
	Path string // absolute in the tree: "/", "/usr/bin/sh"
	// Sum is the file object; zero for a directory, which has Tree and Meta.
	Sum        Checksum
	Tree, Meta Checksum
}

// IsDir says whether the entry is a directory.
func (e *Entry) IsDir() bool { return e.Sum.IsZero() }

// What Lookup returns when the commit has no such path; it is ErrNotDir when
// what stands for a directory in it is a file. That is an ErrNoPath too.
var (
	ErrNoPath = errors.New("no such file or directory")
	ErrNotDir = fmt.Errorf("not a directory: %w", ErrNoPath)
)

// Lookup finds a path in the tree of a commit; "" and "/" are its root. A slash at
// the end wants a directory. Symlinks on the way are not followed.
func Lookup(ctx context.Context, src Source, commit Checksum, name string) (*Entry, error) {
	c, err := LoadCommit(ctx, src, commit)
	if err != nil {
		return nil, err
	}
	return lookupIn(ctx, src, &Entry{Path: "/", Tree: c.Tree, Meta: c.Meta}, name)
}

// lookupIn is Lookup in a tree whose root is known.
func lookupIn(ctx context.Context, src Source, at *Entry, name string) (*Entry, error) {
	clean := path.Clean("/" + name)
	if clean == "/" {
		return at, nil
	}
	var err error
	for part := range strings.SplitSeq(clean[1:], "/") {
		if !at.IsDir() {
			return nil, fmt.Errorf("%s: %w", clean, ErrNotDir)
		}
		if at, err = child(ctx, src, at, part); err != nil {
			return nil, err
		}
		if at == nil {
			return nil, fmt.Errorf("%s: %w", clean, ErrNoPath)
		}
	}
	if !at.IsDir() && strings.HasSuffix(name, "/") {
		return nil, fmt.Errorf("%s: %w", clean, ErrNotDir)
	}
	return at, nil
}

// child finds name in a directory; nil when it is not there.
func child(ctx context.Context, src Source, dir *Entry, name string) (*Entry, error) {
	t, err := LoadDirTree(ctx, src, dir.Tree)
	if err != nil {
		return nil, err
	}
	if f, ok := t.File(name); ok {
		return &Entry{Path: path.Join(dir.Path, name), Sum: f.Sum}, nil
	}
	if d, ok := t.Dir(name); ok {
		return &Entry{Path: path.Join(dir.Path, name), Tree: d.Tree, Meta: d.Meta}, nil
	}
	return nil, nil
}

// Children are the entries of a directory: files by name, then directories by
// name, which is the order of ostree ls.
func Children(ctx context.Context, src Source, dir *Entry) ([]*Entry, error) {
	t, err := LoadDirTree(ctx, src, dir.Tree)
	if err != nil {
		return nil, err
	}
	return entriesOf(dir, t), nil
}

func entriesOf(dir *Entry, t *DirTree) []*Entry {
	entries := make([]*Entry, 0, len(t.Files)+len(t.Dirs))
	for _, f := range t.Files {
		entries = append(entries, &Entry{Path: path.Join(dir.Path, f.Name), Sum: f.Sum})
	}
	for _, d := range t.Dirs {
		entries = append(entries, &Entry{Path: path.Join(dir.Path, d.Name), Tree: d.Tree, Meta: d.Meta})
	}
	return entries
}

// WalkTree calls fn for an entry and, when it is a directory, for all below it,
// each directory before what is in it.
func WalkTree(ctx context.Context, src Source, from *Entry, fn func(*Entry) error) error {
	w := &treeWalk{src: src, fn: fn}
	return w.walk(ctx, from)
}

type treeWalk struct {
	unfolding
	src Source
	fn  func(*Entry) error
}

func (w *treeWalk) walk(ctx context.Context, at *Entry) error {
	if err := errors.Join(ctx.Err(), w.fn(at)); err != nil {
		return err
	}
	if !at.IsDir() {
		return nil
	}
	if err := checkDepth(at.Tree, strings.Count(at.Path, "/")); err != nil {
		return err
	}
	t, err := LoadDirTree(ctx, w.src, at.Tree)
	if err != nil {
		return err
	}
	if err := w.in(at.Tree, t); err != nil {
		return err
	}
	for _, f := range t.Files {
		if err := errors.Join(ctx.Err(), w.fn(&Entry{Path: path.Join(at.Path, f.Name), Sum: f.Sum})); err != nil {
			return err
		}
	}
	for _, d := range t.Dirs {
		if err := w.walk(ctx, &Entry{Path: path.Join(at.Path, d.Name), Tree: d.Tree, Meta: d.Meta}); err != nil {
			return err
		}
	}
	return nil
}

// Stat is the metadata of an entry as a file header; a directory has Mode with
// S_IFDIR and size 0. The payload of a file is not read, so it is not verified.
func Stat(ctx context.Context, src Source, e *Entry) (*FileHeader, error) {
	if e.IsDir() {
		m, err := LoadDirMeta(ctx, src, e.Meta)
		if err != nil {
			return nil, err
		}
		return &FileHeader{UID: m.UID, GID: m.GID, Mode: m.Mode, Xattrs: m.Xattrs}, nil
	}
	obj, err := src.Object(ctx, ObjectID{Sum: e.Sum, Type: TypeFile})
	if err != nil {
		return nil, err
	}
	h, payload, err := obj.OpenFile(ctx)
	if err != nil {
		return nil, err
	}
	return h, payload.Close()
}

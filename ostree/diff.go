package ostree

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/otactl/otactl/internal/limits"
)

// A Change is one difference between two trees.
type Change struct {
	Kind ChangeKind
	Path string // below the roots that were compared: "/usr/bin/sh"
}

// ChangeKind says what became of a path.
type ChangeKind byte

// The kinds. What is below a directory that was deleted is not listed, what is
// below one that was added is.
const (
	Modified ChangeKind = 'M'
	Deleted  ChangeKind = 'D'
	Added    ChangeKind = 'A'
)

// DiffTree is one side of a comparison: the tree of a commit or a folder.
type DiffTree interface {
	// root is the top directory.
	root(ctx context.Context) (diffNode, error)
	// children are what is in a directory of this tree.
	children(ctx context.Context, dir diffNode) (map[string]diffNode, error)
}

// diffNode is a file or a directory, with what tells it from another one.
type diffNode struct {
	path string
	dir  bool
	sum  Checksum // of a file; of a directory its dirmeta
	tree Checksum // of a directory in a commit, else zero
}

// Diff compares two trees: files by their checksums, directories by their
// metadata and what is in them. First comes what was modified, then what was
// deleted, then what was added, each with the files of a directory before what is
// below it.
func Diff(ctx context.Context, a, b DiffTree) ([]Change, error) {
	d := &differ{ctx: ctx, a: a, b: b}
	from, err := a.root(ctx)
	if err != nil {
		return nil, err
	}
	to, err := b.root(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.dirs(from, to, 1); err != nil {
		return nil, err
	}
	return slices.Concat(d.modified, d.deleted, d.added), nil
}

type differ struct {
	seen                     int // names, in both trees
	ctx                      context.Context
	a, b                     DiffTree
	modified, deleted, added []Change
}

func (d *differ) dirs(from, to diffNode, depth int) error {
	if !from.tree.IsZero() && from.tree == to.tree {
		return nil // what has the same name holds the same
	}
	if depth > limits.TreeDepth {
		return tooDeep(from.path)
	}
	old, err := d.a.children(d.ctx, from)
	if err != nil {
		return err
	}
	now, err := d.b.children(d.ctx, to)
	if err != nil {
		return err
	}
	if err := d.enter(len(old) + len(now)); err != nil {
		return err
	}
	for _, name := range listOrder(old) {
		was, is := old[name], diffNode{}
		var there bool
		if is, there = now[name]; !there {
			d.deleted = append(d.deleted, Change{Deleted, was.path})
			continue
		}
		if was.dir != is.dir || was.sum != is.sum {
			d.modified = append(d.modified, Change{Modified, was.path})
		}
		if was.dir && is.dir {
			if err := d.dirs(was, is, depth+1); err != nil {
				return err
			}
		}
	}
	for _, name := range listOrder(now) {
		if _, there := old[name]; !there {
			if err := d.add(now[name], depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// listOrder is the order of a dirtree: files by name, then directories by name.
func listOrder(nodes map[string]diffNode) []string {
	names := slices.Sorted(maps.Keys(nodes))
	slices.SortStableFunc(names, func(x, y string) int {
		switch {
		case nodes[x].dir == nodes[y].dir:
			return 0
		case nodes[y].dir:
			return -1
		}
		return 1
	})
	return names
}

// enter ends a comparison of trees that unfold into more than any disk holds.
func (d *differ) enter(names int) error {
	if d.seen += names; d.seen > 2*limits.TreeEntries {
		return fmt.Errorf("a tree unfolds into more than the %d names allowed", limits.TreeEntries)
	}
	return d.ctx.Err()
}

func tooDeep(path string) error {
	return fmt.Errorf("%s: directories nest deeper than the %d levels allowed", path, limits.TreeDepth)
}

// add lists what is new, with all below.
func (d *differ) add(n diffNode, depth int) error {
	d.added = append(d.added, Change{Added, n.path})
	if !n.dir {
		return nil
	}
	if depth > limits.TreeDepth {
		return tooDeep(n.path)
	}
	children, err := d.b.children(d.ctx, n)
	if err != nil {
		return err
	}
	if err := d.enter(len(children)); err != nil {
		return err
	}
	for _, name := range listOrder(children) {
		if err := d.add(children[name], depth+1); err != nil {
			return err
		}
	}
	return nil
}

// DiffCommit is the tree of a commit, for Diff.
func DiffCommit(src Source, commit Checksum) DiffTree { return commitSide{src, commit} }

type commitSide struct {
	src    Source
	commit Checksum
}

func (s commitSide) root(ctx context.Context) (diffNode, error) {
	c, err := LoadCommit(ctx, s.src, s.commit)
	if err != nil {
		return diffNode{}, err
	}
	return diffNode{path: "/", dir: true, sum: c.Meta, tree: c.Tree}, nil
}

func (s commitSide) children(ctx context.Context, dir diffNode) (map[string]diffNode, error) {
	t, err := LoadDirTree(ctx, s.src, dir.tree)
	if err != nil {
		return nil, err
	}
	nodes := make(map[string]diffNode, len(t.Files)+len(t.Dirs))
	for _, f := range t.Files {
		nodes[f.Name] = diffNode{path: path.Join(dir.path, f.Name), sum: f.Sum}
	}
	for _, sub := range t.Dirs {
		nodes[sub.Name] = diffNode{path: path.Join(dir.path, sub.Name), dir: true, sum: sub.Meta, tree: sub.Tree}
	}
	return nodes, nil
}

// DiskOptions say how files on disk are read for a comparison.
type DiskOptions struct {
	UID, GID *uint32 // in the place of their own owners
	NoXattrs bool
}

// DiffFolder is a folder on disk, for Diff.
func DiffFolder(dir string, opt DiskOptions) DiffTree { return diskSide{dir, opt} }

type diskSide struct {
	dir string
	opt DiskOptions
}

func (s diskSide) root(ctx context.Context) (diffNode, error) { return s.node(ctx, "/") }

// DiskChecksum is what a file, symlink or directory on disk would be called in
// a commit: a directory by its dirmeta. It reads the file to its end.
func DiskChecksum(ctx context.Context, path string, opt DiskOptions) (Checksum, error) {
	n, err := diskSide{path, opt}.node(ctx, "/")
	return n.sum, err
}

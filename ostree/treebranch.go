package ostree

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// branch is a directory of the tree that is being built.
type branch struct {
	meta *Checksum // nil until some tree has the directory
	// lazy is a dirtree of the repo that nobody had to look into yet; then
	// files and dirs are nil.
	lazy  *Checksum
	files map[string]*leaf
	dirs  map[string]*branch
}

// leaf is a file; whoever reads it fills in sum.
type leaf struct{ sum Checksum }

func (a *branch) empty() bool { return a.lazy == nil && len(a.files)+len(a.dirs) == 0 }

// file makes or finds a file's place.
func (a *branch) file(name string) (*leaf, error) {
	if a.dirs[name] != nil {
		return nil, fail.New(fail.Conflict, "", "Can't replace directory with file: %s", name)
	}
	if a.files == nil {
		a.files = map[string]*leaf{}
	}
	entry := &leaf{}
	a.files[name] = entry
	return entry, nil
}

// dir makes or finds a subdirectory.
func (a *branch) dir(name string) (*branch, error) {
	if a.files[name] != nil {
		return nil, fail.New(fail.Conflict, "", "Can't replace file with directory: %s", name)
	}
	sub := a.dirs[name]
	if sub == nil {
		if a.dirs == nil {
			a.dirs = map[string]*branch{}
		}
		sub = &branch{}
		a.dirs[name] = sub
	}
	return sub, nil
}

// expand looks into a dirtree of the repo, so that something can be laid over
// it.
func (b *TreeBuilder) expand(a *branch) error {
	if a.lazy == nil {
		return nil
	}
	t, err := LoadDirTree(b.ctx, b.repo, *a.lazy)
	if err != nil {
		return err
	}
	a.lazy = nil
	a.files, a.dirs = make(map[string]*leaf, len(t.Files)), make(map[string]*branch, len(t.Dirs))
	for _, f := range t.Files {
		a.files[f.Name] = &leaf{f.Sum}
	}
	for _, d := range t.Dirs {
		a.dirs[d.Name] = &branch{meta: &d.Meta, lazy: &d.Tree}
	}
	return nil
}

// another counts a name that comes out of an archive, where it costs next to nothing,
// or above one. More than a checkout would take are refused.
func (b *TreeBuilder) another() error {
	if b.names++; b.names > cmp.Or(b.opt.most, limits.TreeEntries) {
		return badFormat("a tree of more than the %d names allowed", cmp.Or(b.opt.most, limits.TreeEntries))
	}
	return nil
}

// plainDir is a directory that no tree has, before the options.
func plainDir(uid, gid uint32) *FileHeader {
	return &FileHeader{UID: uid, GID: gid, Mode: modeDir | 0o755}
}

// under finds the directory at a clean relative path. Those that are missing are
// made with the metadata in made; with nil it is an error that one is.
func (b *TreeBuilder) under(name string, made *FileHeader) (*branch, error) {
	at := b.root
	if err := b.made(at, made, "/"); err != nil {
		return nil, err
	}
	if name == "" {
		return at, b.expand(at)
	}
	depth, sofar := 1, ""
	for part := range strings.SplitSeq(name, "/") {
		sofar += "/" + part
		if depth++; depth > limits.TreeDepth {
			return nil, fmt.Errorf("%s: directories nest deeper than %d", sofar, limits.TreeDepth)
		}
		if err := b.expand(at); err != nil {
			return nil, err
		}
		if at.dirs[part] == nil {
			if made == nil {
				return nil, fmt.Errorf("%s: %w", sofar, ErrNoPath)
			}
			if err := b.another(); err != nil {
				return nil, err
			}
		}
		var err error
		if at, err = at.dir(part); err != nil {
			return nil, fmt.Errorf("%s: %w", sofar, err)
		}
		if err := b.made(at, made, sofar); err != nil {
			return nil, err
		}
	}
	return at, b.expand(at)
}

// made gives a directory that no tree has the metadata in h, if there is any.
func (b *TreeBuilder) made(at *branch, h *FileHeader, name string) error {
	if h == nil || at.meta != nil {
		return nil
	}
	own := *h // the options change it
	return b.dirMeta(at, &own, name)
}

package ostree

import (
	"path"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// filter says which entries of a directory are wanted; nil means all of them
// and all below. Filters are made once, so that their address names them.
type filter map[string]*filter

// parseSubpaths makes a filter out of paths in the tree; nil where all of it is
// wanted.
func parseSubpaths(paths []string) (*filter, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	root := filter{}
	for _, p := range paths {
		if !strings.HasPrefix(p, "/") {
			return nil, fail.New(fail.Usage, "begin it with a slash, as in /usr/lib", "subpath %.120q is not absolute", p)
		}
		if strings.Count(p, "/") > limits.TreeDepth {
			return nil, fail.New(fail.Usage, "", "subpath %.120q… is too deep", p)
		}
		clean := path.Clean(p)
		if clean == "/" {
			return nil, nil
		}
		root.want(strings.Split(clean[1:], "/"))
	}
	return &root, nil
}

func (f filter) want(parts []string) {
	sub, met := f[parts[0]]
	switch {
	case len(parts) == 1:
		f[parts[0]] = nil
	case met && sub == nil: // all below it is wanted already
	case met:
		sub.want(parts[1:])
	default:
		sub = &filter{}
		f[parts[0]] = sub
		sub.want(parts[1:])
	}
}

// wanted calls fn for each child of t that f wants, with what is wanted below
// it.
func (f *filter) wanted(t *DirTree, fn func(ObjectID, *filter)) {
	if f == nil {
		t.children(func(id ObjectID) { fn(id, nil) })
		return
	}
	for _, file := range t.Files {
		if _, ok := (*f)[file.Name]; ok {
			fn(ObjectID{file.Sum, TypeFile}, nil)
		}
	}
	for _, dir := range t.Dirs {
		if below, ok := (*f)[dir.Name]; ok {
			fn(ObjectID{dir.Meta, TypeDirMeta}, nil)
			fn(ObjectID{dir.Tree, TypeDirTree}, below)
		}
	}
}

package ostree

import (
	"cmp"
	"slices"

	"github.com/otactl/otactl/ostree/variant"
)

// DirTree is a directory: files and subdirectories, each sorted by name. A name
// is there once, across both.
type DirTree struct {
	Files []TreeFile
	Dirs  []TreeDir
}

// TreeFile is a file or symlink in a DirTree.
type TreeFile struct {
	Name string
	Sum  Checksum
}

// TreeDir is a subdirectory in a DirTree.
type TreeDir struct {
	Name       string
	Tree, Meta Checksum
}

var (
	dirTreeType  = variant.MustType("(a(say)a(sayay))")
	treeFileType = variant.MustType("(say)")
	treeDirType  = variant.MustType("(sayay)")
)

// ParseDirTree reads a dirtree object and refuses one that is not in normal
// form, not sorted, or holds a name twice or one that is no file name.
func ParseDirTree(b []byte) (*DirTree, error) {
	v, err := parseMetadata(dirTreeType, b)
	if err != nil {
		return nil, err
	}
	files, dirs := v.At(0), v.At(1)
	t := &DirTree{Files: make([]TreeFile, files.Len()), Dirs: make([]TreeDir, dirs.Len())}
	for i, f := range files.All() {
		if t.Files[i], err = parseTreeFile(f); err != nil {
			return nil, err
		}
	}
	for i, d := range dirs.All() {
		if t.Dirs[i], err = parseTreeDir(d); err != nil {
			return nil, err
		}
	}
	return t, t.check()
}

func parseTreeFile(v variant.Value) (TreeFile, error) {
	f := TreeFile{Name: v.At(0).Text()}
	var err error
	f.Sum, err = checksumOf("checksum of file", v.At(1).Bytes())
	return f, err
}

func parseTreeDir(v variant.Value) (TreeDir, error) {
	d := TreeDir{Name: v.At(0).Text()}
	var err error
	if d.Tree, err = checksumOf("dirtree of directory", v.At(1).Bytes()); err != nil {
		return d, err
	}
	d.Meta, err = checksumOf("dirmeta of directory", v.At(2).Bytes())
	return d, err
}

// check holds t against the rules on names: good ones, ascending, and none in
// both lists.
func (t *DirTree) check() error {
	for i, f := range t.Files {
		if err := checkName(f.Name); err != nil {
			return err
		}
		if i > 0 && t.Files[i-1].Name >= f.Name {
			return badFormat("file %q is there twice or out of order", f.Name)
		}
	}
	for i, d := range t.Dirs {
		if err := checkName(d.Name); err != nil {
			return err
		}
		if i > 0 && t.Dirs[i-1].Name >= d.Name {
			return badFormat("directory %q is there twice or out of order", d.Name)
		}
		if _, ok := t.File(d.Name); ok {
			return badFormat("name %q is both a file and a directory", d.Name)
		}
	}
	return nil
}

// File finds a file by name.
func (t *DirTree) File(name string) (TreeFile, bool) {
	i, ok := slices.BinarySearchFunc(t.Files, name, func(f TreeFile, n string) int { return cmp.Compare(f.Name, n) })
	if !ok {
		return TreeFile{}, false
	}
	return t.Files[i], true
}

// Dir finds a subdirectory by name.
func (t *DirTree) Dir(name string) (TreeDir, bool) {
	i, ok := slices.BinarySearchFunc(t.Dirs, name, func(d TreeDir, n string) int { return cmp.Compare(d.Name, n) })
	if !ok {
		return TreeDir{}, false
	}
	return t.Dirs[i], true
}

// Marshal sorts t by name and is the dirtree's bytes; a name that is bad or
// there twice is an error.
func (t *DirTree) Marshal() ([]byte, error) {
	slices.SortFunc(t.Files, func(a, b TreeFile) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(t.Dirs, func(a, b TreeDir) int { return cmp.Compare(a.Name, b.Name) })
	if err := t.check(); err != nil {
		return nil, err
	}
	files := make([]variant.Value, len(t.Files))
	for i, f := range t.Files {
		files[i] = variant.Tuple(treeFileType, variant.Text(f.Name), variant.Bytes(f.Sum[:]))
	}
	dirs := make([]variant.Value, len(t.Dirs))
	for i, d := range t.Dirs {
		dirs[i] = variant.Tuple(treeDirType, variant.Text(d.Name), variant.Bytes(d.Tree[:]), variant.Bytes(d.Meta[:]))
	}
	v := variant.Tuple(dirTreeType, variant.Array(treeFileType, files...), variant.Array(treeDirType, dirs...))
	return v.Data(), nil
}

// children calls fn for each object that t names.
func (t *DirTree) children(fn func(ObjectID)) {
	for _, f := range t.Files {
		fn(ObjectID{f.Sum, TypeFile})
	}
	for _, d := range t.Dirs {
		fn(ObjectID{d.Meta, TypeDirMeta})
		fn(ObjectID{d.Tree, TypeDirTree})
	}
}

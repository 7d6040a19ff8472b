package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
)

// plainTrees is a source that holds what a test puts into it.
type plainTrees map[ObjectID]Object

func (s plainTrees) Has(context.Context, []ObjectID) ([]bool, error) {
	return nil, errors.ErrUnsupported
}

func (s plainTrees) Object(_ context.Context, id ObjectID) (Object, error) {
	if o := s[id]; o != nil {
		return o, nil
	}
	return nil, &MissingError{ID: id}
}

func (s plainTrees) Ref(context.Context, string) (Checksum, error) {
	return Checksum{}, ErrRefNotFound
}

func (s plainTrees) metadata(t *testing.T, kind ObjectType, m interface{ Marshal() ([]byte, error) }) Checksum {
	t.Helper()
	data, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	obj := NewMetadata(kind, data)
	s[obj.ID()] = obj
	return obj.ID().Sum
}

func (s plainTrees) file(t *testing.T, h *FileHeader, content string, open func() io.Reader) TreeFile {
	t.Helper()
	h.Size = uint64(len(content))
	sum, err := ContentChecksum(h, bytes.NewReader([]byte(content)))
	if err != nil {
		t.Fatal(err)
	}
	if open == nil {
		open = func() io.Reader { return bytes.NewReader([]byte(content)) }
	}
	obj := NewFile(sum, h, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(open()), nil })
	s[obj.ID()] = obj
	return TreeFile{Sum: sum}
}

// commit makes a commit of one directory, with mode 0755.
func (s plainTrees) commit(t *testing.T, tree *DirTree) Checksum {
	t.Helper()
	c := &Commit{Time: time.Unix(1, 0), Tree: s.metadata(t, TypeDirTree, tree), Meta: s.meta(t)}
	return s.metadata(t, TypeCommit, c)
}

func (s plainTrees) meta(t *testing.T) Checksum {
	return s.metadata(t, TypeDirMeta, &DirMeta{UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Mode: modeDir | 0o755})
}

func suid() *FileHeader {
	return &FileHeader{UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Mode: modeRegular | 0o4755}
}

// spy reads content and looks at the tree being written after each half.
type spy struct {
	io.Reader
	look func()
}

func (s spy) Read(b []byte) (int, error) {
	s.look()
	return s.Reader.Read(b[:min(len(b), 4)])
}

func TestSetuidComesOnlyAfterTheContentProvedRight(t *testing.T) {
	parent, src := t.TempDir(), plainTrees{}
	var early []string
	looks := 0
	look := func() {
		looks++
		_ = filepath.WalkDir(parent, func(p string, d fs.DirEntry, err error) error {
			if info, ierr := os.Lstat(p); ierr == nil && info.Mode().IsRegular() && info.Mode() != 0o600 {
				early = append(early, fmt.Sprint(p, " ", info.Mode()))
			}
			return err
		})
	}
	f := src.file(t, suid(), "setuid content", func() io.Reader { return spy{bytes.NewReader([]byte("setuid content")), look} })
	f.Name = "su"
	commit := src.commit(t, &DirTree{Files: []TreeFile{f}})
	dest := filepath.Join(parent, "out")
	if _, err := Checkout(context.Background(), src, commit, dest, CheckoutOptions{}); err != nil {
		t.Fatal(err)
	}
	if looks < 3 || len(early) > 0 {
		t.Errorf("%d looks saw modes before the content was verified: %v", looks, early)
	}
	info, err := os.Stat(filepath.Join(dest, "su"))
	if err != nil || info.Mode() != 0o755|fs.ModeSetuid {
		t.Errorf("afterwards: %v, %v", info.Mode(), err)
	}
}

func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind in %s: %v, %v", dir, left, err)
	}
}

func TestCheckoutOfACorruptFileLeavesNothing(t *testing.T) {
	for name, bad := range map[string]string{"changed": "setuid CONTENT", "shorter": "setuid", "longer": "setuid content and more", "empty": ""} {
		parent, src := t.TempDir(), plainTrees{}
		good := src.file(t, suid(), "good", nil)
		f := src.file(t, suid(), "setuid content", func() io.Reader { return bytes.NewReader([]byte(bad)) })
		good.Name, f.Name = "good", "su"
		commit := src.commit(t, &DirTree{Files: []TreeFile{good, f}})
		_, err := Checkout(context.Background(), src, commit, filepath.Join(parent, "out"), CheckoutOptions{})
		if corrupt, ok := errors.AsType[*CorruptError](err); !ok || corrupt.ID.Sum != f.Sum {
			t.Errorf("%s: error is %v, want one that names %s", name, err, f.Sum)
		}
		nothingLeft(t, parent)
	}
}

func TestUnionCheckoutOfACorruptFileKeepsTheOldOne(t *testing.T) {
	dest, src := t.TempDir(), plainTrees{}
	if err := os.WriteFile(filepath.Join(dest, "su"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := src.file(t, suid(), "setuid content", func() io.Reader { return bytes.NewReader([]byte("setuid CONTENT")) })
	f.Name = "su"
	_, err := Checkout(context.Background(), src, src.commit(t, &DirTree{Files: []TreeFile{f}}), dest, CheckoutOptions{Overwrite: OverwriteFiles})
	if err == nil {
		t.Error("no error")
	}
	left, _ := os.ReadDir(dest)
	if got, _ := os.ReadFile(filepath.Join(dest, "su")); string(got) != "old" || len(left) != 1 {
		t.Errorf("folder holds %v, su is %q", left, got)
	}
}

func TestCheckoutThatIsCancelledLeavesNothing(t *testing.T) {
	parent, src := t.TempDir(), plainTrees{}
	ctx, cancel := context.WithCancel(context.Background())
	f := src.file(t, suid(), "setuid content", func() io.Reader { return spy{bytes.NewReader([]byte("setuid content")), cancel} })
	g := src.file(t, suid(), "another", nil)
	f.Name, g.Name = "a", "b"
	_, err := Checkout(ctx, src, src.commit(t, &DirTree{Files: []TreeFile{f, g}}), filepath.Join(parent, "out"), CheckoutOptions{Jobs: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	nothingLeft(t, parent)
}

func TestTreesThatNestTooDeepAreRefused(t *testing.T) {
	parent, src := t.TempDir(), plainTrees{}
	meta, tree := src.meta(t), &DirTree{}
	for range limits.TreeDepth + 1 {
		tree = &DirTree{Dirs: []TreeDir{{Name: "d", Tree: src.metadata(t, TypeDirTree, tree), Meta: meta}}}
	}
	commit := src.commit(t, tree)
	_, err := Checkout(context.Background(), src, commit, filepath.Join(parent, "out"), CheckoutOptions{})
	if err == nil {
		t.Error("no error")
	}
	nothingLeft(t, parent)
	root, err := Lookup(context.Background(), src, commit, "/")
	if err != nil {
		t.Fatal(err)
	}
	if err := WalkTree(context.Background(), src, root, func(*Entry) error { return nil }); err == nil {
		t.Error("a walk of it ends well")
	}
}

// TestNobodysNumberOwnsNothing: chown would take it for "as it is", and leave
// root's.
func TestNobodysNumberOwnsNothing(t *testing.T) {
	const nobody = 1<<32 - 1
	src := plainTrees{}
	name := func(f TreeFile) *DirTree { f.Name = "x"; return &DirTree{Files: []TreeFile{f}} }
	dir := src.metadata(t, TypeDirMeta, &DirMeta{UID: nobody, Mode: modeDir | 0o755})
	for what, tree := range map[string]*DirTree{
		"file":      name(src.file(t, &FileHeader{GID: nobody, Mode: modeRegular | 0o644, Size: 1}, "x", nil)),
		"symlink":   name(src.file(t, &FileHeader{UID: nobody, Mode: modeSymlink | 0o777, Target: "y"}, "", nil)),
		"directory": {Dirs: []TreeDir{{Name: "x", Tree: src.metadata(t, TypeDirTree, &DirTree{}), Meta: dir}}},
	} {
		parent := t.TempDir()
		if _, err := Checkout(t.Context(), src, src.commit(t, tree), filepath.Join(parent, "out"), CheckoutOptions{}); err == nil {
			t.Errorf("a %s of owner %d is checked out", what, nobody)
		}
		nothingLeft(t, parent)
	}
}

func TestLookupFindsWhatIsThereAndFollowsNoLink(t *testing.T) {
	src := plainTrees{}
	f := src.file(t, suid(), "content", nil)
	f.Name = "file"
	link := src.file(t, &FileHeader{Mode: modeSymlink | 0o777, Target: "sub"}, "", nil)
	link.Name = "link"
	sub := TreeDir{Name: "sub", Tree: src.metadata(t, TypeDirTree, &DirTree{Files: []TreeFile{f}}), Meta: src.meta(t)}
	commit := src.commit(t, &DirTree{Files: []TreeFile{link}, Dirs: []TreeDir{sub}})
	for path, found := range map[string]bool{"": true, "/": true, "sub": true, "/sub/": true, "sub/file": true, "../sub/./file": true,
		"link": true, "link/file": false, "link/": false, "sub/file/": false, "sub/file/x": false, "nosuch": false, "sub/nosuch": false} {
		e, err := Lookup(context.Background(), src, commit, path)
		if found && err != nil || !found && !errors.Is(err, ErrNoPath) {
			t.Errorf("Lookup(%q) = %v, %v; want found %v", path, e, err, found)
		}
	}
}

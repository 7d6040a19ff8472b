package ostree

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAFlippedBitIsFoundOrChangesNothing flips bits all over each object of an
// archive repo. Each is found, or the object still is what its name says: the
// few bits of a deflate stream that no checksum covers.
func TestAFlippedBitIsFoundOrChangesNothing(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	unseen := 0
	err := Closure(t.Context(), r, commits[1], func(id ObjectID) error {
		path := r.objectPath(id)
		good, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for at := 0; at < len(good)*8; at += 1 + at/64 {
			bad := slices.Clone(good)
			bad[at/8] ^= 1 << (at % 8)
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				return err
			}
			if flipFound(t, r, id) {
				continue
			}
			if unseen++; id.Type != TypeFile || at/8 < 8+4 {
				t.Errorf("%s: bit %d was flipped and not found", id, at)
			}
		}
		return os.WriteFile(path, good, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if unseen > 40 {
		t.Errorf("%d flips were not found; only spare bits at the end of streams may be", unseen)
	}
}

func flipFound(t *testing.T, r *Repo, id ObjectID) bool {
	t.Helper()
	obj, err := r.Object(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	err = VerifyObject(t.Context(), obj)
	bad, corrupt := errors.AsType[*CorruptError](err)
	if err != nil && (!corrupt || bad.ID != id || bad.Where == "") {
		t.Errorf("%s: %v, want a CorruptError that names object and place", id, err)
	}
	return err != nil
}

func TestDamageInABareRepoIsFound(t *testing.T) {
	for _, mode := range []Mode{ModeBare, ModeBareUser} {
		for name, spoil := range map[string]func(path string) error{
			"content": func(p string) error { return os.WriteFile(p, []byte("other"), 0o600) },
			"mode":    func(p string) error { return os.Chmod(p, 0o4711) },
			"owner":   func(p string) error { return os.Chown(p, 99, 99) },
			"xattr":   func(p string) error { return setUserXattr(p) },
			"kind":    func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) },
		} {
			if mode == ModeBareUser && (name == "mode" || name == "owner" || name == "xattr") {
				continue // not kept on the file itself
			}
			r, commits := theirRepo(t, mode)
			tree := treeAt(t, r, commits[1], "usr", "bin")
			tool, _ := tree.File("tool")
			if err := spoil(r.objectPath(ObjectID{tool.Sum, TypeFile})); err != nil {
				t.Fatal(err)
			}
			report, err := Verify(t.Context(), r, commits[1], VerifyOptions{KeepOn: true})
			if err == nil || len(report.Problems) != 1 {
				t.Errorf("%s, %s: %v, %v", mode, name, err, report.Problems)
			}
		}
	}
}

// treeAt walks down from the root of c.
func treeAt(t *testing.T, src Source, c Checksum, names ...string) *DirTree {
	t.Helper()
	commit, err := LoadCommit(t.Context(), src, c)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := LoadDirTree(t.Context(), src, commit.Tree)
	for _, n := range names {
		if err != nil {
			t.Fatal(err)
		}
		d, ok := tree.Dir(n)
		if !ok {
			t.Fatalf("no directory %s", n)
		}
		tree, err = LoadDirTree(t.Context(), src, d.Tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestStrangersAreNamed(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	h := commits[0].String()
	fan := filepath.Join(r.Path(), "objects", h[:2])
	for _, name := range []string{"note.txt", h[2:] + ".file", h[2:] + ".filez.bak", h[2:60] + ".commit"} {
		if err := os.WriteFile(filepath.Join(fan, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("x", filepath.Join(fan, h[2:]+".dirtree")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Path(), "objects", "loose"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := r.Strangers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 6 || !slices.Contains(got, "objects/loose") || !slices.Contains(got, "objects/"+h[:2]+"/"+h[2:]+".dirtree") {
		t.Errorf("strangers are %q", got)
	}
}

// TestAPipeWhereAnObjectBelongsDoesNotHangTheReader also covers a link: only
// regular files are opened.
func TestAPipeWhereAnObjectBelongsDoesNotHangTheReader(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	path := r.objectPath(ObjectID{commits[1], TypeCommit})
	if err := os.Rename(path, path+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	for name, replace := range map[string]func() error{
		"pipe":   func() error { return makePipe(path) },
		"link":   func() error { return os.Symlink(path+".elsewhere", path) },
		"folder": func() error { return os.Mkdir(path, 0o755) },
	} {
		if err := replace(); err != nil {
			t.Fatal(err)
		}
		_, err := LoadCommit(t.Context(), r, commits[1])
		if _, missing := errors.AsType[*MissingError](err); !missing {
			t.Errorf("%s: %v, want an object that is missing", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func setUserXattr(path string) error { return unix.Setxattr(path, "user.new", []byte("x"), 0) }

func makePipe(path string) error { return unix.Mkfifo(path, 0o644) }

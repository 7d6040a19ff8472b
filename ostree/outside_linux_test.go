package ostree

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree/keyfile"
	"github.com/otactl/otactl/ostree/variant"
)

// outside is a folder of somebody else, with old files of all the names that a
// repo might sweep, write or remove.
func outside(t *testing.T) (dir string, untouched func()) {
	t.Helper()
	dir = t.TempDir()
	past := time.Unix(1500000000, 0)
	sum := strings.Repeat("0", 64)
	names := []string{"precious", "otactl-file-1", "main", "old", "none.sig", sum + ".commitpartial", sum[:62] + ".filez", "staging-x/00/" + sum[:62] + ".dirtree"}
	for _, n := range names {
		path := filepath.Join(dir, n)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("theirs"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	before := listTree(t, dir)
	return dir, func() {
		t.Helper()
		if after := listTree(t, dir); after != before {
			t.Errorf("something outside of the repo changed:\n%s\nwas\n%s", after, before)
		}
	}
}

// TestNothingIsTouchedThroughALink: whatever folder of a repo is a link out of
// it, all that writes, sweeps or removes leaves what is there alone.
func TestNothingIsTouchedThroughALink(t *testing.T) {
	for _, folder := range []string{"tmp", "state", "objects", "objects/00", "refs", "refs/heads", "refs/heads/a", "refs/mirrors", "tmp/cache/summaries"} {
		src, commits := theirRepo(t, ModeArchive)
		r := copyRepo(t, src)
		dir, untouched := outside(t)
		path := filepath.Join(r.Path(), filepath.FromSlash(folder))
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(dir, path); err != nil {
			t.Fatal(err)
		}
		failed := 0
		for _, do := range []func() error{
			func() error {
				_, err := Copy(t.Context(), r, src, commits[1], CopyOptions{FullCheck: true})
				return err
			},
			func() error { return r.PutDurable(t.Context(), plain(t, folder)) },
			func() error { return r.SetRef(t.Context(), "a/main", commits[1], nil) },
			func() error { return r.DeleteRef(t.Context(), "a/main", nil) },
			func() error { return r.DeleteRef(t.Context(), "main", nil) },
			func() error { return r.SetAlias(t.Context(), "a/old", "main") },
			func() error { return r.SetMirrorRef(t.Context(), CollectionRef{"org.example.A", "main"}, commits[1]) },
			func() error { return r.MarkPartial(Checksum{}, PartialFsck) },
			func() error { return r.ClearPartial(Checksum{}) },
			func() error { return r.WriteTombstone(t.Context(), Checksum{}) },
			func() error { return r.DeleteObject(t.Context(), ObjectID{Checksum{}, TypeFile}) },
			func() error { return r.WriteDetached(t.Context(), commits[1], variant.Dict()) },
			func() error { _, err := Prune(t.Context(), r, PruneOptions{RefsOnly: true}); return err },
			func() error { _, err := Fsck(t.Context(), r, FsckOptions{Delete: true}); return err },
		} {
			if do() != nil {
				failed++
			}
			untouched()
		}
		if failed == 0 {
			t.Errorf("%s is a link and nobody minds", folder)
		}
	}
}

// TestOddRefFilesAreErrorsWithTheirName, and never a commit.
func TestOddRefFilesAreErrorsWithTheirName(t *testing.T) {
	for what, put := range map[string]func(path string) error{
		"text":  func(p string) error { return os.WriteFile(p, []byte("not a checksum\n"), 0o644) },
		"upper": func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("A", 64)+"\n"), 0o644) },
		"two": func(p string) error {
			return os.WriteFile(p, []byte(strings.Repeat("a", 64)+"\n"+strings.Repeat("b", 64)), 0o644)
		},
		"empty":     func(p string) error { return os.WriteFile(p, nil, 0o644) },
		"huge":      func(p string) error { return os.WriteFile(p, make([]byte, 1<<20), 0o644) },
		"pipe":      func(p string) error { return syscall.Mkfifo(p, 0o644) },
		"out":       func(p string) error { return os.Symlink("/etc/hostname", p) },
		"far out":   func(p string) error { return os.Symlink("../../../../../../../../etc/hostname", p) },
		"itself":    func(p string) error { return os.Symlink(filepath.Base(p), p) },
		"to config": func(p string) error { return os.Symlink("../../config", p) },
		"to folder": func(p string) error { return os.Symlink("../remotes", p) },
		"dangling":  func(p string) error { return os.Symlink("nothing", p) },
	} {
		r, _ := theirRepo(t, ModeArchive)
		if err := put(filepath.Join(r.Path(), "refs/heads/odd")); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if c, err := r.Ref(t.Context(), "odd"); err == nil || !strings.Contains(err.Error(), "odd") || !c.IsZero() {
				t.Errorf("%s: %s, %v", what, c, err)
			}
			if _, err := r.Refs(t.Context()); err == nil || !strings.Contains(err.Error(), "odd") {
				t.Errorf("%s: all refs: %v", what, err)
			}
		}()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: reading it does not end", what)
		}
	}
}

// TestOddObjectsAreNamed: a name that something else than an object has.
func TestOddObjectsAreNamed(t *testing.T) {
	for _, mode := range []Mode{ModeArchive, ModeBare, ModeBareUserOnly} {
		for _, put := range []func(path string) error{
			func(p string) error { return syscall.Mkfifo(p, 0o644) },
			func(p string) error { return os.Mkdir(p, 0o755) },
			func(p string) error { return os.Symlink("/etc/hostname", p) },
			func(p string) error { return os.WriteFile(p, nil, 0o644) },
		} {
			r := newRepo(t, mode)
			id := plain(t, "odd").ID()
			path := r.objectPath(id)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			obj, err := r.Object(t.Context(), id)
			if err == nil {
				err = VerifyObject(t.Context(), obj)
			}
			if !isProblem(err) || !strings.Contains(err.Error(), id.String()) {
				t.Errorf("%s: %v", mode, err)
			}
		}
	}
}

func TestOddConfigsAreErrorsOfOneLine(t *testing.T) {
	const head = "[core]\nrepo_version=1\nmode=bare\n"
	for _, config := range []string{
		"", "\x00\x00\x00", "[core]\n", "[core]\nrepo_version=1\nmode=\n", head + "fsync=\n", head + "locking=yes\n", head + "collection-id=../..\n",
		head + "min-free-space-size=99999999999999TB\n", head + "min-free-space-percent=-1\n", head + "lock-timeout-secs=99999999999999999999\n",
		head + "parent=/nowhere\n", head + "[archive]\nzlib-level=0\n", head + "parent=.\n", strings.Repeat("#", 2<<20),
	} {
		r := newRepo(t, ModeBare)
		if err := os.WriteFile(filepath.Join(r.Path(), "config"), []byte(strings.ReplaceAll(config, "parent=.", "parent="+r.Path())), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRepo(r.Path()); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v", config, err)
		}
		err := r.EditConfig(t.Context(), func(f *keyfile.File) error { return f.Set("x", "y", "z") })
		if err == nil && !strings.Contains(config, "parent") { // which is mended by an edit
			t.Errorf("%.60q was edited", config)
		}
	}
}

package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// unfolds makes 40 directories, each of which names the next one twice: 80
// objects that stand for 2^40 paths.
func unfolds(e *evil) Checksum {
	meta := e.meta()
	at := e.value(TypeDirTree, dirTree([]entry{{name: "file", sum: e.good("a")}}, nil)).Sum
	for range 40 {
		at = e.value(TypeDirTree, dirTree(nil, []entry{{name: "a", tree: at, meta: meta}, {name: "b", tree: at, meta: meta}})).Sum
	}
	return e.commit(at)
}

// TestATreeThatUnfoldsWithoutEndIsBounded: whoever reads each object once is
// done soon; whoever needs each path stops.
func TestATreeThatUnfoldsWithoutEndIsBounded(t *testing.T) {
	e := newEvil(t)
	commit := unfolds(e)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := Copy(ctx, newRepo(t, ModeBareUser), e, commit, CopyOptions{}); err != nil {
		t.Errorf("copy: %v", err)
	}
	if report, err := Fsck(ctx, e.Repo, FsckOptions{}); err != nil || len(report.Problems) > 0 {
		t.Errorf("fsck: %v, %v", report.Problems, err)
	}
	refused := func(what string, err error) {
		t.Helper()
		if bad, ok := errors.AsType[*CorruptError](err); !ok || !strings.Contains(bad.Why, "unfolds") {
			t.Errorf("%s: %v", what, err)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	_, err := Checkout(ctx, e, commit, out, CheckoutOptions{UserMode: true, most: 1000})
	refused("checkout", err)
	if _, err := os.Lstat(out); err == nil {
		t.Error("the checkout is there")
	}
	root, err := Lookup(ctx, e, commit, "/")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	w := &treeWalk{src: e, unfolding: unfolding{most: 1000}, fn: func(*Entry) error { n++; return nil }}
	refused("walk", w.walk(ctx, root))
	if n > 1001 {
		t.Errorf("the walk visits %d", n)
	}
}

// TestNoSymlinkLeadsACheckoutAway: neither one that was there nor one that came
// with another tree. What it points to stays as it is.
func TestNoSymlinkLeadsACheckoutAway(t *testing.T) {
	place := t.TempDir()
	outside := filepath.Join(place, "outside")
	for name, attack := range map[string]func(out string) error{
		"a directory is a link": func(out string) error { return os.Symlink(outside, filepath.Join(out, "etc")) },
		"a file is a link":      func(out string) error { return os.Symlink(filepath.Join(outside, "kept"), filepath.Join(out, "top")) },
		"a file below is a link": func(out string) error {
			return errors.Join(os.Mkdir(filepath.Join(out, "etc"), 0o755), os.Symlink(filepath.Join(outside, "kept"), filepath.Join(out, "etc/file")))
		},
		"a file is a pipe": func(out string) error { return unix.Mkfifo(filepath.Join(out, "top"), 0o644) },
	} {
		for _, mode := range []Mode{ModeArchive, ModeBareUser} {
			for way, opt := range map[string]CheckoutOptions{"files": {Overwrite: OverwriteFiles}, "add": {Overwrite: OverwriteAdd},
				"identical": {Overwrite: OverwriteIdentical}, "links": {Overwrite: OverwriteFiles, Links: LinkAllowed}} {
				what := fmt.Sprintf("%s, %s, %s", name, mode, way)
				e := newEvil(t)
				in := e.value(TypeDirTree, dirTree([]entry{{name: "file", sum: e.good("from the commit")}}, nil))
				root := e.value(TypeDirTree, dirTree([]entry{{name: "top", sum: e.good("from the commit")}}, []entry{{name: "etc", tree: in.Sum, meta: e.meta()}}))
				commit := e.commit(root.Sum)
				from := newRepo(t, mode)
				if _, err := Copy(t.Context(), from, e, commit, CopyOptions{}); err != nil {
					t.Fatal(err)
				}
				out := filepath.Join(t.TempDir(), "out")
				err := errors.Join(os.RemoveAll(outside), os.Mkdir(outside, 0o755), os.WriteFile(filepath.Join(outside, "kept"), []byte("kept"), 0o600), os.Mkdir(out, 0o755))
				if err = errors.Join(err, attack(out)); err != nil {
					t.Fatal(err)
				}
				opt.UserMode = true
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				_, err = Checkout(ctx, from, commit, out, opt)
				if ctx.Err() != nil {
					t.Errorf("%s: did not end: %v", what, err)
				}
				cancel()
				kept, rerr := os.ReadFile(filepath.Join(outside, "kept"))
				if names := foundIn(t, outside); len(names) != 1 || string(kept) != "kept" || rerr != nil {
					t.Errorf("%s: outside is %q with %q, %v (checkout: %v)", what, names, kept, rerr, err)
				}
			}
		}
	}
}

// TestNoSetuidFileInARepoOfAUser: the file that is stored runs under nobody
// else's name, and a checkout in user mode makes none that does.
func TestNoSetuidFileInARepoOfAUser(t *testing.T) {
	e := newEvil(t)
	h := &FileHeader{Mode: 0o106755, Size: 5, Xattrs: []Xattr{{"security.capability", bytes.Repeat([]byte{1}, 20)}}}
	file := e.filez(h, "hello", nil)
	commit := e.holding(file)
	dst := newRepo(t, ModeBareUser)
	if _, err := Copy(t.Context(), dst, e, commit, CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	harmless := func(what, path string) {
		t.Helper()
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil || st.Mode&0o7000 != 0 {
			t.Errorf("%s: mode %o, %v", what, st.Mode, err)
		}
		if xattrs, err := PathXattrs(path); err != nil || len(xattrs) > 0 && xattrs[0].Name != userMeta {
			t.Errorf("%s: %v, %v", what, xattrs, err)
		}
	}
	harmless("stored", dst.objectPath(file))
	for name, links := range map[string]HardLinks{"copied": LinkNever, "linked": LinkAllowed} {
		out := filepath.Join(t.TempDir(), "out")
		if _, err := Checkout(t.Context(), dst, commit, out, CheckoutOptions{UserMode: true, Links: links}); err != nil {
			t.Fatal(err)
		}
		harmless(name, filepath.Join(out, "file"))
	}
	only := newRepo(t, ModeBareUserOnly)
	if _, err := Copy(t.Context(), only, e, commit, CopyOptions{}); err == nil || !strings.Contains(err.Error(), file.Sum.String()) {
		t.Errorf("into bare-user-only: %v", err)
	}
}

// tap is an endless object; slow gives a byte at a time and waits for ever.
type tap struct {
	ctx  context.Context
	slow bool
	read int64
}

func (s *tap) Read(p []byte) (int, error) {
	if !s.slow {
		s.read += int64(len(p))
		for i := range p {
			p[i] = byte(i)
		}
		return len(p), nil
	}
	select {
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	case <-time.After(10 * time.Millisecond):
		p[0] = 0
		s.read++
		return 1, nil
	}
}

func (s *tap) Close() error { return nil }

// flooding is a source that sends one of its objects without end.
type flooding struct {
	Source
	bad  ObjectID
	head []byte
	tap  *tap
}

func (f *flooding) Object(ctx context.Context, id ObjectID) (Object, error) {
	if id != f.bad {
		return f.Source.Object(ctx, id)
	}
	return NewArchived(id, func(ctx context.Context) (io.ReadCloser, int64, error) {
		f.tap.ctx = ctx
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(f.head), f.tap), f.tap}, -1, nil
	}), nil
}

// TestASourceThatSendsForEverIsLeft: after as many bytes as its object could
// have, or when the caller's patience ends.
func TestASourceThatSendsForEverIsLeft(t *testing.T) {
	e := newEvil(t)
	tree := e.value(TypeDirTree, dirTree([]entry{{name: "file", sum: e.good("hello")}}, nil))
	commit := e.commit(tree.Sum)
	file := ObjectID{e.good("hello"), TypeFile}
	packed, err := os.ReadFile(e.objectPath(file))
	if err != nil {
		t.Fatal(err)
	}
	header := packed[:8+packed[3]]
	for what, f := range map[string]*flooding{
		"commit":              {bad: ObjectID{commit, TypeCommit}},
		"dirtree":             {bad: tree},
		"dirmeta":             {bad: ObjectID{e.meta(), TypeDirMeta}},
		"file":                {bad: file},
		"file after a header": {bad: file, head: header},
		"file after its end":  {bad: file, head: packed},
	} {
		for _, slow := range []bool{false, true} {
			for _, mode := range []Mode{ModeArchive, ModeBareUser} {
				what := fmt.Sprintf("%s, slow %v, %s", what, slow, mode)
				src := &flooding{e, f.bad, f.head, &tap{slow: slow}}
				patience := time.Minute
				if slow {
					patience = 300 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_, err := Copy(ctx, newRepo(t, mode), src, commit, CopyOptions{})
				switch {
				case err == nil:
					t.Errorf("%s: no error", what)
				case slow && !errors.Is(err, context.DeadlineExceeded) && !isProblem(err):
					t.Errorf("%s: %v", what, err)
				case !slow && !strings.Contains(err.Error(), f.bad.Sum.String()):
					t.Errorf("%s: the error does not name the object: %v", what, err)
				}
				if most := int64(130 << 20); src.tap.read > most || f.bad.Type == TypeFile && src.tap.read > 4<<20 {
					t.Errorf("%s: %d bytes were read", what, src.tap.read)
				}
				cancel()
			}
		}
	}
	runtime.GC()
}

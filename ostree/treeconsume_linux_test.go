package ostree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
)

// TestConsumedTreesGoWhenTheCommitIsMade, and what came into them since stays.
func TestConsumedTreesGoWhenTheCommitIsMade(t *testing.T) {
	for _, mode := range []Mode{ModeArchive, ModeBare, ModeBareUser, ModeBareUserOnly} {
		dir, ctx := shell(t, twoTrees+"; mkdir -p t/skip/deep; echo > t/skip/deep/x; ln t/etc/a saved"), t.Context()
		repo, tree := newRepo(t, mode), filepath.Join(dir, "t")
		report, err := CommitTree(ctx, repo, tree, TreeOptions{Consume: true, Skip: skips(t, "/skip\n")})
		if err != nil {
			t.Fatal(mode, err)
		}
		if _, err := os.Stat(filepath.Join(tree, "etc/a")); err != nil {
			t.Errorf("%s: gone before the commit is made: %v", mode, err)
		}
		late := filepath.Join(tree, "usr/late")
		if err := os.WriteFile(late, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := report.RemoveSources(ctx); err == nil {
			t.Errorf("%s: a folder with something new in it goes without an error", mode)
		}
		if err := errors.Join(os.Remove(late), report.RemoveSources(ctx)); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if _, err := os.Lstat(tree); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %s is still there: %v", mode, tree, err)
		}
		testkit.OSTree(t, "--repo="+repo.Path(), "fsck", "-q")
	}
}

// TestAConsumedFileIsNeverTheObject: whoever still has a name of the file, or
// has it open, may write to it after a commit that failed or that succeeded.
func TestAConsumedFileIsNeverTheObject(t *testing.T) {
	for _, mode := range []Mode{ModeArchive, ModeBare, ModeBareUser, ModeBareUserOnly} {
		dir := shell(t, `mkdir t; echo eat me > t/f; chmod 644 t/f; head -c 3000000 /dev/zero > t/large; touch -d @7 t/*`)
		repo, file := newRepo(t, mode), filepath.Join(dir, "t/f")
		report, err := CommitTree(t.Context(), repo, filepath.Join(dir, "t"), TreeOptions{Consume: true})
		if err != nil {
			t.Fatal(mode, err)
		}
		for _, name := range []string{"f", "large"} {
			var st unix.Stat_t
			if err := unix.Stat(filepath.Join(dir, "t", name), &st); err != nil || st.Nlink != 1 || st.Mtim.Sec != 7 {
				t.Errorf("%s: %s has %d names and is of %d: %v", mode, name, st.Nlink, st.Mtim.Sec, err)
			}
		}
		_, _, err = WriteCommit(t.Context(), repo, report.Tree, report.Meta, CommitOptions{Branch: "main"})
		if err := errors.Join(err, os.WriteFile(file, []byte("edited"), 0o644)); err != nil {
			t.Fatal(err)
		}
		testkit.OSTree(t, "--repo="+repo.Path(), "fsck", "-q")
		if err := report.RemoveSources(t.Context()); err == nil || !strings.Contains(err.Error(), file+": ") {
			t.Errorf("%s: the edited file goes: %v", mode, err)
		}
	}
}

// TestConsumingGoesOnPastWhatStays, and names it at the end.
func TestConsumingGoesOnPastWhatStays(t *testing.T) {
	dir, ctx := shell(t, `for d in a b c d; do mkdir -p t/$d u; echo x > t/$d/f; done; echo x > u/f`), t.Context()
	in := func(name string) string { return filepath.Join(dir, name) }
	report, err := BuildTree(ctx, newRepo(t, ModeBare), TreeOptions{Consume: true}, func(b *TreeBuilder) error {
		return errors.Join(b.Dir(in("t")), b.Dir(in("u")))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, late := range []string{"t/a/late", "t/c/late"} {
		if err := os.WriteFile(in(late), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err = report.RemoveSources(ctx)
	if err == nil || !strings.Contains(err.Error(), in("t")+"/") || !strings.Contains(err.Error(), "and 1 more") {
		t.Errorf("error is %v", err)
	}
	for name, stays := range map[string]bool{"t/a/late": true, "t/a/f": false, "t/b": false, "t/c/f": false, "t/d": false, "u": false} {
		if _, err := os.Lstat(in(name)); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOnlyTheFolderThatWasReadIsConsumed: whoever owns the folder above it may
// put something else in its place before it goes.
func TestOnlyTheFolderThatWasReadIsConsumed(t *testing.T) {
	for what, swap := range map[string]string{
		"a symlink in its place": "mv up/t away; ln -s ../victim up/t",
		"a folder in its place":  "mv up/t away; mv victim up/t; ln -s up/t victim",
		"an empty folder":        "mv up/t away; mkdir up/t",
		"a symlink above it":     "mv up/t away; mkdir v; mv victim v/t; ln -s v/t victim; rmdir up; ln -s v up",
	} {
		dir := shell(t, `mkdir -p up/t/skip victim/skip/deep; echo x | tee up/t/f victim/f up/t/skip/x > victim/skip/deep/x`)
		tree := filepath.Join(dir, "up/t")
		report, err := CommitTree(t.Context(), newRepo(t, ModeArchive), tree, TreeOptions{Consume: true, Skip: skips(t, "/skip\n")})
		if err != nil {
			t.Fatal(err)
		}
		run(t, dir, swap)
		if err := report.RemoveSources(t.Context()); err == nil || !strings.Contains(err.Error(), tree) {
			t.Errorf("%s: error is %v", what, err)
		}
		for _, name := range []string{"up/t", "victim/f", "victim/skip/deep/x"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if list, err := os.ReadDir(filepath.Join(dir, "away")); err != nil || len(list) > 0 {
			t.Errorf("%s: of what was read %v is left, %v", what, list, err)
		}
		report.Close()
	}
}

// TestConsumedFoldersAreHeldOpenUntilTheReportIsClosed, and no longer when there
// is no report.
func TestConsumedFoldersAreHeldOpenUntilTheReportIsClosed(t *testing.T) {
	dir := shell(t, "mkdir t u; echo x > t/f; mkfifo u/pipe")
	held := func() (n int) {
		list, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range list {
			if at, _ := os.Readlink(fd); strings.HasPrefix(at, dir) {
				n++
			}
		}
		return n
	}
	repo, opt := newRepo(t, ModeArchive), TreeOptions{Consume: true}
	report, err := CommitTree(t.Context(), repo, filepath.Join(dir, "t"), opt)
	if err != nil || held() != 1 {
		t.Errorf("%d are open, %v", held(), err)
	}
	report.Close()
	if _, err := CommitTree(t.Context(), repo, filepath.Join(dir, "u"), opt); err == nil || held() != 0 {
		t.Errorf("%d are open after %v", held(), err)
	}
}

// TestNoRepoIsConsumed, neither the one that is committed to nor one that it
// takes objects from, wherever it lies and whatever the skip list says.
func TestNoRepoIsConsumed(t *testing.T) {
	for what, c := range map[string]struct{ script, tree, skip string }{
		"in the tree":            {"", "t", ""},
		"deep in a skipped part": {"", "t", "/sub\n"},
		"the tree itself":        {"", "t/sub/repo", ""},
		"where it has objects":   {"", "t/sub/repo/objects/ab", ""},
		"where it has refs":      {"", "t/sub/repo/refs/heads", ""},
		"its config elsewhere":   {"mkdir u; mv t/sub/repo/config u; ln -s ../../../u/config t/sub/repo/config", "u", ""},
		"its objects elsewhere":  {"mkdir u; mv t/sub/repo/objects u; ln -s ../../../u/objects t/sub/repo/objects", "u", ""},
	} {
		for _, parent := range []bool{false, true} {
			dir := shell(t, "mkdir -p t/sub; echo x > t/f")
			path := filepath.Join(dir, "t/sub/repo")
			repo, err := CreateRepo(path, ModeArchive)
			if err != nil {
				t.Fatal(err)
			}
			run(t, dir, "mkdir -p t/sub/repo/objects/ab; "+c.script)
			if parent {
				child := newRepo(t, ModeArchive)
				testkit.OSTree(t, "--repo="+child.Path(), "config", "set", "core.parent", path)
				if repo, err = OpenRepo(child.Path()); err != nil {
					t.Fatal(err)
				}
			}
			opt := TreeOptions{Consume: true}
			if c.skip != "" {
				opt.Skip = skips(t, c.skip)
			}
			report, err := CommitTree(t.Context(), repo, filepath.Join(dir, c.tree), opt)
			if err == nil {
				_ = report.RemoveSources(t.Context())
			}
			if fail.ClassOf(err) != fail.Usage || !strings.Contains(err.Error(), path) {
				t.Errorf("%s, parent %v: error is %v", what, parent, err)
			}
			if _, err := OpenRepo(path); err != nil {
				t.Errorf("%s, parent %v: %v", what, parent, err)
			}
		}
	}
}

// TestARepoThatIsMountedInASkippedFolderStays, or what it keeps: nobody looks into
// the folder before all in it goes.
func TestARepoThatIsMountedInASkippedFolderStays(t *testing.T) {
	for _, part := range []string{"", "objects", "refs"} {
		dir := shell(t, "mkdir -p t/skip/deep/in; echo x > t/f; echo x > t/skip/deep/x")
		repo, in := newRepo(t, ModeArchive), filepath.Join(dir, "t/skip/deep/in")
		if err := unix.Mount(filepath.Join(repo.Path(), part), in, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(in, unix.MNT_DETACH) })
		report, err := CommitTree(t.Context(), repo, filepath.Join(dir, "t"), TreeOptions{Consume: true, Skip: skips(t, "/skip\n")})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = WriteCommit(t.Context(), repo, report.Tree, report.Meta, CommitOptions{Branch: "main", Time: time.Unix(1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if err := report.RemoveSources(t.Context()); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%q: error is %v", part, err)
		}
		testkit.OSTree(t, "--repo="+repo.Path(), "fsck", "-q")
		testkit.OSTree(t, "--repo="+repo.Path(), "rev-parse", "main")
		if _, err := os.Lstat(filepath.Join(dir, "t/skip/deep/x")); err == nil {
			t.Errorf("%q: what lay beside it is there", part)
		}
	}
}

// TestATreeInTheRepoBesideWhatItKeepsIsConsumed: builders stage trees there.
func TestATreeInTheRepoBesideWhatItKeepsIsConsumed(t *testing.T) {
	repo := newRepo(t, ModeArchive)
	run(t, repo.Path(), "mkdir -p tmp/t; echo x > tmp/t/f")
	report, err := CommitTree(t.Context(), repo, filepath.Join(repo.Path(), "tmp/t"), TreeOptions{Consume: true})
	if err := errors.Join(err, report.RemoveSources(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestWhatChangedAfterItWasReadIsNotConsumed: the commit does not have it. All
// names of one file go, though each that goes is a change to the file.
func TestWhatChangedAfterItWasReadIsNotConsumed(t *testing.T) {
	dir, ctx := shell(t, `mkdir -p t/d/e t/g t/skip u/e u/skip; cd t; for f in replaced edited grown mode same; do echo old > d/$f; done
		echo x > g/a; ln g/a g/b; ln g/a d/c; ln g/a ../outside; for f in linked other longer; do echo old > $f; touch -d @7 $f; ln $f ../$f; done; ln -s old link; ln -s old kept
		echo x | tee skip/x d/e/x ../u/skip/x > ../u/e/x; touch -d @7 d/same`), t.Context()
	report, err := CommitTree(ctx, newRepo(t, ModeArchive), filepath.Join(dir, "t"), TreeOptions{Consume: true, Skip: skips(t, "/skip\n")})
	if err != nil {
		t.Fatal(err)
	}
	run(t, filepath.Join(dir, "t"), `echo new > n; mv n d/replaced; echo new > d/edited; echo more >> d/grown; chmod 600 d/mode
		echo new > d/same; touch -d @7 d/same; echo new > linked; ln -sf new link
		echo new > n; touch -d @7 n; mv n other; echo more >> longer; touch -d @7 longer; rm -r d/e skip; mv ../u/e d; mv ../u/skip .`)
	err = report.RemoveSources(ctx)
	if err == nil || !strings.Contains(err.Error(), "and 10 more") {
		t.Errorf("error is %v", err)
	}
	for name, stays := range map[string]bool{"d/replaced": true, "d/edited": true, "d/grown": true, "d/mode": true, "d/same": true, "d/e/x": true,
		"linked": true, "other": true, "longer": true, "link": true, "skip/x": true, "kept": false, "g": false, "d/c": false} {
		if _, err := os.Lstat(filepath.Join(dir, "t", name)); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConsumedFilesBringNoAttributesThatTheCommitLeavesOut: a bare repo would
// hold them against the object when it is read again.
func TestConsumedFilesBringNoAttributesThatTheCommitLeavesOut(t *testing.T) {
	for _, mode := range []Mode{ModeBare, ModeBareUserOnly} {
		dir, ctx := shell(t, `mkdir t; echo eat me > t/f; setfattr -n user.left -v out t/f`), t.Context()
		repo := newRepo(t, mode)
		report, err := CommitTree(ctx, repo, filepath.Join(dir, "t"), TreeOptions{Consume: true, NoXattrs: true})
		if err != nil {
			t.Fatal(mode, err)
		}
		root, err := LoadDirTree(ctx, repo, report.Tree)
		if err != nil {
			t.Fatal(mode, err)
		}
		kept, err := unix.Listxattr(repo.objectPath(ObjectID{root.Files[0].Sum, TypeFile}), nil)
		if err != nil || kept != 0 {
			t.Errorf("%s: the object holds %d bytes of attributes: %v", mode, kept, err)
		}
		testkit.OSTree(t, "--repo="+repo.Path(), "fsck", "-q")
	}
}

// TestAFolderThatCannotGoIsEmptied, which is no error: the working directory,
// a mount, and what a symlink names.
func TestAFolderThatCannotGoIsEmptied(t *testing.T) {
	dir, mount := shell(t, `mkdir -p dot/d up/sub t; echo x > dot/d/f; echo x > up/sub/f; echo x > t/f; ln -s t link`), smallDisk(t, 1<<20)
	if err := os.WriteFile(filepath.Join(mount, "f"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, name, stays string }{
		{"dot", ".", dir + "/dot"}, {"up/sub", "..", dir + "/up"}, {"", "link", dir + "/t"}, {"", mount, mount},
	} {
		t.Chdir(filepath.Join(dir, c.in))
		report, err := CommitTree(t.Context(), newRepo(t, ModeArchive), c.name, TreeOptions{Consume: true})
		if err == nil {
			err = report.RemoveSources(t.Context())
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if list, err := os.ReadDir(c.stays); err != nil || len(list) > 0 {
			t.Errorf("%s: %v is left, %v", c.name, list, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "link")); err != nil {
		t.Error(err)
	}
}

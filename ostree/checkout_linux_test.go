package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/testkit"
)

// variety is a tree with every kind of file that a checkout treats in its own
// way.
const variety = `
	umask 022
	mkdir -p t/d t/s; echo f > t/f; : > t/zero; ln -s f t/l; echo su > t/su; chmod 4755 t/su; echo un > t/un; chmod 0 t/un
	echo ww > t/ww; chmod 666 t/ww; chmod 2777 t/s; chown 5:6 t/d; echo x > t/d/x; setfattr -n user.k -v v t/d/x
	mkdir -p u/f v; echo inner > u/f/inner; echo file > v/d; ln -s nowhere v/f; echo file > v/l; chmod 700 v`

// look lists a tree with all that a checkout sets: times and places of links
// aside.
func look(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("sh", "-ec", `cd "$0"; find . -printf '%m %n %y %U:%G %p->%l\n' | sort -k5; getfattr -d -m - -R -h . | grep -v '^#' | sort || true`, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestCheckoutsAreThoseOfOSTree, links to the repo included, in all modes and
// with all that is in the way.
func TestCheckoutsAreThoseOfOSTree(t *testing.T) {
	dir := shell(t, variety)
	for _, mode := range []Mode{ModeBare, ModeBareUser, ModeBareUserOnly, ModeArchive} {
		path := filepath.Join(t.TempDir(), "repo")
		testkit.OSTree(t, "--repo="+path, "init", "--mode="+string(mode))
		sums := map[string]Checksum{}
		for _, tree := range []string{"t", "u", "v"} {
			testkit.OSTree(t, "--repo="+path, "commit", "-b", "tree/"+tree, "--tree=dir="+filepath.Join(dir, tree))
			sum, err := openRepo(t, path).Ref(t.Context(), "tree/"+tree)
			if err != nil {
				t.Fatal(err)
			}
			sums[tree] = sum
		}
		for _, c := range []struct {
			flags string
			opt   CheckoutOptions
		}{
			{"", CheckoutOptions{Links: LinkAllowed}},
			{"-U", CheckoutOptions{UserMode: true, Links: LinkAllowed, Cache: true}},
			{"-U -C", CheckoutOptions{UserMode: true}},
			{"-C", CheckoutOptions{}},
			{"-C -M", CheckoutOptions{PlainDirs: true}},
		} {
			checkoutBoth(t, path, "tree/t", sums["t"], c.flags, c.opt, "", Checksum{})
		}
		for _, over := range []string{"t", "u", "v"} {
			for flags, way := range map[string]Overwrite{"": OverwriteNone, "--union": OverwriteFiles, "--union-add": OverwriteAdd} {
				checkoutBoth(t, path, "tree/"+over, sums[over], flags, CheckoutOptions{Links: LinkAllowed, Overwrite: way}, "tree/t", sums["t"])
			}
			checkoutBoth(t, path, "tree/"+over, sums[over], "--union --whiteouts", CheckoutOptions{Links: LinkAllowed, Overwrite: OverwriteFiles, Whiteouts: true}, "tree/t", sums["t"])
		}
	}
}

// checkoutBoth checks out with the real program and with ours, over another
// tree if there is one, and compares.
func checkoutBoth(t *testing.T, path, ref string, sum Checksum, flags string, opt CheckoutOptions, before string, beforeSum Checksum) {
	t.Helper()
	dir, repo := t.TempDir(), openRepo(t, path)
	what := fmt.Sprintf("%s: checkout %s %s over %s", repo.Mode(), flags, ref, before)
	theirs, ours := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
	if before != "" {
		testkit.OSTree(t, "--repo="+path, "checkout", before, theirs)
		if _, err := Checkout(t.Context(), repo, beforeSum, ours, CheckoutOptions{Links: LinkAllowed}); err != nil {
			t.Fatal(what, err)
		}
	}
	_, stderr, want := testkit.TryOSTree(append(append([]string{"--repo=" + path, "checkout"}, strings.Fields(flags)...), ref, theirs)...)
	_, got := Checkout(t.Context(), repo, sum, ours, opt)
	if (want == nil) != (got == nil) {
		t.Errorf("%s: %v, the original: %v %s", what, got, want, stderr)
		return
	}
	// Links to one object share their count, so that the lists are made at once.
	a, b := look(t, theirs), look(t, ours)
	if repo.Mode() == ModeArchive && opt.Cache {
		a = strings.Replace(a, "666 2 f", "666 1 f", 1) // what others may write is no link here
	}
	if want == nil && a != b {
		t.Errorf("%s:\n%s\nwant:\n%s", what, b, a)
	}
}

// layerOf is a commit of a small tree in a repo.
func layerOf(t *testing.T, repo *Repo, script string) Checksum {
	t.Helper()
	r, err := CommitTree(t.Context(), repo, filepath.Join(shell(t, "umask 022; mkdir t; cd t\n"+script), "t"), TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sum, _, err := WriteCommit(t.Context(), repo, r.Tree, r.Meta, CommitOptions{Time: time.Unix(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && p != dir {
			list = append(list, strings.TrimPrefix(p, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// TestNoCheckoutFollowsALinkInTheWay, as the original does.
func TestNoCheckoutFollowsALinkInTheWay(t *testing.T) {
	repo := newRepo(t, ModeBareUser)
	sum := layerOf(t, repo, "mkdir d; echo x > d/x; echo f > f")
	white := layerOf(t, repo, "mkdir d; : > d/.wh.victim; : > d/.wh..wh..opq; : > .wh.gone")
	for way := range OverwriteIdentical + 1 {
		out, dest := t.TempDir(), t.TempDir()
		victim := filepath.Join(out, "victim")
		if err := errors.Join(os.WriteFile(victim, []byte("safe"), 0o644), os.Symlink(out, filepath.Join(dest, "d")), os.Symlink(victim, filepath.Join(dest, "f")),
			os.Symlink(out, filepath.Join(dest, "gone"))); err != nil {
			t.Fatal(err)
		}
		for _, c := range []Checksum{sum, white} {
			_, err := Checkout(t.Context(), repo, c, dest, CheckoutOptions{UserMode: true, Overwrite: way, Links: LinkAllowed, Whiteouts: true})
			if err == nil {
				t.Errorf("way %d: a link in the way is no error", way)
			}
		}
		if got, _ := os.ReadFile(victim); string(got) != "safe" || !slices.Equal(files(t, out), []string{"victim"}) {
			t.Errorf("way %d: outside there is %v, and %q in the file", way, files(t, out), got)
		}
	}
}

func TestWhiteoutsRemoveWhatTheyNameAndNothingElse(t *testing.T) {
	repo, dest := newRepo(t, ModeBareUser), filepath.Join(t.TempDir(), "out")
	below := layerOf(t, repo, "mkdir -p a/b/c keep; echo > a/x; echo > a/b/c/y; echo > f; echo > keep/f")
	above := layerOf(t, repo, "mkdir a n; : > .wh.f; : > .wh.none; : > a/.wh..wh..opq; echo new > a/new; : > n/.wh.odd")
	for _, c := range []Checksum{below, above} {
		if _, err := Checkout(t.Context(), repo, c, dest, CheckoutOptions{UserMode: true, Overwrite: OverwriteFiles, Whiteouts: true}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := files(t, dest), []string{"a", "a/new", "keep", "keep/f", "n"}; !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
}

func TestOverlayWhiteoutsBecomeDevices(t *testing.T) {
	repo, dest := newRepo(t, ModeBareUser), filepath.Join(t.TempDir(), "out")
	sum := layerOf(t, repo, ": > .ostree-wh.hidden; chmod 640 .ostree-wh.hidden; : > plain")
	if _, err := Checkout(t.Context(), repo, sum, dest, CheckoutOptions{OverlayWhiteouts: true}); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(filepath.Join(dest, "hidden"), &st); err != nil || st.Mode != unix.S_IFCHR|0o640 || st.Rdev != 0 {
		t.Errorf("hidden is %o of device %d, %v", st.Mode, st.Rdev, err)
	}
	if got := files(t, dest); !slices.Equal(got, []string{"hidden", "plain"}) {
		t.Errorf("there is %q", got)
	}
}

func TestIdenticalFilesAreLeftAndOthersRefused(t *testing.T) {
	for _, mode := range []Mode{ModeBareUser, ModeBare, ModeBareUserOnly} {
		repo := newRepo(t, mode)
		opt := CheckoutOptions{UserMode: mode != ModeBare, Overwrite: OverwriteIdentical, Links: LinkRequired}
		base := "echo same > f; ln -s f l; : > empty; chmod 755 f; "
		sum := layerOf(t, repo, base)
		for name, c := range map[string]struct {
			script string
			good   bool
		}{
			"same": {base, true}, "more": {base + "echo more > more", true}, "content": {base + "echo diff > f", false}, "longer": {base + "echo more >> f", false},
			"mode": {base + "chmod 700 f", false}, "link": {base + "ln -sf g l", false}, "kind": {base + "rm f; ln -s l f", false}, "emptied": {base + "echo x > empty", false},
		} {
			dest := filepath.Join(t.TempDir(), "out")
			// Copies first: what is no link has to be compared byte by byte.
			if _, err := Checkout(t.Context(), repo, sum, dest, CheckoutOptions{UserMode: opt.UserMode}); err != nil {
				t.Fatal(err)
			}
			other := layerOf(t, repo, c.script)
			_, err := Checkout(t.Context(), repo, other, dest, opt)
			if c.good != (err == nil) || !c.good && !errors.Is(err, ErrExists) {
				t.Errorf("%s, %s: error is %v", mode, name, err)
			}
			if got, _ := os.ReadFile(filepath.Join(dest, "f")); string(got) != "same\n" {
				t.Errorf("%s, %s: f holds %q", mode, name, got)
			}
		}
	}
}

func TestPathsOnTheSkipListAreLeftOut(t *testing.T) {
	repo, dir := newRepo(t, ModeArchive), t.TempDir()
	sum := layerOf(t, repo, "mkdir -p a/b c; echo > a/x; echo > a/b/y; echo > c/z")
	for i, c := range []struct {
		list, subpath string
		want          []string
	}{
		{"/a/x\n/nosuch\n", "", []string{"a", "a/b", "a/b/y", "c", "c/z"}},
		{"/a/x\n/nosuch\n", "/a", []string{"b", "b/y", "x"}},
		{"/a/b/\n\nc/\n//c/\n/c\n/a/x/", "", []string{"a", "a/x", "c", "c/z"}},
		{"/b/", "/a", []string{"x"}},
		{"/a/\n/c/z", "", []string{"c"}},
	} {
		dest := filepath.Join(dir, fmt.Sprint("out", i))
		if _, err := Checkout(t.Context(), repo, sum, dest, CheckoutOptions{UserMode: true, Subpath: c.subpath, Skip: checkoutSkips(t, c.list)}); err != nil {
			t.Fatal(err)
		}
		if got := files(t, dest); !slices.Equal(got, c.want) {
			t.Errorf("of %q without %q there is %q, want %q", c.subpath, c.list, got, c.want)
		}
	}
}

func checkoutSkips(t *testing.T, text string) *SkipList {
	t.Helper()
	s, err := ParseCheckoutSkips([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheRootOnTheSkipListLeavesAllOut(t *testing.T) {
	repo, dir := newRepo(t, ModeArchive), t.TempDir()
	sum := layerOf(t, repo, "mkdir d; echo > d/f; echo > g")
	for _, subpath := range []string{"", "/d"} {
		if _, err := Checkout(t.Context(), repo, sum, filepath.Join(dir, "out"), CheckoutOptions{UserMode: true, Subpath: subpath, Skip: checkoutSkips(t, "/\n")}); err != nil {
			t.Fatal(err)
		}
		nothingLeft(t, dir)
	}
}

// TestAFolderMayHaveTheLongestName that there is, though it has another while it
// is written.
func TestAFolderMayHaveTheLongestName(t *testing.T) {
	repo, dir := newRepo(t, ModeArchive), t.TempDir()
	sum := layerOf(t, repo, "echo > f")
	for _, name := range []string{strings.Repeat("n", 233), strings.Repeat("n", 255), "n" + strings.Repeat("ü", 127)} {
		if _, err := Checkout(t.Context(), repo, sum, filepath.Join(dir, name), CheckoutOptions{UserMode: true}); err != nil {
			t.Errorf("%d bytes: %v", len(name), err)
		}
		if work := workName(name); !utf8.ValidString(work) {
			t.Errorf("%d bytes: %q is cut within a letter", len(name), work)
		}
	}
}

// TestACacheThatLostBytesIsNotUsed: nothing in it was ever synced.
func TestACacheThatLostBytesIsNotUsed(t *testing.T) {
	repo, dir := newRepo(t, ModeArchive), t.TempDir()
	sum := layerOf(t, repo, "echo content > f")
	opt := CheckoutOptions{UserMode: true, Links: LinkAllowed, Cache: true}
	for i, script := range []string{"", "true", "truncate -s 3 *.file", "chmod 600 *.file", "rm *.file; ln -s /etc/passwd $(basename $PWD).file"} {
		dest := filepath.Join(dir, fmt.Sprint(i))
		if script != "" {
			cmd := exec.Command("sh", "-ec", "cd "+filepath.Join(repo.Path(), cacheDir)+"/*\n"+script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		report, err := Checkout(t.Context(), repo, sum, dest, opt)
		if err != nil || report.Linked != 1 {
			t.Fatalf("%s: %+v, %v", script, report, err)
		}
		if got, err := os.ReadFile(filepath.Join(dest, "f")); string(got) != "content\n" {
			t.Errorf("%s: f holds %q, %v", script, got, err)
		}
	}
}

func TestLinksThatCannotBeMadeAreRefusedWhereTheyAreRequired(t *testing.T) {
	for mode, user := range map[Mode]bool{ModeBare: true, ModeBareUser: false, ModeArchive: true} {
		repo := newRepo(t, mode)
		sum, dest := layerOf(t, repo, "echo > f"), filepath.Join(t.TempDir(), "out")
		if _, err := Checkout(context.Background(), repo, sum, dest, CheckoutOptions{UserMode: user, Links: LinkRequired}); err == nil {
			t.Errorf("%s: no error", mode)
		}
		if _, err := os.Lstat(dest); err == nil {
			t.Errorf("%s: something is left", mode)
		}
	}
}

package ostree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree/variant"
)

// shell runs a script in a folder of its own.
func shell(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, script)
	return dir
}

// run runs a script in dir.
func run(t *testing.T, dir, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
}

const twoTrees = `
	mkdir -p t/usr/lib/modules/6.1 t/etc t/d u/etc
	echo k > t/usr/lib/modules/6.1/vmlinuz; echo a > t/etc/a; echo b > t/d/b; : > t/empty
	chmod 4755 t/d/b; ln -s ../etc t/d/l; chmod 0664 t/etc/a; chmod 750 t/d
	setfattr -n user.x -v y t/etc/a; setfattr -n user.none t/etc/a
	echo over > u/etc/a; echo new > u/etc/n; chmod 711 u/etc`

func overrides(t *testing.T, text string) *StatOverrides {
	t.Helper()
	s, err := ParseStatOverrides([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func skips(t *testing.T, text string) *SkipList {
	t.Helper()
	s, err := ParseSkipList([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCommitsHaveTheIDsOfOSTree for the same trees and flags, whatever the mode
// of the repo, and the real program finds nothing wrong with what we stored.
func TestCommitsHaveTheIDsOfOSTree(t *testing.T) {
	dir := shell(t, twoTrees)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	so, sk := write("so", "2048 /etc/a\n=448 /d\n"), write("sk", "/d/b\n")
	uid, gid := uint32(5), uint32(7)
	text := func(key, value string) variant.Entry { return variant.Entry{Key: key, Value: variant.Text(value)} }
	for name, c := range map[string]struct {
		flags  []string
		trees  []string
		tree   TreeOptions
		commit CommitOptions
	}{
		"plain":      {trees: []string{"t"}},
		"owner":      {[]string{"--owner-uid=5", "--owner-gid=7"}, []string{"t"}, TreeOptions{UID: &uid, GID: &gid}, CommitOptions{}},
		"no xattrs":  {[]string{"--no-xattrs"}, []string{"t"}, TreeOptions{NoXattrs: true}, CommitOptions{}},
		"canonical":  {[]string{"--canonical-permissions"}, []string{"t"}, TreeOptions{Canonical: true}, CommitOptions{}},
		"executable": {[]string{"--mode-ro-executables"}, []string{"t"}, TreeOptions{ReadOnlyExecutables: true}, CommitOptions{}},
		"lists": {[]string{"--statoverride=" + so, "--skip-list=" + sk}, []string{"t"},
			TreeOptions{Overrides: overrides(t, "2048 /etc/a\n=448 /d\n"), Skip: skips(t, "/d/b\n")}, CommitOptions{}},
		"overlay":  {trees: []string{"t", "u"}},
		"overlaid": {trees: []string{"u", "t"}},
		"bootable": {[]string{"--bootable", "--add-metadata-string=version=1", "--add-metadata=n=uint64 7", "--bind-ref=a"}, []string{"t"}, TreeOptions{},
			CommitOptions{Bootable: true, BindRefs: []string{"a"}, Metadata: []variant.Entry{text("version", "1"), {Key: "n", Value: variant.Uint64(7)}}}},
		"unbound": {[]string{"--no-bindings", "-s", "subject", "-m", "body"}, []string{"t"}, TreeOptions{},
			CommitOptions{NoBindings: true, Subject: "subject", Body: "body"}},
		"sizes": {[]string{"--generate-sizes"}, []string{"t"}, TreeOptions{}, CommitOptions{Sizes: true}},
	} {
		for _, mode := range []Mode{ModeArchive, ModeBareUser, ModeBare, ModeBareUserOnly} {
			theirs := filepath.Join(t.TempDir(), "theirs")
			testkit.OSTree(t, "--repo="+theirs, "init", "--mode="+string(mode))
			args := append([]string{"--repo=" + theirs, "commit", "-b", "main", "--timestamp=@1600000000"}, c.flags...)
			for _, tree := range c.trees {
				args = append(args, "--tree=dir="+filepath.Join(dir, tree))
			}
			want := testkit.OSTree(t, args...)
			repo := newRepo(t, mode)
			c.tree.Overrides, c.tree.Skip = renewed(c.tree)
			report, err := BuildTree(t.Context(), repo, c.tree, func(b *TreeBuilder) error {
				for _, tree := range c.trees {
					if err := b.Dir(filepath.Join(dir, tree)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("%s, %s: %v", name, mode, err)
				continue
			}
			opt := c.commit
			opt.Branch, opt.Time = "main", time.Unix(1600000000, 0)
			got, _, err := WriteCommit(t.Context(), repo, report.Tree, report.Meta, opt)
			if err != nil || got.String() != want {
				t.Errorf("%s, %s: commit is %s, %v; want %s", name, mode, got, err, want)
			}
			testkit.OSTree(t, "--repo="+repo.Path(), "fsck", "-q")
		}
	}
}

// renewed gives lists that are not used up yet.
func renewed(opt TreeOptions) (*StatOverrides, *SkipList) {
	if opt.Overrides == nil {
		return nil, nil
	}
	so, _ := ParseStatOverrides([]byte("2048 /etc/a\n=448 /d\n"))
	sk, _ := ParseSkipList([]byte("/d/b\n"))
	return so, sk
}

// TestTreesOfCommitsAreLaidOverEachOther, changed by the options or as they are.
func TestTreesOfCommitsAreLaidOverEachOther(t *testing.T) {
	dir, ctx := shell(t, twoTrees), t.Context()
	repo := newRepo(t, ModeArchive)
	var sums [2]Checksum
	for i, tree := range []string{"t", "u"} {
		r, err := CommitTree(ctx, repo, filepath.Join(dir, tree), TreeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if sums[i], _, err = WriteCommit(ctx, repo, r.Tree, r.Meta, CommitOptions{Time: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	both, err := BuildTree(ctx, repo, TreeOptions{}, func(b *TreeBuilder) error {
		return errors.Join(b.Dir(filepath.Join(dir, "t")), b.Dir(filepath.Join(dir, "u")))
	})
	if err != nil {
		t.Fatal(err)
	}
	over, err := BuildTree(ctx, repo, TreeOptions{}, func(b *TreeBuilder) error {
		return errors.Join(b.Commit(sums[0], false), b.Commit(sums[1], false))
	})
	if err != nil || over.Tree != both.Tree || over.Meta != both.Meta {
		t.Errorf("commits laid over each other: %+v, %v; want tree %s", over, err, both.Tree)
	}
	uid := uint32(9)
	based, err := BuildTree(ctx, repo, TreeOptions{UID: &uid}, func(b *TreeBuilder) error {
		return errors.Join(b.Commit(sums[0], true), b.Prefix("/opt/x"), b.Commit(sums[1], false))
	})
	if err != nil {
		t.Fatal(err)
	}
	owner := func(suffix string) func(string) bool {
		return func(line string) bool { return strings.HasSuffix(line, suffix) }
	}
	list := paths(t, repo, based)
	if i := slices.IndexFunc(list, func(s string) bool { return strings.HasPrefix(s, "/opt/x/etc/n ") }); i < 0 || !owner(" 9:0")(list[i]) {
		t.Errorf("the tree below the prefix is not as the options want it: %q", list)
	}
	if i := slices.IndexFunc(list, func(s string) bool { return strings.HasPrefix(s, "/etc/a ") }); i < 0 || !owner(" 0:0")(list[i]) {
		t.Errorf("the options changed the base: %q", list)
	}
}

func TestAFileAndADirectoryNeverTakeEachOthersPlace(t *testing.T) {
	dir := shell(t, `mkdir -p a/x b; echo > b/x`)
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		_, err := BuildTree(t.Context(), newRepo(t, ModeArchive), TreeOptions{}, func(b *TreeBuilder) error {
			return errors.Join(b.Dir(filepath.Join(dir, order[0])), b.Dir(filepath.Join(dir, order[1])))
		})
		if err == nil || !strings.Contains(err.Error(), "x") {
			t.Errorf("%v: error is %v", order, err)
		}
	}
}

func TestListsThatNamePathsNoTreeHasAreRefused(t *testing.T) {
	dir := shell(t, twoTrees)
	for _, opt := range []TreeOptions{{Overrides: overrides(t, "1 /no/such\n")}, {Skip: skips(t, "/no/such\n")}} {
		repo := newRepo(t, ModeArchive)
		_, err := CommitTree(t.Context(), repo, filepath.Join(dir, "t"), opt)
		if err == nil || !strings.Contains(err.Error(), "/no/such") {
			t.Errorf("error is %v", err)
		}
		nothingVisible(t, "list", repo)
	}
	for _, bad := range []string{"2048", "x /y", "0755 /y", "=0755 /y", "-1 /y", "4096 /y", "=49152 /y", "=65535 /y", "65536 /y", "99999999999 /y", "1 y", "1  /y", "1 /../y", "1 /a//b", "1 /a/", "# x"} {
		if s, err := ParseStatOverrides([]byte(bad)); err == nil {
			t.Errorf("%q is read as %v", bad, s.left)
		}
	}
	for _, bad := range []string{"y", "/../y", "/a/", "//"} {
		if _, err := ParseSkipList([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// TestAStatOverrideMayNameTheTypeOfItsPath, as modes from stat do, and no other.
func TestAStatOverrideMayNameTheTypeOfItsPath(t *testing.T) {
	dir := shell(t, `mkdir -p t/d; echo > t/f; ln -s f t/l`)
	for list, want := range map[string]string{
		"=33261 /f\n=16832 /d\n41471 /l\n": "",
		"=0X81ED /f":                       "",
		"=33261 /d":                        "/d is not of the type",
		"33261 /l":                         "/l is not of the type",
		"16384 /f":                         "/f is not of the type",
	} {
		repo := newRepo(t, ModeArchive)
		report, err := CommitTree(t.Context(), repo, filepath.Join(dir, "t"), TreeOptions{Overrides: overrides(t, list)})
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error is %v, want %q", list, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := paths(t, repo, report); !slices.Contains(got, "/f 755 0:0") {
			t.Errorf("%q: the tree is %q", list, got)
		}
	}
}

// TestLinksIntoTheRepoKeepTheirMetadata, which a file on disk cannot hold, and
// what was written through a link is seen.
func TestLinksIntoTheRepoKeepTheirMetadata(t *testing.T) {
	dir, ctx := shell(t, `mkdir t; echo one > t/one; echo two > t/two`), t.Context()
	repo, uid := newRepo(t, ModeBareUser), uint32(81)
	before, err := CommitTree(ctx, repo, filepath.Join(dir, "t"), TreeOptions{UID: &uid})
	if err != nil {
		t.Fatal(err)
	}
	sum, _, err := WriteCommit(ctx, repo, before.Tree, before.Meta, CommitOptions{Time: time.Unix(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if _, err := Checkout(ctx, repo, sum, out, CheckoutOptions{UserMode: true, Links: LinkRequired}); err != nil {
		t.Fatal(err)
	}
	for links, want := range map[Links][2]string{LinksIgnored: {"0:0", "0:0"}, LinksMetadata: {"81:0", "81:0"}, LinksTrusted: {"81:0", "81:0"}} {
		r, err := CommitTree(ctx, repo, out, TreeOptions{Links: links})
		if err != nil {
			t.Fatal(err)
		}
		list := paths(t, repo, r)
		if !strings.HasSuffix(list[1], want[0]) || !strings.HasSuffix(list[2], want[1]) || (r.CacheHits == 2) != (links != LinksIgnored) {
			t.Errorf("links %d: %q with %d hits", links, list, r.CacheHits)
		}
	}
	if err := os.WriteFile(filepath.Join(out, "one"), []byte("spoilt"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := CommitTree(ctx, repo, out, TreeOptions{Links: LinksMetadata})
	if err != nil || r.CacheHits != 1 || r.ContentWritten != 1 {
		t.Errorf("after a write through a link: %+v, %v", r, err)
	}
}

// TestASkippedPathIsLeftOutOfAllTrees, not of the first alone, which would be
// for nothing.
func TestASkippedPathIsLeftOutOfAllTrees(t *testing.T) {
	dir, repo := shell(t, `mkdir -p t u; echo 1 > t/a; echo 2 > u/a; tar -cf u.tar -C u a; echo 3 > t/b`), newRepo(t, ModeArchive)
	report, err := BuildTree(t.Context(), repo, TreeOptions{Skip: skips(t, "/a\n")}, func(b *TreeBuilder) error {
		f, err := os.Open(filepath.Join(dir, "u.tar"))
		if err != nil {
			return err
		}
		defer f.Close()
		return errors.Join(b.Dir(filepath.Join(dir, "t")), b.Dir(filepath.Join(dir, "u")), b.Tar(f, TarOptions{}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(t, repo, report); len(got) != 2 || !strings.HasPrefix(got[1], "/b ") {
		t.Errorf("the tree holds %q", got)
	}
}

func TestFoldersThatNestTooDeepAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, strings.Repeat("d/", limits.TreeDepth+1)), 0o755); err != nil {
		t.Fatal(err)
	}
	repo := newRepo(t, ModeArchive)
	if _, err := CommitTree(t.Context(), repo, dir, TreeOptions{}); err == nil || !strings.Contains(err.Error(), "deeper") {
		t.Errorf("error is %v", err)
	}
	nothingVisible(t, "deep", repo)
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	for what, script := range map[string]string{"pipe": "mkdir t; mkfifo t/odd", "device": "mkdir t; mknod t/odd c 1 3", "name": "mkdir t; touch t/odd$(printf '\\200')"} {
		repo := newRepo(t, ModeArchive)
		_, err := CommitTree(t.Context(), repo, filepath.Join(shell(t, script), "t"), TreeOptions{})
		if err == nil || !strings.Contains(err.Error(), "odd") {
			t.Errorf("%s: error is %v", what, err)
		}
		nothingVisible(t, what, repo)
	}
}

// TestALargeDirectoryIsCommittedAndCheckedOut: its names alone are a dirtree of
// megabytes.
func TestALargeDirectoryIsCommittedAndCheckedOut(t *testing.T) {
	const names = 20_000
	dir, ctx := t.TempDir(), t.Context()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(dir, "t")
	if err := os.Mkdir(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range names {
		if err := os.Link(filepath.Join(dir, "f"), filepath.Join(tree, fmt.Sprintf("%08d", i))); err != nil {
			t.Fatal(err)
		}
	}
	repo := newRepo(t, ModeBareUser)
	r, err := CommitTree(ctx, repo, tree, TreeOptions{})
	if err != nil || r.Content != names || r.ContentWritten < 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	sum, _, err := WriteCommit(ctx, repo, r.Tree, r.Meta, CommitOptions{Time: time.Unix(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	out, err := Checkout(ctx, repo, sum, filepath.Join(dir, "out"), CheckoutOptions{UserMode: true, Links: LinkAllowed})
	if err != nil || out.Files != names || out.Linked != names {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestMetadataIsKeptFromTheParent(t *testing.T) {
	ctx, repo := context.Background(), newRepo(t, ModeArchive)
	tree, err := CommitTree(ctx, repo, someTree(t), TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	write := func(opt CommitOptions) (Checksum, error) {
		opt.Branch, opt.Time = "main", time.Unix(1, 0)
		sum, _, err := WriteCommit(ctx, repo, tree.Tree, tree.Meta, opt)
		return sum, err
	}
	if _, err := write(CommitOptions{Keep: []string{"k"}}); err == nil {
		t.Error("keeps what no parent has")
	}
	kept := []variant.Entry{{Key: "k", Value: variant.Text("v")}}
	if _, err := write(CommitOptions{Metadata: kept, Detached: kept}); err != nil {
		t.Fatal(err)
	}
	called := false
	sum, err := write(CommitOptions{Keep: []string{"k"}, BeforeRef: func(ctx context.Context, c Checksum) error {
		called = true
		tip, err := repo.Ref(ctx, "main")
		if tip == c {
			err = errors.New("the ref is there already")
		}
		return err
	}})
	if err != nil || !called {
		t.Fatal(called, err)
	}
	c, err := LoadCommit(ctx, repo, sum)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := c.Lookup("k"); !ok || v.Text() != "v" {
		t.Errorf("metadata is %s", c.Metadata.Print())
	}
	if beside, err := ReadDetached(ctx, repo, *c.Parent); err != nil || beside.Len() != 1 {
		t.Errorf("beside it: %v, %v", beside, err)
	}
	if _, err := write(CommitOptions{Keep: []string{"nope"}}); err == nil {
		t.Error("keeps what the parent lacks")
	}
	if _, err := write(CommitOptions{Metadata: []variant.Entry{{Value: variant.Text("v")}}}); err == nil {
		t.Error("takes an empty key")
	}
}

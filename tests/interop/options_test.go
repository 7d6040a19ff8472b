package interop

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// oddTree is a small tree with one of each oddity.
func oddTree(t *testing.T) string {
	t.Helper()
	v1, _ := testkit.RootFS(t)
	return filepath.Join(v1, "usr/share/odd things")
}

// Each flag of commit gives the very commit that the original gives.
func TestCommitFlagsGiveTheSameCommit(t *testing.T) {
	tree := oddTree(t)
	base := []string{"--tree=dir=" + tree, "--timestamp=@1600000000"}
	table := map[string][]string{
		"plain":                 {"--branch=main"},
		"nothing but a subject": {"--branch=a/b/c", "-s", "subject"},
		"owner":                 {"--branch=main", "--owner-uid=0", "--owner-gid=5"},
		"owner uid only":        {"--branch=main", "--owner-uid=70000"},
		"no xattrs":             {"--branch=main", "--no-xattrs"},
		"canonical":             {"--branch=main", "--canonical-permissions"},
		"no bindings":           {"--branch=main", "--no-bindings"},
		"more bindings":         {"--branch=main", "--bind-ref=zz", "--bind-ref=aa"},
		"orphan":                {"--orphan"},
		"unsynced":              {"--branch=main", "--disable-fsync"},
		"metadata in order":     {"--branch=main", "--add-metadata-string=z=1", "--add-metadata-string=version=2", "--add-metadata-string=a=x=y"},
		"long metadata":         {"--branch=main", "--add-metadata-string=long=" + strings.Repeat("x", 70000)},
		"date":                  {"--branch=main", "--timestamp=2020-02-29 12:34:56 +0000"},
	}
	for name, flags := range table {
		t.Run(name, func(t *testing.T) {
			ours, theirs := newRepo(t, "archive"), newRepo(t, "archive")
			flags := append(base[:len(base):len(base)], flags...)
			want := theirCommit(t, theirs, flags...)
			if got := ourCommit(t, ours, flags...); got != want {
				t.Errorf("commit is %s, ostree says %s\nours   %s\ntheirs %s", got, want,
					testkit.OSTree(t, "show", "--raw", "--repo="+ours, got), testkit.OSTree(t, "show", "--raw", "--repo="+theirs, want))
			}
			testkit.OSTree(t, "fsck", "--repo="+ours)
		})
	}
}

func TestParentIsWhatOSTreeTakesForIt(t *testing.T) {
	ours, theirs := newRepo(t, "archive"), newRepo(t, "archive")
	first := testkit.SmallOS(t, "1")
	calls := [][]string{
		{"--branch=main", "--tree=dir=" + first, "--timestamp=@1"},
		{"--branch=main", "--tree=dir=" + first, "--timestamp=@2"},
		{"--branch=main", "--tree=dir=" + first, "--timestamp=@3", "--skip-if-unchanged"},
		{"--branch=main", "--tree=dir=" + testkit.SmallOS(t, "2"), "--timestamp=@4", "--skip-if-unchanged"},
		{"--branch=side", "--tree=ref=main", "--timestamp=@5"},
		{"--branch=main", "--tree=ref=side", "--timestamp=@6", "--parent=none"},
	}
	for i, flags := range calls {
		if i == 4 { // the original takes a checksum here, ours any revision
			flags = append(flags[:len(flags):len(flags)], "--parent="+testkit.OSTree(t, "rev-parse", "--repo="+theirs, "main^"))
		}
		want := theirCommit(t, theirs, flags...)
		if got := ourCommit(t, ours, flags...); got != want {
			t.Fatalf("commit %v is %s, ostree says %s", flags, got, want)
		}
	}
	sameObjects(t, theirs, ours)
}

// A checkout without root looks like one by the original.
func TestUserModeCheckoutIsTheSame(t *testing.T) {
	tree := oddTree(t)
	for _, mode := range []string{"archive", "bare-user"} {
		repo := newRepo(t, mode)
		theirCommit(t, repo, commitFlags(tree)...)
		want, got := filepath.Join(t.TempDir(), "want"), filepath.Join(t.TempDir(), "got")
		testkit.OSTree(t, "checkout", "--repo="+repo, "-U", "--force-copy", "os/main", want)
		otactl(t, "ostree", "checkout", "--repo="+repo, "-U", "--force-copy", "os/main", got)
		testkit.SameTree(t, want, got)
	}
}

func TestSubpathCheckoutIsTheSame(t *testing.T) {
	repo := newRepo(t, "archive")
	theirCommit(t, repo, commitFlags(testkit.SmallOS(t, "1"))...)
	for _, sub := range []string{"/", "/usr/lib", "usr/bin/version", "/bin"} {
		want, got := filepath.Join(t.TempDir(), "want"), filepath.Join(t.TempDir(), "got")
		testkit.OSTree(t, "checkout", "--repo="+repo, "--subpath="+sub, "os/main", want)
		otactl(t, "ostree", "checkout", "--repo="+repo, "--subpath", sub, "os/main", got)
		testkit.SameTree(t, want, got)
	}
}

// mess is a folder with something in the way of a checkout.
func mess(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "usr/lib/extra"), 0o700),
		os.WriteFile(filepath.Join(dir, "usr/lib/os-release"), []byte("mine\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "usr/lib/mine"), []byte("mine\n"), 0o600),
		os.Symlink("/etc/passwd", filepath.Join(dir, "usr/lib/empty")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestUnionCheckoutIsTheSame(t *testing.T) {
	repo := newRepo(t, "archive")
	theirCommit(t, repo, commitFlags(testkit.SmallOS(t, "1"))...)
	for _, flag := range []string{"--union", "--union-add"} {
		want, got := mess(t), mess(t)
		testkit.OSTree(t, "checkout", "--repo="+repo, flag, "os/main", want)
		otactl(t, "ostree", "checkout", "--repo="+repo, flag, "os/main", got)
		testkit.SameTree(t, want, got)
	}
}

// The original follows a link that lies where a directory should be; we don't.
func TestCheckoutFollowsNoLinkOutOfItsFolder(t *testing.T) {
	repo := newRepo(t, "archive")
	theirCommit(t, repo, commitFlags(testkit.SmallOS(t, "1"))...)
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "usr")); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run("ostree", "checkout", "--repo="+repo, "--union", "os/main", dir)
	if code != 6 || !strings.Contains(stderr, "usr") {
		t.Errorf("exit code %d, want 6; stderr: %s", code, stderr)
	}
	if left, _ := os.ReadDir(outside); len(left) != 0 {
		t.Errorf("%d files were written behind the link", len(left))
	}
}

func TestDevicesAndPipesAreRefusedByName(t *testing.T) {
	tree := testkit.SmallOS(t, "1")
	if err := syscall.Mkfifo(filepath.Join(tree, "usr/lib/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	repo := newRepo(t, "archive")
	_, stderr, code := run("ostree", "commit", "--repo="+repo, "-b", "main", tree)
	if code != 1 || !strings.Contains(stderr, "/usr/lib/pipe: neither a file") {
		t.Errorf("exit code %d, want 1; stderr: %s", code, stderr)
	}
	if refs := testkit.OSTree(t, "refs", "--repo="+repo); refs != "" {
		t.Errorf("refs after a failed commit: %s", refs)
	}
}

func TestNamesThatAreNotUTF8AreRefused(t *testing.T) {
	tree := testkit.SmallOS(t, "1")
	if err := os.WriteFile(filepath.Join(tree, "usr/b\xffd"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run("ostree", "commit", "--repo="+newRepo(t, "archive"), "-b", "main", tree)
	if code != 1 || !strings.Contains(stderr, "not UTF-8") {
		t.Errorf("exit code %d, want 1; stderr: %s", code, stderr)
	}
}

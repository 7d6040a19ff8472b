package interop

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// A root file system and its successor go through both programs in every
// direction: what one writes the other verifies and checks out, and the names
// of all objects are the same.
func TestRootFileSystemIsTheSameInBothPrograms(t *testing.T) {
	v1, v2 := testkit.RootFS(t)
	theirs, ours := testkit.RootFSRepo(t), ourRepo(t, "archive")
	for i, tree := range []string{v1, v2} {
		ourCommit(t, ours, "--branch=os/main", "--tree=dir="+tree, "--subject=os/main",
			fmt.Sprintf("--timestamp=@%d", 1_700_000_000+60*i), fmt.Sprintf("--add-metadata-string=version=%d", i+1))
	}
	if got, want := otactl(t, "ostree", "rev-parse", "--repo="+ours, "os/main"), testkit.OSTree(t, "rev-parse", "--repo="+theirs, "os/main"); got != want {
		t.Fatalf("commit is %s, ostree says %s", got, want)
	}
	sameObjects(t, theirs, ours)
	testkit.OSTree(t, "fsck", "--repo="+ours)
	otactl(t, "ostree", "fsck", "--repo="+theirs)
	theirDir, ourDir := filepath.Join(t.TempDir(), "theirs"), filepath.Join(t.TempDir(), "ours")
	testkit.OSTree(t, "checkout", "--repo="+ours, "--force-copy", "os/main", theirDir)
	testkit.SameTree(t, v2, theirDir)
	otactl(t, "ostree", "checkout", "--repo="+theirs, "os/main^", ourDir)
	testkit.SameTree(t, v1, ourDir)
}

// A commit goes from each mode we read to each we write.
func TestPullLocalBetweenModesKeepsEveryObject(t *testing.T) {
	_, v2 := testkit.RootFS(t)
	archive := testkit.RootFSRepo(t)
	bareUser := newRepo(t, "bare-user")
	testkit.OSTree(t, "pull-local", "--repo="+bareUser, archive, "os/main")
	bare, back := ourRepo(t, "bare"), ourRepo(t, "archive")
	otactl(t, "ostree", "pull-local", "--repo="+bare, bareUser, "os/main")
	testkit.OSTree(t, "fsck", "--repo="+bare)
	otactl(t, "ostree", "pull-local", "--repo="+back, bare, "os/main")
	testkit.OSTree(t, "fsck", "--repo="+back)
	commit := testkit.OSTree(t, "rev-parse", "--repo="+archive, "os/main")
	for _, repo := range []string{bareUser, bare, back} {
		if got := otactl(t, "ostree", "rev-parse", "--repo="+repo, "os/main"); got != commit {
			t.Errorf("%s: os/main is %s, want %s", repo, got, commit)
		}
		otactl(t, "ostree", "fsck", "--repo="+repo)
	}
	out := filepath.Join(t.TempDir(), "out")
	otactl(t, "ostree", "checkout", "--repo="+bareUser, "os/main", out)
	testkit.SameTree(t, v2, out)
}

func TestRootFileSystemIsTheSameInBareRepos(t *testing.T) {
	v1, _ := testkit.RootFS(t)
	ours, theirs := ourRepo(t, "bare"), newRepo(t, "bare")
	commitBoth(t, ours, theirs, v1)
	sameObjects(t, theirs, ours)
	testkit.OSTree(t, "fsck", "--repo="+ours)
	otactl(t, "ostree", "fsck", "--repo="+theirs)
	theirDir, ourDir := filepath.Join(t.TempDir(), "theirs"), filepath.Join(t.TempDir(), "ours")
	testkit.OSTree(t, "checkout", "--repo="+ours, "os/main", theirDir)
	testkit.SameTree(t, v1, theirDir)
	otactl(t, "ostree", "checkout", "--repo="+theirs, "os/main", ourDir)
	testkit.SameTree(t, v1, ourDir)
}

func commitBoth(t *testing.T, ours, theirs, tree string) {
	t.Helper()
	want := theirCommit(t, theirs, commitFlags(tree)...)
	if got := ourCommit(t, ours, commitFlags(tree)...); got != want {
		t.Fatalf("commit of %s is %s, ostree says %s", tree, got, want)
	}
}

// sameObjects compares the names of all objects.
func sameObjects(t *testing.T, want, got string) {
	t.Helper()
	w, g := objectNames(t, want), objectNames(t, got)
	for name := range w {
		if !g[name] {
			t.Errorf("object %s is not in %s", name, got)
		}
	}
	for name := range g {
		if !w[name] {
			t.Errorf("object %s is not in %s", name, want)
		}
	}
}

func objectNames(t *testing.T, repo string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repo, "objects/??/*"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range files {
		names[strings.TrimPrefix(f, repo)] = true
	}
	return names
}

// ls prints the same lines, so a script does not notice.
func TestLsPrintsWhatOSTreePrints(t *testing.T) {
	v1, _ := testkit.RootFS(t)
	repo := newRepo(t, "bare")
	theirCommit(t, repo, commitFlags(v1+"/usr/share/odd things")...)
	for _, flags := range [][]string{{}, {"-R"}, {"-RC"}, {"-RX"}, {"-RXC"}, {"-d"}, {"-R", "--nul-filenames-only"}} {
		args := append([]string{"ls", "--repo=" + repo}, append(flags, "os/main")...)
		want, got := testkit.OSTree(t, args...), otactl(t, append([]string{"ostree"}, args...)...)
		if !contains(flags, "--nul-filenames-only") { // ours shows no control characters
			want = strings.NewReplacer("new\nline", "new?line", "\t", "?", "\x01\x7f", "??").Replace(want)
		}
		if got != want {
			t.Errorf("ls %v differs:\n%s\nwant\n%s", flags, firstDifference(got, want), firstDifference(want, got))
		}
	}
}

func contains(list []string, s string) bool { return strings.Contains(strings.Join(list, " "), s) }

// firstDifference is the first line of a that is not in b.
func firstDifference(a, b string) string {
	for line := range strings.Lines(a) {
		if !strings.Contains(b, line) {
			return line
		}
	}
	return "(none)"
}

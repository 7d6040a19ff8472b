package ostree

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// cli runs the real ostree and gives what it prints.
func cli(t testing.TB, args ...string) string {
	t.Helper()
	var out, diag bytes.Buffer
	cmd := exec.Command("ostree", args...)
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		t.Fatalf("ostree %s: %v\n%s", strings.Join(args, " "), err, diag.String())
	}
	return strings.TrimSpace(out.String())
}

// makeTree fills dir with one of everything that a root file system may hold.
func makeTree(t testing.TB, dir string) {
	t.Helper()
	for _, d := range []string{"usr/bin", "usr/lib/deep/er/still", "empty dir", "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{
		"usr/bin/su": "#!/bin/sh\n", "usr/bin/tool": strings.Repeat("binary \x00\x01", 20000), "etc/empty": "",
		"etc/-odd name\twith\nall ä 漢 \\*?": "odd", "usr/lib/deep/er/still/file": "deep", "etc/shadow": "secret",
		"usr/lib/deep/twin": "same", "usr/lib/deep/er/twin": "same",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Chown(filepath.Join(dir, "usr/bin/tool"), 12, 34))
	must(unix.Chmod(filepath.Join(dir, "usr/bin/su"), 0o4755))
	must(os.Chmod(filepath.Join(dir, "etc/shadow"), 0))
	must(os.Symlink("../../no/such", filepath.Join(dir, "usr/bin/dangling")))
	must(os.Symlink("/etc/empty", filepath.Join(dir, "etc/absolute")))
	must(os.Lchown(filepath.Join(dir, "etc/absolute"), 7, 8))
	must(unix.Setxattr(filepath.Join(dir, "usr/bin/tool"), "user.zz", []byte("b\x00in"), 0))
	must(unix.Setxattr(filepath.Join(dir, "usr/bin/tool"), "user.aa", nil, 0))
	must(unix.Setxattr(filepath.Join(dir, "usr/lib"), "user.dir", []byte("d"), 0))
	must(unix.Chmod(filepath.Join(dir, "empty dir"), 0o1777))
}

// theirRepo is a repo that the real ostree made, with two commits on main.
func theirRepo(t testing.TB, mode Mode) (*Repo, []Checksum) {
	t.Helper()
	tmp := t.TempDir()
	tree, path := filepath.Join(tmp, "tree"), filepath.Join(tmp, "repo")
	makeTree(t, tree)
	cli(t, "--repo="+path, "init", "--mode="+string(mode))
	commit := func(version string) Checksum {
		return sum(t, cli(t, "--repo="+path, "commit", "-b", "main", "--timestamp=@1600000000",
			"--add-metadata-string=version="+version, "--tree=dir="+tree))
	}
	first := commit("1")
	if err := os.WriteFile(filepath.Join(tree, "etc/new"), []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	return openRepo(t, path), []Checksum{first, commit("2")}
}

func openRepo(t testing.TB, path string) *Repo {
	t.Helper()
	r, err := OpenRepo(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newRepo(t testing.TB, mode Mode) *Repo {
	t.Helper()
	r, err := CreateRepo(filepath.Join(t.TempDir(), "ours"), mode)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var allModes = []Mode{ModeArchive, ModeBare, ModeBareUser}

func TestReposThatOSTreeMadeAreReadAndVerified(t *testing.T) {
	for _, mode := range allModes {
		t.Run(string(mode), func(t *testing.T) {
			r, commits := theirRepo(t, mode)
			for _, c := range commits {
				report, err := Verify(t.Context(), r, c, VerifyOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if report.Objects < 15 || report.Metadata < 8 {
					t.Errorf("verified only %+v", report)
				}
			}
			strange, err := r.Strangers(t.Context())
			if err != nil || len(strange) > 0 {
				t.Errorf("strangers %v, %v", strange, err)
			}
		})
	}
}

func TestWhatWeWriteOSTreeTakesAndChecksOutTheSame(t *testing.T) {
	for _, from := range allModes {
		src, commits := theirRepo(t, from)
		want := listTree(t, theirCheckout(t, src, commits[1]))
		for _, to := range allModes {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				dst := newRepo(t, to)
				for _, c := range commits {
					if _, err := Copy(t.Context(), dst, src, c, CopyOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				if err := dst.SetRef(t.Context(), "main", commits[1], nil); err != nil {
					t.Fatal(err)
				}
				cli(t, "--repo="+dst.Path(), "fsck")
				if got := cli(t, "--repo="+dst.Path(), "rev-parse", "main"); got != commits[1].String() {
					t.Errorf("main is %s, want %s", got, commits[1])
				}
				if got := listTree(t, theirCheckout(t, dst, commits[1])); got != want {
					t.Errorf("checked out\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// theirCheckout lets the real ostree check out c, as root does.
func theirCheckout(t testing.TB, r *Repo, c Checksum) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	cli(t, "--repo="+r.Path(), "checkout", "--force-copy", c.String(), dir)
	return dir
}

// listTree is all that an OSTree commit keeps of what is below dir.
func listTree(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	cmd := exec.Command("sh", "-c", `cd "$1" && find . -printf '%p %M %U:%G %l\n' | LC_ALL=C sort &&
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum && getfattr -R -h -d -m - . 2>/dev/null | LC_ALL=C sort`, "sh", dir)
	cmd.Stdout = &b
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCreateRepoIsOneThatOSTreeWouldMake(t *testing.T) {
	for _, mode := range allModes {
		r := newRepo(t, mode)
		cli(t, "--repo="+r.Path(), "fsck")
		cli(t, "--repo="+r.Path(), "refs")
		if again, err := CreateRepo(r.Path(), mode); err != nil || again.Mode() != mode {
			t.Errorf("%s: again: %v", mode, err)
		}
	}
	if _, err := CreateRepo(newRepo(t, ModeBare).Path(), ModeArchive); err == nil {
		t.Error("a repo changed its mode")
	}
}

func TestOpenRepoSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenRepo(filepath.Join(dir, "none")); !errors.Is(err, ErrNotARepo) {
		t.Errorf("missing: %v, want ErrNotARepo", err)
	}
	if _, err := OpenRepo(dir); !errors.Is(err, ErrNotARepo) {
		t.Errorf("empty folder: %v, want ErrNotARepo", err)
	}
	for name, config := range map[string]string{
		"version":  "[core]\nrepo_version=2\nmode=bare\n",
		"unknown":  "[core]\nrepo_version=1\nmode=x\n",
		"garbage":  "mode=bare\n",
		"parent":   "[core]\nrepo_version=1\nmode=bare\nparent=/ostree/repo\n",
		"archived": "[core]\nrepo_version=1\nmode=bare\narchive=true\n",
	} {
		r := newRepo(t, ModeArchive)
		if err := os.WriteFile(filepath.Join(r.Path(), "config"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRepo(r.Path()); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want an error of one line", name, err)
		}
	}
}

package ostree

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefsAreThoseThatOSTreeSees(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	for _, name := range []string{"os/amd64/main", "a.b-c_d", "origin:os/main", "größe/日本", "ö:größe"} {
		if err := r.SetRef(t.Context(), name, commits[0], nil); err != nil {
			t.Fatal(err)
		}
	}
	theirs := cli(t, "--repo="+r.Path(), "refs")
	want := "a.b-c_d\ngröße/日本\nmain\norigin:os/main\nos/amd64/main\nö:größe"
	if got := sortLines(theirs); got != want {
		t.Errorf("the real ostree lists\n%s\nwant\n%s", got, want)
	}
	cli(t, "--repo="+r.Path(), "refs", "--create=theirs", commits[1].String())
	cli(t, "--repo="+r.Path(), "refs", "--alias", "--create=alias", "main")
	refs, err := r.Refs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]Checksum{"a.b-c_d": commits[0], "größe/日本": commits[0], "ö:größe": commits[0], "main": commits[1], "origin:os/main": commits[0],
		"os/amd64/main": commits[0], "theirs": commits[1], "alias": commits[1]}, refs); d != "" {
		t.Errorf("refs (-want +got):\n%s", d)
	}
	if err := r.DeleteRef(t.Context(), "theirs", nil); err != nil {
		t.Error(err)
	}
	if err := r.DeleteRef(t.Context(), "theirs", nil); !errors.Is(err, ErrRefNotFound) {
		t.Errorf("again: %v, want ErrRefNotFound", err)
	}
}

func sortLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		for j := i + 1; j < len(lines); j++ {
			if lines[j] < lines[i] {
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
	}
	return strings.Join(lines, "\n")
}

func TestResolveFindsWhatAPersonMeans(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	if err := r.SetRef(t.Context(), "origin:far", commits[0], nil); err != nil {
		t.Fatal(err)
	}
	for rev, want := range map[string]Checksum{
		"main": commits[1], "main^": commits[0], "origin:far": commits[0], "far": commits[0],
		commits[1].String(): commits[1], commits[1].String()[:12]: commits[1], commits[1].String() + "^": commits[0],
	} {
		if got, err := r.Resolve(t.Context(), rev); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", rev, got, err, want)
		}
	}
	for _, rev := range []string{"none", "main^^", "", "..", "a/../b", "/etc/passwd", "deadbeef", "main:x:y"} {
		if got, err := r.Resolve(t.Context(), rev); err == nil {
			t.Errorf("%q is %s", rev, got)
		}
	}
}

func TestOneDigitIsEnoughForTheOnlyCommit(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	if err := os.Remove(r.objectPath(ObjectID{commits[0], TypeCommit})); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Resolve(t.Context(), commits[1].String()[:1]); err != nil || got != commits[1] {
		t.Errorf("it is %s, %v; want %s", got, err, commits[1])
	}
}

func TestRefsNeverLeaveTheirFolder(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(commits[0].String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(r.Path(), "refs/heads/evil")); err != nil {
		t.Fatal(err)
	}
	if c, err := r.Ref(t.Context(), "evil"); err == nil {
		t.Errorf("a link out of the repo was read: %s", c)
	}
	for _, name := range []string{"../x", "a/../../x", "/abs", "a//b", "", ".hidden", "a/.b", strings.Repeat("f", 64), "o:", ":x", "a\nb", "x/" + strings.Repeat("y", 300)} {
		if err := r.SetRef(t.Context(), name, commits[0], nil); err == nil {
			t.Errorf("ref %q was set", name)
		}
	}
}

func TestARefInTheWayStays(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	if err := r.SetRef(t.Context(), "main/sub", commits[0], nil); err == nil {
		t.Error("a ref was made below another")
	}
	if err := r.SetRef(t.Context(), "os/amd64", commits[0], nil); err != nil {
		t.Fatal(err)
	}
	if err := r.SetRef(t.Context(), "os", commits[0], nil); err == nil {
		t.Error("a ref was made where others are below")
	}
	if err := r.DeleteRef(t.Context(), "os/amd64", nil); err != nil {
		t.Fatal(err)
	}
	if err := r.SetRef(t.Context(), "os", commits[0], nil); err != nil {
		t.Errorf("over an empty folder: %v", err)
	}
}

func TestOfManyWhoMoveARefFromOnePlaceOneWins(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			errs[i] = openRepo(t, r.Path()).SetRef(t.Context(), "main", commits[0], &commits[1])
		})
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrRefMoved) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
}

func TestABadRefFileIsAnErrorAndNotAnAnswer(t *testing.T) {
	r, _ := theirRepo(t, ModeArchive)
	for _, text := range []string{"", "xyz", strings.Repeat("g", 64), strings.Repeat("a", 65), strings.Repeat("A", 64), strings.Repeat(" ", 5000)} {
		if err := os.WriteFile(filepath.Join(r.Path(), "refs/heads/bad"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if c, err := r.Ref(t.Context(), "bad"); err == nil || errors.Is(err, ErrRefNotFound) {
			t.Errorf("%.20q reads as %s, %v", text, c, err)
		}
	}
}

func FuzzRefFile(f *testing.F) {
	f.Add([]byte(helloSum + "\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseRef(data)
		if err == nil && !strings.HasPrefix(string(data), c.String()) {
			t.Fatalf("%q reads as %s", data, c)
		}
	})
}

func FuzzRefName(f *testing.F) {
	for _, s := range []string{"main", "origin:os/main", "../x", "a//b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if CheckRef(name) != nil {
			return
		}
		path := filepath.FromSlash(refPath(name))
		if !filepath.IsLocal(path) || filepath.Clean(path) != path || !strings.HasPrefix(path, "refs") {
			t.Fatalf("ref %q is at %q", name, path)
		}
	})
}

// FuzzConfig: what is taken says in clear what it means.
func FuzzConfig(f *testing.F) {
	f.Add([]byte("[core]\nrepo_version=1\nmode=archive-z2\n\n# note\n[remote \"origin\"]\nurl=https://example.com\\sx\n"))
	f.Add([]byte("[core]\nrepo_version=1\nmin-free-space-size=10MB\nlock-timeout-secs=-1\n[remote \"o\"]\nsign-verify=ed25519;\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err != nil {
			return
		}
		if c.zlibLevel < 1 || c.zlibLevel > 9 || c.minFreeShare < 0 || c.minFreeShare > 99 || c.mode == "" {
			t.Fatalf("%+v", c)
		}
		for _, name := range remotesIn(c.file) {
			if !filepath.IsLocal(name) || strings.ContainsAny(name, "/\\") {
				t.Fatalf("remote %q", name)
			}
			conf, err := readRemote(remoteFile{keys: c.file}, name)
			if _, said := c.file.Raw(remoteGroup(name), "gpg-verify"); err == nil && !said && !conf.GPGVerify {
				t.Fatalf("remote %q needs no signature and nobody said so", name)
			}
		}
	})
}

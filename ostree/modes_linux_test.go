package ostree

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

// canonicalRepo is a repo of the real ostree with a commit that fits any mode.
func canonicalRepo(t *testing.T, mode Mode) (*Repo, Checksum) {
	t.Helper()
	tree := t.TempDir()
	makeTree(t, tree)
	r := newRepo(t, mode)
	out := cli(t, "--repo="+r.Path(), "commit", "-b", "main", "--canonical-permissions", "--no-xattrs", "--timestamp=@1600000000", tree)
	c, err := ParseChecksum(out)
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

func TestABareUserOnlyRepoIsReadAndWrittenAsOSTreeDoes(t *testing.T) {
	theirs, c := canonicalRepo(t, ModeBareUserOnly)
	if _, err := Verify(t.Context(), theirs, c, VerifyOptions{}); err != nil {
		t.Fatalf("theirs: %v", err)
	}
	archive := newRepo(t, ModeArchive)
	if _, err := Copy(t.Context(), archive, theirs, c, CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	ours := newRepo(t, ModeBareUserOnly)
	if _, err := Copy(t.Context(), ours, archive, c, CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	cli(t, "--repo="+ours.Path(), "fsck")
	list := func(r *Repo) string {
		out, err := exec.Command("find", filepath.Join(r.Path(), "objects"), "-type", "f", "-printf", "%P %m %T@ %s\n", "-o", "-type", "l", "-printf", "%P -> %l\n").Output()
		if err != nil {
			t.Fatal(err)
		}
		return sortLines(string(out))
	}
	// Metadata has the time at which it was written.
	strip := func(s string) string {
		var keep []string
		for line := range strings.SplitSeq(s, "\n") {
			if strings.Contains(line, ".file ") {
				keep = append(keep, line)
			}
		}
		return strings.Join(keep, "\n")
	}
	if a, b := strip(list(theirs)), strip(list(ours)); a != b {
		t.Errorf("theirs\n%s\nours\n%s", a, b)
	}
}

func TestWhatAModeCannotGiveBackIsNotTaken(t *testing.T) {
	text := func(h FileHeader) Object {
		h.Size = uint64(len("x"))
		if h.IsSymlink() {
			h.Size = 0
		}
		var payload io.Reader
		if !h.IsSymlink() {
			payload = strings.NewReader("x")
		}
		c, err := ContentChecksum(&h, payload)
		if err != nil {
			t.Fatal(err)
		}
		return NewFile(c, &h, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil })
	}
	for _, c := range []struct {
		mode Mode
		h    FileHeader
		ok   bool
	}{
		{ModeBareUserOnly, FileHeader{Mode: 0o100644}, true},
		{ModeBareUserOnly, FileHeader{Mode: 0o100775}, true},
		{ModeBareUserOnly, FileHeader{Mode: 0o104755}, false},
		{ModeBareUserOnly, FileHeader{Mode: 0o102755}, false},
		{ModeBareUserOnly, FileHeader{Mode: 0o101644}, false},
		{ModeBareUserOnly, FileHeader{Mode: 0o100666}, false},
		{ModeBareUserOnly, FileHeader{Mode: 0o100644, UID: 1}, false},
		{ModeBareUserOnly, FileHeader{Mode: 0o100644, GID: 1}, false},
		{ModeBareUserOnly, FileHeader{Mode: 0o100644, Xattrs: []Xattr{{"user.a", []byte("b")}}}, false},
		{ModeBareUserOnly, FileHeader{Mode: 0o120777, Target: "x"}, true},
		{ModeBareUserOnly, FileHeader{Mode: 0o120644, Target: "x"}, false},
		{ModeBare, FileHeader{Mode: 0o120644, Target: "x"}, false},
		{ModeBare, FileHeader{Mode: 0o104755, UID: 1}, true},
		{ModeBareUser, FileHeader{Mode: 0o104755, UID: 1}, true},
	} {
		r := newRepo(t, c.mode)
		obj := text(c.h)
		err := r.PutDurable(t.Context(), obj)
		if (err == nil) != c.ok {
			t.Errorf("%s: %+v: %v", c.mode, c.h, err)
		}
		if err != nil && (fail.ClassOf(err) != fail.Unsupported || !strings.Contains(err.Error(), obj.ID().String())) {
			t.Errorf("%s: %+v: %v does not say what and why", c.mode, c.h, err)
		}
		if err != nil {
			continue
		}
		stored, err := r.Object(t.Context(), obj.ID())
		if err == nil {
			err = VerifyObject(t.Context(), stored)
		}
		if err != nil {
			t.Errorf("%s: %+v is not read back: %v", c.mode, c.h, err)
		}
	}
}

func TestARepoWithSplitXattrsIsReadAndNotWritten(t *testing.T) {
	dir := t.TempDir()
	out, err := exec.Command("tar", "-C", dir, "--same-permissions", "--same-owner", "-xf",
		"/usr/libexec/installed-tests/libostree/bare-split-xattrs-basic.tar.xz").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := openRepo(t, filepath.Join(dir, "repo"))
	c, err := ParseChecksum("d614c428015227259031b0f19b934dade908942fd71c49047e0daa70e7800a5d")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), r, c, VerifyOptions{}); err != nil {
		t.Error(err)
	}
	dst := newRepo(t, ModeArchive)
	if _, err := Copy(t.Context(), dst, r, c, CopyOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := r.Begin(t.Context()); fail.ClassOf(err) != fail.Unsupported {
		t.Errorf("a session: %v", err)
	}
	links, err := filepath.Glob(filepath.Join(r.Path(), "objects/76/*.file-xattrs-link"))
	if err != nil || len(links) != 1 {
		t.Fatal(links, err)
	}
	for _, spoil := range []func() error{
		func() error { return os.WriteFile(links[0], []byte("no xattrs"), 0o644) },
		func() error { return os.Remove(links[0]) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(t.Context(), r, c, VerifyOptions{}); !isProblem(err) {
			t.Errorf("%v", err)
		}
	}
}

func TestTheConfigSaysHowHardToCompress(t *testing.T) {
	text := strings.Repeat("otactl writes an archive, and again ", 4000)
	h := &FileHeader{Mode: 0o100644, Size: uint64(len(text))}
	c, err := ContentChecksum(h, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{}
	for _, level := range []string{"1", "9"} {
		r := newRepo(t, ModeArchive)
		cli(t, "--repo="+r.Path(), "config", "set", "archive.zlib-level", level)
		r = openRepo(t, r.Path())
		obj := NewFile(c, h, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil })
		if err := r.PutDurable(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
		st, err := os.Stat(r.objectPath(obj.ID()))
		if err != nil {
			t.Fatal(err)
		}
		sizes[level] = st.Size()
	}
	if sizes["9"] >= sizes["1"] {
		t.Errorf("sizes by level are %v", sizes)
	}
}

package ostree

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// full is a folder with something in it, in a new destination.
func full(t *testing.T, name string) string {
	t.Helper()
	dest := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(dest, name, "sub"), 0o755), os.WriteFile(filepath.Join(dest, name, "sub", "data"), []byte("kept"), 0o644)); err != nil {
		t.Fatal(err)
	}
	return dest
}

// over is how a layer replaces what it finds.
var over = CheckoutOptions{Overwrite: OverwriteFiles, Whiteouts: true, OverlayWhiteouts: true}

// TestAFolderGoesOnlyForAFileThatProvedRight: until then it is there, whole and
// under its name.
func TestAFolderGoesOnlyForAFileThatProvedRight(t *testing.T) {
	for content, good := range map[string]bool{"right": true, "WRONG": false} {
		dest, src := full(t, "x"), plainTrees{}
		var early error
		look := func() {
			if _, err := os.Lstat(filepath.Join(dest, "x/sub/data")); err != nil {
				early = err
			}
		}
		f := src.file(t, suid(), "right", func() io.Reader { return spy{bytes.NewReader([]byte(content)), look} })
		f.Name = "x"
		_, err := Checkout(t.Context(), src, src.commit(t, &DirTree{Files: []TreeFile{f}}), dest, over)
		if good != (err == nil) || early != nil {
			t.Errorf("%s: error is %v; before it was read whole: %v", content, err, early)
		}
		want := []string{"x", "x/sub", "x/sub/data"}
		if good {
			want = []string{"x"}
		}
		if got := files(t, dest); !slices.Equal(got, want) {
			t.Errorf("%s: there is %q, want %q", content, got, want)
		}
	}
}

// TestAFolderThatCannotBeRemovedKeepsItsName, with what could not be removed.
func TestAFolderThatCannotBeRemovedKeepsItsName(t *testing.T) {
	if !testkit.AgainAsNobody(t) {
		return
	}
	dest, src := full(t, "x"), plainTrees{}
	sub := filepath.Join(dest, "x/sub")
	if err := os.Chmod(sub, 0o555); err != nil {
		t.Fatal(err)
	}
	f := src.file(t, suid(), "right", nil)
	f.Name = "x"
	if _, err := Checkout(t.Context(), src, src.commit(t, &DirTree{Files: []TreeFile{f}}), dest, over); !errors.Is(err, os.ErrPermission) {
		t.Errorf("error is %v", err)
	}
	if got, want := files(t, dest), []string{"x", "x/sub", "x/sub/data"}; !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q", got, want)
	}
	if err := os.Chmod(sub, 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestAFolderOfAnOverlaysLowerLayerIsReplaced, though the kernel does not move it.
func TestAFolderOfAnOverlaysLowerLayerIsReplaced(t *testing.T) {
	lower, base, dest, src := full(t, "x"), t.TempDir(), t.TempDir(), plainTrees{}
	if err := syscall.Mount("tmpfs", base, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(base, syscall.MNT_DETACH) })
	upper, work := filepath.Join(base, "upper"), filepath.Join(base, "work")
	if err := errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(work, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("overlay", dest, "overlay", 0, "redirect_dir=off,lowerdir="+lower+",upperdir="+upper+",workdir="+work); err != nil {
		t.Skipf("no overlay here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dest, syscall.MNT_DETACH) })
	f := src.file(t, suid(), "right", nil)
	f.Name = "x"
	if _, err := Checkout(t.Context(), src, src.commit(t, &DirTree{Files: []TreeFile{f}}), dest, over); err != nil {
		t.Error(err)
	}
	if got := files(t, dest); !slices.Equal(got, []string{"x"}) {
		t.Errorf("there is %q", got)
	}
}

// TestAWhiteoutHidesOnlyOnceItIsWhole: what fails after the device was made, as
// an attribute that no device can have, takes nothing away and leaves nothing.
func TestAWhiteoutHidesOnlyOnceItIsWhole(t *testing.T) {
	for what, h := range map[string]*FileHeader{
		"attribute": {Mode: modeRegular | 0o644, Xattrs: []Xattr{{Name: "user.k", Value: []byte("v")}}},
		"owner":     {Mode: modeRegular | 0o644, GID: 1<<32 - 1},
		"none":      {Mode: modeRegular | 0o640, GID: 7},
	} {
		for _, way := range []Overwrite{OverwriteFiles, OverwriteAdd, OverwriteIdentical} {
			dest, src := full(t, "x"), plainTrees{}
			f := src.file(t, h, "", nil)
			f.Name = overlayPrefix + "x"
			opt := CheckoutOptions{Overwrite: way, OverlayWhiteouts: true}
			_, err := Checkout(t.Context(), src, src.commit(t, &DirTree{Files: []TreeFile{f}}), dest, opt)
			want := []string{"x", "x/sub", "x/sub/data"}
			if way == OverwriteFiles && what == "none" {
				want = []string{"x"}
			}
			if good := what == "none" && way != OverwriteIdentical || way == OverwriteAdd; good != (err == nil) {
				t.Errorf("%s, %d: error is %v", what, way, err)
			}
			if got := files(t, dest); !slices.Equal(got, want) {
				t.Errorf("%s, %d: there is %q, want %q", what, way, got, want)
			}
			_, err = Checkout(t.Context(), src, src.commit(t, &DirTree{Files: []TreeFile{f}}), filepath.Join(dest, "new"), CheckoutOptions{OverlayWhiteouts: true})
			if (err == nil) != (what == "none") {
				t.Errorf("%s, %d: error in a new folder is %v", what, way, err)
			}
		}
	}
}

// TestAWhiteoutAndAFileOfOneNameAreRefused, whichever comes first.
func TestAWhiteoutAndAFileOfOneNameAreRefused(t *testing.T) {
	for _, name := range []string{"x", "-x"} {
		src, parent := plainTrees{}, t.TempDir()
		f, white := src.file(t, suid(), "x", nil), src.file(t, suid(), "", nil)
		f.Name, white.Name = name, overlayPrefix+name
		list := []TreeFile{f, white}
		slices.SortFunc(list, func(a, b TreeFile) int { return strings.Compare(a.Name, b.Name) })
		_, err := Checkout(t.Context(), src, src.commit(t, &DirTree{Files: list}), filepath.Join(parent, "out"), CheckoutOptions{OverlayWhiteouts: true, Jobs: 1})
		if !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: error is %v", name, err)
		}
		nothingLeft(t, parent)
	}
}

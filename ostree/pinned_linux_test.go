package ostree

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// at is a folder for what is made in dir.
func at(t *testing.T, dir string) *folder {
	t.Helper()
	fd, err := openFolder(unix.AT_FDCWD, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return newFolder(fd, "/", nil)
}

func statOf(t *testing.T, path string) (st unix.Stat_t) {
	t.Helper()
	if err := unix.Lstat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st
}

// TestOwnerAndAttributesGoToWhatWasMade, wherever it is by then, and not to what
// has its name, nor to where a symlink leads.
func TestOwnerAndAttributesGoToWhatWasMade(t *testing.T) {
	r := &treeReader{xattrs: true}
	h := &FileHeader{UID: 7, GID: 8, Xattrs: []Xattr{{Name: "trusted.k", Value: []byte("v")}}}
	for kind, is := range map[string]func(*unix.Stat_t) bool{"symlink": isSymlink, "device": isWhiteout} {
		dir := t.TempDir()
		name, victim, moved := filepath.Join(dir, "x"), filepath.Join(dir, "victim"), filepath.Join(dir, "moved")
		err := os.WriteFile(victim, nil, 0o600)
		if kind == "symlink" {
			err = errors.Join(err, os.Symlink("victim", name))
		} else {
			err = errors.Join(err, unix.Mknod(name, unix.S_IFCHR|0o600, 0))
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := pin(at(t, dir).fd, "x", is)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Rename(name, moved), os.Link(victim, name), r.dressPinned(p, h), p.close()); err != nil {
			t.Fatal(kind, err)
		}
		if st := statOf(t, victim); st.Uid == 7 || st.Gid == 8 {
			t.Errorf("%s: what has the name belongs to %d:%d", kind, st.Uid, st.Gid)
		}
		if attrs, err := PathXattrs(victim); err != nil || len(attrs) > 0 {
			t.Errorf("%s: what has the name has %v, %v", kind, attrs, err)
		}
		if st := statOf(t, moved); st.Uid != 7 || st.Gid != 8 {
			t.Errorf("%s: it belongs to %d:%d", kind, st.Uid, st.Gid)
		}
		if attrs, err := PathXattrs(moved); err != nil || !sameXattrs(attrs, h.Xattrs) {
			t.Errorf("%s: it has %v, %v", kind, attrs, err)
		}
	}
}

// TestWhatIsPutInThePlaceOfASymlinkOrDeviceIsLeftAlone: another kind of thing,
// or a further name of a symlink of somebody else's.
func TestWhatIsPutInThePlaceOfASymlinkOrDeviceIsLeftAlone(t *testing.T) {
	dir, r := t.TempDir(), &treeReader{xattrs: true}
	f, h := at(t, dir), &FileHeader{UID: 7, GID: 8, Mode: modeRegular | 0o777}
	shadow, link := filepath.Join(dir, "shadow"), filepath.Join(dir, "link")
	err := errors.Join(os.WriteFile(shadow, nil, 0o600), os.Symlink("shadow", link), os.Link(link, filepath.Join(dir, "again")), os.Symlink("shadow", filepath.Join(dir, "other")),
		unix.Mknod(filepath.Join(dir, "null"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shadow", "again", "null"} {
		if err := r.finishLink(f, name, h); err == nil {
			t.Errorf("%s is taken for a new symlink", name)
		}
	}
	for _, name := range []string{"shadow", "other", "null"} {
		if err := r.finishDevice(f, name, h); err == nil {
			t.Errorf("%s is taken for a new whiteout", name)
		}
	}
	for _, name := range []string{"shadow", "again", "other", "null"} {
		if st := statOf(t, filepath.Join(dir, name)); st.Uid != 0 || st.Gid != 0 || st.Mode&modePerm != 0o600 && st.Mode&modeType != modeSymlink {
			t.Errorf("%s is %o of %d:%d", name, st.Mode, st.Uid, st.Gid)
		}
	}
}

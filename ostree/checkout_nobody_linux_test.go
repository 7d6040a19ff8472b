package ostree

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// againAsNobody runs the test again by an account to which files can be closed, as
// they cannot to root, and says whether this is that run.
func againAsNobody(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		return true
	}
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("by nobody: %v\n%s", err, out)
	}
	return false
}

// TestACheckoutThatFailsLeavesNothingOfFoldersThatAreClosed: they have the mode
// that was committed long before the last file proves wrong.
func TestACheckoutThatFailsLeavesNothingOfFoldersThatAreClosed(t *testing.T) {
	if !againAsNobody(t) {
		return
	}
	for _, mode := range []uint32{0o555, 0o311, 0} {
		parent, src := t.TempDir(), plainTrees{}
		good, bad := src.file(t, suid(), "good", nil), src.file(t, suid(), "bad", func() io.Reader { return bytes.NewReader([]byte("BAD")) })
		good.Name, bad.Name = "good", "bad"
		shut := src.metadata(t, TypeDirMeta, &DirMeta{Mode: modeDir | mode})
		full := src.metadata(t, TypeDirTree, &DirTree{Files: []TreeFile{good}})
		deep := src.metadata(t, TypeDirTree, &DirTree{Files: []TreeFile{good}, Dirs: []TreeDir{{Name: "full", Tree: full, Meta: shut}}})
		last := src.metadata(t, TypeDirTree, &DirTree{Files: []TreeFile{bad}})
		commit := src.commit(t, &DirTree{Dirs: []TreeDir{{Name: "deep", Tree: deep, Meta: shut}, {Name: "last", Tree: last, Meta: shut}}})
		_, err := Checkout(t.Context(), src, commit, filepath.Join(parent, "out"), CheckoutOptions{UserMode: true, Jobs: 1})
		if _, corrupt := errors.AsType[*CorruptError](err); !corrupt || errors.Is(err, os.ErrPermission) {
			t.Errorf("%o: error is %v", mode, err)
		}
		nothingLeft(t, parent)
	}
}

package ostree

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// TestACheckoutThatFailsLeavesNothingOfFoldersThatAreClosed: they have the mode
// that was committed long before the last file proves wrong.
func TestACheckoutThatFailsLeavesNothingOfFoldersThatAreClosed(t *testing.T) {
	if !testkit.AgainAsNobody(t) {
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

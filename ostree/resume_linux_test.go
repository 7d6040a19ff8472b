package ostree_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// resuming is a server that knows ranges, and of which one object comes as it
// is not.
type resuming struct {
	*storetest.Memory
	id   ostree.ObjectID
	sent []byte // what comes of it
	cut  int    // after so many bytes the line breaks, -1 for never
}

func (s *resuming) OpenFrom(_ context.Context, id ostree.ObjectID, at ostree.Place) (*ostree.Rest, error) {
	data, cut := s.Raw(id), -1
	if id == s.id {
		data, cut = s.sent, s.cut
	}
	place := ostree.Place{Offset: at.Offset, Length: int64(len(data)), Version: ostree.FileVersion{ETag: `"1"`}}
	in := io.Reader(bytes.NewReader(data[at.Offset:]))
	if cut >= 0 {
		in = io.MultiReader(bytes.NewReader(data[at.Offset:cut]), iotest.ErrReader(errors.New("the line broke")))
	}
	return &ostree.Rest{ReadCloser: io.NopCloser(in), Place: place}, nil
}

// withOwner is a file in archive form whose header says another owner.
func withOwner(data []byte, uid byte) []byte {
	data = bytes.Clone(data)
	data[8+8+3] = uid // behind the frame and the length
	return data
}

// commitOf makes a commit of one large file.
func commitOf(t *testing.T, m *storetest.Memory, id ostree.ObjectID) ostree.Checksum {
	t.Helper()
	meta := stored(t, m, ostree.TypeDirMeta, &ostree.DirMeta{Mode: 0o40755})
	root := stored(t, m, ostree.TypeDirTree, &ostree.DirTree{Files: []ostree.TreeFile{{Name: "large", Sum: id.Sum}}})
	return stored(t, m, ostree.TypeCommit, &ostree.Commit{Tree: root, Meta: meta})
}

// A header that was damaged on the way says nothing of the file: what was kept
// with it must not spoil every later pull.
func TestADamagedHeaderIsNotKeptForThePullsThatFollow(t *testing.T) {
	id, data := storetest.RandomFile(t, 3<<20)
	for what, cut := range map[string]int{"whole": -1, "half of it": 2 << 20} {
		src := &resuming{Memory: &storetest.Memory{}, id: id, sent: withOwner(data, 7), cut: cut}
		src.SetRaw(id, data)
		commit := commitOf(t, src.Memory, id)
		dst := newRepo(t, ostree.ModeBareUserOnly)
		if _, err := ostree.Copy(t.Context(), dst, src, commit, ostree.CopyOptions{}); err == nil {
			t.Fatalf("%s: a damaged file was taken", what)
		}
		src.sent, src.cut = data, -1
		if _, err := ostree.Copy(t.Context(), dst, src, commit, ostree.CopyOptions{}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestADamagedHeaderInANearerCopyEndsNoCopy(t *testing.T) {
	s, near := storetest.NewPlainSample(t, 1, 1, "a"), storetest.NewPlainSample(t, 1, 1, "a")
	near.SetRaw(s.Files[1], withOwner(s.Raw(s.Files[1]), 7))
	dst := newRepo(t, ostree.ModeBareUserOnly)
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{Caches: []ostree.Source{near}})
	if _, err := ostree.Verify(t.Context(), dst, s.Commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

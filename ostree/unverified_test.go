package ostree_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// hoard is a source whose subdirectories come as very long objects, and which
// counts how long those are together that somebody reads beyond the beginning.
type hoard struct {
	*storetest.Memory
	root ostree.Checksum
	size int64 // -1: it does not say

	mu         sync.Mutex
	held, most int
}

func (h *hoard) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	if id.Type != ostree.TypeDirTree || id.Sum == h.root {
		return h.Memory.Object(ctx, id)
	}
	return ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) {
		return &hoarded{hoard: h}, h.size, nil
	}), nil
}

type hoarded struct {
	*hoard
	read    int
	counted bool
}

func (r *hoarded) Read(p []byte) (int, error) {
	if r.read += len(p); r.read <= 512<<10 {
		clear(p)
		return len(p), nil
	}
	r.add(1)
	r.counted = true
	time.Sleep(100 * time.Millisecond) // for others to come this far
	return 0, io.EOF
}

func (r *hoarded) Close() error {
	if r.counted {
		r.add(-1)
	}
	return nil
}

func (h *hoard) add(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held += n
	h.most = max(h.most, h.held)
}

// What a hostile server sends for a directory is in memory until it is seen to
// be another one.
func TestLongMetadataIsHeldInLittleMemoryUntilItIsVerified(t *testing.T) {
	for size, most := range map[int64]int{48 << 20: 4, -1: 1} {
		src := &hoard{Memory: &storetest.Memory{}, size: size}
		meta := stored(t, src.Memory, ostree.TypeDirMeta, &ostree.DirMeta{Mode: 0o40755})
		tree := &ostree.DirTree{}
		for i := range 20 {
			tree.Dirs = append(tree.Dirs, ostree.TreeDir{Name: fmt.Sprintf("d%02d", i), Tree: ostree.Checksum{1, byte(i)}, Meta: meta})
		}
		src.root = stored(t, src.Memory, ostree.TypeDirTree, tree)
		commit := stored(t, src.Memory, ostree.TypeCommit, &ostree.Commit{Tree: src.root, Meta: meta})
		if _, err := ostree.Copy(t.Context(), newRepo(t, ostree.ModeBareUser), src, commit, ostree.CopyOptions{Jobs: 100}); err == nil {
			t.Error("it was taken")
		}
		if src.most == 0 || src.most > most {
			t.Errorf("%d objects of %d bytes were read at once, at most %d may be", src.most, size, most)
		}
	}
}

// stored stores a metadata object.
func stored(t *testing.T, m *storetest.Memory, typ ostree.ObjectType, v interface{ Marshal() ([]byte, error) }) ostree.Checksum {
	t.Helper()
	data, err := v.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	obj := ostree.NewMetadata(typ, data)
	m.SetRaw(obj.ID(), data)
	return obj.ID().Sum
}

// unsized is a source that does not say how long anything is.
type unsized struct{ *storetest.Memory }

func (s unsized) Object(_ context.Context, id ostree.ObjectID) (ostree.Object, error) {
	data := s.Raw(id)
	if data == nil {
		return nil, &ostree.MissingError{ID: id}
	}
	return storetest.Archived(id, data, false), nil
}

func TestLongMetadataOfNoLengthIsTaken(t *testing.T) {
	m := &storetest.Memory{}
	id, data := storetest.RandomFile(t, 10)
	m.SetRaw(id, data)
	meta := stored(t, m, ostree.TypeDirMeta, &ostree.DirMeta{Mode: 0o40755, Xattrs: []ostree.Xattr{
		{Name: "user.a", Value: make([]byte, 60<<10)}, {Name: "user.b", Value: make([]byte, 60<<10)}, {Name: "user.c", Value: make([]byte, 60<<10)},
	}})
	root := &ostree.DirTree{}
	for i := range 3 {
		tree := &ostree.DirTree{}
		for j := range 5000 {
			tree.Files = append(tree.Files, ostree.TreeFile{Name: fmt.Sprintf("%d-%04d", i, j), Sum: id.Sum})
		}
		root.Dirs = append(root.Dirs, ostree.TreeDir{Name: fmt.Sprint(i), Tree: stored(t, m, ostree.TypeDirTree, tree), Meta: meta})
	}
	commit := stored(t, m, ostree.TypeCommit, &ostree.Commit{Tree: stored(t, m, ostree.TypeDirTree, root), Meta: meta})
	dst := newRepo(t, ostree.ModeArchive)
	mustCopy(t, dst, unsized{m}, commit, ostree.CopyOptions{})
	if _, err := ostree.Verify(t.Context(), dst, commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestADirMetaIsReadNoFartherThanOneMayBe(t *testing.T) {
	var read int
	obj := ostree.NewArchived(ostree.ObjectID{Type: ostree.TypeDirMeta}, func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(readerFunc(func(p []byte) (int, error) { read += len(p); return len(p), nil })), -1, nil
	})
	if err := ostree.VerifyObject(t.Context(), obj); err == nil || read > 4<<20 {
		t.Errorf("%v after %d bytes", err, read)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

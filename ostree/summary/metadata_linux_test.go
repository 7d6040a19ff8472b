package summary

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
)

// watched calls look whenever somebody asks whether the context is over.
type watched struct {
	context.Context
	look func()
}

func (w watched) Err() error {
	w.look()
	return w.Context.Err()
}

// TestNoPruneTakesTheMetadatasTree: between the tree and the ref that names it,
// no prune begins.
func TestNoPruneTakesTheMetadatasTree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "repo")
	testkit.OSTree(t, "--repo="+path, "init", "--mode=archive", "--collection-id=org.example.One")
	testkit.OSTree(t, "--repo="+path, "config", "set", "core.lock-timeout-secs", "0")
	repo, other := open(t, path), open(t, path)
	empty, err := (&ostree.DirTree{}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	tree := ostree.NewMetadata(ostree.TypeDirTree, empty).ID()
	looks := 0
	look := func() {
		if found, err := other.Has(t.Context(), []ostree.ObjectID{tree}); err != nil || !found[0] {
			return
		}
		looks++
		if unlock, err := other.LockAlone(t.Context()); err == nil {
			unlock()
			t.Error("a prune could begin")
		} else if fail.ClassOf(err) != fail.Busy {
			t.Error(err)
		}
	}
	stored := func(context.Context, ostree.Checksum) error { look(); return nil }
	if err := CommitMetadata(watched{t.Context(), look}, repo, nil, now, stored); err != nil {
		t.Fatal(err)
	}
	if looks < 2 { // one of them is that of stored
		t.Errorf("looked %d times: this showed nothing", looks)
	}
	unlock, err := other.LockAlone(t.Context())
	if err != nil {
		t.Fatalf("after it: %v", err)
	}
	unlock()
}

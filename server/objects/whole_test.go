package objects

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

func wholeStore(t *testing.T) *Store {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(t.Context(), filepath.Join(dir, "repo"), filepath.Join(dir, "tmp"), clock.System, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// send stages metadata as one body, children first, and ends it.
func send(t *testing.T, s *Store, kind ostree.ObjectType, list ...[]byte) {
	t.Helper()
	in, err := s.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer in.session.Abort()
	for _, data := range list {
		f := batch.Frame{ID: ostree.ObjectID{Sum: sha256.Sum256(data), Type: kind}, Length: int64(len(data))}
		if err := in.object(t.Context(), f, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.end(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// nested are dirtrees, each in the one after it.
func nested(t *testing.T, s *Store, n int) (trees [][]byte, sums []ostree.Checksum) {
	t.Helper()
	meta, err := (&ostree.DirMeta{Mode: 0o40755}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, ostree.TypeDirMeta, meta)
	for i := range n {
		d := &ostree.DirTree{}
		if i > 0 {
			d.Dirs = []ostree.TreeDir{{Name: fmt.Sprint(i), Tree: sums[i-1], Meta: sha256.Sum256(meta)}}
		}
		data, err := d.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		trees, sums = append(trees, data), append(sums, sha256.Sum256(data))
	}
	return trees, sums
}

func TestTreesThatCameWithAllBelowThemAreNotWalked(t *testing.T) {
	s := wholeStore(t)
	trees, sums := nested(t, s, 4)
	send(t, s, ostree.TypeDirTree, trees[:2]...)
	send(t, s, ostree.TypeDirTree, trees[2:]...)
	for i, sum := range sums {
		if got := s.whole.levels(sum); got != i+1 {
			t.Errorf("dirtree %d has %d known levels", i, got)
		}
	}
}

func TestTreesThatWereThereBeforeTheServerAreWalked(t *testing.T) {
	s := wholeStore(t)
	trees, sums := nested(t, s, 3)
	send(t, s, ostree.TypeDirTree, trees[:2]...)
	s.whole.trees = nil // as after a start
	send(t, s, ostree.TypeDirTree, trees...)
	if got := s.whole.levels(sums[2]); got != 0 {
		t.Errorf("%d levels are known below a dirtree that nobody has looked into", got)
	}
	if levels, err := s.walkTree(t.Context(), sums[2], 0); err != nil || levels != 3 {
		t.Errorf("walked %d levels, %v", levels, err)
	}
}

func TestTreesThatNestTooDeepAreRefusedThoughEachWasTaken(t *testing.T) {
	s := wholeStore(t)
	trees, sums := nested(t, s, limits.TreeDepth+2)
	send(t, s, ostree.TypeDirTree, trees...)
	if _, err := s.walkTree(t.Context(), sums[limits.TreeDepth], 0); err != nil {
		t.Error(err)
	}
	if _, err := s.walkTree(t.Context(), sums[limits.TreeDepth+1], 0); err == nil {
		t.Error("a tree deeper than allowed is complete")
	}
}

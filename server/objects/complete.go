package objects

import (
	"context"
	"fmt"
	"sync"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// IncompleteError says that a commit, or something it reaches, is not there.
type IncompleteError struct {
	Commit  ostree.Checksum
	Missing ostree.ObjectID
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf("commit %s is not complete: object %s is missing", e.Commit, e.Missing)
}

// whole remembers the dirtrees whose subtree was seen complete, by a walk or
// when they came, and how many levels of directories each has, itself included.
// Objects are never removed while the server runs, so it stays true; what
// happens to the repo between two starts is not known, so it is not stored.
type whole struct {
	walking sync.Mutex // one walk at a time: the next one profits from it
	mu      sync.Mutex
	trees   map[ostree.Checksum]int
}

// maxWhole bounds the memory of whole (about 72 bytes each).
const maxWhole = 200_000

// levels is 0 for a dirtree of which nothing is known.
func (w *whole) levels(sum ostree.Checksum) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trees[sum]
}

func (w *whole) add(sum ostree.Checksum, levels int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.trees == nil || len(w.trees) >= maxWhole {
		w.trees = map[ostree.Checksum]int{}
	}
	w.trees[sum] = levels
}

// Complete holds that commit and everything it reaches is in the repo; else
// the error is an *IncompleteError. What was seen complete once is not walked
// again.
func (s *Store) Complete(ctx context.Context, commit ostree.Checksum) error {
	id := ostree.ObjectID{Sum: commit, Type: ostree.TypeCommit}
	there, err := s.has(ctx, id)
	if err != nil {
		return err
	}
	if !there[0] {
		return &IncompleteError{Commit: commit, Missing: id}
	}
	s.whole.walking.Lock()
	defer s.whole.walking.Unlock()
	err = s.walkCommit(ctx, commit)
	if missing, ok := isMissing(err); ok {
		return &IncompleteError{Commit: commit, Missing: missing}
	}
	return err
}

func (s *Store) walkCommit(ctx context.Context, commit ostree.Checksum) error {
	c, err := ostree.LoadCommit(ctx, s.repo, commit)
	if err != nil {
		return err
	}
	meta := ostree.ObjectID{Sum: c.Meta, Type: ostree.TypeDirMeta}
	if gap, found, err := s.missing(ctx, []ostree.ObjectID{meta}); err != nil || found {
		return gapError(gap, err)
	}
	_, err = s.walkTree(ctx, c.Tree, 0)
	return err
}

// walkTree walks what is not known to be whole below a dirtree, and says how
// many levels it has.
func (s *Store) walkTree(ctx context.Context, sum ostree.Checksum, depth int) (levels int, err error) {
	levels = s.whole.levels(sum)
	if depth+max(1, levels) > limits.TreeDepth+1 {
		return 0, &ostree.CorruptError{ID: ostree.ObjectID{Sum: sum, Type: ostree.TypeDirTree},
			Why: fmt.Sprintf("directories nest deeper than %d", limits.TreeDepth)}
	}
	if levels > 0 {
		return levels, nil
	}
	d, err := ostree.LoadDirTree(ctx, s.repo, sum)
	if err != nil {
		return 0, err
	}
	if gap, found, err := s.missing(ctx, treeChildren(d)); err != nil || found {
		return 0, gapError(gap, err)
	}
	for _, sub := range d.Dirs {
		below, err := s.walkTree(ctx, sub.Tree, depth+1)
		if err != nil {
			return 0, err
		}
		levels = max(levels, below)
	}
	s.whole.add(sum, levels+1)
	return levels + 1, nil
}

func gapError(gap ostree.ObjectID, err error) error {
	if err != nil {
		return err
	}
	return &ostree.MissingError{ID: gap}
}

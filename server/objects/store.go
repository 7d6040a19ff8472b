// Package objects is the backend's OSTree repo behind HTTP: the treehub API
// that publishers push to, and the plain files that ostree pulls.
//
// It trusts no client: an object is verified against its name before it is
// visible, a commit or dirtree is taken only after all its children, and a ref
// moves only to a commit whose whole closure is there. A request's path is
// parsed into an object id or a ref name and is never used as a path. What was
// answered with success is on the disk.
package objects

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/ostree"
)

// Store is the repo and what is known about it.
type Store struct {
	repo  *ostree.Repo
	root  *os.Root // of the repo
	tmp   string   // where uploads are spooled
	log   *slog.Logger
	clock clock.Clock

	refs    sync.Mutex    // one ref moves at a time
	deltas  sync.Mutex    // one static delta becomes visible at a time
	big     chan struct{} // one large metadata object in memory at a time
	slots   chan struct{} // uploads under way
	batches chan struct{} // bodies of many objects under way
	asking  chan struct{} // questions about many objects under way
	giving  chan struct{} // answers of many objects under way
	sizing  chan struct{} // commits that are walked for sizes
	listed  chan struct{} // answers of sizes on the disk
	flights flights
	whole   whole
}

// Open opens or makes the archive repo at dir. tmp is a folder of its own for
// uploads under way; what an earlier run left in it is removed.
func Open(ctx context.Context, dir, tmp string, clk clock.Clock, log *slog.Logger) (*Store, error) {
	if err := emptyDir(tmp); err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	repo, err := ostree.CreateRepo(dir, ostree.ModeArchive)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	// A process that was killed may have left objects staged, or visible and not
	// covered by a sync yet; from here on, what is visible is durable.
	if err := repo.TakeOver(ctx); err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	if err := syncAll(dir); err != nil {
		return nil, fmt.Errorf("objects: sync %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	s := &Store{repo: repo, root: root, tmp: tmp, log: log, clock: clk,
		big: make(chan struct{}, 1), slots: make(chan struct{}, maxUploads), batches: make(chan struct{}, maxBatches), asking: make(chan struct{}, maxQuestions), giving: make(chan struct{}, maxAnswers),
		sizing: make(chan struct{}, maxSizings), listed: make(chan struct{}, maxListed)}
	s.summarize(ctx) // whoever was killed may have owed one
	return s, nil
}

// Close gives up the repo's folder.
func (s *Store) Close() error { return s.root.Close() }

func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// has says whether id is in the repo and durable; an object that is on its way
// to the disk is waited for.
func (s *Store) has(ctx context.Context, ids ...ostree.ObjectID) ([]bool, error) {
	if err := s.flights.wait(ctx, ids); err != nil {
		return nil, err
	}
	return s.repo.Has(ctx, ids)
}

// flights are the objects that are about to be visible and may not be durable
// yet.
type flights struct {
	mu  sync.Mutex
	out map[ostree.ObjectID]*flight
}

// flight is one object on its way, by one or more who write it.
type flight struct {
	crew int
	over chan struct{}
}

// enter claims id; land must be called after it. When somebody else has it,
// enter waits for them and claims nothing.
func (f *flights) enter(ctx context.Context, id ostree.ObjectID) (claimed bool, err error) {
	f.mu.Lock()
	busy := f.out[id]
	if busy == nil {
		f.board(id)
	}
	f.mu.Unlock()
	if busy == nil {
		return true, nil
	}
	return false, await(ctx, busy.over)
}

// join is for who has written all of ids already, and waits for nobody: it
// makes others wait until land was called for each.
func (f *flights) join(ids []ostree.ObjectID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.board(id)
	}
}

// board is one more who writes id; f.mu is held.
func (f *flights) board(id ostree.ObjectID) {
	if f.out == nil {
		f.out = map[ostree.ObjectID]*flight{}
	}
	if f.out[id] == nil {
		f.out[id] = &flight{over: make(chan struct{})}
	}
	f.out[id].crew++
}

func (f *flights) land(ids ...ostree.ObjectID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		one := f.out[id]
		if one.crew--; one.crew == 0 {
			delete(f.out, id)
			close(one.over)
		}
	}
}

func (f *flights) wait(ctx context.Context, ids []ostree.ObjectID) error {
	for _, id := range ids {
		f.mu.Lock()
		one := f.out[id]
		f.mu.Unlock()
		if one == nil {
			continue
		}
		if err := await(ctx, one.over); err != nil {
			return err
		}
	}
	return nil
}

func await(ctx context.Context, ch chan struct{}) error {
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// put stores one object durably, unless it is there. Two clients that send the
// same object write it one after the other.
func (s *Store) put(ctx context.Context, obj ostree.Object) (stored bool, err error) {
	id := obj.ID()
	for {
		claimed, err := s.flights.enter(ctx, id)
		if err != nil {
			return false, err
		}
		if claimed {
			break
		}
	}
	defer s.flights.land(id)
	there, err := s.repo.Has(ctx, []ostree.ObjectID{id})
	if err != nil || there[0] {
		return false, err
	}
	// A client that leaves must not end the wait: the object would become
	// visible after the flight is over, and be answered for before it is durable.
	return true, s.repo.PutDurable(context.WithoutCancel(ctx), obj)
}

// missing finds the first child of a commit or dirtree that is not there.
func (s *Store) missing(ctx context.Context, children []ostree.ObjectID) (ostree.ObjectID, bool, error) {
	if len(children) == 0 {
		return ostree.ObjectID{}, false, nil
	}
	there, err := s.has(ctx, children...)
	if err != nil {
		return ostree.ObjectID{}, false, err
	}
	for i, ok := range there {
		if !ok {
			return children[i], true, nil
		}
	}
	return ostree.ObjectID{}, false, nil
}

// treeChildren are the objects that a dirtree names.
func treeChildren(d *ostree.DirTree) []ostree.ObjectID {
	ids := make([]ostree.ObjectID, 0, len(d.Files)+2*len(d.Dirs))
	for _, f := range d.Files {
		ids = append(ids, ostree.ObjectID{Sum: f.Sum, Type: ostree.TypeFile})
	}
	for _, sub := range d.Dirs {
		ids = append(ids, ostree.ObjectID{Sum: sub.Tree, Type: ostree.TypeDirTree},
			ostree.ObjectID{Sum: sub.Meta, Type: ostree.TypeDirMeta})
	}
	return ids
}

// isMissing says whether err is about an object that is not there.
func isMissing(err error) (ostree.ObjectID, bool) {
	if m, ok := errors.AsType[*ostree.MissingError](err); ok {
		return m.ID, true
	}
	return ostree.ObjectID{}, false
}

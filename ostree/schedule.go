package ostree

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// frontier is how many objects may wait, found but not finished, before
// workers prefer finishing to finding. It bounds memory, and makes a copy that
// breaks off leave finished subtrees rather than a wide fringe.
const frontier = 8192

// node is an object on its way through a copy. It lives from when it is first
// named until dst has it and all below it.
type node struct {
	id      ObjectID
	depth   int
	missing bool    // dst has to get it
	data    []byte  // of a dirtree that dst has to get, verified
	waiting int     // children that are not finished, and one while it is read
	parents []*node // who waits for it
}

// scheduler runs the steps of a copy on workers: ask dst about an object, read
// a dirtree to find its children, move an object. A dirtree moves once its own
// children are finished; it waits for nobody else's.
type scheduler struct {
	*copier
	mu    sync.Mutex
	wake  *sync.Cond
	live  map[ObjectID]*node
	done  map[ObjectID]struct{}
	known map[ObjectID]bool // what a commit of opt.Known holds; true once met

	asks, loads, puts []*node // stacks: depth first
	busy              int     // workers at a step
	err               error   // the first; ends all workers

	copied, metadata, present, asked, met int
	bytes                                 int64
}

func newScheduler(c *copier) *scheduler {
	s := &scheduler{copier: c, live: map[ObjectID]*node{}, done: map[ObjectID]struct{}{}, known: map[ObjectID]bool{}}
	s.wake = sync.NewCond(&s.mu)
	return s
}

// subtract notes what dst holds because it holds these commits. A commit that
// src does not hold as well, or not wholly, subtracts what there is of it.
func (s *scheduler) subtract(ctx context.Context, known []Checksum) error {
	if s.opt.FullCheck {
		return nil
	}
	for _, c := range known {
		err := Closure(ctx, s.src, c, func(id ObjectID) error {
			s.known[id] = false
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.opt.Log.Info("known commit is of no use", "commit", c, "why", err)
		}
	}
	return nil
}

// run moves all that commit names, and returns when it is in dst.
func (s *scheduler) run(ctx context.Context, jobs int, commit *Commit) error {
	top := &node{waiting: 1} // stands for the commit, and is never finished
	s.add(ObjectID{commit.Meta, TypeDirMeta}, top)
	s.add(ObjectID{commit.Tree, TypeDirTree}, top)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { s.fail(context.Cause(ctx)) })
	defer stop()
	var workers errgroup.Group
	for range jobs {
		workers.Go(func() error {
			err := s.work(ctx)
			if err != nil {
				cancel(err)
			}
			return err
		})
	}
	if err := workers.Wait(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && top.waiting != 1 {
		return fmt.Errorf("%d objects wait for each other", len(s.live))
	}
	return s.err
}

// fail ends all workers; the first error is the one that counts.
func (s *scheduler) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.wake.Broadcast()
}

// work does steps until there are none, and none can come.
func (s *scheduler) work(ctx context.Context) error {
	for {
		step := s.next()
		if step == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.err
		}
		if err := step(ctx); err != nil {
			s.fail(err)
		}
		s.mu.Lock()
		s.busy--
		s.wake.Broadcast()
		s.mu.Unlock()
	}
}

// next waits for a step to do; nil is the end.
func (s *scheduler) next() func(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.err != nil {
			return nil
		}
		if step := s.pick(); step != nil {
			s.busy++
			return step
		}
		if s.busy == 0 {
			return nil
		}
		s.wake.Wait()
	}
}

// pick takes the next step off a stack. Reading and asking first keeps all
// workers in work; beyond the frontier, moving first keeps memory small.
func (s *scheduler) pick() func(context.Context) error {
	if len(s.live) >= frontier && len(s.puts) > 0 {
		return s.move1(pop(&s.puts))
	}
	switch {
	case len(s.loads) > 0:
		n := pop(&s.loads)
		return func(ctx context.Context) error { return s.load(ctx, n) }
	case len(s.asks) > 0:
		batch := popMany(&s.asks, max(1, s.traits.Batch))
		return func(ctx context.Context) error { return s.ask(ctx, batch) }
	case len(s.puts) > 0:
		return s.move1(pop(&s.puts))
	}
	return nil
}

func (s *scheduler) move1(n *node) func(context.Context) error {
	return func(ctx context.Context) error { return s.copyNode(ctx, n) }
}

func pop(stack *[]*node) *node { return popMany(stack, 1)[0] }

// popMany takes the top of a stack, at most n. What it gives is not
// overwritten by later pushes.
func popMany(stack *[]*node, n int) []*node {
	at := len(*stack) - min(n, len(*stack))
	top := append([]*node(nil), (*stack)[at:]...)
	clear((*stack)[at:])
	*stack = (*stack)[:at]
	return top
}

// add makes parent wait for id, unless that is finished; s.mu is held, or no
// worker runs.
func (s *scheduler) add(id ObjectID, parent *node) {
	if _, ok := s.done[id]; ok {
		return
	}
	if met, ok := s.known[id]; ok {
		if !met {
			s.known[id] = true
			s.met++
		}
		return
	}
	n := s.live[id]
	if n == nil {
		n = &node{id: id, depth: parent.depth + 1}
		s.live[id] = n
		s.asks = append(s.asks, n)
	}
	n.parents = append(n.parents, parent)
	parent.waiting++
}

// ask finds out which of a batch dst has.
func (s *scheduler) ask(ctx context.Context, batch []*node) error {
	ids := make([]ObjectID, len(batch))
	for i, n := range batch {
		ids[i] = n.id
	}
	found, err := s.dst.Has(ctx, ids)
	if err != nil {
		return err
	}
	if len(found) != len(ids) {
		return errors.New("destination did not answer what it was asked")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked += len(ids)
	for i, n := range batch {
		s.answered(n, found[i])
	}
	return nil
}

// answered sends n on to its next step; s.mu is held.
func (s *scheduler) answered(n *node, there bool) {
	n.missing = !there
	if there {
		s.present++
	} else {
		s.task.Grow(1)
	}
	switch {
	case n.id.Type == TypeDirTree && (n.missing || !s.traits.Ordered || s.opt.FullCheck):
		s.loads = append(s.loads, n)
	case n.missing:
		s.puts = append(s.puts, n)
	default:
		s.finish(n)
	}
}

// load reads a dirtree and adds its children.
func (s *scheduler) load(ctx context.Context, n *node) error {
	if err := checkDepth(n.id.Sum, n.depth); err != nil {
		return err
	}
	data, err := load(ctx, s.src, n.id)
	if err != nil {
		return err
	}
	tree, err := ParseDirTree(data)
	if err != nil {
		return asCorrupt(n.id, "", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.missing {
		n.data = data
	}
	n.waiting = 1 // so that no child finishes it before all are added
	tree.children(func(id ObjectID) { s.add(id, n) })
	s.settle(n)
	return nil
}

// settle takes one thing that n waits for away; s.mu is held.
func (s *scheduler) settle(n *node) {
	n.waiting--
	switch {
	case n.waiting > 0:
	case n.missing:
		s.puts = append(s.puts, n)
	default:
		s.finish(n)
	}
}

// finish says that dst has n and all below it; s.mu is held.
func (s *scheduler) finish(n *node) {
	s.done[n.id] = struct{}{}
	delete(s.live, n.id)
	for _, p := range n.parents {
		if p.parents == nil {
			p.waiting-- // the commit
			continue
		}
		s.settle(p)
	}
}

// copyNode moves one object.
func (s *scheduler) copyNode(ctx context.Context, n *node) error {
	obj, err := s.object(ctx, n)
	if err != nil {
		return err
	}
	size, err := s.move(ctx, obj)
	if err != nil {
		return err
	}
	s.task.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copied++
	s.bytes += size
	if n.id.Type != TypeFile {
		s.metadata++
	}
	s.finish(n)
	return nil
}

func (s *scheduler) object(ctx context.Context, n *node) (Object, error) {
	if n.data != nil {
		return NewNamedMetadata(n.id, n.data), nil
	}
	return s.src.Object(ctx, n.id)
}

// tally adds what was done to the report.
func (s *scheduler) tally(r *CopyReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Objects += len(s.done) + len(s.live) + s.met
	r.Copied += s.copied
	r.Metadata += s.metadata
	r.Present += s.present + s.met
	r.Asked += s.asked
	r.Bytes += s.bytes
}

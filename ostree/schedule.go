package ostree

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Bounds of what a copy holds in memory.
const (
	// frontier is how many objects may wait, found but not finished, before
	// nobody looks for more while there is anything else to do: some hundred
	// requests never have to wait for it. It also makes a copy that breaks off
	// leave finished subtrees rather than a wide fringe.
	frontier = 8192
	// branching is how many objects a dirtree that is being read is taken to
	// name, until that is known.
	branching = 256
	// wide is how many objects may wait for the rest of a directory with very
	// many names to become nodes: most of them are known by their names alone.
	wide = 8192
	// maxHeld is how many bytes of small objects may be there from the network
	// and wait for a processor, maxWaiting how many of them, and no more than
	// twice as many as there are requests: they are lost when the process is
	// killed.
	maxHeld, maxWaiting = 8 << 20, 256
	// maxStreams is how many objects that are not small may be on their way at
	// once; each holds buffers of its own.
	maxStreams = 48
)

// node is an object on its way through a copy. It lives from when it is first
// named until dst has it and all below it.
type node struct {
	id      ObjectID
	depth   int
	missing bool         // dst has to get it
	filter  *filter      // what is wanted of a dirtree; nil is all
	commit  *commitState // of a commit
	cache   Source       // has it, and is nearer than src
	data    []byte       // of a dirtree that dst has to get, verified
	logged  bool         // it is in the log of trees instead
	fetched Object       // a small object that came over the network
	held    int64        // bytes of fetched
	waiting int          // children that are not finished, and one while it is read
	parents []*node      // who waits for it
	rest    []ObjectID   // children that are no nodes yet, and wanted whole
}

// nodeKey tells nodes apart: of one dirtree, other parts may be wanted in
// another place.
type nodeKey struct {
	id     ObjectID
	filter *filter
}

func (n *node) key() nodeKey { return nodeKey{n.id, n.filter} }

// doneSet is what a copy is done with. Nearly all of it was wanted whole, and
// its key is shorter by a third.
type doneSet struct {
	whole map[ObjectID]struct{}
	parts map[nodeKey]struct{}
}

func newDoneSet() doneSet {
	return doneSet{map[ObjectID]struct{}{}, map[nodeKey]struct{}{}}
}

func (d doneSet) len() int { return len(d.whole) + len(d.parts) }

func (d doneSet) has(k nodeKey) bool {
	if k.filter == nil {
		_, ok := d.whole[k.id]
		return ok
	}
	_, ok := d.parts[k]
	return ok
}

func (d doneSet) add(k nodeKey) {
	if k.filter == nil {
		d.whole[k.id] = struct{}{}
		return
	}
	d.parts[k] = struct{}{}
}

// scheduler runs the steps of a copy on workers: ask dst about an object, read
// a commit or dirtree to find its children, fetch a file, hand an object to
// dst. A dirtree moves once its own children are finished; it waits for nobody
// else's.
//
// Steps that wait for a network and steps that compute have workers of their
// own, so that a hundred requests can be under way while two objects inflate.
type scheduler struct {
	*copier
	filter   *filter // what is wanted of each commit's tree
	mu       sync.Mutex
	live     map[nodeKey]*node
	done     doneSet
	wide     []*node           // those with a rest
	known    map[ObjectID]bool // what a commit of opt.Known holds; true once met
	surveyed answers           // nil without a survey
	top      *node             // waits for all commits, and is never finished

	commitStates map[Checksum]*commitState

	// Stacks of nodes that wait for a step: depth first.
	asks, reads, farReads, puts []*node
	// Files to fetch come in the order in which they were found: a large one
	// that was met early is then on its way while the small ones are.
	fetches queue
	// Those that come by themselves, where others come many at a time.
	alone   queue
	manySrc ManySource // src, if it is one
	manyOut int        // requests for many objects under way
	room    *sync.Cond // for another object that came with many

	unverified *semaphore.Weighted // bytes of metadata that is not small

	far, near crew
	busy      int   // workers at a step
	held      int64 // bytes of fetched objects
	waiting   int   // how many they are
	streams   int   // larger objects on their way
	reading   int   // dirtrees and commits being read
	err       error // the first; ends all workers

	copied, metadata, present, asked, met, unmet int
	cached, cachedMetadata                       int
	detached                                     int
	bytes, written                               int64
}

// crew is the workers of one kind.
type crew struct {
	wake *sync.Cond
	size int
	idle int
}

func newScheduler(c *copier, f *filter) *scheduler {
	s := &scheduler{copier: c, filter: f, top: &node{waiting: 1}, live: map[nodeKey]*node{}, done: newDoneSet(),
		known: map[ObjectID]bool{}, commitStates: map[Checksum]*commitState{}}
	s.far.size, s.near.size = c.workers()
	s.far.wake, s.near.wake, s.room = sync.NewCond(&s.mu), sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	s.unverified = semaphore.NewWeighted(maxUnverified)
	s.manySrc, _ = c.src.(ManySource)
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

// run moves all commits, and returns when they are in dst.
func (s *scheduler) run(ctx context.Context) error {
	for _, c := range s.commits {
		s.addCommit(c, s.opt.Depth, true)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { s.fail(context.Cause(ctx)) })
	defer stop()
	var workers errgroup.Group
	for _, crew := range []*crew{&s.far, &s.near} {
		for range crew.size {
			workers.Go(func() error {
				err := s.work(ctx, crew)
				if err != nil {
					cancel(err)
				}
				return err
			})
		}
	}
	if err := workers.Wait(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && s.top.waiting != 1 {
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
	s.far.wake.Broadcast()
	s.near.wake.Broadcast()
	s.room.Broadcast()
}

// step is a piece of work for one worker.
type step func(context.Context) error

// work does steps until there are none, and none can come.
func (s *scheduler) work(ctx context.Context, crew *crew) error {
	for {
		do := s.next(crew)
		if do == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.err
		}
		if err := do(ctx); err != nil {
			s.fail(err)
		}
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
	}
}

// next waits for a step to do; nil is the end.
func (s *scheduler) next(crew *crew) step {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.err != nil {
			return nil
		}
		if do := s.pick(crew); do != nil {
			s.busy++
			s.rouse()
			return do
		}
		if s.busy == 0 && s.ready(&s.far)+s.ready(&s.near) == 0 {
			s.far.wake.Broadcast()
			s.near.wake.Broadcast()
			return nil
		}
		s.rouse()
		crew.idle++
		crew.wake.Wait()
		crew.idle--
	}
}

// rouse wakes as many idle workers as have something to do; s.mu is held. To
// wake all of a hundred after each step would cost more than the steps.
func (s *scheduler) rouse() {
	for _, crew := range []*crew{&s.far, &s.near} {
		for range min(crew.idle, s.ready(crew)) {
			crew.wake.Signal()
		}
	}
}

// ready is how many steps the workers of a crew could begin now; s.mu is held.
func (s *scheduler) ready(crew *crew) int {
	if crew.size == 0 {
		return 0
	}
	n := 0
	if crew == s.asker() {
		n += (len(s.asks) + s.batch() - 1) / s.batch()
	}
	if crew == s.putter() {
		n += len(s.puts)
	}
	if crew == s.reader() && s.mayRead() {
		n += len(s.farReads)
	}
	if crew == s.cruncher() && s.mayRead() {
		n += len(s.reads)
	}
	if crew == &s.far && s.mayFetch() {
		n += s.alone.len() + s.requests()
	}
	return n
}

// Who does what: questions and puts go where dst is, reads where src is.
func (s *scheduler) asker() *crew { return s.side(s.nearDst) }

func (s *scheduler) putter() *crew { return s.side(s.nearDst) }

func (s *scheduler) reader() *crew { return s.side(s.nearSrc) }

// cruncher reads what is on this machine.
func (s *scheduler) cruncher() *crew { return s.side(s.near.size > 0) }

func (s *scheduler) side(near bool) *crew {
	if near {
		return &s.near
	}
	return &s.far
}

func (s *scheduler) batch() int { return max(1, s.traits.Batch) }

// mayFetch says whether another object may be fetched; s.mu is held.
func (s *scheduler) mayFetch() bool { return s.hasRoom() && s.streams < maxStreams }

// mayRead says whether more objects may be found; s.mu is held. Beyond the
// frontier that is so once all that are known are finished, or wait for what is
// not read yet.
func (s *scheduler) mayRead() bool {
	return len(s.live)+s.reading*branching < frontier || len(s.asks)+len(s.puts)+s.fetches.len()+s.alone.len() == 0
}

// pick takes the next step off a stack; s.mu is held. Reading and asking first
// keeps all workers in work; beyond the frontier, moving first keeps memory
// small.
func (s *scheduler) pick(crew *crew) step {
	if len(s.live) >= frontier {
		if do := s.pickMove(crew); do != nil {
			return do
		}
	}
	switch {
	case crew == s.reader() && len(s.farReads) > 0 && s.mayRead():
		return s.pickRead()
	case crew == s.cruncher() && len(s.reads) > 0 && s.mayRead():
		return s.readStep(pop(&s.reads))
	case crew == s.asker() && len(s.asks) > 0:
		batch := popMany(&s.asks, s.batch())
		return func(ctx context.Context) error { return s.ask(ctx, batch) }
	}
	return s.pickMove(crew)
}

func (s *scheduler) pickMove(crew *crew) step {
	switch {
	case crew == s.putter() && len(s.puts) > 0:
		return s.on(pop(&s.puts), s.hand)
	case crew == &s.far && s.alone.len() > 0 && s.mayFetch():
		return s.on(s.alone.pop(), s.fetch)
	case crew == &s.far && s.requests() > 0 && s.mayFetch():
		return s.pickFetch()
	}
	return nil
}

// readStep reads one commit or dirtree; s.mu is held.
func (s *scheduler) readStep(n *node) step {
	s.reading++
	return func(ctx context.Context) error {
		err := s.read(ctx, n)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reading--
		return err
	}
}

func (s *scheduler) on(n *node, do func(context.Context, *node) error) step {
	return func(ctx context.Context) error { return do(ctx, n) }
}

// tally adds what was done to the report.
func (s *scheduler) tally(r *CopyReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Objects += s.done.len() + len(s.live) + s.met - s.unmet
	r.Copied += s.copied
	r.Metadata += s.metadata
	r.Present += s.present + s.met
	r.Asked += s.asked
	r.Bytes += s.bytes
	r.Cached += s.cached
	r.CachedMetadata += s.cachedMetadata
	r.Written += s.written
	r.Detached += s.detached
}

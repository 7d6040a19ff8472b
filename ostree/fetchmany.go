package ostree

import (
	"context"
	"fmt"
)

// ManySource is a Source that can give many small objects in one answer.
type ManySource interface {
	Source
	// GivesMany says whether it can, as far as is known by now.
	GivesMany() bool
	// GetMany calls give for those of ids that it has and that are short, in
	// any order, with their archive form, which is give's to keep. Nothing of it
	// is verified. What it does not give can be had one by one; so can all that
	// is left after an error. An error of give ends it.
	GetMany(ctx context.Context, ids []ObjectID, give func(id ObjectID, data []byte) error) error
}

const (
	// manyFiles is how many files are asked for in one request, manyTrees how
	// many dirtrees: each of those may name hundreds of files, and nobody knows
	// them before it is there.
	manyFiles = 256
	manyTrees = 64
	// maxMany is how many such requests are under way at once.
	maxMany = 8
	// maxManyHeld and maxManyWaiting are maxHeld and maxWaiting where objects
	// come many at a time: no request has to begin anew to bring the next.
	maxManyHeld    = 4 << 20
	maxManyWaiting = 4096
)

// many says whether objects are asked for many at a time: the source gives
// them so, and they come to this machine.
func (s *scheduler) many() bool {
	return s.manySrc != nil && s.nearDst && s.manySrc.GivesMany()
}

// hasRoom says whether another object may wait in memory; s.mu is held.
func (s *scheduler) hasRoom() bool {
	if s.many() {
		return s.held < maxManyHeld && s.waiting < maxManyWaiting
	}
	return s.held < maxHeld && s.waiting < min(maxWaiting, 2*s.far.size)
}

// requests is how many could begin now for what waits in fetches; s.mu is held.
func (s *scheduler) requests() int {
	if !s.many() {
		return s.fetches.len()
	}
	return min(maxMany-s.manyOut, (s.fetches.len()+manyFiles-1)/manyFiles)
}

func (s *scheduler) pickRead() step {
	if s.trees == nil || !s.many() {
		return s.readStep(pop(&s.farReads))
	}
	nodes := popMany(&s.farReads, manyTrees)
	return func(ctx context.Context) error { return s.readMany(ctx, nodes) }
}

func (s *scheduler) pickFetch() step {
	if !s.many() {
		return s.on(s.fetches.pop(), s.fetch)
	}
	var nodes []*node
	for s.fetches.len() > 0 && len(nodes) < manyFiles {
		nodes = append(nodes, s.fetches.pop())
	}
	s.manyOut++
	return func(ctx context.Context) error { return s.fetchMany(ctx, nodes) }
}

// fetchMany brings many objects in one request. Those that did not come, for
// they are long, or missing, or the line broke, are fetched one by one: that
// has its own ways to go on, and to say what is wrong.
func (s *scheduler) fetchMany(ctx context.Context, nodes []*node) error {
	wanted := map[ObjectID]*node{}
	for _, n := range nodes {
		wanted[n.id] = n
	}
	err := s.manySrc.GetMany(ctx, idsOf(nodes), func(id ObjectID, data []byte) error {
		n := wanted[id]
		if n == nil {
			return unasked(id)
		}
		delete(wanted, id)
		return s.arrived(ctx, n, data)
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		s.opt.Log.Info("the rest of an answer of many objects is fetched one by one", "objects", len(wanted), "why", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manyOut--
	for _, n := range nodes {
		if wanted[n.id] != nil {
			s.alone.push(n)
		}
	}
	return nil
}

func unasked(id ObjectID) error { return fmt.Errorf("got object %s, which nobody asked for", id) }

// arrived queues an object that is here; while there are too many, whoever
// brings it waits, and with it the line.
func (s *scheduler) arrived(ctx context.Context, n *node, data []byte) error {
	obj, err := s.src.Object(ctx, n.id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && !s.hasRoom() {
		s.room.Wait()
	}
	if s.err != nil {
		return s.err
	}
	s.came(n, &readObject{Object: obj, prefix: data, whole: true, size: int64(len(data))})
	s.rouse()
	return nil
}

// readMany reads many dirtrees in one request. They go to the log of trees,
// and are looked at one after the other as there is room for what they name.
func (s *scheduler) readMany(ctx context.Context, nodes []*node) error {
	wanted := map[ObjectID]bool{}
	var ids []ObjectID
	for _, n := range nodes {
		if n.commit == nil && !s.trees.has(n.id) && !wanted[n.id] {
			wanted[n.id] = true
			ids = append(ids, n.id)
		}
	}
	if len(ids) > 0 {
		if err := s.logTrees(ctx, ids, wanted); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		if n.commit != nil || !s.trees.has(n.id) {
			if err := s.read(ctx, n); err != nil {
				return err
			}
			continue
		}
		s.mu.Lock()
		s.reads = append(s.reads, n)
		s.rouse()
		s.mu.Unlock()
	}
	return nil
}

// logTrees logs as many of ids as come; its error is the end of ctx.
func (s *scheduler) logTrees(ctx context.Context, ids []ObjectID, wanted map[ObjectID]bool) error {
	err := s.manySrc.GetMany(ctx, ids, func(id ObjectID, data []byte) error {
		if !wanted[id] {
			return unasked(id)
		}
		s.trees.add(id, data)
		return nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		s.opt.Log.Info("the rest of an answer of many objects is fetched one by one", "why", err)
	}
	return nil
}

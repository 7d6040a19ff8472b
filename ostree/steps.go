package ostree

import (
	"context"
	"errors"
)

// add makes parent wait for id, unless that is finished; s.mu is held, or no
// worker runs.
func (s *scheduler) add(id ObjectID, parent *node, f *filter) {
	key := nodeKey{id, f}
	if s.done.has(key) {
		return
	}
	if met, ok := s.known[id]; ok {
		if !met {
			s.known[id] = true
			s.met++
		}
		return
	}
	n := s.live[key]
	if n == nil {
		n = &node{id: id, depth: parent.depth + 1, filter: f}
		s.live[key] = n
		s.asks = append(s.asks, n)
	}
	n.parents = append(n.parents, parent)
	parent.waiting++
}

// ask finds out which of a batch dst has, and which of the others a cache has.
func (s *scheduler) ask(ctx context.Context, batch []*node) error {
	found, asked, err := s.inDst(ctx, idsOf(batch))
	if err != nil {
		return err
	}
	for i, n := range batch {
		if n.commit == nil || !found[i] || s.opt.FullCheck {
			continue
		}
		if n.commit.complete, err = s.holdsAll(n.id.Sum); err != nil {
			return err
		}
	}
	if err := s.askCaches(ctx, batch, found); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked += asked
	for i, n := range batch {
		s.answered(n, found[i])
	}
	return nil
}

// inDst says which of ids dst has, and about how many it had to be asked.
func (s *scheduler) inDst(ctx context.Context, ids []ObjectID) (found []bool, asked int, err error) {
	if s.surveyed != nil {
		return s.surveyed.recall(ids), 0, nil
	}
	found, err = s.has(ctx, s.dst, ids)
	return found, len(ids), err
}

func idsOf(batch []*node) []ObjectID {
	ids := make([]ObjectID, len(batch))
	for i, n := range batch {
		ids[i] = n.id
	}
	return ids
}

func (s *scheduler) has(ctx context.Context, in Source, ids []ObjectID) ([]bool, error) {
	found, err := in.Has(ctx, ids)
	if err == nil && len(found) != len(ids) {
		err = errors.New("destination did not answer what it was asked")
	}
	return found, err
}

// holdsAll says whether a commit that dst has means all that it reaches.
func (s *scheduler) holdsAll(c Checksum) (bool, error) {
	if m, ok := s.dst.(marker); ok {
		return m.IsComplete(c)
	}
	return s.traits.Ordered, nil
}

// askCaches finds a nearer place for what dst has not.
func (s *scheduler) askCaches(ctx context.Context, batch []*node, found []bool) error {
	for _, cache := range s.opt.Caches {
		var lost []*node
		for i, n := range batch {
			if !found[i] && n.cache == nil && n.id.Type.namedByContent() {
				lost = append(lost, n)
			}
		}
		if len(lost) == 0 {
			return nil
		}
		there, err := s.has(ctx, cache, idsOf(lost))
		if err != nil {
			return err
		}
		for i, n := range lost {
			if there[i] {
				n.cache = cache
			}
		}
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
	case n.commit != nil && n.commit.complete && !n.commit.asked && n.commit.left == 0:
		n.commit.done = true
		s.finish(n)
	case n.commit != nil:
		s.toRead(n)
	case n.id.Type == TypeDirTree && (n.missing || !s.traits.Ordered || s.opt.FullCheck):
		s.toRead(n)
	case n.missing:
		s.toPut(n)
	default:
		s.finish(n)
	}
}

// toRead queues n for those who are nearest to where it is read from.
func (s *scheduler) toRead(n *node) {
	if _, near := s.source(n); near && n.commit == nil {
		s.reads = append(s.reads, n)
		return
	}
	s.farReads = append(s.farReads, n)
}

// toPut queues n for dst, by way of a fetch if it has to come over a network
// to this machine.
func (s *scheduler) toPut(n *node) {
	if n.id.Type != TypeCommit && n.data == nil && !n.logged && n.cache == nil && s.nearDst && !s.nearSrc {
		s.fetches.push(n)
		return
	}
	s.puts = append(s.puts, n)
}

// source is where n is read from, and whether that is nearer than src.
func (s *scheduler) source(n *node) (from Source, nearer bool) {
	switch {
	case n.cache != nil:
		return n.cache, true
	case !n.missing && s.nearDst && !s.nearSrc:
		return s.dst, true
	}
	return s.src, false
}

// read reads a commit or dirtree and adds its children.
func (s *scheduler) read(ctx context.Context, n *node) error {
	if n.commit != nil {
		return s.loadCommit(ctx, n)
	}
	if err := checkDepth(n.id.Sum, n.depth); err != nil {
		return err
	}
	data, err := s.readTree(ctx, n)
	if err != nil {
		return err
	}
	tree, err := ParseDirTree(data)
	if err != nil {
		return asCorrupt(n.id, "", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.logged = n.missing && s.trees.add(n.id, data); n.missing && !n.logged {
		n.data = data
	}
	n.waiting = 1 // so that no child finishes it before all are added
	if len(tree.Files)+len(tree.Dirs) > wide/8 {
		n.rest = make([]ObjectID, 0, len(tree.Files)+2*len(tree.Dirs))
		n.filter.wanted(tree, func(id ObjectID, f *filter) {
			if f != nil {
				s.add(id, n, f)
				return
			}
			n.rest = append(n.rest, id)
		})
		s.wide = append(s.wide, n)
		s.expand()
		return nil
	}
	n.filter.wanted(tree, func(id ObjectID, f *filter) { s.add(id, n, f) })
	s.settle(n)
	return nil
}

// expand makes nodes of the children of wide directories while there is room;
// s.mu is held.
func (s *scheduler) expand() {
	for len(s.wide) > 0 && len(s.live) < wide {
		n := s.wide[len(s.wide)-1]
		some := n.rest[:min(len(n.rest), wide/8)]
		n.rest = n.rest[len(some):]
		if len(n.rest) == 0 {
			n.rest = nil
			s.wide = s.wide[:len(s.wide)-1]
		}
		for _, child := range some {
			s.add(child, n, nil)
		}
		if n.rest == nil {
			s.settle(n)
		}
	}
}

// readTree reads a dirtree from the nearest place that has it whole.
func (s *scheduler) readTree(ctx context.Context, n *node) ([]byte, error) {
	if n.missing {
		if data, ok := s.trees.get(n.id); ok {
			return data, nil
		}
	}
	from, nearer := s.source(n)
	data, err := s.load(ctx, from, n.id)
	if err != nil && nearer && isProblem(err) {
		s.opt.Log.Warn("an object at hand is of no use and is read from the source", "object", n.id, "why", err)
		n.cache = nil
		data, err = s.load(ctx, s.src, n.id)
	}
	return data, err
}

// settle takes one thing that n waits for away; s.mu is held.
func (s *scheduler) settle(n *node) {
	n.waiting--
	switch {
	case n.waiting > 0:
	case n.missing || n.commit != nil:
		s.toPut(n)
	default:
		s.finish(n)
	}
}

// finish says that dst has n and all below it; s.mu is held.
func (s *scheduler) finish(n *node) {
	s.done.add(n.key())
	delete(s.live, n.key())
	defer s.expand()
	for _, p := range n.parents {
		if p == s.top {
			p.waiting--
			continue
		}
		s.settle(p)
	}
}

// hand gives one object to dst.
func (s *scheduler) hand(ctx context.Context, n *node) error {
	if n.commit != nil {
		return s.copyCommit(ctx, n)
	}
	obj, err := s.object(ctx, n)
	var size moveSize
	if err == nil {
		size, err = s.move(ctx, obj, s.trusts(n))
	}
	if err != nil && n.cache != nil && isProblem(err) {
		s.opt.Log.Warn("an object at hand is of no use and is read from the source", "object", n.id, "why", err)
		s.mu.Lock()
		defer s.mu.Unlock()
		n.cache = nil
		s.toPut(n)
		return nil
	}
	if err != nil {
		return err
	}
	s.moved(n, size)
	return nil
}

// trusts says whether n is taken without a look at its content: to vouch for
// src says nothing about a cache.
func (s *scheduler) trusts(n *node) bool { return s.opt.Trusted && n.cache == nil }

// object is what is handed to dst for n.
func (s *scheduler) object(ctx context.Context, n *node) (Object, error) {
	switch {
	case n.data != nil:
		return NewNamedMetadata(n.id, n.data), nil
	case n.logged:
		data, ok := s.trees.get(n.id)
		if !ok { // somebody emptied tmp meanwhile
			return s.src.Object(ctx, n.id)
		}
		return NewNamedMetadata(n.id, data), nil
	case n.fetched != nil:
		return n.fetched, nil
	case n.cache != nil:
		return n.cache.Object(ctx, n.id)
	}
	return s.src.Object(ctx, n.id)
}

// moved counts an object that dst has got.
func (s *scheduler) moved(n *node, size moveSize) {
	s.task.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.fetched != nil {
		s.held -= n.held
		s.waiting--
		s.room.Signal()
	}
	n.fetched, n.data, n.held = nil, nil, 0
	s.bytes += size.packed
	s.written += size.plain
	meta := 0
	if n.id.Type != TypeFile {
		meta = 1
	}
	if n.cache != nil {
		s.cached++
		s.cachedMetadata += meta
	} else {
		s.copied++
		s.metadata += meta
	}
	s.finish(n)
}

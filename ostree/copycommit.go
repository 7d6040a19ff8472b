package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/otactl/otactl/internal/faults"
)

// commitState is what a copy knows of one commit; the scheduler's lock guards
// it.
type commitState struct {
	asked    bool // by the caller, not found as somebody's parent; known before any worker runs
	left     int  // how many before it are wanted as well; negative: all
	loaded   bool
	parent   *Checksum
	complete bool // dst holds it with all it reaches
	done     bool // it and all that is wanted of it is in dst

	data     []byte // its bytes, verified
	detached []byte // what src has as its detached metadata
	signed   bool   // src has some
}

// deeper says whether a reaches further back than b.
func deeper(a, b int) bool { return b >= 0 && (a < 0 || a > b) }

func less(left int) int {
	if left > 0 {
		return left - 1
	}
	return left
}

// addCommit makes c part of the copy; s.mu is held, or no worker runs.
func (s *scheduler) addCommit(c Checksum, left int, asked bool) {
	for {
		st := s.commitStates[c]
		if st == nil {
			st = &commitState{asked: asked, left: left}
			s.commitStates[c] = st
			s.asks = append(s.asks, s.commitNode(c, st))
			return
		}
		if asked {
			st.asked = true
		}
		if !deeper(left, st.left) {
			return
		}
		st.left = left
		if st.done && !st.loaded { // so far nobody wanted what comes before it
			st.done = false
			s.toRead(s.commitNode(c, st))
			return
		}
		if !st.loaded || st.parent == nil || left == 0 {
			return
		}
		c, left, asked = *st.parent, less(left), false
	}
}

// commitNode makes all wait for a commit; s.mu is held, or no worker runs.
func (s *scheduler) commitNode(c Checksum, st *commitState) *node {
	n := &node{id: ObjectID{c, TypeCommit}, commit: st, parents: []*node{s.top}}
	s.live[n.key()] = n
	s.top.waiting++
	return n
}

// loadCommit reads a commit and its detached metadata, lets the caller judge
// them before anything is written, and adds what the commit names.
func (s *scheduler) loadCommit(ctx context.Context, n *node) error {
	st := n.commit
	data, detached, signed, err := s.readCommit(ctx, n)
	if _, missing := errors.AsType[*MissingError](err); missing && !st.asked {
		return s.endOfHistory(ctx, n)
	}
	if err != nil {
		return err
	}
	commit, err := ParseCommit(data)
	if err != nil {
		return asCorrupt(n.id, "", err)
	}
	if err := s.checkCommit(ctx, n, data, detached); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.data, st.detached, st.signed = data, detached, signed
	st.loaded, st.parent = true, commit.Parent
	if commit.Parent != nil && st.left != 0 {
		s.addCommit(*commit.Parent, less(st.left), false)
	}
	n.waiting = 1 // so that no child finishes it before all are added
	if !st.complete && !s.opt.CommitOnly {
		s.add(ObjectID{commit.Meta, TypeDirMeta}, n, nil)
		s.add(ObjectID{commit.Tree, TypeDirTree}, n, s.filter)
	}
	s.settle(n)
	return nil
}

// checkCommit has the caller judge a commit. Where src has no signatures those
// at dst are held against the same bytes: they don't get worse by src losing them.
func (s *scheduler) checkCommit(ctx context.Context, n *node, data, detached []byte) error {
	if s.opt.CheckCommit == nil {
		return nil
	}
	if detached == nil && !n.missing {
		var err error
		detached, err = load(ctx, s.dst, ObjectID{n.id.Sum, TypeCommitMeta})
		if _, missing := errors.AsType[*MissingError](err); err != nil && !missing {
			return err
		}
	}
	return s.opt.CheckCommit(ctx, n.id.Sum, data, detached)
}

// readCommit reads both at once: over a network each costs a wait.
func (s *scheduler) readCommit(ctx context.Context, n *node) (data, detached []byte, signed bool, err error) {
	var both sync.WaitGroup
	var metaErr error
	id := ObjectID{n.id.Sum, TypeCommitMeta}
	both.Go(func() {
		detached, metaErr = s.fromSource(ctx, id)
		if _, missing := errors.AsType[*MissingError](metaErr); missing {
			metaErr = nil
			return
		}
		if _, corrupt := errors.AsType[*CorruptError](metaErr); corrupt && s.opt.LaxDetached {
			s.opt.Log.Warn("left malformed detached metadata behind", "commit", n.id.Sum, "error", metaErr)
			detached, metaErr = nil, nil
			return
		}
		signed = metaErr == nil
	})
	data, err = s.commitBytes(ctx, n)
	both.Wait()
	if err == nil {
		err = metaErr
	}
	return data, detached, signed, err
}

func (s *scheduler) commitBytes(ctx context.Context, n *node) ([]byte, error) {
	if !s.nearSrc && !n.missing {
		return s.load(ctx, s.dst, n.id)
	}
	if data, ok := s.trees.get(n.id); ok {
		return data, nil
	}
	data, err := s.fromSource(ctx, n.id)
	if err == nil {
		s.trees.add(n.id, data)
	}
	return data, err
}

// fromSource reads metadata that the caller may have read already.
func (s *scheduler) fromSource(ctx context.Context, id ObjectID) ([]byte, error) {
	data, ok := s.opt.Loaded[id]
	switch {
	case !ok:
		return s.load(ctx, s.src, id)
	case data == nil:
		return nil, &MissingError{ID: id}
	}
	return data, checkMetadata(id, data)
}

// endOfHistory is met where src has no more of the commits before one that was
// asked for. A tombstone says that this is so on purpose; a commit that dst has
// gets none.
func (s *scheduler) endOfHistory(ctx context.Context, n *node) error {
	if s.opt.Tombstones && n.missing {
		id := ObjectID{n.id.Sum, TypeTombstoneCommit}
		data, err := s.load(ctx, s.src, id)
		if _, missing := errors.AsType[*MissingError](err); err != nil && !missing {
			return err
		}
		if err == nil {
			if _, err := s.move(ctx, NewNamedMetadata(id, data), false); err != nil && !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unmet++
	s.finish(n)
	return nil
}

// copyCommit moves detached metadata and then the commit, whose tree dst has.
func (s *scheduler) copyCommit(ctx context.Context, n *node) error {
	if err := s.copyDetached(ctx, n); err != nil {
		return err
	}
	if n.missing {
		if m, ok := s.dst.(marker); ok && !s.opt.DryRun {
			if err := m.MarkPartial(n.id.Sum, PartialPull); err != nil {
				return err
			}
		}
		if err := faults.At(s.opt.Faults, "copy.commit"); err != nil {
			return err
		}
		if err := s.put(ctx, NewNamedMetadata(n.id, n.commit.data)); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n.commit.done, n.commit.data, n.commit.detached = true, nil, nil
	s.finish(n)
	return nil
}

// copyDetached copies the commit's detached metadata if src has some that dst
// has not. Signatures may come after the commit did.
func (s *scheduler) copyDetached(ctx context.Context, n *node) error {
	if !n.commit.signed {
		return nil
	}
	id := ObjectID{n.id.Sum, TypeCommitMeta}
	data, err := s.detachedFor(ctx, id, n.commit.detached)
	if err != nil || data == nil {
		return err
	}
	s.task.Grow(1)
	err = s.put(ctx, NewNamedMetadata(id, data))
	if errors.Is(err, errors.ErrUnsupported) {
		s.opt.Log.Info("destination keeps no detached metadata", "commit", n.id.Sum)
		s.task.Add(1)
		return nil
	}
	if err == nil {
		s.mu.Lock()
		s.detached++
		s.mu.Unlock()
	}
	return err
}

// detachedFor is what is to be put at dst, nil if that is there.
func (s *scheduler) detachedFor(ctx context.Context, id ObjectID, here []byte) ([]byte, error) {
	there, err := s.load(ctx, s.dst, id)
	if err != nil {
		return here, nil // none is there, or none that can be read
	}
	if s.opt.KeepDetached {
		return nil, nil
	}
	if s.opt.MergeDetached != nil {
		if here, err = s.opt.MergeDetached(there, here); err != nil {
			return nil, fmt.Errorf("detached metadata of commit %s: %w", id.Sum, err)
		}
	}
	if bytes.Equal(there, here) {
		return nil, nil
	}
	return here, nil
}

// put moves one metadata object and counts it.
func (s *scheduler) put(ctx context.Context, obj Object) error {
	size, err := s.move(ctx, obj, false)
	if err != nil {
		return err
	}
	s.task.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copied++
	s.metadata++
	s.bytes += size.packed
	s.written += size.plain
	return nil
}

// whole are the commits that dst holds completely because of this copy.
func (s *scheduler) whole() []Checksum {
	if s.opt.CommitOnly || s.filter != nil {
		return nil
	}
	var list []Checksum
	for c, st := range s.commitStates {
		if st.done && !st.complete {
			list = append(list, c)
		}
	}
	return list
}

package ostree

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
)

// smallObject is how long an object may be to be fetched whole before a
// processor looks at it. Nearly all objects are; the others stream.
const smallObject = 128 << 10

// fetch brings one object over the network. A small one then waits for a
// worker who computes; a larger one goes to dst as it arrives, and who fetches
// it sees to that.
func (s *scheduler) fetch(ctx context.Context, n *node) error {
	obj, err := s.src.Object(ctx, n.id)
	if err != nil {
		return err
	}
	kept := s.resumed(obj)
	if kept != nil {
		obj = kept
	}
	ahead, whole, err := readAhead(ctx, obj)
	if err == nil && !whole {
		err = s.stream(ctx, n, ahead)
	}
	if kept.settle(err) {
		return s.fetch(ctx, n)
	}
	if err != nil || !whole {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came(n, ahead)
	return nil
}

// came queues an object that is in memory; s.mu is held.
func (s *scheduler) came(n *node, obj *readObject) {
	n.fetched, n.held = obj, int64(cap(obj.prefix))
	s.held += n.held
	s.waiting++
	s.puts = append(s.puts, n)
}

func (s *scheduler) stream(ctx context.Context, n *node, obj *readObject) error {
	release, err := s.reserve(ctx, obj)
	if err != nil {
		return errors.Join(err, obj.drop())
	}
	defer release()
	s.mu.Lock()
	s.streams++
	s.mu.Unlock()
	size, err := s.move(ctx, obj, s.trusts(n))
	err = errors.Join(err, obj.drop())
	s.mu.Lock()
	s.streams--
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.moved(n, size)
	return nil
}

// readObject is an object of which the beginning, or all, was read already.
// Opened a second time it is what it was before.
type readObject struct {
	Object
	prefix []byte
	whole  bool // prefix is all of it

	mu   sync.Mutex
	rest io.ReadCloser // nil once handed out, or if whole
	size int64
}

// readAhead opens obj and reads it, up to smallObject bytes.
func readAhead(ctx context.Context, obj Object) (ahead *readObject, whole bool, err error) {
	rc, size, err := obj.OpenArchive(ctx)
	if err != nil {
		return nil, false, err
	}
	buf := make([]byte, 0, firstRead(size))
	for len(buf) <= smallObject {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := rc.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return &readObject{Object: obj, prefix: buf, whole: true, size: int64(len(buf))}, true, rc.Close()
		}
		if err != nil {
			return nil, false, errors.Join(err, rc.Close())
		}
	}
	return &readObject{Object: obj, prefix: buf, rest: rc, size: size}, false, nil
}

// firstRead is how much memory an object gets that says it is size bytes long.
func firstRead(size int64) int64 {
	if size < 0 {
		return 4 << 10
	}
	return min(size, smallObject) + 1
}

func (o *readObject) archived() bool { return true }

func (o *readObject) location() string { return locationOf(o.Object) }

func (o *readObject) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	if o.whole {
		return io.NopCloser(bytes.NewReader(o.prefix)), o.size, nil
	}
	o.mu.Lock()
	rest, prefix := o.rest, o.prefix
	o.rest, o.prefix = nil, nil
	o.mu.Unlock()
	if rest == nil {
		return o.Object.OpenArchive(ctx)
	}
	return &begun{Reader: io.MultiReader(bytes.NewReader(prefix), rest), Closer: rest}, o.size, nil
}

func (o *readObject) OpenFile(ctx context.Context) (*FileHeader, io.ReadCloser, error) {
	if o.ID().Type != TypeFile {
		return nil, nil, notAFile(o.ID())
	}
	rc, _, err := o.OpenArchive(ctx)
	if err != nil {
		return nil, nil, err
	}
	return inflated(o.ID(), o.location(), rc)
}

type begun struct {
	io.Reader
	io.Closer
}

// drop closes what nobody read.
func (o *readObject) drop() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.rest == nil {
		return nil
	}
	rest := o.rest
	o.rest = nil
	return rest.Close()
}

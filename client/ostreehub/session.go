package ostreehub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree"
)

const (
	// inMemory is the largest object that shares a tar with others; nearly all
	// do. A larger one has a tar of its own, which streams.
	inMemory = 256 << 10
	// maxHeld is how many bytes of dirtrees and commits may wait for their
	// children to arrive.
	maxHeld = 4 << 20
	// keepBuffer is the largest buffer worth keeping.
	keepBuffer = 64 << 10
)

var errSessionOver = errors.New("ostreehub: the write session is over")

// entry is an object that was put and that the server has not taken yet.
type entry struct {
	id      ostree.ObjectID
	data    []byte // while it waits
	crc     uint32
	waits   int      // children that have not arrived
	parents []*entry // who waits for it
	taken   bool     // the session has its bytes, here or in a tar
	puts    int      // how many wait for room in one
}

// session gathers objects in tars. A leaf goes into the open one; a parent
// waits until the server has taken its last child, since nobody knows in which
// order a server stores what one tar holds, or two that arrive together.
type session struct {
	s      *Store
	ctx    context.Context // of what is under way
	cancel context.CancelFunc

	mu      sync.Mutex
	changed chan struct{} // closed when there may be room
	pending map[ostree.ObjectID]*entry
	ready   []*entry // their children have arrived
	held    int64    // bytes of entries that wait or are ready
	open    *pack
	spare   []*pack
	unmade  int // how many more there may be
	flying  int // tars that are being sent
	over    bool
	err     error // the first; ends the session
}

// Begin opens a session.
func (s *Store) Begin(ctx context.Context) (ostree.Session, error) {
	t := &session{s: s, changed: make(chan struct{}), pending: map[ostree.ObjectID]*entry{},
		unmade: pushes + 1} // one is filled while the others are sent
	t.ctx, t.cancel = context.WithCancel(ctx)
	return t, nil
}

// Put verifies obj and queues it. It may return before the server has it.
func (t *session) Put(ctx context.Context, obj ostree.Object) error {
	if err := t.usable(); err != nil {
		return err
	}
	if err := faults.At(t.s.opt.Faults, "ostreehub.put"); err != nil {
		return err
	}
	r, length, err := obj.OpenArchive(ctx)
	if err != nil {
		return err
	}
	if length < 0 {
		return errors.Join(notArchived(obj), r.Close())
	}
	if length > inMemory && obj.ID().Type == ostree.TypeFile {
		_ = r.Close()
		return t.stream(ctx, obj, length)
	}
	buf := t.s.buffers.Get()
	defer t.s.buffers.Put(buf)
	if err := readAll(&buf.Buffer, r, obj.ID(), length); err != nil {
		return err
	}
	return t.verifyAndQueue(ctx, obj.ID(), buf.Bytes())
}

func (t *session) usable() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil && t.over {
		return errSessionOver
	}
	return t.err
}

// readAll reads an object that says it is length bytes long.
func readAll(buf *bytes.Buffer, r io.ReadCloser, id ostree.ObjectID, length int64) error {
	defer r.Close()
	most := max(ostree.MostBytes(id.Type), inMemory)
	if length > most {
		return &fsx.TooLargeError{Name: "object " + id.String(), Max: most}
	}
	buf.Grow(int(min(length, inMemory)) + bytes.MinRead) // so that it isn't doubled at the end
	n, err := io.Copy(buf, io.LimitReader(r, length+1))
	if err != nil {
		return err
	}
	if n != length {
		return &ostree.CorruptError{ID: id, Why: fmt.Sprintf("%d bytes, where %d were announced", n, length)}
	}
	return nil
}

func (t *session) verifyAndQueue(ctx context.Context, id ostree.ObjectID, data []byte) error {
	open := func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
	}
	if err := t.s.verify(ctx, ostree.NewArchived(id, open)); err != nil {
		return err
	}
	return t.queue(ctx, id, data)
}

func (s *Store) verify(ctx context.Context, obj ostree.Object) error {
	leave, err := hold(ctx, s.checking)
	if err != nil {
		return err
	}
	defer leave()
	return ostree.VerifyObject(ctx, obj)
}

// queue takes an object that was verified; data is the caller's again when it
// returns.
func (t *session) queue(ctx context.Context, id ostree.ObjectID, data []byte) error {
	e := &entry{id: id, crc: crc32.Checksum(data, castagnoli())}
	first := below(id, data)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return t.err
	case t.over:
		return errSessionOver
	case t.pending[id] != nil:
		return t.packOne(ctx, t.pending[id], data)
	}
	for _, child := range first {
		if c := t.pending[child]; c != nil {
			c.parents = append(c.parents, e)
			e.waits++
		}
	}
	t.pending[id] = e
	if e.waits == 0 {
		return t.packOne(ctx, e, data)
	}
	e.data, e.taken = bytes.Clone(data), true
	t.held += int64(len(data))
	return t.relieve(ctx)
}

// below are the objects that have to be there before one with these bytes,
// which are good; of a commit its detached metadata too.
func below(id ostree.ObjectID, data []byte) []ostree.ObjectID {
	ids, err := ostree.NamedBy(id.Type, data)
	if err == nil && id.Type == ostree.TypeCommit {
		ids = append(ids, ostree.ObjectID{Sum: id.Sum, Type: ostree.TypeCommitMeta})
	}
	return ids
}

// packOne puts e, unless it is taken already, into a tar as soon as there is
// room in one; t.mu is held. Each Put of an object waits for that itself, since
// another one may give up.
func (t *session) packOne(ctx context.Context, e *entry, data []byte) error {
	e.puts++
	defer func() { e.puts-- }()
	for t.err == nil && !e.taken {
		t.fill()
		if t.room() {
			t.into(e, data)
			break
		}
		if err := t.wait(ctx); err != nil {
			if e.puts == 1 && !e.taken {
				delete(t.pending, e.id) // its parents never leave
			}
			return err
		}
	}
	return t.err
}

// relieve waits until what waits is little enough; t.mu is held. What it all
// waits for is in a tar that is sent, or in the open one.
func (t *session) relieve(ctx context.Context) error {
	for t.err == nil && t.held > maxHeld {
		t.fill()
		t.flush()
		if t.held <= maxHeld {
			break
		}
		if err := t.wait(ctx); err != nil {
			return err
		}
	}
	return t.err
}

// wait lets go of t.mu until something changed.
func (t *session) wait(ctx context.Context) error {
	changed := t.changed
	t.mu.Unlock()
	defer t.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fill moves what is ready into tars while there is room; t.mu is held.
func (t *session) fill() {
	for len(t.ready) > 0 && t.room() {
		e := t.ready[0]
		t.ready = t.ready[1:]
		t.held -= int64(len(e.data))
		t.into(e, e.data)
		e.data = nil
	}
}

// room says whether there is an open tar, or opens one; t.mu is held.
func (t *session) room() bool {
	if t.err != nil {
		return false
	}
	switch {
	case t.open != nil:
	case len(t.spare) > 0:
		t.open = t.spare[len(t.spare)-1]
		t.spare = t.spare[:len(t.spare)-1]
	case t.unmade > 0:
		t.unmade--
		t.open = newPack()
	}
	return t.open != nil
}

func (t *session) into(e *entry, data []byte) {
	e.taken = true
	if err := t.open.add(e.id, data, e.crc); err != nil {
		t.fail(err)
		return
	}
	if t.open.full() {
		t.flush()
	}
}

// flush sends the open tar; t.mu is held.
func (t *session) flush() {
	if t.open == nil || t.err != nil {
		return
	}
	p := t.open
	t.open = nil
	t.flying++
	go t.send(p)
}

func (t *session) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.signal()
}

// signal wakes all who wait; t.mu is held.
func (t *session) signal() {
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *session) send(p *pack) {
	err := p.close()
	if err == nil {
		err = t.s.push(t.ctx, p.body)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flying--
	if err != nil {
		t.fail(fmt.Errorf("send %d objects: %w", len(p.ids), err))
		return
	}
	t.s.count(len(p.ids), p.bytes)
	for _, id := range p.ids {
		t.arrived(id)
	}
	t.spare = append(t.spare, p.next())
	t.fill()
	t.signal()
}

// arrived frees who waited for id; t.mu is held.
func (t *session) arrived(id ostree.ObjectID) {
	e := t.pending[id]
	delete(t.pending, id)
	for _, parent := range e.parents {
		if parent.waits--; parent.waits == 0 {
			t.ready = append(t.ready, parent)
		}
	}
}

// Close sends what is left, children before parents, and returns when the
// server has all of it.
func (t *session) Close(ctx context.Context) error {
	defer t.cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for {
		t.fill()
		t.flush()
		if t.flying == 0 {
			break
		}
		if err := t.wait(ctx); err != nil {
			t.land()
			return err
		}
	}
	if t.err == nil && len(t.pending) > 0 {
		t.err = fmt.Errorf("%d objects were not sent: what they name was not", len(t.pending))
	}
	return t.err
}

// Abort ends what is under way. What arrived stays, and a later run finds it.
func (t *session) Abort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.signal()
	t.land()
}

// land ends what is being sent, and waits for that; t.mu is held.
func (t *session) land() {
	t.cancel()
	for t.flying > 0 {
		_ = t.wait(context.WithoutCancel(t.ctx))
	}
}

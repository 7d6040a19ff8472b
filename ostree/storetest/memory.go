package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/otactl/otactl/ostree"
)

// Memory is a Store that keeps its objects, in archive form, in memory. The
// zero value works. Its fields must be set before it is used.
type Memory struct {
	// Rules are what Traits gives; with Ordered, Put refuses a parent whose
	// children are not there.
	Rules ostree.Traits
	// OnPut, if set, is called before an object is looked at, and may block or
	// fail.
	OnPut func(ostree.ObjectID) error

	mu      sync.Mutex
	objects map[ostree.ObjectID][]byte
	refs    map[string]ostree.Checksum
	asked   int
	puts    []ostree.ObjectID
}

// Asked is how many ids Has was asked about.
func (m *Memory) Asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

// Puts are the objects that were stored, in that order.
func (m *Memory) Puts() []ostree.ObjectID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]ostree.ObjectID(nil), m.puts...)
}

// Raw is an object's archive form, nil if it is not there.
func (m *Memory) Raw(id ostree.ObjectID) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.objects[id]
}

// SetRaw stores bytes under a name, whatever they are; nil removes it.
func (m *Memory) SetRaw(id ostree.ObjectID, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects == nil {
		m.objects = map[ostree.ObjectID][]byte{}
	}
	if data == nil {
		delete(m.objects, id)
		return
	}
	m.objects[id] = data
}

// Has is of Source.
func (m *Memory) Has(_ context.Context, ids []ostree.ObjectID) ([]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked += len(ids)
	found := make([]bool, len(ids))
	for i, id := range ids {
		_, found[i] = m.objects[id]
	}
	return found, nil
}

// Object is of Source.
func (m *Memory) Object(_ context.Context, id ostree.ObjectID) (ostree.Object, error) {
	data := m.Raw(id)
	if data == nil {
		return nil, &ostree.MissingError{ID: id, Where: "memory"}
	}
	return archived(id, data), nil
}

func archived(id ostree.ObjectID, data []byte) ostree.Object {
	return ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
	})
}

// Ref is of Source.
func (m *Memory) Ref(_ context.Context, name string) (ostree.Checksum, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.refs[name]
	if !ok {
		return c, fmt.Errorf("ref %s: %w", name, ostree.ErrRefNotFound)
	}
	return c, nil
}

// SetRef is of Store.
func (m *Memory) SetRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) error {
	if err := m.complete(ctx, c); err != nil {
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if want != nil && m.refs[name] != *want {
		return fmt.Errorf("set ref %s: %w", name, ostree.ErrRefMoved)
	}
	if m.refs == nil {
		m.refs = map[string]ostree.Checksum{}
	}
	m.refs[name] = c
	return nil
}

func (m *Memory) complete(ctx context.Context, c ostree.Checksum) error {
	return ostree.Closure(ctx, m, c, func(id ostree.ObjectID) error {
		_, err := m.Object(ctx, id)
		return err
	})
}

// Traits is of Store.
func (m *Memory) Traits() ostree.Traits { return m.Rules }

// Begin is of Store.
func (m *Memory) Begin(context.Context) (ostree.Session, error) { return &memorySession{m: m}, nil }

type memorySession struct {
	m      *Memory
	mu     sync.Mutex
	closed bool
}

func (s *memorySession) Put(ctx context.Context, obj ostree.Object) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return fmt.Errorf("session is closed")
	}
	if s.m.OnPut != nil {
		if err := s.m.OnPut(obj.ID()); err != nil {
			return err
		}
	}
	data, err := read(ctx, obj)
	if err != nil {
		return err
	}
	if err := ostree.VerifyObject(ctx, archived(obj.ID(), data)); err != nil {
		return err
	}
	if err := s.m.children(obj.ID(), data); err != nil {
		return err
	}
	s.m.SetRaw(obj.ID(), data)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.puts = append(s.m.puts, obj.ID())
	return nil
}

// children refuses, in an ordered store, what comes before its children.
func (m *Memory) children(id ostree.ObjectID, data []byte) error {
	if !m.Rules.Ordered {
		return nil
	}
	named, err := ostree.NamedBy(id.Type, data)
	if err != nil {
		return err
	}
	for _, child := range named {
		if m.Raw(child) == nil {
			return fmt.Errorf("object %s comes before %s", id, child)
		}
	}
	return nil
}

func read(ctx context.Context, obj ostree.Object) ([]byte, error) {
	rc, _, err := obj.OpenArchive(ctx)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return io.ReadAll(rc)
}

func (s *memorySession) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *memorySession) Abort() { _ = s.Close(context.Background()) }

package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/ostree"
)

// ErrInjected is the error of FailAt.
var ErrInjected = errors.New("injected fault")

// FailAt is an injector that fails once, when the named point is met for the
// nth time, counted from 1.
func FailAt(point string, nth int) faults.Injector { return &failAt{point: point, left: nth} }

type failAt struct {
	point string
	mu    sync.Mutex
	left  int
}

func (f *failAt) At(point string) error {
	if point != f.point {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left == 0 {
		return ErrInjected
	}
	return nil
}

// Faulty is a Store that consults Faults before each call: "has", "object",
// "ref", "begin", "setref", and of its sessions "put" and "close".
type Faulty struct {
	ostree.Store
	Faults faults.Injector
}

// Has is of Source.
func (f *Faulty) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	if err := faults.At(f.Faults, "has"); err != nil {
		return nil, err
	}
	return f.Store.Has(ctx, ids)
}

// Object is of Source.
func (f *Faulty) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	if err := faults.At(f.Faults, "object"); err != nil {
		return nil, err
	}
	return f.Store.Object(ctx, id)
}

// Ref is of Source.
func (f *Faulty) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	if err := faults.At(f.Faults, "ref"); err != nil {
		return ostree.Checksum{}, err
	}
	return f.Store.Ref(ctx, name)
}

// SetRef is of Store.
func (f *Faulty) SetRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) error {
	if err := faults.At(f.Faults, "setref"); err != nil {
		return err
	}
	return f.Store.SetRef(ctx, name, c, want)
}

// Begin is of Store.
func (f *Faulty) Begin(ctx context.Context) (ostree.Session, error) {
	if err := faults.At(f.Faults, "begin"); err != nil {
		return nil, err
	}
	s, err := f.Store.Begin(ctx)
	return &faultySession{s, f.Faults}, err
}

type faultySession struct {
	ostree.Session
	faults faults.Injector
}

func (s *faultySession) Put(ctx context.Context, obj ostree.Object) error {
	if err := faults.At(s.faults, "put"); err != nil {
		return err
	}
	return s.Session.Put(ctx, obj)
}

func (s *faultySession) Close(ctx context.Context) error {
	if err := faults.At(s.faults, "close"); err != nil {
		s.Abort()
		return err
	}
	return s.Session.Close(ctx)
}

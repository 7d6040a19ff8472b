package storetest

import (
	"context"
	"errors"
	"sync"

	"github.com/otactl/otactl/ostree"
)

// everyOther is an injector that fails every other time at each point, the
// first time on. What a session's close leaves is its own promise, so that does
// not fail.
type everyOther struct {
	mu   sync.Mutex
	seen map[string]int
}

func (f *everyOther) At(point string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	if f.seen[point]++; f.seen[point]%2 == 1 && point != "close" {
		return ErrInjected
	}
	return nil
}

// patient asks a store again after each injected fault: a call that failed must
// leave nothing behind that breaks a promise of the calls after it.
type patient struct{ *Faulty }

func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, ErrInjected) {
			return err
		}
	}
}

func (p patient) Has(ctx context.Context, ids []ostree.ObjectID) (there []bool, err error) {
	err = again(func() error { there, err = p.Faulty.Has(ctx, ids); return err })
	return there, err
}

func (p patient) Object(ctx context.Context, id ostree.ObjectID) (obj ostree.Object, err error) {
	err = again(func() error { obj, err = p.Faulty.Object(ctx, id); return err })
	return obj, err
}

func (p patient) Ref(ctx context.Context, name string) (c ostree.Checksum, err error) {
	err = again(func() error { c, err = p.Faulty.Ref(ctx, name); return err })
	return c, err
}

func (p patient) SetRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) error {
	return again(func() error { return p.Faulty.SetRef(ctx, name, c, want) })
}

func (p patient) Begin(ctx context.Context) (s ostree.Session, err error) {
	err = again(func() error { s, err = p.Faulty.Begin(ctx); return err })
	return patientSession{s}, err
}

type patientSession struct{ ostree.Session }

func (s patientSession) Put(ctx context.Context, obj ostree.Object) error {
	return again(func() error { return s.Session.Put(ctx, obj) })
}

package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
)

// Check reads what nobody has read yet of all members, jobs at once, and tells
// report of each that is not as listed. Of a member in several pieces it also
// compares the sum over the whole, which no reader of a piece does. The error is
// that of the context.
func (a *File) Check(ctx context.Context, jobs int, report func(name string, err error)) error {
	work := make(chan *Member)
	var wg sync.WaitGroup
	for range max(1, jobs) {
		wg.Go(func() {
			for m := range work {
				if err := a.checkMember(ctx, m); err != nil && ctx.Err() == nil {
					report(m.Name, err)
				}
			}
		})
	}
	for m := range a.Members() {
		if m.pieces != nil || !a.good[m.frame].Load() {
			select {
			case work <- m:
			case <-ctx.Done():
			}
		}
	}
	close(work)
	wg.Wait()
	return ctx.Err()
}

func (a *File) checkMember(ctx context.Context, m *Member) error {
	whole := sha256.New()
	for n := range pieces(m.Size) {
		if err := ctx.Err(); err != nil {
			return err
		}
		body, err := a.piece(m, n)
		if err != nil {
			return err
		}
		_, _ = whole.Write(body) // a hash takes all
	}
	if m.pieces != nil && Sum(whole.Sum(nil)) != m.Sum {
		return errors.New("its pieces are as listed, but its sum as a whole is not")
	}
	return nil
}

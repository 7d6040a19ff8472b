package delta

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// windows is how much memory the dictionaries of parts that are unpacked at the
// same time may take together, in bytes. One that is larger by itself waits for
// all others.
const windows = 40 << 20

// parts makes the objects of all parts, and fetches what is in none.
func (a *applier) parts(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if a.opt.Fetch != nil {
		g.Go(func() error {
			missing, err := a.missing(ctx)
			if err != nil || len(missing) == 0 {
				return err
			}
			return a.opt.Fetch(ctx, a.session, missing)
		})
	}
	next := make(chan int)
	g.Go(func() error {
		defer close(next)
		for i := range a.super.Parts {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(a.opt.Jobs, len(a.super.Parts)) {
		g.Go(func() error {
			u := &unpacker{dir: a.sources.dir, room: a.sources.room}
			u.limits.Dictionary = limits.XZDictionary
			defer u.xz.Close()
			for i := range next {
				if err := a.missingPart(ctx, u, i); err != nil {
					return inPart(i, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// inPart says in an error which part it is about.
func inPart(i int, err error) error {
	if e, ok := errors.AsType[*BadError](err); ok && e.Part < 0 {
		e.Part = i
		return err
	}
	return fmt.Errorf("part %d: %w", i, err)
}

// missingPart makes the objects of one part. If the repo has them all it is not
// even opened.
func (a *applier) missingPart(ctx context.Context, u *unpacker, i int) error {
	objects := a.super.Parts[i].Objects
	there, err := a.holds(ctx, objects)
	if err != nil {
		return err
	}
	if there {
		a.task.Add(int64(objects.Len()))
		return nil
	}
	return a.part(ctx, u, i)
}

// part makes the objects of one part.
func (a *applier) part(ctx context.Context, u *unpacker, i int) error {
	if in := a.super.OpenInline(i); in != nil {
		return a.objects(ctx, u, i, in)
	}
	if a.openFrom != nil {
		return a.partFrom(ctx, u, i)
	}
	in, err := a.open(ctx, i)
	if err != nil {
		return err
	}
	return a.objects(ctx, u, i, in)
}

// partFrom is part for one that comes from afar. What is kept of it is so until
// its objects are there, and believed by the checksum in the superblock alone.
func (a *applier) partFrom(ctx context.Context, u *unpacker, i int) error {
	file := ostree.Resume(a.session, a.super.Parts[i].Sum, func(ctx context.Context, at ostree.Place) (*ostree.Rest, error) {
		return a.openFrom(ctx, i, at)
	})
	for {
		in, _, err := file.Open(ctx)
		if err == nil {
			err = a.objects(ctx, u, i, in)
		}
		_, wrong := errors.AsType[*BadError](err)
		if !file.Settle(err, wrong) {
			return err
		}
	}
}

// objects makes those of a part that is read from in, which it closes.
func (a *applier) objects(ctx context.Context, u *unpacker, i int, in io.ReadCloser) error {
	head := a.super.Parts[i]
	p, err := a.unpack(ctx, u, in, head)
	closed := in.Close()
	if err != nil {
		return errors.Join(err, closed)
	}
	if closed != nil {
		return errors.Join(closed, p.Close())
	}
	r := &runner{program: program{p, head}, applier: a}
	return errors.Join(r.run(ctx), p.Close())
}

// holds says whether the repo has all of these objects but the commit, which
// the superblock has.
func (a *applier) holds(ctx context.Context, objects Table) (bool, error) {
	for i := range objects.Len() {
		id := objects.At(i)
		if id.Type == ostree.TypeCommit {
			continue
		}
		there, err := a.repo.Has(ctx, []ostree.ObjectID{id})
		if err != nil || !there[0] {
			return false, err
		}
	}
	return true, nil
}

// unpack unpacks a part under the cap on all windows.
func (a *applier) unpack(ctx context.Context, u *unpacker, in io.Reader, head Part) (*payload, error) {
	var held int64
	defer func() { a.windows.Release(held) }()
	u.limits.Window = func(size int64) error {
		n := min(size, windows)
		if n <= held {
			return nil
		}
		u.xz.Close()
		a.windows.Release(held)
		held = 0
		if err := a.windows.Acquire(ctx, n); err != nil {
			return err
		}
		held = n
		return nil
	}
	p, err := u.unpack(ctx, in, head)
	if held > 0 {
		u.xz.Close() // what is released must be free
	}
	return p, err
}

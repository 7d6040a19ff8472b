package delta

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/ostree"
)

// runner makes the objects of one part.
type runner struct {
	program
	*applier
}

// run checks the whole program first, so that a bad one writes nothing.
func (r *runner) run(ctx context.Context) error {
	if _, err := r.walk(ctx, func(task) error { return nil }); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	tasks := make(chan task, waitingTasks)
	g.Go(func() error {
		defer close(tasks)
		_, err := r.walk(ctx, func(t task) error {
			select {
			case tasks <- t:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		return err
	})
	for range cap(r.work) {
		g.Go(func() error {
			for t := range tasks {
				if err := r.turn(ctx, t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// waitingTasks is how many tasks are found ahead of those who make objects: to
// wake one for each costs more than most objects do.
const waitingTasks = 256

// turn makes an object once there is a token for it: objects of all parts share
// the processors.
func (r *runner) turn(ctx context.Context, t task) error {
	select {
	case r.work <- struct{}{}:
		defer func() { <-r.work }()
		return r.make(ctx, t)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// make makes one object. The commit is kept for the end; the superblock has it.
func (r *runner) make(ctx context.Context, t task) error {
	defer r.task.Add(1)
	if t.id.Type == ostree.TypeCommit {
		return nil
	}
	obj, err := r.object(t)
	if err == nil {
		if err := r.judge(ctx, obj); err != nil {
			return err // to refuse a file is not to blame the delta
		}
		err = r.session.Put(ctx, obj)
	}
	e, corrupt := errors.AsType[*ostree.CorruptError](err)
	if _, wrong := errors.AsType[*BadError](err); corrupt || wrong {
		if err := r.checkSources(ctx, t); err != nil {
			return err
		}
	}
	if corrupt && e.ID == t.id {
		return &BadError{Part: -1, Object: t.id, Op: t.start.at, Why: "what the program makes is corrupt: " + e.Why, cause: e}
	}
	return blame(t.id, t.start.at, err)
}

// judge lets the caller refuse a file by its header.
func (r *runner) judge(ctx context.Context, obj ostree.Object) error {
	if r.opt.CheckFile == nil || obj.ID().Type != ostree.TypeFile {
		return nil
	}
	h, payload, err := obj.OpenFile(ctx)
	if err != nil {
		return err
	}
	return errors.Join(r.opt.CheckFile(obj.ID(), h), payload.Close())
}

// checkSources hashes what an object that came out wrong was copied from: the
// fault may be the repo's.
func (r *runner) checkSources(ctx context.Context, t task) error {
	if t.start.code != opOpen {
		return nil
	}
	if t.source != nil {
		if err := r.checkSource(ctx, *t.source); err != nil {
			return err
		}
	}
	script := r.script(ctx, t)
	for {
		o, err := script.next(true)
		if err == nil && o.code == opSource {
			err = r.checkSource(ctx, o)
		}
		if err != nil || o.code == opClose {
			return err
		}
	}
}

func (r *runner) checkSource(ctx context.Context, o op) error {
	sum, err := r.copied(o)
	if err != nil {
		return err
	}
	return r.sources.check(ctx, sum)
}

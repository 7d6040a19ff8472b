package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
)

// Copy moves commit and all it reaches from src to dst; it is the only way in
// which an object moves. Every object is verified before it is visible in dst,
// children before parents, detached metadata before the commit and the commit
// last. What dst has, or by the rules of its Traits and of opt.Known must
// have, does not move. Ended at any point, it can be called again and goes on
// where it was. Refs are the caller's to set, afterwards.
//
// Errors: *CorruptError and *MissingError about src, ErrNoSpace about dst.
func Copy(ctx context.Context, dst Store, src Source, commit Checksum, opt CopyOptions) (CopyReport, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	c := &copier{dst: dst, src: src, opt: opt, commit: commit, traits: dst.Traits(),
		task: progress.Start(opt.Progress, "copying objects", progress.Count, 0)}
	defer c.task.Done()
	c.report.Commit = commit
	if err := c.run(ctx); err != nil {
		return c.report, fmt.Errorf("copy commit %s: %w", commit, err)
	}
	return c.report, nil
}

// copier is one call of Copy.
type copier struct {
	dst    Store
	src    Source
	opt    CopyOptions
	commit Checksum
	traits Traits
	task   progress.Task

	session Session // nil in a dry run
	report  CopyReport
	data    []byte // the commit's bytes, verified
}

// marker is a store that can say of a commit that it is not complete.
type marker interface {
	isComplete(c Checksum) (bool, error)
	markPartial(c Checksum) error
	clearPartial(c Checksum) error
}

var _ marker = (*Repo)(nil)

func (c *copier) run(ctx context.Context) error {
	var err error
	if c.data, err = load(ctx, c.src, ObjectID{c.commit, TypeCommit}); err != nil {
		return err
	}
	// The session comes before the first question: it keeps a prune away, which
	// could otherwise remove what dst is then taken to hold.
	if !c.opt.DryRun {
		if c.session, err = c.dst.Begin(ctx); err != nil {
			return err
		}
	}
	there, complete, err := c.state(ctx)
	if err != nil {
		return c.end(ctx, err, false)
	}
	c.report.Objects++
	if there {
		c.report.Present++
	}
	if !complete {
		err = c.tree(ctx)
	}
	if err == nil {
		err = c.last(ctx, there, complete)
	}
	return c.end(ctx, err, complete)
}

// state asks what dst holds: the commit, and whether that means all of it.
func (c *copier) state(ctx context.Context) (there, complete bool, err error) {
	c.report.Asked++
	found, err := c.dst.Has(ctx, []ObjectID{{c.commit, TypeCommit}})
	if err != nil {
		return false, false, err
	}
	if len(found) != 1 {
		return false, false, errors.New("destination did not answer what it was asked")
	}
	if !found[0] || c.opt.FullCheck {
		return found[0], false, nil
	}
	if m, ok := c.dst.(marker); ok {
		complete, err = m.isComplete(c.commit)
		return true, complete, err
	}
	return true, c.traits.Ordered, nil
}

// tree copies all that is below the commit.
func (c *copier) tree(ctx context.Context) error {
	commit, err := ParseCommit(c.data)
	if err != nil {
		return err
	}
	s := newScheduler(c)
	if err := s.subtract(ctx, c.opt.Known); err != nil {
		return err
	}
	err = s.run(ctx, c.jobs(), commit)
	s.tally(&c.report)
	return err
}

// jobs is how many objects move at once. Between disks the processors are the
// limit, over a network it is the time an answer takes.
func (c *copier) jobs() int {
	n := c.opt.Jobs
	if n <= 0 {
		n = 32
		_, from := c.src.(*Repo)
		_, to := c.dst.(*Repo)
		if from && to {
			n = runtime.GOMAXPROCS(0) + 1
		}
	}
	if c.traits.MaxParallel > 0 {
		n = min(n, c.traits.MaxParallel)
	}
	return n
}

// last copies detached metadata and the commit.
func (c *copier) last(ctx context.Context, there, complete bool) error {
	if err := c.detached(ctx); err != nil {
		return err
	}
	if there {
		return nil
	}
	if m, ok := c.dst.(marker); ok && !complete && !c.opt.DryRun {
		if err := m.markPartial(c.commit); err != nil {
			return err
		}
	}
	if err := faults.At(c.opt.Faults, "copy.commit"); err != nil {
		return err
	}
	return c.put(ctx, NewNamedMetadata(ObjectID{c.commit, TypeCommit}, c.data))
}

// detached copies the commit's detached metadata if src has some that dst has
// not. Signatures may come after the commit did.
func (c *copier) detached(ctx context.Context) error {
	id := ObjectID{c.commit, TypeCommitMeta}
	data, err := load(ctx, c.src, id)
	if _, missing := errors.AsType[*MissingError](err); missing {
		return nil
	}
	if err != nil {
		return err
	}
	if old, err := load(ctx, c.dst, id); err == nil && (c.opt.KeepDetached || bytes.Equal(old, data)) {
		return nil
	}
	err = c.put(ctx, NewNamedMetadata(id, data))
	if errors.Is(err, errors.ErrUnsupported) {
		c.opt.Log.Info("destination keeps no detached metadata", "commit", c.commit)
		return nil
	}
	return err
}

// put moves one object on the main line; the scheduler counts for itself.
func (c *copier) put(ctx context.Context, obj Object) error {
	c.task.Grow(1)
	n, err := c.move(ctx, obj)
	if err != nil {
		return err
	}
	c.task.Add(1)
	c.report.Copied++
	c.report.Metadata++
	c.report.Bytes += n
	return nil
}

// move hands obj to dst, or in a dry run looks how large it is. The answer is
// its size in archive form, as far as that was seen.
func (c *copier) move(ctx context.Context, obj Object) (int64, error) {
	if c.opt.DryRun {
		return archiveSize(ctx, obj)
	}
	if err := faults.At(c.opt.Faults, "copy.put"); err != nil {
		return 0, err
	}
	m := &meter{Object: obj}
	err := c.session.Put(ctx, m)
	return m.n.Load(), err
}

func archiveSize(ctx context.Context, obj Object) (int64, error) {
	rc, n, err := obj.OpenArchive(ctx)
	if err != nil {
		return 0, err
	}
	if n < 0 {
		n, err = copyTo(ctx, io.Discard, rc)
	}
	return n, errors.Join(err, rc.Close())
}

// end closes the session, and when all went well says that the commit is
// complete. After a failure it keeps what dst has got so far, so that the next
// call need not move it again: no parent is there before its children.
func (c *copier) end(ctx context.Context, err error, complete bool) error {
	if c.session == nil {
		return err
	}
	if err == nil {
		err = faults.At(c.opt.Faults, "copy.close")
	}
	if err != nil {
		if errors.Is(err, ErrNoSpace) {
			c.session.Abort()
			return err
		}
		if kept := c.session.Close(context.WithoutCancel(ctx)); kept != nil {
			c.opt.Log.Info("what was copied so far is not kept", "why", kept)
		}
		return err
	}
	if err := c.session.Close(ctx); err != nil {
		return err
	}
	if m, ok := c.dst.(marker); ok && !complete {
		return m.clearPartial(c.commit)
	}
	return nil
}

package ostree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
)

// Copy moves commit and all it reaches from src to dst; with CopyAll it is the
// only way in which an object moves. Every object is verified before it is
// visible in dst, children before parents, detached metadata before the commit
// and the commit last. What dst has, or by the rules of its Traits and of
// opt.Known must have, does not move. Ended at any point, it can be called
// again and goes on where it was. Refs are the caller's to set, afterwards.
//
// Errors: *CorruptError and *MissingError about src, ErrNoSpace about dst.
func Copy(ctx context.Context, dst Store, src Source, commit Checksum, opt CopyOptions) (CopyReport, error) {
	return CopyAll(ctx, dst, src, []Checksum{commit}, opt)
}

// CopyAll is Copy for several commits, and with opt.Depth for those before
// them, in one session: nothing waits for another commit to be done, and what
// they share moves once.
func CopyAll(ctx context.Context, dst Store, src Source, commits []Checksum, opt CopyOptions) (CopyReport, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	c := &copier{dst: dst, src: src, opt: opt, commits: commits, traits: dst.Traits()}
	_, c.nearSrc = src.(*Repo)
	_, c.nearDst = dst.(*Repo)
	c.opt.linkTo(dst, src)
	c.task = progress.Start(opt.Progress, "copying objects", progress.Count, 0)
	defer c.task.Done()
	if len(commits) > 0 {
		c.report.Commit = commits[0]
	}
	if err := c.run(ctx); err != nil {
		return c.report, fmt.Errorf("copy %s: %w", c.what(), err)
	}
	return c.report, nil
}

// copier is one call of CopyAll.
type copier struct {
	dst     Store
	src     Source
	opt     CopyOptions
	commits []Checksum
	traits  Traits
	task    progress.Task
	// A store on this machine answers at once and costs processor time; one
	// that is far away costs waiting.
	nearSrc, nearDst bool

	session Session  // nil in a dry run
	trees   *treeLog // nil where reading again costs nothing
	report  CopyReport
}

// marker is a store that can say of a commit that it is not complete.
type marker interface {
	IsComplete(c Checksum) (bool, error)
	MarkPartial(c Checksum, why PartialReason) error
	ClearPartial(c Checksum) error
	Hold(ctx context.Context) (release func(), err error)
}

var _ marker = (*Repo)(nil)

func (c *copier) what() string {
	if len(c.commits) == 1 {
		return "commit " + c.commits[0].String()
	}
	return fmt.Sprintf("%d commits", len(c.commits))
}

func (c *copier) run(ctx context.Context) error {
	filter, err := parseSubpaths(c.opt.Subpaths)
	if err != nil {
		return err
	}
	// The session comes before the first question: it keeps a prune away, which
	// could otherwise remove what dst is then taken to hold.
	if !c.opt.DryRun {
		if c.session, err = c.dst.Begin(ctx); err != nil {
			return err
		}
		if to, ok := c.dst.(*Repo); ok && !c.nearSrc {
			c.trees = to.openTreeLog()
		}
	}
	s := newScheduler(c, filter)
	if err = s.subtract(ctx, c.opt.Known); err == nil {
		err = s.survey(ctx)
	}
	if err == nil {
		err = s.run(ctx)
	}
	s.tally(&c.report)
	err = c.end(ctx, err, s.whole())
	c.trees.close(err == nil)
	return err
}

// Objects that may be on their way at once by default: over a network it is
// the time an answer takes that limits a copy, between disks the processors.
const (
	defaultFar  = 32
	spareNearby = 1 // one that waits for the disk lets another compute
)

// workers is how many steps may run at once that wait for a network, and how
// many that compute.
func (c *copier) workers() (far, near int) {
	near = runtime.GOMAXPROCS(0) + spareNearby
	far = c.opt.Jobs
	if far <= 0 {
		far = defaultFar
	}
	if c.traits.MaxParallel > 0 {
		far = min(far, c.traits.MaxParallel)
	}
	if c.nearSrc && c.nearDst {
		if c.opt.Jobs > 0 {
			near = c.opt.Jobs
		}
		return 0, near
	}
	if !c.nearSrc && !c.nearDst {
		return far, 0
	}
	return far, near
}

// move hands obj to dst, or in a dry run looks how large it is. A file is
// verified on the way, unless whoever copies vouches for where it comes from.
func (c *copier) move(ctx context.Context, obj Object, trusted bool) (size moveSize, err error) {
	if c.opt.DryRun {
		size.packed, err = archiveSize(ctx, obj)
		if err == nil && c.opt.Planned != nil {
			c.opt.Planned(obj.ID(), size.packed)
		}
		return size, err
	}
	if err := faults.At(c.opt.Faults, "copy.put"); err != nil {
		return size, err
	}
	m := &meter{Object: obj, opt: &c.opt, trusted: trusted, task: c.task}
	err = c.session.Put(ctx, m)
	return moveSize{m.n.Load(), m.plain.Load()}, err
}

// moveSize is what moved of one object, in bytes.
type moveSize struct {
	packed int64 // in archive form, as far as that was seen
	plain  int64 // of a file's content, as it was written
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

// end closes the session, and when all went well says which commits are
// complete. After a failure it keeps what dst has got so far, so that the next
// call need not move it again: no parent is there before its children.
func (c *copier) end(ctx context.Context, err error, whole []Checksum) error {
	if c.session == nil {
		return err
	}
	if err == nil {
		err = faults.At(c.opt.Faults, "copy.close")
	}
	if err != nil {
		// A full disk is freed of what was not wanted, unless there is room left.
		if to, ok := c.dst.(*Repo); errors.Is(err, ErrNoSpace) && !(ok && to.keepFree > 0) {
			c.session.Abort()
			return err
		}
		if kept := c.session.Close(context.WithoutCancel(ctx)); kept != nil {
			c.opt.Log.Info("what was copied so far is not kept", "why", kept)
		}
		return err
	}
	m, ok := c.dst.(marker)
	if !ok {
		return c.session.Close(ctx)
	}
	// Until a commit is no longer marked, fsck must not take away what it is
	// believed to have.
	release, err := m.Hold(ctx)
	if err != nil {
		c.session.Abort()
		return err
	}
	defer release()
	if err := c.session.Close(ctx); err != nil {
		return err
	}
	for _, sum := range whole {
		if err := m.ClearPartial(sum); err != nil {
			return err
		}
	}
	return nil
}

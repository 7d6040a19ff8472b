// Package publish sends a commit of a local repo to a backend, delta-wise, and
// then has a target signed that names it. It also puts together what a wave
// brings to production devices, and reviews what somebody else put together.
//
// It trusts what a ref of an ordered remote names to be complete there, unless
// told to check everything. It must never move a ref or ask for a target before
// every object that the commit reaches is on the other side, nor move a ref
// that is not where it was when the work began.
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// Remote is where objects and refs go.
type Remote interface {
	ostree.Store
	// URL is for people; it holds no secret.
	URL() string
}

// Backend keeps targets and signs them.
type Backend interface {
	Targets(ctx context.Context) (map[string]tuf.Target, error)
	AddTargets(ctx context.Context, targets map[string]tuf.Target, creator string) (factory.Added, error)
	// LatestVersion is the highest version that a target of the hardware ids
	// ever had; 0 where the backend keeps no count.
	LatestVersion(ctx context.Context, hwids ...string) (int, error)
}

// Options of Run. Repo and Remote are needed.
type Options struct {
	Repo   *ostree.Repo
	Remote Remote
	// Rev is a ref, or a commit by its checksum; then no ref is moved.
	Rev string
	// Target, when not nil, is signed by Backend once the commit is there.
	Target  *TargetRequest
	Backend Backend

	Jobs int // objects under way at once; 0 means a sensible default
	// FullCheck asks the remote about every object, and so finds what it lost.
	FullCheck bool
	// Force moves the ref wherever it is by then. Else it has to be where it
	// was when the work began.
	Force bool
	// DryRun finds out what would be done and changes nothing.
	DryRun bool

	Clock    clock.Clock // nil is the machine's
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
	Faults   faults.Injector
}

// Report says what Run did, or with DryRun would do.
type Report struct {
	DryRun   bool
	URL      string // of the remote
	Ref      string // empty: none is moved
	Commit   ostree.Checksum
	Previous ostree.Checksum // what the ref named before; zero: it was not there
	RefMoved bool            // with DryRun: would move
	// Objects is how many the commit reaches; New of them were sent and
	// Present were there. New+Present may be less than Objects after a failure.
	Objects, New, Present int
	Metadata              int   // of New
	Asked                 int   // objects the remote was asked about
	Bytes                 int64 // of New, in archive form
	Total                 int64 // of all objects in archive form; 0 when not known
	Elapsed               time.Duration
	Target                *TargetReport // nil: none was asked for
}

// Saved is the share of Total that did not have to be sent, in percent.
func (r Report) Saved() float64 {
	if r.Total <= 0 {
		return 0
	}
	return 100 * (1 - float64(min(r.Bytes, r.Total))/float64(r.Total))
}

type run struct {
	Options
	plan   plan
	before ostree.Tally // by the Remote, ahead of this run
	report Report
}

// Run publishes. It can be run again after any failure and goes on where it
// was; the report is as far as it got.
func Run(ctx context.Context, opt Options) (Report, error) {
	if opt.Clock == nil {
		opt.Clock = clock.System
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	r := &run{Options: opt}
	if c, ok := opt.Remote.(ostree.Tallying); ok {
		r.before = c.Tally()
	}
	start := opt.Clock()
	err := r.all(ctx)
	r.report.Elapsed = opt.Clock().Sub(start)
	return r.report, err
}

func (r *run) all(ctx context.Context) error {
	var err error
	if r.plan, err = makePlan(ctx, r.Options); err != nil {
		return err
	}
	r.report = Report{
		DryRun: r.DryRun, URL: r.Remote.URL(), Ref: r.plan.ref,
		Commit: r.plan.commit, Previous: r.plan.previous,
	}
	// What is wrong with the target is said before anything is sent.
	wanted, err := r.planTarget(ctx)
	if err != nil {
		return err
	}
	if err := r.push(ctx); err != nil {
		return err
	}
	return r.sign(ctx, wanted)
}

// push sends the objects and moves the ref. A server that finds holes in what
// it was thought to hold gets everything checked, once.
func (r *run) push(ctx context.Context) error {
	err := r.pushOnce(ctx, r.FullCheck)
	if !r.FullCheck && (errors.Is(err, treehub.ErrIncomplete) || errors.Is(err, treehub.ErrMissingChild)) {
		r.Log.WarnContext(ctx, "the server lost objects; checking every one", "because", err)
		err = r.pushOnce(ctx, true)
	}
	return err
}

func (r *run) pushOnce(ctx context.Context, fullCheck bool) error {
	if err := r.copy(ctx, fullCheck); err != nil {
		return err
	}
	if r.plan.ref == "" || r.plan.previous == r.plan.commit {
		return nil
	}
	r.report.RefMoved = true
	if r.DryRun {
		return nil
	}
	if err := faults.At(r.Faults, "publish.ref"); err != nil {
		return err
	}
	want := &r.plan.previous
	if r.Force {
		want = nil
	}
	err := r.Remote.SetRef(ctx, r.plan.ref, r.plan.commit, want)
	r.report.RefMoved = err == nil
	return err
}

func (r *run) copy(ctx context.Context, fullCheck bool) error {
	size, err := measure(ctx, r.Repo, r.plan.commit)
	if err != nil {
		return err
	}
	r.report.Objects, r.report.Total = size.objects, size.bytes
	if !fullCheck && r.plan.previous == r.plan.commit {
		r.report.Present = size.objects
		return nil
	}
	opt := ostree.CopyOptions{
		Jobs: r.Jobs, Known: r.plan.known, FullCheck: fullCheck, DryRun: r.DryRun,
		Progress: r.Progress, Log: r.Log, Faults: r.Faults,
	}
	var dst ostree.Store = r.Remote
	if fullCheck {
		opt.Known = nil
	} else if !r.DryRun && !r.Remote.Traits().Bulk {
		dst = newGuessing(r.Remote)
	}
	rep, err := ostree.Copy(ctx, dst, r.Repo, r.plan.commit, opt)
	r.count(rep, dst)
	if err != nil {
		return explain(err, r.Repo)
	}
	return nil
}

// count takes over what Copy says, corrected by what the remote said.
func (r *run) count(rep ostree.CopyReport, dst ostree.Store) {
	r.report.New += rep.Copied
	r.report.Metadata += rep.Metadata
	r.report.Bytes += rep.Bytes
	r.report.Asked += rep.Asked
	if g, ok := dst.(*guessing); ok {
		r.report.Asked += int(g.asked.Load()) - rep.Asked
	}
	if c, ok := r.Remote.(ostree.Tallying); ok && !r.DryRun {
		sent := c.Tally()
		r.report.New, r.report.Bytes = int(sent.Stored-r.before.Stored), sent.Bytes-r.before.Bytes
	}
	r.report.Present = max(0, r.report.Objects-r.report.New)
}

// explain says what to do about a damaged local repo.
func explain(err error, repo *ostree.Repo) error {
	if _, ok := errors.AsType[*ostree.CorruptError](err); ok {
		return fail.As(fmt.Errorf("local repo %s: %w", repo.Path(), err), fail.Verification, "run ostree fsck on it, then build the commit again")
	}
	if _, ok := errors.AsType[*ostree.MissingError](err); ok {
		return fail.As(fmt.Errorf("local repo %s: %w", repo.Path(), err), fail.Verification, "pull or build the commit again; it is not complete")
	}
	return err
}

// Package publish sends commits of a local repo to a backend, delta-wise, and
// then has targets signed that name them. It also puts together what a wave
// brings to production devices, and reviews what somebody else put together.
//
// It trusts what a ref of a remote names to be complete there, unless the
// remote says that nothing may be concluded or it is told to check everything.
// It must never move a ref or ask for a target before every object that the
// commit reaches is on the other side, nor move a ref that is not where it was
// when the work began.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"syscall"
	"time"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/client/ostreehub"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
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

// Item is one commit to publish.
type Item struct {
	// Rev is a ref of the local repo, or a commit by its checksum.
	Rev string
	// Ref is the remote's ref to move. Empty means the one called like Rev, and
	// none if that is a commit.
	Ref string
	// Target, when not nil, is signed by Backend once everything is there.
	Target *TargetRequest
}

// Options of Run. Repo, Remote and Items are needed.
type Options struct {
	Repo   *ostree.Repo
	Remote Remote
	// Items are published together: what they share is sent once, all refs move
	// after all objects are there, and the targets are signed as one change.
	Items   []Item
	Backend Backend // nil where no item has a Target

	Jobs int // objects under way at once; 0 means a sensible default
	// FullCheck asks the remote about every object, and so finds what it lost.
	FullCheck bool
	// Force moves a ref wherever it is by then. Else it has to be where it was
	// when the work began.
	Force bool
	// DryRun finds out what would be done and changes nothing.
	DryRun bool

	// Signers sign the commits in Repo before anything is sent. A commit that is
	// at the remote already gets their signatures there as well.
	Signers []sign.Signer
	// Deltas, when not nil, says from which commits static deltas lead to those of
	// the items. They are made in Repo and sent before a ref moves.
	Deltas *DeltaSources
	// XZ is as in DeltaMaker.
	XZ string

	Clock    clock.Clock // nil is the machine's
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
	// Faults has the points publish.copy, publish.ref (before each ref moves)
	// and publish.target, and those of ostree.Copy.
	Faults faults.Injector
}

// Check says what is wrong with the items, without asking anybody.
func (o Options) Check() error { return checkTargets(o.Items) }

// CustomFields are members of a target's custom part, by name.
type CustomFields map[string]json.RawMessage

// Report says what Run did, or with DryRun would do.
type Report struct {
	DryRun bool
	URL    string       // of the remote
	Items  []ItemReport // in the order of Options.Items
	// New objects were sent. Objects is how many the commits reach, signatures
	// included, and Present how many of them were there; both are 0 where nothing
	// had to be looked at, since every ref was there already. New+Present may be
	// less than Objects after a failure.
	Objects, New, Present int
	Metadata              int   // of New
	Asked                 int   // objects the remote was asked about
	Bytes                 int64 // of New, in archive form
	Total                 int64 // of all objects in archive form; 0 when not known
	Elapsed               time.Duration
	// Signatures are those that Signers added to commits here, Delivered how many
	// commits got some at the remote where they were already.
	Signatures, Delivered int
	// Deltas are the static deltas to the commits of Items, where asked for.
	Deltas []DeltaReport
	// MetadataVersion is that of targets.json with the new targets, where the
	// backend says it; 0 when none was added.
	MetadataVersion int
}

// ItemReport is what became of one item.
type ItemReport struct {
	Ref      string // empty: none is moved
	Commit   ostree.Checksum
	Previous ostree.Checksum // what the ref named before; zero: it was not there
	RefMoved bool            // with DryRun: would move
	Target   *TargetReport   // nil: none was asked for
}

// Saved is the share of Total that did not have to be sent, in percent.
func (r Report) Saved() float64 {
	if r.Total <= 0 {
		return 0
	}
	return 100 * (1 - float64(min(r.Bytes, r.Total))/float64(r.Total))
}

// Unchanged says that the run found all refs and targets where they should be.
func (r Report) Unchanged() bool {
	for _, it := range r.Items {
		if it.RefMoved || it.Target != nil && !it.Target.Existed {
			return false
		}
	}
	return r.New == 0 && r.Signatures == 0 && r.Delivered == 0 && !r.sentDeltas()
}

type run struct {
	Options
	plan   plan
	extra  map[ostree.Checksum]CustomFields
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
	release, err := hold(ctx, r.Repo, r.Log)
	if err != nil {
		return err
	}
	defer release()
	if r.Deltas != nil {
		if err := r.deltaMaker().Check(ctx); err != nil {
			return err
		}
	}
	if r.plan, err = makePlan(ctx, r.Options); err != nil {
		return err
	}
	r.report = Report{DryRun: r.DryRun, URL: r.Remote.URL(), Items: r.plan.reports()}
	// What is wrong with a target is said before anything is sent.
	wanted, err := r.planTargets(ctx)
	if err != nil {
		return err
	}
	if err := r.planDeltas(ctx); err != nil {
		return err
	}
	if err := r.signCommits(ctx); err != nil {
		return err
	}
	if err := r.push(ctx); err != nil {
		return err
	}
	return r.signTargets(ctx, wanted)
}

// hold keeps a prune away from the local repo while it is read. A repo that we
// may not write to has no lock that we could take; whoever prunes it meanwhile
// ends the run with the name of what is missing.
func hold(ctx context.Context, repo *ostree.Repo, log *slog.Logger) (release func(), err error) {
	release, err = repo.Hold(ctx)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		log.DebugContext(ctx, "the local repo is read without its lock", "because", err)
		return func() {}, nil
	}
	return release, err
}

// push sends the objects and moves the refs. A server that finds holes in what
// it was thought to hold gets everything checked, once.
func (r *run) push(ctx context.Context) error {
	err := r.pushOnce(ctx, r.FullCheck)
	lost := errors.Is(err, treehub.ErrIncomplete) || errors.Is(err, treehub.ErrMissingChild) || errors.Is(err, ostreehub.ErrIncomplete)
	if !r.FullCheck && lost {
		r.Log.WarnContext(ctx, "the server lost objects; checking every one", "because", err)
		err = r.pushOnce(ctx, true)
	}
	return err
}

func (r *run) pushOnce(ctx context.Context, fullCheck bool) error {
	if err := r.copy(ctx, fullCheck); err != nil {
		return err
	}
	if err := r.deliverSignatures(ctx); err != nil {
		return err
	}
	if err := r.makeDeltas(ctx); err != nil {
		return err
	}
	if err := r.moveRefs(ctx); err != nil {
		return err
	}
	return r.summarize(ctx)
}

// moveRefs moves every ref that is not where it should be.
func (r *run) moveRefs(ctx context.Context) error {
	for i, it := range r.plan.items {
		if it.ref == "" || it.previous == it.commit {
			continue
		}
		if err := r.moveRef(ctx, it, &r.report.Items[i].RefMoved); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) moveRef(ctx context.Context, it itemPlan, moved *bool) error {
	if r.DryRun {
		*moved = true
		return nil
	}
	if err := faults.At(r.Faults, "publish.ref"); err != nil {
		return err
	}
	want := &it.previous
	if r.Force {
		want = nil
	}
	err := r.Remote.SetRef(ctx, it.ref, it.commit, want)
	*moved = err == nil
	return err
}

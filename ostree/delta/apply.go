package delta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/semaphore"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// ApplyOptions tune Apply. The zero value works.
type ApplyOptions struct {
	// Check looks at the commit before anything is written: its signatures, what
	// it is bound to, its time. detached is not valid if the delta brings none.
	Check func(commit []byte, detached variant.Value) error
	// CheckFile judges the header of each file that is made, before it is stored;
	// nil takes all.
	CheckFile func(id ostree.ObjectID, h *ostree.FileHeader) error
	// Jobs is how many objects are made, and parts unpacked, at once; 0 is one
	// per processor.
	Jobs int
	// Fetch brings objects that are not in the delta into the session. Without
	// it a delta with fallbacks that the repo lacks is refused.
	Fetch func(ctx context.Context, to ostree.Session, ids []ostree.ObjectID) error
	// KeepDetached leaves detached metadata that the repo has as it is, also
	// where it has no commit yet. That of a commit which is there always stays.
	KeepDetached bool
	// LeavePartial leaves the commit marked as partial, for a caller who has
	// more to bring and sees to its closure.
	LeavePartial bool
	Progress     progress.Sink
	Log          *slog.Logger // nil is silent
}

// ApplyReport says what Apply did.
type ApplyReport struct {
	Commit  ostree.Checksum `json:"-" yaml:"-"`
	Parts   int             `json:"parts"`
	Objects int             `json:"objects"` // in the parts
	Bytes   uint64          `json:"bytes"`   // of parts
}

// OpenPart opens a part of a delta that is not in the superblock. It may be
// called from many goroutines at once, for each part once; a part is unpacked
// while it is read.
type OpenPart func(ctx context.Context, i int) (io.ReadCloser, error)

// OpenPartFrom is OpenPart for parts that come from afar: at says how much of one
// is here.
type OpenPartFrom func(ctx context.Context, i int, at ostree.Place) (*ostree.Rest, error)

// ApplyFrom is Apply with parts that come from afar. What had come and was made
// when the process was killed is there for whoever goes on.
func ApplyFrom(ctx context.Context, repo *ostree.Repo, s *Superblock, open OpenPartFrom, opt ApplyOptions) (ApplyReport, error) {
	return apply(ctx, &applier{repo: repo, super: s, openFrom: open, opt: opt})
}

// Apply makes the objects of a delta in repo. Its parts, and what opt.Fetch
// brings, lie on this machine: what a killed process had made is made again. The commit is marked partial
// before the first of them and until it is known that all it reaches is there;
// each object is verified before it is visible, and the commit comes last. What
// the delta copies from must be in repo; if what is made of it is wrong, it is
// hashed, to tell a damaged repo from a bad delta.
//
// Errors: *BadError about the delta, *ostree.CorruptError and
// *ostree.MissingError about objects of either side.
func Apply(ctx context.Context, repo *ostree.Repo, s *Superblock, open OpenPart, opt ApplyOptions) (ApplyReport, error) {
	return apply(ctx, &applier{repo: repo, super: s, open: open, opt: opt})
}

func apply(ctx context.Context, a *applier) (ApplyReport, error) {
	if a.opt.Jobs <= 0 {
		a.opt.Jobs = runtime.GOMAXPROCS(0)
	}
	if a.opt.Log == nil {
		a.opt.Log = slog.New(slog.DiscardHandler)
	}
	a.work, a.windows = make(chan struct{}, a.opt.Jobs), semaphore.NewWeighted(windows)
	sizes := a.super.Sizes()
	report := ApplyReport{Commit: a.super.Name.To, Parts: len(a.super.Parts), Objects: sizes.Objects, Bytes: sizes.Fetch}
	a.task = progress.Start(a.opt.Progress, "applying static delta", progress.Count, int64(sizes.Objects))
	defer a.task.Done()
	if err := a.run(ctx); err != nil {
		return report, refuse(fmt.Errorf("apply static delta %s: %w", a.super.Name, a.place(err)))
	}
	return report, nil
}

// applier is one call of Apply or ApplyFrom, and opens parts by one of both.
type applier struct {
	repo     *ostree.Repo
	super    *Superblock
	open     OpenPart
	openFrom OpenPartFrom
	opt      ApplyOptions
	task     progress.Task
	session  ostree.Session
	sources  sources
	work     chan struct{}       // a token for each object being made
	windows  *semaphore.Weighted // memory for dictionaries
}

// place names the delta in an error about it; the text around says it already.
func (a *applier) place(err error) error {
	if e, ok := errors.AsType[*BadError](err); ok {
		e.Delta = Name{}
	}
	return err
}

func (a *applier) run(ctx context.Context) error {
	if len(a.super.Before) > 0 {
		return fail.New(fail.Unsupported, "pull the commit without it", "it builds on other deltas")
	}
	// The session keeps a prune away from what the delta copies from, and this an
	// fsck from what the commit is believed to have, until it is no longer marked.
	release, err := a.repo.Hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	begin := a.repo.Begin
	if a.openFrom == nil {
		begin = a.repo.BeginRepeatable
	}
	if a.session, err = begin(ctx); err != nil {
		return err
	}
	defer a.session.Abort()
	a.sources = sources{repo: a.repo, dir: filepath.Join(a.repo.Path(), "tmp"), room: ostree.RoomIn(a.session)}
	if err := a.admit(ctx); err != nil {
		return err
	}
	if whole, err := a.repo.IsComplete(a.super.Name.To); err != nil {
		return err
	} else if whole {
		return a.known(ctx)
	}
	if err := a.repo.MarkPartial(a.super.Name.To, ostree.PartialPull); err != nil {
		return err
	}
	if err := a.parts(ctx); err != nil {
		return err
	}
	if err := a.commit(ctx); err != nil {
		return err
	}
	if a.opt.LeavePartial {
		return nil
	}
	if err := checkClosure(ctx, a.repo, a.super.Name); err != nil {
		return err
	}
	return a.repo.ClearPartial(a.super.Name.To)
}

// admit checks what can be checked before anything is written.
func (a *applier) admit(ctx context.Context) error {
	if a.opt.Check != nil {
		if err := a.opt.Check(a.super.Commit, a.super.Detached); err != nil {
			return err
		}
	}
	if !a.super.Name.Scratch() {
		id := ostree.ObjectID{Sum: a.super.Name.From, Type: ostree.TypeCommit}
		there, err := a.repo.Has(ctx, []ostree.ObjectID{id})
		if err != nil {
			return err
		}
		if !there[0] {
			return fail.As(&ostree.MissingError{ID: id, Where: a.repo.Path()}, fail.NotFound, "pull the commit that the delta starts from, or the new one without the delta")
		}
	}
	need, err := a.need(ctx)
	if err != nil {
		return err
	}
	if err := a.sources.room(need); err != nil && a.repo.Mode() != ostree.ModeArchive {
		return err
	}
	if a.opt.Fetch != nil {
		return nil
	}
	missing, err := a.missing(ctx)
	if err == nil && len(missing) > 0 {
		err = fail.New(fail.Unsupported, "make the delta with --min-fallback-size=0, or pull the commit",
			"%d objects are not in it and would have to be fetched, among them %s", len(missing), missing[0])
	}
	return err
}

// need is how many bytes are still to be written, at most.
func (a *applier) need(ctx context.Context) (uint64, error) {
	need := a.super.Sizes().FallbackPlain
	for _, p := range a.super.Parts {
		there, err := a.holds(ctx, p.Objects)
		if err != nil {
			return 0, err
		}
		if !there {
			need += p.USize
		}
	}
	return need, nil
}

// missing are the fallbacks that the repo lacks.
func (a *applier) missing(ctx context.Context) ([]ostree.ObjectID, error) {
	ids := make([]ostree.ObjectID, len(a.super.Fallbacks))
	for i, f := range a.super.Fallbacks {
		ids[i] = f.ID
	}
	there, err := a.repo.Has(ctx, ids)
	if err != nil {
		return nil, err
	}
	var missing []ostree.ObjectID
	for i, id := range ids {
		if !there[i] && id.Type != ostree.TypeCommit {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// commit makes the commit visible, after all it reaches, and its detached
// metadata before it.
func (a *applier) commit(ctx context.Context) error {
	if err := a.detached(ctx); err != nil {
		return err
	}
	id := ostree.ObjectID{Sum: a.super.Name.To, Type: ostree.TypeCommit}
	if err := a.session.Put(ctx, ostree.NewNamedMetadata(id, a.super.Commit)); err != nil {
		return err
	}
	return a.session.Close(ctx)
}

// known is for a commit that is there with all it reaches: there may be
// signatures where it has none.
func (a *applier) known(ctx context.Context) error {
	if err := a.detached(ctx); err != nil {
		return err
	}
	return a.session.Close(ctx)
}

// detached puts the detached metadata of the delta beside the commit. What a
// commit has that is there already stays: nobody signs what the delta brings,
// and a commit that was signed since it was made would lose its signatures.
func (a *applier) detached(ctx context.Context) error {
	if !a.super.Detached.IsValid() {
		return nil
	}
	id := ostree.ObjectID{Sum: a.super.Name.To, Type: ostree.TypeCommitMeta}
	there, err := a.repo.Has(ctx, []ostree.ObjectID{id, {Sum: id.Sum, Type: ostree.TypeCommit}})
	if err != nil || there[0] && (there[1] || a.opt.KeepDetached) {
		return err
	}
	return a.session.Put(ctx, ostree.NewNamedMetadata(id, a.super.Detached.Data()))
}

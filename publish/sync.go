package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/tuf"
)

// SyncOptions of Sync. From, To and Revs are needed.
type SyncOptions struct {
	From Readable
	To   Remote
	// Revs are refs of From, which move on To, or commits by their checksum.
	Revs []string
	// Depth is how many commits before each one go along; negative means all.
	Depth int
	// Targets are verified targets of From. Those that name one of the commits
	// are added to Backend as they are; nil adds none.
	Targets map[string]tuf.Target
	Backend Backend
	Creator string // targets-creator

	Jobs              int // objects under way at once; 0 means a sensible default
	FullCheck, DryRun bool

	Clock    clock.Clock // nil is the machine's
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
	// Faults has the points sync.ref and sync.target, and those of ostree.Copy.
	Faults faults.Injector
}

// SyncReport says what Sync did, or with DryRun would do.
type SyncReport struct {
	DryRun              bool
	From, To            string
	Items               []ItemReport // without targets
	New, Present, Asked int          // objects
	Bytes               int64        // of New, in archive form
	Added               []string     // targets, sorted
	Kept                []string     // targets that were there already, sorted
	MetadataVersion     int          // of targets.json, where the backend says it
	Elapsed             time.Duration
}

type syncing struct {
	SyncOptions
	report SyncReport
}

// Sync brings commits from one store to another, all objects first, children
// before parents, then the refs, then the targets. Each object is verified on
// its way. It can be run again after any failure and goes on where it was.
func Sync(ctx context.Context, opt SyncOptions) (SyncReport, error) {
	if opt.Clock == nil {
		opt.Clock = clock.System
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &syncing{SyncOptions: opt, report: SyncReport{DryRun: opt.DryRun, From: opt.From.URL(), To: opt.To.URL()}}
	start := opt.Clock()
	err := s.run(ctx)
	s.report.Elapsed = opt.Clock().Sub(start)
	return s.report, err
}

func (s *syncing) run(ctx context.Context) error {
	if from, ok := s.From.(localRepo); ok {
		release, err := hold(ctx, from.Repo, s.Log)
		if err != nil {
			return err
		}
		defer release()
	}
	if err := s.resolve(ctx); err != nil {
		return err
	}
	add, err := s.choose(ctx)
	if err != nil {
		return err
	}
	if err := s.copy(ctx); err != nil {
		return err
	}
	if err := s.moveRefs(ctx); err != nil {
		return err
	}
	return s.addTargets(ctx, add)
}

// resolve finds what is to be copied, and what To has of it.
func (s *syncing) resolve(ctx context.Context) error {
	for i, rev := range s.Revs {
		if slices.Contains(s.Revs[:i], rev) {
			return fail.New(fail.Usage, "name each ref once", "%.200s: it is named twice", rev)
		}
		it := ItemReport{}
		var err error
		if it.Commit, err = ostree.ParseChecksum(rev); err != nil {
			it.Ref = rev
			if it.Commit, err = s.From.Ref(ctx, rev); err != nil {
				return fmt.Errorf("%s: %w", s.From.URL(), err)
			}
			if it.Previous, err = s.To.Ref(ctx, rev); err != nil && !errors.Is(err, ostree.ErrRefNotFound) {
				return err
			}
		}
		s.report.Items = append(s.report.Items, it)
	}
	return nil
}

// choose are the targets to add, by name. One that To has under the same name
// with other content is a conflict, before anything moves.
func (s *syncing) choose(ctx context.Context) (map[string]tuf.Target, error) {
	add := map[string]tuf.Target{}
	for name, t := range s.Targets {
		if slices.ContainsFunc(s.report.Items, func(it ItemReport) bool { return it.Commit.String() == t.Commit() }) {
			add[name] = t
		}
	}
	if len(add) == 0 {
		return nil, nil
	}
	have, err := s.Backend.Targets(ctx)
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	for name, t := range add {
		old, ok := have[name]
		switch {
		case !ok:
			s.report.Added = append(s.report.Added, name)
			continue
		case old.Commit() != t.Commit():
			return nil, fail.New(fail.Conflict, "leave --targets out and publish under another version", "target %s exists already: it names commit %.12s", name, old.Commit())
		}
		s.report.Kept = append(s.report.Kept, name)
		delete(add, name)
	}
	slices.Sort(s.report.Added)
	slices.Sort(s.report.Kept)
	return add, nil
}

// copy brings the objects. Of a commit that the ref names already only
// signatures may be new.
func (s *syncing) copy(ctx context.Context) error {
	fullCheck := s.FullCheck || s.To.Traits().AskAll
	var commits, there, known []ostree.Checksum
	for _, it := range s.report.Items {
		if it.Previous == it.Commit && !fullCheck && s.Depth == 0 {
			there = append(there, it.Commit)
			continue
		}
		commits = append(commits, it.Commit)
		// What From holds on this machine is subtracted without a question.
		if repo, ok := s.From.(localRepo); ok && !fullCheck && local(ctx, repo.Repo, it.Previous) {
			known = append(known, it.Previous)
		}
	}
	var before ostree.Tally
	tally, tallies := s.To.(ostree.Tallying)
	if tallies {
		before = tally.Tally()
	}
	err := s.copyAll(ctx, commits, ostree.CopyOptions{Depth: s.Depth, Known: known, FullCheck: fullCheck})
	if err == nil && len(there) > 0 {
		err = s.copyAll(ctx, there, ostree.CopyOptions{CommitOnly: true})
	}
	if tallies && !s.DryRun {
		now := tally.Tally()
		s.report.New, s.report.Bytes = int(now.Stored-before.Stored), now.Bytes-before.Bytes
	}
	return s.explain(err)
}

// copyAll copies some of the commits and adds to the report.
func (s *syncing) copyAll(ctx context.Context, commits []ostree.Checksum, opt ostree.CopyOptions) error {
	opt.Jobs, opt.DryRun, opt.MergeDetached = s.Jobs, s.DryRun, sign.Update
	opt.Progress, opt.Log, opt.Faults = s.Progress, s.Log, s.Faults
	rep, err := ostree.CopyAll(ctx, s.To, source(s.From), commits, opt)
	r := &s.report
	r.New, r.Present, r.Asked, r.Bytes = r.New+rep.Copied, r.Present+rep.Present, r.Asked+rep.Asked, r.Bytes+rep.Bytes
	return err
}

// explain says what to do about a source that is not what it should be.
func (s *syncing) explain(err error) error {
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return fail.As(fmt.Errorf("%s: %w", s.From.URL(), err), fail.Verification, "the source is not complete: otactl publish check shows what it lacks")
	}
	if _, corrupt := errors.AsType[*ostree.CorruptError](err); corrupt {
		return fail.As(fmt.Errorf("%s: %w", s.From.URL(), err), fail.Verification, "the source is damaged: otactl publish check --all --verify shows what of it")
	}
	return err
}

// moveRefs moves the refs, and has a store that shows a summary make it anew.
func (s *syncing) moveRefs(ctx context.Context) error {
	for i := range s.report.Items {
		it := &s.report.Items[i]
		if it.Ref == "" || it.Previous == it.Commit {
			continue
		}
		if s.DryRun {
			it.RefMoved = true
			continue
		}
		if err := faults.At(s.Faults, "sync.ref"); err != nil {
			return err
		}
		if err := s.To.SetRef(ctx, it.Ref, it.Commit, &it.Previous); err != nil {
			return err
		}
		it.RefMoved = true
	}
	sum, ok := s.To.(ostree.Summarizer)
	if !ok || s.DryRun {
		return nil
	}
	if err := sum.UpdateSummary(ctx); err != nil {
		return fail.Hint(fmt.Errorf("the refs have moved, and the summary does not say so: %w", err), "run this again")
	}
	return nil
}

func (s *syncing) addTargets(ctx context.Context, add map[string]tuf.Target) error {
	if len(add) == 0 || s.DryRun {
		return nil
	}
	if err := faults.At(s.Faults, "sync.target"); err != nil {
		return err
	}
	added, err := s.Backend.AddTargets(ctx, add, s.Creator)
	if err != nil {
		return fmt.Errorf("target %s: %w", strings.Join(s.report.Added, ", "), err)
	}
	s.report.MetadataVersion = added.Version
	return nil
}

// localRepo is a repo on this machine as a Readable.
type localRepo struct{ *ostree.Repo }

// URL is where the repo is.
func (r localRepo) URL() string { return r.Path() }

// FromRepo is a local repo to read from.
func FromRepo(r *ostree.Repo) Readable { return localRepo{r} }

// source is what CopyAll reads from; it treats a repo on this machine its own
// way.
func source(r Readable) ostree.Source {
	if l, ok := r.(localRepo); ok {
		return l.Repo
	}
	return r
}

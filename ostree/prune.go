package ostree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/progress"
)

// PruneOptions say what Prune keeps. The zero value keeps all commits with all
// they reach, and removes what no commit reaches.
type PruneOptions struct {
	// RefsOnly keeps only commits that refs lead to.
	RefsOnly bool
	// Depth is how many commits are kept before each that a ref names; all of
	// them if Limit is false.
	Depth int
	Limit bool
	// KeepYoungerThan, if not zero, keeps before each ref only commits that are
	// not older, in place of Depth. What a ref names itself stays.
	KeepYoungerThan time.Time
	// Only, if not empty, are the branches whose history is cut; that of all
	// others stays whole.
	Only []string
	// Retain is the depth of single branches, negative for all of it.
	Retain map[string]int
	// Delete are commits to delete first. No ref may name them.
	Delete []Checksum
	// CommitOnly removes commits and leaves what they name.
	CommitOnly bool
	// DryRun removes nothing and says what would go.
	DryRun bool
	// Deltas, if set, removes the static deltas to commits of which keep says no.
	Deltas   func(ctx context.Context, repo *Repo, keep func(to Checksum) (bool, error)) error
	Progress progress.Sink
}

// PruneReport says what Prune removed, or with DryRun would.
type PruneReport struct {
	// Objects are those in the repo, without detached metadata and tombstones;
	// with CommitOnly the commits.
	Objects int   `json:"objects"`
	Pruned  int   `json:"pruned"`
	Freed   int64 `json:"freed"` // bytes
}

// ErrReferenced says that a commit to delete is named by a ref.
var ErrReferenced = errors.New("commit is referenced")

// Prune removes the objects that nothing reaches, by the rules of opt. It holds
// the repo alone, so it waits for sessions to end. Commits go first and for
// good, then what they name: killed at any point, it leaves no commit behind
// that lacks something. A dirtree that cannot be read ends it before anything
// is removed, unless its commit is partial. Only what is of use to nobody in tmp
// goes before that.
func Prune(ctx context.Context, repo *Repo, opt PruneOptions) (PruneReport, error) {
	if err := checkWritable(repo.mode); err != nil {
		return PruneReport{}, fmt.Errorf("prune %s: %w", repo.path, err)
	}
	p := &pruner{repo: repo, opt: opt, keep: map[ObjectID]struct{}{}}
	report, err := p.run(ctx)
	if err != nil {
		return report, fmt.Errorf("prune %s: %w", repo.path, err)
	}
	return report, nil
}

type pruner struct {
	repo *Repo
	opt  PruneOptions
	keep map[ObjectID]struct{} // reached
	task progress.Task
}

func (p *pruner) run(ctx context.Context) (report PruneReport, err error) {
	if p.opt.DryRun {
		if len(p.opt.Delete) > 0 {
			return report, fail.New(fail.Usage, "", "a dry run deletes no commit")
		}
		if err := p.repo.acquire(ctx); err != nil {
			return report, err
		}
		defer p.repo.release()
	} else {
		unlock, err := p.repo.LockAlone(ctx)
		if err != nil {
			return report, err
		}
		defer unlock()
		if err := p.repo.dropLeftovers(); err != nil {
			return report, err
		}
	}
	if err := p.deleteFirst(ctx); err != nil {
		return report, err
	}
	if err := p.mark(ctx); err != nil {
		return report, err
	}
	if report, err = p.sweep(ctx); err != nil || p.opt.DryRun {
		return report, err
	}
	return report, p.others(ctx)
}

// deleteFirst deletes the commits that the caller names.
func (p *pruner) deleteFirst(ctx context.Context) error {
	if len(p.opt.Delete) == 0 {
		return nil
	}
	named, err := p.named(ctx)
	if err != nil {
		return err
	}
	for _, c := range p.opt.Delete {
		if ref, ok := named[c]; ok {
			return fail.New(fail.Conflict, "delete or move the ref first", "commit %s: %w by %s", c, ErrReferenced, ref)
		}
	}
	if err := p.repo.EnableTombstones(ctx); err != nil {
		return err
	}
	return p.repo.deleteCommits(ctx, p.opt.Delete)
}

// named are the commits that refs name, and one ref of each.
func (p *pruner) named(ctx context.Context) (map[Checksum]string, error) {
	roots, err := p.roots(ctx)
	if err != nil {
		return nil, err
	}
	named := map[Checksum]string{}
	for _, r := range roots {
		named[r.commit] = cmp.Or(named[r.commit], r.name)
	}
	return named, nil
}

// pruneRoot is a ref, where a walk begins.
type pruneRoot struct {
	name   string
	commit Checksum
	local  bool // no mirror of another collection
}

func (p *pruner) roots(ctx context.Context) ([]pruneRoot, error) {
	refs, err := p.repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	var roots []pruneRoot
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		roots = append(roots, pruneRoot{name, refs[name], true})
	}
	mirrors, err := p.repo.MirrorRefs(ctx)
	if err != nil {
		return nil, err
	}
	for ref, c := range mirrors {
		roots = append(roots, pruneRoot{ref.String(), c, false})
	}
	return roots, nil
}

// mark walks from all that is kept.
func (p *pruner) mark(ctx context.Context) error {
	p.task = progress.Start(p.opt.Progress, "finding what is in use", progress.Count, 0)
	defer p.task.Done()
	roots, err := p.roots(ctx)
	if err != nil {
		return err
	}
	if err := p.checkBranches(roots); err != nil {
		return err
	}
	for _, r := range roots {
		if err := p.root(ctx, r); err != nil {
			return fmt.Errorf("ref %s: %w", r.name, err)
		}
	}
	if err := p.strays(ctx); err != nil {
		return err
	}
	if p.opt.RefsOnly || p.complex() {
		return nil
	}
	return p.repo.ListObjects(ctx, func(id ObjectID) error {
		if id.Type != TypeCommit {
			return nil
		}
		return p.history(ctx, id.Sum, past{})
	})
}

// complex says whether branches are treated one by one. Only commits that refs
// lead to stay then.
func (p *pruner) complex() bool {
	return !p.opt.KeepYoungerThan.IsZero() || len(p.opt.Only) > 0 || len(p.opt.Retain) > 0
}

// checkBranches refuses to cut branches that don't exist: what was meant would
// be cut, or kept, by other rules.
func (p *pruner) checkBranches(roots []pruneRoot) error {
	for _, want := range p.opt.Only {
		if !slices.ContainsFunc(roots, func(r pruneRoot) bool { return r.local && r.name == want }) {
			return fail.New(fail.NotFound, "", "ref %s: %w in %s", want, ErrRefNotFound, p.repo.path)
		}
	}
	return nil
}

// past says which commits before one are kept: so many, or all if depth is negative,
// and of these none that is older than since.
type past struct {
	depth int
	since time.Time
}

// root keeps what a ref names, and what the options keep of the history before.
func (p *pruner) root(ctx context.Context, r pruneRoot) error {
	depth, retained := p.opt.Retain[r.name]
	before := past{depth: -1}
	switch {
	case retained && r.local:
		before.depth = depth
	case len(p.opt.Only) > 0 && !(r.local && slices.Contains(p.opt.Only, r.name)): // all of it
	case !p.opt.KeepYoungerThan.IsZero():
		before.since = p.opt.KeepYoungerThan
	case p.opt.Limit:
		before.depth = p.opt.Depth
	}
	return p.history(ctx, r.commit, before)
}

// history keeps the commit tip, which need not be there, and of those before it
// what the past says. Commits beyond it are not looked at: they may be damaged.
func (p *pruner) history(ctx context.Context, tip Checksum, before past) error {
	at := tip
	met := map[Checksum]bool{}
	for n := 0; !met[at] && (before.depth < 0 || n <= before.depth); n++ {
		met[at] = true
		commit, err := LoadCommit(ctx, p.repo, at)
		if isMissing(err) {
			return nil // most repos have no whole history
		}
		if err != nil {
			return err
		}
		if n > 0 && commit.Time.Before(before.since) {
			return nil
		}
		if err := p.reach(ctx, at); err != nil {
			return err
		}
		if commit.Parent == nil {
			return nil
		}
		at = *commit.Parent
	}
	return nil
}

// reach keeps a commit with all below it. A partial one may lack dirtrees.
func (p *pruner) reach(ctx context.Context, c Checksum) error {
	id := ObjectID{c, TypeCommit}
	if _, ok := p.keep[id]; ok {
		return ctx.Err()
	}
	if p.opt.CommitOnly {
		p.keep[id] = struct{}{}
		return nil
	}
	w := &walker{src: p.repo, seen: p.keep, anyDepth: true, fn: func(ObjectID) error {
		p.task.Add(1)
		return nil
	}}
	if p.repo.IsPartial(c) {
		w.bad = func(err error) error {
			if _, missing := errors.AsType[*MissingError](err); missing {
				return nil
			}
			return err
		}
	}
	return w.commit(ctx, c)
}

// sweep removes what is not kept, commits first.
func (p *pruner) sweep(ctx context.Context) (report PruneReport, err error) {
	var commits []Checksum
	err = p.repo.ListObjects(ctx, func(id ObjectID) error {
		if id.Type == TypeCommit && !p.kept(id) {
			commits = append(commits, id.Sum)
			report.Freed += p.size(id)
		}
		return nil
	})
	if err != nil {
		return report, err
	}
	if !p.opt.DryRun {
		if err := p.repo.deleteCommits(ctx, commits); err != nil {
			return report, err
		}
	}
	report.Pruned, report.Objects = len(commits), len(commits)
	err = p.repo.ListObjects(ctx, func(id ObjectID) error {
		switch id.Type {
		case TypeCommitMeta, TypeTombstoneCommit:
			return nil
		case TypeCommit:
			if p.kept(id) {
				report.Objects++
			}
			return nil
		}
		if p.opt.CommitOnly {
			return nil
		}
		report.Objects++
		if p.kept(id) {
			return nil
		}
		report.Pruned++
		report.Freed += p.size(id)
		if p.opt.DryRun {
			return nil
		}
		return p.repo.unlinkObject(id)
	})
	return report, err
}

func (p *pruner) kept(id ObjectID) bool {
	_, ok := p.keep[id]
	return ok
}

func (p *pruner) size(id ObjectID) int64 {
	st, err := os.Lstat(p.repo.objectPath(id))
	if err != nil {
		return 0
	}
	return st.Size()
}

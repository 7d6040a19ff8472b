package ostree

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/otactl/otactl/ostree/keyfile"
)

// mend looks once more at what is bad, says in which commits it is, and does what
// the options ask for: the commits are marked before an object goes. Meanwhile
// nobody prunes, and if something is to change it has the repo alone: while the
// walk was under way, or this waited for its turn, a prune may have removed a
// commit, a pull may have mended an object, and a commit that is new may share one.
// It gives the commits of before that are to be whole still.
func (f *fsck) mend(ctx context.Context, w *fsckWalk, whole []Checksum) ([]Checksum, error) {
	if len(f.bad) == 0 {
		return whole, nil
	}
	lock := f.hold
	if f.opt.Mark {
		lock = f.repo.LockAlone
	}
	unlock, err := lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	now, err := f.commits(ctx)
	if err != nil {
		return nil, err
	}
	now = slices.DeleteFunc(now, f.repo.IsPartial)
	whole = slices.DeleteFunc(whole, func(c Checksum) bool {
		_, there := slices.BinarySearchFunc(now, c, compareSums)
		return !there
	})
	if err := f.lookAgain(ctx, w, whole); err != nil {
		return nil, err
	}
	if err := f.blame(ctx, now); err != nil {
		return nil, err
	}
	f.settle()
	for _, p := range f.bad {
		f.report.Problems = append(f.report.Problems, p)
	}
	if err := f.mark(); err != nil || !f.opt.Delete {
		return whole, err
	}
	return whole, f.remove(ctx)
}

// lookAgain finds out what is bad still. Where the walk came to its end all that is
// in the commits has to be there. Where it stopped at a corrupt object, that alone
// is read again: if it is bad no more, the walk goes on.
func (f *fsck) lookAgain(ctx context.Context, w *fsckWalk, whole []Checksum) error {
	if !f.stopped {
		again := newFsckWalk(f, whole, w)
		err := again.run(ctx)
		f.report.Commits, f.report.Objects = len(whole), again.verified
		if errors.Is(err, errStop) {
			return nil
		}
		return err
	}
	f.bad = slices.DeleteFunc(f.bad, func(p *FsckProblem) bool { return isMissing(p.Err) })
	for _, p := range f.bad {
		if p.Err = f.read(ctx, p.ID); p.Err != nil && !isProblem(p.Err) {
			return p.Err
		}
	}
	return nil
}

// settle drops what is bad no more, and what is missing and misses nobody; one
// problem stays if there is to be only one.
func (f *fsck) settle() {
	f.bad = slices.DeleteFunc(f.bad, func(p *FsckProblem) bool {
		return p.Err == nil || isMissing(p.Err) && (len(p.Commits) == 0 || p.ID.Type == TypeCommit)
	})
	slices.SortFunc(f.bad, func(a, b *FsckProblem) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	if !f.opt.KeepOn && len(f.bad) > 1 {
		f.bad = f.bad[:1]
	}
}

// mark marks the commits that lack something, or will.
func (f *fsck) mark() error {
	broken := map[Checksum]bool{}
	for _, p := range f.bad {
		_, missing := errors.AsType[*MissingError](p.Err)
		for _, c := range p.Commits {
			if f.opt.Delete || f.opt.Mark && missing {
				broken[c] = true
			}
		}
	}
	for c := range broken {
		if err := f.repo.MarkPartial(c, PartialFsck); err != nil {
			return err
		}
		f.report.Marked = append(f.report.Marked, c)
	}
	sortSums(f.report.Marked)
	return nil
}

// remove deletes what is corrupt. What is in the parent repo is not ours.
func (f *fsck) remove(ctx context.Context) error {
	for _, p := range f.bad {
		bad, corrupt := errors.AsType[*CorruptError](p.Err)
		if !corrupt || bad.ID != p.ID {
			continue
		}
		// The file alone: a commit keeps its partial mark, for when it is
		// pulled again.
		err := errors.Join(ctx.Err(), f.repo.unlinkObject(p.ID))
		if _, gone := errors.AsType[*MissingError](err); gone {
			continue
		}
		if err != nil {
			return err
		}
		f.report.Deleted = append(f.report.Deleted, p.ID)
	}
	return nil
}

// tombstone leaves one for a commit that is not there and that nobody expects.
func (f *fsck) tombstone(ctx context.Context, c Checksum) error {
	there, err := f.repo.hasOrParent(ObjectID{c, TypeCommit})
	if there || err != nil {
		return err
	}
	there, err = f.repo.HasTombstone(c)
	if there || err != nil || slices.Contains(f.report.Tombstones, c) {
		return err
	}
	if err := f.repo.EnableTombstones(ctx); err != nil {
		return err
	}
	if err := f.repo.WriteTombstone(ctx, c); err != nil {
		return err
	}
	f.report.Tombstones = append(f.report.Tombstones, c)
	return nil
}

// EnableTombstones makes the repo's config say that a commit which is deleted
// leaves a tombstone.
func (r *Repo) EnableTombstones(ctx context.Context) error {
	if r.cfg().tombstones {
		return nil
	}
	return r.EditConfig(ctx, func(k *keyfile.File) error { return k.SetBool("core", "tombstone-commits", true) })
}

// blame finds the commits that reach each bad object. Each dirtree is read once
// more, and only now: a sound repo pays nothing for it.
func (f *fsck) blame(ctx context.Context, whole []Checksum) error {
	bad := map[ObjectID]bool{}
	for _, p := range f.bad {
		bad[p.ID] = true
	}
	g := &blameGraph{parents: map[Checksum][]Checksum{}, commits: map[Checksum][]Checksum{}, holders: map[ObjectID][]Checksum{}}
	top := map[ObjectID][]Checksum{} // bad objects that commits name themselves
	for _, c := range whole {
		commit, err := LoadCommit(ctx, f.repo, c)
		if err != nil {
			continue
		}
		g.commits[commit.Tree] = append(g.commits[commit.Tree], c)
		meta := ObjectID{commit.Meta, TypeDirMeta}
		if bad[meta] {
			top[meta] = append(top[meta], c)
		}
	}
	if err := g.climbable(ctx, f.repo, bad); err != nil {
		return err
	}
	for _, p := range f.bad {
		switch p.ID.Type {
		case TypeCommit:
			p.Commits = []Checksum{p.ID.Sum}
		case TypeCommitMeta: // no object of the commit
		default:
			p.Commits = append(g.reach(p.ID), top[p.ID]...)
			sortSums(p.Commits)
			p.Commits = slices.Compact(p.Commits)
		}
	}
	return nil
}

// blameGraph leads from objects up to commits.
type blameGraph struct {
	parents map[Checksum][]Checksum // of dirtrees: the dirtrees that name them
	commits map[Checksum][]Checksum // of dirtrees: the commits whose root they are
	holders map[ObjectID][]Checksum // of bad objects: the dirtrees that name them
}

// climbable fills in what lies below the roots of the commits, as far as it can
// be read.
func (g *blameGraph) climbable(ctx context.Context, repo *Repo, bad map[ObjectID]bool) error {
	todo := slices.Collect(maps.Keys(g.commits))
	seen := maps.Clone(g.commits)
	for len(todo) > 0 {
		sum := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		tree, err := LoadDirTree(ctx, repo, sum)
		if isProblem(err) {
			continue
		}
		if err != nil {
			return err
		}
		g.tree(sum, tree, bad)
		for _, d := range tree.Dirs {
			if _, ok := seen[d.Tree]; !ok {
				seen[d.Tree] = nil
				todo = append(todo, d.Tree)
			}
		}
	}
	return nil
}

func (g *blameGraph) tree(sum Checksum, tree *DirTree, bad map[ObjectID]bool) {
	tree.children(func(id ObjectID) {
		if id.Type == TypeDirTree {
			g.parents[id.Sum] = append(g.parents[id.Sum], sum)
		}
		if bad[id] {
			g.holders[id] = append(g.holders[id], sum)
		}
	})
}

// reach are the commits above an object, with repeats.
func (g *blameGraph) reach(id ObjectID) []Checksum {
	todo := slices.Clone(g.holders[id])
	if id.Type == TypeDirTree {
		todo = append(todo, id.Sum)
	}
	seen := map[Checksum]bool{}
	var commits []Checksum
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		commits = append(commits, g.commits[at]...)
		todo = append(todo, g.parents[at]...)
	}
	return commits
}

func sortSums(list []Checksum) { slices.SortFunc(list, compareSums) }

func compareSums(a, b Checksum) int { return slices.Compare(a[:], b[:]) }

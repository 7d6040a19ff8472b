package ostree

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/otactl/otactl/ostree/keyfile"
)

// mend says of each bad object which commits it is in, and does what the options
// ask for: the commits are marked before an object goes. It has the repo alone
// for that, and looks once more at what it acts on: while the walk was under way,
// or this waited for its turn, a pull may have mended an object, and a commit that
// is new may share one.
func (f *fsck) mend(ctx context.Context, whole []Checksum) error {
	if len(f.bad) == 0 {
		return nil
	}
	if f.opt.Mark {
		unlock, err := f.repo.LockAlone(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		if whole, err = f.lookAgain(ctx); err != nil {
			return err
		}
	}
	if err := f.blame(ctx, whole); err != nil {
		return err
	}
	slices.SortFunc(f.bad, func(a, b *FsckProblem) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	for _, p := range f.bad {
		f.report.Problems = append(f.report.Problems, p)
	}
	if err := f.mark(); err != nil || !f.opt.Delete {
		return err
	}
	return f.remove(ctx)
}

// lookAgain forgets what is bad no more, and gives the commits that are to be
// whole by now.
func (f *fsck) lookAgain(ctx context.Context) (whole []Checksum, err error) {
	still := f.bad[:0]
	for _, p := range f.bad {
		err := f.read(ctx, p.ID)
		if err == nil {
			continue
		}
		if !isProblem(err) {
			return nil, err
		}
		if _, missing := errors.AsType[*MissingError](err); missing && p.ID.Type == TypeCommit {
			continue // pruned
		}
		p.Err = err
		still = append(still, p)
	}
	f.bad = still
	commits, err := f.commits(ctx)
	return slices.DeleteFunc(commits, f.repo.IsPartial), err
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

func sortSums(list []Checksum) {
	slices.SortFunc(list, func(a, b Checksum) int { return cmp.Or(slices.Compare(a[:], b[:])) })
}

package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// plan is what is sent and what the remote is known to hold.
type plan struct {
	items []itemPlan
	known []ostree.Checksum // whole on the remote, and here
}

type itemPlan struct {
	commit   ostree.Checksum
	signed   bool            // it has detached metadata here, which may be newer than the commit
	ref      string          // to move; empty for none
	previous ostree.Checksum // what the remote's ref names; zero: not there

	deltasFrom []ostree.Checksum // from which static deltas are made
}

const (
	// maxOtherRefs is how many further refs of the local repo are looked up, one
	// by one, on the remote when those to move are of no help.
	maxOtherRefs = 8
	// maxParents is how far back a local ancestor is looked for on the remote.
	maxParents = 8
)

func makePlan(ctx context.Context, opt Options) (plan, error) {
	var p plan
	refs := map[string]bool{}
	for _, item := range opt.Items {
		it, err := item.plan(ctx, opt.Repo)
		if err != nil {
			return p, err
		}
		if it.ref != "" && refs[it.ref] {
			return p, fail.New(fail.Usage, "name each ref once", "ref %s: it cannot move to two commits", it.ref)
		}
		refs[it.ref] = true
		p.items = append(p.items, it)
	}
	far := &farRefs{remote: opt.Remote}
	for i := range p.items {
		it := &p.items[i]
		if it.ref == "" {
			continue
		}
		var err error
		if it.previous, err = far.ref(ctx, it.ref, len(p.items)); err != nil {
			return p, err
		}
	}
	if err := probe(ctx, opt.Remote, refs); err != nil {
		return p, err
	}
	if opt.FullCheck || opt.Remote.Traits().AskAll || p.onlySignatures() {
		return p, nil
	}
	var err error
	p.known, err = p.findKnown(ctx, opt, far)
	return p, err
}

// probe has a remote whose traits depend on what the server speaks find that
// out, if no ref was asked about.
func probe(ctx context.Context, remote Remote, refs map[string]bool) error {
	if p, ok := remote.(interface{ Probe(context.Context) error }); ok && len(refs) == 1 && refs[""] {
		return p.Probe(ctx)
	}
	return nil
}

// plan resolves an item in the local repo.
func (i Item) plan(ctx context.Context, repo *ostree.Repo) (itemPlan, error) {
	c, ref, err := resolve(ctx, repo, i.Rev)
	if err != nil {
		return itemPlan{}, err
	}
	if i.Ref != "" {
		ref = i.Ref
	}
	if err := wholeCommit(ctx, repo, c); err != nil {
		return itemPlan{}, err
	}
	signed, err := repo.Has(ctx, []ostree.ObjectID{{Sum: c, Type: ostree.TypeCommitMeta}})
	if err != nil {
		return itemPlan{}, err
	}
	return itemPlan{commit: c, ref: ref, signed: signed[0]}, nil
}

// commits are those of all items, each once.
func (p plan) commits() []ostree.Checksum { return p.pending(true) }

// pending are the commits that the remote may lack something of, each once: not
// those that their ref names already, unless all are wanted or there may be new
// signatures.
func (p plan) pending(all bool) []ostree.Checksum {
	var out []ostree.Checksum
	for _, it := range p.items {
		if (all || it.signed || it.previous != it.commit) && !slices.Contains(out, it.commit) {
			out = append(out, it.commit)
		}
	}
	return out
}

// onlySignatures says that every ref is where it should be: nothing but new
// signatures can be missing.
func (p plan) onlySignatures() bool {
	return !slices.ContainsFunc(p.items, func(it itemPlan) bool { return it.previous != it.commit })
}

func (p plan) reports() []ItemReport {
	out := make([]ItemReport, len(p.items))
	for i, it := range p.items {
		out[i] = ItemReport{Ref: it.ref, Commit: it.commit, Previous: it.previous}
	}
	return out
}

// resolve takes rev for a ref name first, as garage-push does, and for a
// commit otherwise.
func resolve(ctx context.Context, repo *ostree.Repo, rev string) (c ostree.Checksum, ref string, err error) {
	if !strings.Contains(rev, ":") {
		if c, err = repo.Ref(ctx, rev); err == nil {
			return c, rev, nil
		}
	}
	c, err = repo.Resolve(ctx, rev)
	if errors.Is(err, ostree.ErrRefNotFound) {
		return c, "", fail.As(fmt.Errorf("%s: %w: %s", repo.Path(), ostree.ErrRefNotFound, rev), fail.NotFound, haveRefs(ctx, repo))
	}
	return c, "", err
}

func haveRefs(ctx context.Context, repo *ostree.Repo) string {
	refs, err := repo.Refs(ctx)
	if err != nil || len(refs) == 0 {
		return "the repo has no refs; commit something first"
	}
	names := slices.Sorted(maps.Keys(refs))
	if len(names) > 5 {
		names = append(names[:5], "…")
	}
	return "the repo has " + strings.Join(names, ", ")
}

// DefaultRef picks the ref to publish when none was named: the only local one,
// or else the one named like the first hardware id.
func DefaultRef(ctx context.Context, repo *ostree.Repo, hardwareIDs []string) (string, error) {
	refs, err := repo.Refs(ctx)
	if err != nil {
		return "", err
	}
	var local []string
	for name := range refs {
		if !strings.Contains(name, ":") && !strings.HasPrefix(name, "ostree/") {
			local = append(local, name)
		}
	}
	slices.Sort(local)
	switch {
	case len(local) == 1:
		return local[0], nil
	case len(local) == 0:
		return "", fail.New(fail.NotFound, "commit something to a branch first", "%s: no refs", repo.Path())
	}
	for _, id := range hardwareIDs {
		if slices.Contains(local, id) {
			return id, nil
		}
	}
	return "", fail.New(fail.Usage, "name one with --ref: "+strings.Join(local[:min(len(local), 8)], ", "), "%s: several refs", repo.Path())
}

func wholeCommit(ctx context.Context, repo *ostree.Repo, c ostree.Checksum) error {
	have, err := repo.Has(ctx, []ostree.ObjectID{{Sum: c, Type: ostree.TypeCommit}})
	if err != nil {
		return err
	}
	if !have[0] {
		return fail.New(fail.NotFound, haveRefs(ctx, repo), "%s: commit %s is not there", repo.Path(), c)
	}
	if repo.IsPartial(c) {
		return fail.New(fail.Verification, "pull it again to its end", "%s: commit %s is only partly there", repo.Path(), c)
	}
	return nil
}

// farRefs are the remote's refs, as far as they were asked for.
type farRefs struct {
	remote Remote
	listed bool // all of them are in seen
	seen   map[string]ostree.Checksum
}

// ref is what a ref of the remote names, or zero. Where several are wanted and
// the remote can list them, that is one question.
func (f *farRefs) ref(ctx context.Context, name string, wanted int) (ostree.Checksum, error) {
	if c, ok := f.seen[name]; ok || f.listed {
		return c, nil
	}
	if _, ok := f.remote.(ostree.RefLister); ok && wanted > 1 {
		if err := f.list(ctx); err != nil || f.listed {
			return f.seen[name], err
		}
	}
	c, err := f.remote.Ref(ctx, name)
	if errors.Is(err, ostree.ErrRefNotFound) {
		c, err = ostree.Checksum{}, nil
	}
	if err != nil {
		return c, err
	}
	if f.seen == nil {
		f.seen = map[string]ostree.Checksum{}
	}
	f.seen[name] = c
	return c, nil
}

// list asks for all refs, where the remote can say them.
func (f *farRefs) list(ctx context.Context) error {
	lister, ok := f.remote.(ostree.RefLister)
	if !ok || f.listed {
		return nil
	}
	refs, err := lister.Refs(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // one by one, then
	}
	if err != nil {
		return err
	}
	f.seen, f.listed = refs, true
	return nil
}

// findKnown looks for commits that the remote holds completely and that are
// here too, so that only the difference has to be asked about: what the refs to
// move name, else what other refs name, else an ancestor that is over there.
func (p plan) findKnown(ctx context.Context, opt Options, far *farRefs) ([]ostree.Checksum, error) {
	var known []ostree.Checksum
	for _, it := range p.items {
		if local(ctx, opt.Repo, it.previous) && !slices.Contains(known, it.previous) {
			known = append(known, it.previous)
		}
	}
	var err error
	if len(known) == 0 {
		known, err = otherRefs(ctx, opt.Repo, far)
	}
	if err == nil {
		known, err = stillThere(ctx, opt.Remote, known)
	}
	if err != nil || len(known) > 0 {
		return known, err
	}
	return p.ancestors(ctx, opt)
}

// stillThere are those of commits that the remote has. Where it is nobody's duty
// to keep what refs name, somebody may have taken it away: a commit that is gone
// proves nothing of what it reached.
func stillThere(ctx context.Context, remote Remote, commits []ostree.Checksum) ([]ostree.Checksum, error) {
	if len(commits) == 0 || remote.Traits().Ordered {
		return commits, nil
	}
	ids := make([]ostree.ObjectID, len(commits))
	for i, c := range commits {
		ids[i] = ostree.ObjectID{Sum: c, Type: ostree.TypeCommit}
	}
	have, err := remote.Has(ctx, ids)
	if err != nil {
		return nil, err
	}
	var there []ostree.Checksum
	for i, c := range commits {
		if have[i] {
			there = append(there, c)
		}
	}
	return there, nil
}

// otherRefs are the commits here that other refs of the remote name.
func otherRefs(ctx context.Context, repo *ostree.Repo, far *farRefs) ([]ostree.Checksum, error) {
	refs, err := repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	if err := far.list(ctx); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(refs))
	if far.listed {
		names = slices.Sorted(maps.Keys(far.seen))
	}
	var known []ostree.Checksum
	asked := 0
	for _, name := range names {
		_, seen := far.seen[name]
		if strings.Contains(name, ":") || !seen && asked == maxOtherRefs {
			continue
		}
		if !seen {
			asked++
		}
		c, err := far.ref(ctx, name, 1)
		if err != nil {
			return nil, err
		}
		if len(known) < maxOtherRefs && local(ctx, repo, c) && !slices.Contains(known, c) {
			known = append(known, c)
		}
	}
	return known, nil
}

// ancestors are those of the items that an ordered remote has.
func (p plan) ancestors(ctx context.Context, opt Options) ([]ostree.Checksum, error) {
	var known []ostree.Checksum
	if !opt.Remote.Traits().Ordered {
		return nil, nil
	}
	for _, c := range p.pending(false) {
		found, err := ancestor(ctx, opt, c)
		if err != nil {
			return nil, err
		}
		if !found.IsZero() && !slices.Contains(known, found) {
			known = append(known, found)
		}
	}
	return known, nil
}

// ancestor is the nearest one of c that is here and there, or zero.
func ancestor(ctx context.Context, opt Options, c ostree.Checksum) (ostree.Checksum, error) {
	for range maxParents {
		commit, err := ostree.LoadCommit(ctx, opt.Repo, c)
		if err != nil {
			return ostree.Checksum{}, explain(err, opt.Repo)
		}
		if commit.Parent == nil || !local(ctx, opt.Repo, *commit.Parent) {
			break
		}
		c = *commit.Parent
		have, err := opt.Remote.Has(ctx, []ostree.ObjectID{{Sum: c, Type: ostree.TypeCommit}})
		if err != nil {
			return ostree.Checksum{}, err
		}
		if have[0] {
			return c, nil
		}
	}
	return ostree.Checksum{}, nil
}

// local says whether c is a whole commit here.
func local(ctx context.Context, repo *ostree.Repo, c ostree.Checksum) bool {
	if c.IsZero() || repo.IsPartial(c) {
		return false
	}
	have, err := repo.Has(ctx, []ostree.ObjectID{{Sum: c, Type: ostree.TypeCommit}})
	return err == nil && have[0]
}

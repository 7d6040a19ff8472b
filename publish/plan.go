package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// plan is what is sent and what the remote is known to hold.
type plan struct {
	commit   ostree.Checksum
	ref      string          // to move; empty for none
	previous ostree.Checksum // what the remote's ref names; zero: not there
	known    []ostree.Checksum
}

const (
	// maxOtherRefs is how many further refs of the local repo are looked up on
	// the remote when the one to move is of no help.
	maxOtherRefs = 8
	// maxParents is how far back a local ancestor is looked for on the remote.
	maxParents = 8
)

func makePlan(ctx context.Context, opt Options) (plan, error) {
	var p plan
	var err error
	if p.commit, p.ref, err = resolve(ctx, opt.Repo, opt.Rev); err != nil {
		return p, err
	}
	if err := wholeCommit(ctx, opt.Repo, p.commit); err != nil {
		return p, err
	}
	if p.ref != "" {
		if p.previous, err = remoteRef(ctx, opt.Remote, p.ref); err != nil {
			return p, err
		}
	}
	if opt.FullCheck || p.previous == p.commit {
		return p, nil
	}
	p.known, err = p.findKnown(ctx, opt)
	return p, err
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

// remoteRef is what a ref of the remote names, or zero.
func remoteRef(ctx context.Context, remote ostree.Source, name string) (ostree.Checksum, error) {
	c, err := remote.Ref(ctx, name)
	if errors.Is(err, ostree.ErrRefNotFound) {
		return ostree.Checksum{}, nil
	}
	return c, err
}

// findKnown looks for a commit that the remote holds completely and that is
// here too, so that only the difference has to be asked about: what the ref
// names, else what other refs name, else an ancestor that is over there.
func (p plan) findKnown(ctx context.Context, opt Options) ([]ostree.Checksum, error) {
	if local(ctx, opt.Repo, p.previous) {
		return []ostree.Checksum{p.previous}, nil
	}
	known, err := p.otherRefs(ctx, opt)
	if err != nil || len(known) > 0 {
		return known, err
	}
	return p.ancestor(ctx, opt)
}

func (p plan) otherRefs(ctx context.Context, opt Options) ([]ostree.Checksum, error) {
	refs, err := opt.Repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	var known []ostree.Checksum
	asked := 0
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if name == p.ref || strings.Contains(name, ":") || asked == maxOtherRefs {
			continue
		}
		asked++
		c, err := remoteRef(ctx, opt.Remote, name)
		if err != nil {
			return nil, err
		}
		if local(ctx, opt.Repo, c) && !slices.Contains(known, c) {
			known = append(known, c)
		}
	}
	return known, nil
}

func (p plan) ancestor(ctx context.Context, opt Options) ([]ostree.Checksum, error) {
	if !opt.Remote.Traits().Ordered {
		return nil, nil
	}
	c := p.commit
	for range maxParents {
		commit, err := ostree.LoadCommit(ctx, opt.Repo, c)
		if err != nil {
			return nil, explain(err, opt.Repo)
		}
		if commit.Parent == nil || !local(ctx, opt.Repo, *commit.Parent) {
			return nil, nil
		}
		c = *commit.Parent
		have, err := opt.Remote.Has(ctx, []ostree.ObjectID{{Sum: c, Type: ostree.TypeCommit}})
		if err != nil {
			return nil, err
		}
		if have[0] {
			return []ostree.Checksum{c}, nil
		}
	}
	return nil, nil
}

// local says whether c is a whole commit here.
func local(ctx context.Context, repo *ostree.Repo, c ostree.Checksum) bool {
	if c.IsZero() || repo.IsPartial(c) {
		return false
	}
	have, err := repo.Has(ctx, []ostree.ObjectID{{Sum: c, Type: ostree.TypeCommit}})
	return err == nil && have[0]
}

type closureSize struct {
	objects int
	bytes   int64 // 0 when the repo does not keep the archive form
}

// measure counts what a commit reaches, so that the report can say what was
// saved.
func measure(ctx context.Context, repo *ostree.Repo, c ostree.Checksum) (closureSize, error) {
	var s closureSize
	sized := repo.Mode() == ostree.ModeArchive
	err := ostree.Closure(ctx, repo, c, func(id ostree.ObjectID) error {
		s.objects++
		if !sized {
			return nil
		}
		st, err := os.Lstat(filepath.Join(repo.Path(), filepath.FromSlash(id.ArchivePath())))
		if errors.Is(err, fs.ErrNotExist) {
			return &ostree.MissingError{ID: id, Where: repo.Path()}
		}
		if err == nil {
			s.bytes += st.Size()
		}
		return err
	})
	if err != nil {
		return s, explain(err, repo)
	}
	return s, nil
}

package pull

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// target is a commit to pull, and the ref that is to name it.
type target struct {
	ref    Ref
	commit ostree.Checksum
	dest   string                // local name of the ref, "" for none
	mirror *ostree.CollectionRef // takes the place of dest
	old    ostree.Checksum       // where the ref stands; zero: nowhere
	whole  bool                  // the repo has the commit with all it reaches
}

func (t *target) name() string {
	if t.mirror != nil {
		return t.mirror.String()
	}
	return t.dest
}

// findTargets finds out where refs stand, in the remote and here.
func (r *run) findTargets(ctx context.Context) error {
	refs := unique(r.opt.Refs)
	if len(refs) == 0 && r.opt.Mirror {
		if r.sum == nil {
			return fail.New(fail.NotFound, "name the refs to pull, or have a summary made with ostree summary -u on the server",
				"all refs were asked for, and %s has no summary", r.remote.URL())
		}
		for _, ref := range r.sum.Refs {
			refs = append(refs, Ref{Name: ref.Name})
		}
	}
	r.targets = make([]*target, len(refs))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i, ref := range refs {
		t := &target{ref: ref}
		r.targets[i] = t
		g.Go(func() error {
			if err := r.locate(gctx, t); err != nil {
				return fmt.Errorf("pull %s: %w", t.ref, err)
			}
			return r.here(gctx, t)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, t := range r.targets {
		r.byCommit[t.commit] = append(r.byCommit[t.commit], t)
	}
	return nil
}

// unique leaves of refs that are named twice the last.
func unique(refs []Ref) []Ref {
	var list []Ref
	for i, ref := range refs {
		again := func(o Ref) bool {
			return ref.Name != "" && o.Name == ref.Name && o.Collection == ref.Collection
		}
		if !slices.ContainsFunc(refs[i+1:], again) {
			list = append(list, ref)
		}
	}
	return list
}

// locate finds the commit of a target, and what the ref is called here.
func (r *run) locate(ctx context.Context, t *target) error {
	if t.ref.Name != "" {
		if err := r.place(t); err != nil {
			return err
		}
	}
	if t.ref.Commit != nil {
		t.commit = *t.ref.Commit
		return nil
	}
	var err error
	t.commit, err = r.where(ctx, t.ref)
	return err
}

// place says what a ref is called here.
func (r *run) place(t *target) error {
	if strings.Contains(t.ref.Name, ":") {
		return fail.New(fail.Usage, "name it without a remote", "invalid ref name %s", t.ref.Name)
	}
	if err := ostree.CheckRef(t.ref.Name); err != nil {
		return err
	}
	collection := t.ref.Collection
	if r.opt.Mirror && collection == "" {
		collection = r.opt.CollectionID
	}
	switch {
	case r.opt.Mirror && collection != "":
		t.mirror = &ostree.CollectionRef{Collection: collection, Name: t.ref.Name}
		return t.mirror.Check()
	case r.opt.Mirror || r.opt.Remote == "":
		t.dest = t.ref.Name
	default:
		t.dest = r.opt.Remote + ":" + t.ref.Name
	}
	return nil
}

// where asks the remote where a ref stands: its summary if there is one, else
// the ref itself.
func (r *run) where(ctx context.Context, ref Ref) (ostree.Checksum, error) {
	if r.sum == nil || r.local != nil && r.opt.CheckSummary == nil {
		return r.refFile(ctx, ref)
	}
	found, ok := r.sum.Ref(ref.Name)
	if ref.Collection != "" {
		found, ok = r.sum.CollectionRef(ref.Collection, ref.Name)
	}
	if !ok {
		return ostree.Checksum{}, fail.As(fmt.Errorf("no such branch in the summary of %s: %w", r.remote.URL(), ostree.ErrRefNotFound), fail.NotFound, "list what there is with remote refs")
	}
	return found.Commit, nil
}

// refFile reads the ref itself.
func (r *run) refFile(ctx context.Context, ref Ref) (ostree.Checksum, error) {
	if ref.Collection == "" {
		return r.src.Ref(ctx, ref.Name)
	}
	path := "refs/mirrors/" + ref.Collection + "/" + ref.Name
	data, _, err := r.remote.File(ctx, path, limits.Ref, ostree.FileVersion{})
	if errors.Is(err, fs.ErrNotExist) {
		return r.src.Ref(ctx, ref.Name)
	}
	if err != nil {
		return ostree.Checksum{}, err
	}
	c, err := ostree.ParseChecksum(strings.TrimSpace(string(data)))
	return c, fail.As(err, fail.Verification, "")
}

// here finds out where a ref stands in the repo, and whether that has the
// commit already.
func (r *run) here(ctx context.Context, t *target) error {
	var err error
	if t.whole, err = r.repo.IsComplete(t.commit); err != nil {
		return err
	}
	switch {
	case t.mirror != nil:
		t.old, err = r.repo.MirrorRef(ctx, *t.mirror)
	case t.dest != "":
		t.old, err = r.repo.Ref(ctx, t.dest)
	}
	if errors.Is(err, ostree.ErrRefNotFound) {
		t.old, err = ostree.Checksum{}, nil
	}
	return err
}

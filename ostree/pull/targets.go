package pull

import (
	"cmp"
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
	"github.com/otactl/otactl/ostree/summary"
)

// target is a commit to pull, and the ref that is to name it.
type target struct {
	ref        Ref
	collection string // where the ref is mirrored; "" for none
	commit     ostree.Checksum
	dest       string                // local name of the ref, "" for none
	mirror     *ostree.CollectionRef // takes the place of dest
	old        ostree.Checksum       // where the ref stands; zero: nowhere
	whole      bool                  // the repo has the commit with all it reaches
}

func (t *target) name() string {
	if t.mirror != nil {
		return t.mirror.String()
	}
	return t.dest
}

// findTargets finds out where refs stand, in the remote and here.
func (r *run) findTargets(ctx context.Context) error {
	if err := r.listTargets(); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for _, t := range r.targets {
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

// listTargets are what was asked for: refs, or all that the summary lists, of
// whatever collection.
func (r *run) listTargets() error {
	for _, ref := range unique(r.opt.Refs) {
		r.targets = append(r.targets, &target{ref: ref, collection: ref.Collection})
	}
	if r.mirrorsAll() || r.opt.Mirror && r.opt.Others && r.sum != nil {
		return r.listAll()
	}
	return nil
}

// mirrorsAll says whether what is pulled is all that the remote has.
func (r *run) mirrorsAll() bool { return r.opt.Mirror && len(r.opt.Refs) == 0 }

func (r *run) listAll() error {
	if r.sum == nil {
		return fail.New(fail.NotFound, "name the refs to pull, or have a summary made with ostree summary -u on the server",
			"all refs were asked for, and %s has no summary", r.remote.URL())
	}
	r.listed(r.ownCollection(), r.sum.Refs)
	for _, c := range r.sum.Collections {
		if c.ID != r.sum.CollectionID && c.ID != r.ownCollection() {
			r.listed(c.ID, c.Refs)
		}
	}
	return nil
}

// listed makes refs of the summary targets, but for those asked for by name. That
// they are of a collection is what the summary says: their commits are held
// against the remote's.
func (r *run) listed(collection string, refs []summary.Ref) {
	for _, ref := range refs {
		if r.isNamed(collection, ref.Name) {
			continue
		}
		r.targets = append(r.targets, &target{ref: Ref{Name: ref.Name, Commit: &ref.Commit}, collection: collection})
	}
}

// isNamed says whether a ref of the summary was asked for by its name.
func (r *run) isNamed(collection, name string) bool {
	return slices.ContainsFunc(r.opt.Refs, func(ref Ref) bool {
		return ref.Name == name && cmp.Or(ref.Collection, r.ownCollection()) == collection
	})
}

// ownCollection is that of the refs which a summary lists as the remote's own;
// where the config knows better than the server, what the config says.
func (r *run) ownCollection() string {
	if r.sum == nil || r.sum.CollectionID == "" {
		return ""
	}
	return cmp.Or(r.opt.CollectionID, r.sum.CollectionID)
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

// locate finds the commit of a target, and what the ref is called here. A ref
// that was asked for at a commit is of no collection, unless that was named too.
func (r *run) locate(ctx context.Context, t *target) error {
	if err := checkName(t.ref.Name); err != nil {
		return err
	}
	if t.ref.Commit != nil {
		t.commit = *t.ref.Commit
		return r.place(t)
	}
	var err error
	if t.commit, err = r.where(ctx, t.ref); err != nil {
		return err
	}
	t.collection = cmp.Or(t.collection, r.ownCollection())
	return r.place(t)
}

func checkName(ref string) error {
	switch {
	case ref == "":
		return nil
	case strings.Contains(ref, ":"):
		return fail.New(fail.Usage, "name it without a remote", "invalid ref name %s", ref)
	}
	return ostree.CheckRef(ref)
}

// place says what a ref is called here.
func (r *run) place(t *target) error {
	switch {
	case t.ref.Name == "":
	case r.opt.Mirror && t.collection != "":
		t.mirror = &ostree.CollectionRef{Collection: t.collection, Name: t.ref.Name}
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

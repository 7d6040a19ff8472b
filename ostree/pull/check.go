package pull

import (
	"context"
	"fmt"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// keyCollectionBinding is the key of a commit's metadata with the collection
// that it was made for.
const keyCollectionBinding = "ostree.collection-binding"

// checkCommit judges a commit before anything of it is written.
func (r *run) checkCommit(ctx context.Context, c ostree.Checksum, data, detached []byte) error {
	if err := r.config.check(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	r.checked++
	r.mu.Unlock()
	if r.opt.CheckCommit != nil {
		if err := r.opt.CheckCommit(c, data, detached); err != nil {
			return fmt.Errorf("commit %s: %w", c, err)
		}
	}
	commit, err := ostree.ParseCommit(data)
	if err != nil {
		return err
	}
	for _, t := range r.byCommit[c] {
		if err := r.checkTarget(ctx, t, commit); err != nil {
			return fmt.Errorf("commit %s: %w", c, err)
		}
	}
	return nil
}

func (r *run) checkTarget(ctx context.Context, t *target, commit *ostree.Commit) error {
	if !r.opt.IgnoreBindings && t.ref.Name != "" {
		if err := r.checkBindings(t, commit); err != nil {
			return err
		}
	}
	if r.opt.NotOlderThan != nil {
		if err := r.checkAge(ctx, t, commit, *r.opt.NotOlderThan); err != nil {
			return err
		}
	}
	if r.opt.NotOlder && !t.old.IsZero() {
		return r.checkAge(ctx, t, commit, t.old)
	}
	return nil
}

// checkBindings holds a commit against the ref that led to it, and, from a
// remote of a collection, against that.
func (r *run) checkBindings(t *target, commit *ostree.Commit) error {
	collection := t.ref.Collection
	if collection == "" {
		collection = r.collectionID()
	}
	if collection != "" {
		if _, bound := commit.Bindings(); !bound {
			return fail.As(fmt.Errorf("ref %s of collection %s: %w: it says of none", t.ref.Name, collection, ostree.ErrNotBound), fail.Verification, "")
		}
	}
	if err := commit.CheckBinding(t.ref.Name); err != nil {
		return err
	}
	if collection == "" {
		return nil
	}
	v, ok := commit.Lookup(keyCollectionBinding)
	if !ok || v.Type().String() != "s" || v.Text() != collection {
		bound := "no collection"
		if ok && v.Type().String() == "s" {
			bound = fmt.Sprintf("collection %q", v.Text())
		}
		return fail.As(fmt.Errorf("ref %s: %w: it is bound to %s, and came from collection %s", t.ref.Name, ostree.ErrNotBound, bound, collection), fail.Verification, "")
	}
	return nil
}

func (r *run) collectionID() string {
	if r.opt.CollectionID == "" && r.local != nil && r.opt.Remote == "" {
		return r.local.CollectionID()
	}
	return r.opt.CollectionID
}

// checkAge refuses a commit that is older than one that the repo has.
func (r *run) checkAge(ctx context.Context, t *target, commit *ostree.Commit, than ostree.Checksum) error {
	old, err := ostree.LoadCommit(ctx, r.repo, than)
	if err != nil {
		return fmt.Errorf("compare with commit %s: %w", than, err)
	}
	if !commit.Time.Before(old.Time) {
		return nil
	}
	return fail.New(fail.Verification, "pull it without --timestamp-check if going back is what you want",
		"%s: it is from %s, older than %s of commit %s", t.ref, stamp(commit.Time), stamp(old.Time), than)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

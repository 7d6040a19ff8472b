package pull

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

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
	if err := r.checkCollections(c, commit); err != nil {
		return fmt.Errorf("commit %s: %w", c, err)
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
		if err := commit.CheckBinding(t.ref.Name); err != nil {
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

// checkCollections holds a commit against the collections that it came from, also
// one that no ref led to: a parent, or one that was asked for by its checksum.
func (r *run) checkCollections(c ostree.Checksum, commit *ostree.Commit) error {
	if r.opt.IgnoreBindings {
		return nil
	}
	of := []string{}
	for _, t := range r.byCommit[c] {
		of = append(of, cmp.Or(t.ref.Collection, r.collectionID()))
	}
	if len(of) == 0 {
		of = append(of, r.collectionID())
	}
	for _, collection := range of {
		if err := checkCollection(commit, collection); err != nil {
			return err
		}
	}
	return nil
}

func checkCollection(commit *ostree.Commit, want string) error {
	if want == "" {
		return nil
	}
	_, bound := commit.Bindings()
	id, ofOne := commit.Collection()
	var why string
	switch {
	case !bound:
		why = "it says of no ref"
	case !ofOne:
		why = "it is bound to no collection"
	case id != want:
		why = fmt.Sprintf("it is bound to collection %q", id)
	default:
		return nil
	}
	return fail.As(fmt.Errorf("%w: %s, and came from collection %s", ostree.ErrNotBound, why, want), fail.Verification, "")
}

// collectionID is that of the remote. A repo on this machine says itself which
// one that is, where the config does not.
func (r *run) collectionID() string {
	if r.opt.CollectionID == "" && r.local != nil {
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

package inspect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// A step is one file below the root.
type step struct {
	role  tuf.Role
	name  string
	limit int64
	set   func(file []byte, now time.Time) error
	// read is the file as it says, whoever signed it, as far as that can be
	// read; verify is the same for one that is signed, held against the root alone.
	read   func(file []byte) (head, error)
	verify func(held tuf.Held, file []byte) (head, error)
}

// A head is what every role's file says of itself.
type head struct {
	version int
	expires time.Time
	targets int
}

func timestampHead(t *tuf.Timestamp) head { return head{version: t.Version, expires: t.Expires} }
func snapshotHead(s *tuf.Snapshot) head   { return head{version: s.Version, expires: s.Expires} }
func targetsHead(t *tuf.Targets) head {
	return head{version: t.Version, expires: t.Expires, targets: len(t.Targets)}
}

func reading[T any](parse func([]byte) (T, error), of func(T) head) func([]byte) (head, error) {
	return func(file []byte) (head, error) {
		says, err := parse(file)
		if err != nil {
			return head{}, err
		}
		return of(says), nil
	}
}

func verifying[T any](open func(tuf.Held, []byte) (tuf.Opened[T], error), of func(T) head) func(tuf.Held, []byte) (head, error) {
	return func(held tuf.Held, file []byte) (head, error) {
		o, err := open(held, file)
		if err != nil {
			return head{}, err
		}
		return of(o.Says), nil
	}
}

func (r *runner) roles(ctx context.Context) error {
	t, d := r.trust, r.trust.Dialect()
	timestamp := step{tuf.RoleTimestamp, tuf.TimestampFile, limits.Timestamp, t.SetTimestamp,
		reading(tuf.ParseTimestamp, timestampHead), verifying(d.Timestamp, timestampHead)}
	snapshot := step{tuf.RoleSnapshot, tuf.SnapshotFile, limits.Snapshot, t.SetSnapshot,
		reading(tuf.ParseSnapshot, snapshotHead), verifying(d.Snapshot, snapshotHead)}
	targets := step{tuf.RoleTargets, tuf.TargetsFile, limits.Targets, t.SetTargets,
		reading(tuf.ParseTargets, targetsHead), verifying(d.Targets, targetsHead)}
	good, err := r.step(ctx, timestamp, true)
	if err != nil {
		return err
	}
	// A repository may give each version a name of its own.
	if ts := t.Timestamp(); ts != nil {
		snapshot.name = t.Root().FileName(snapshot.name, ts.Meta[tuf.SnapshotFile].Version)
	}
	if good, err = r.step(ctx, snapshot, good); err != nil {
		return err
	}
	if s := t.Snapshot(); s != nil {
		targets.name = t.Root().FileName(targets.name, s.Meta[tuf.TargetsFile].Version)
	}
	if _, err = r.step(ctx, targets, good); err != nil || !r.opt.Bundle {
		return err
	}
	return r.bundle(ctx)
}

// step judges one file. announced says that the file which announces it was
// good, so that it can be held against that; good is the same for the next one.
func (r *runner) step(ctx context.Context, s step, announced bool) (good bool, err error) {
	file, err := r.fetch(ctx, s.name, s.limit)
	if err == nil && file == nil {
		err = &tuf.Error{Kind: tuf.ErrNotFound}
	}
	if err != nil {
		return false, r.found(s.name, err)
	}
	h, readErr := r.describe(s, file)
	if announced {
		err = s.set(file, r.opt.Now)
	} else {
		_, err = s.verify(r.held(), file)
	}
	if errors.Is(err, tuf.ErrSignature) {
		err = r.whoIsMissing(s.role, file, err)
	}
	overdue := readErr == nil && !r.noClock && !r.opt.Now.Before(h.expires)
	if overdue && !errors.Is(err, tuf.ErrExpired) {
		too := &tuf.Error{Kind: tuf.ErrExpired, Why: fmt.Sprintf("at %s, and it is %s", stamp(h.expires), stamp(r.opt.Now))}
		return false, errors.Join(r.found(s.name, err), r.found(s.name, too))
	}
	untimely := errors.Is(err, tuf.ErrExpired) || errors.Is(err, tuf.ErrClock)
	if err := r.found(s.name, err); err != nil {
		return false, err
	}
	if untimely && announced { // all but the time is right, and what it announces can be judged
		return s.set(file, h.expires.Add(-time.Second)) == nil, nil
	}
	return err == nil && announced, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// held is what a file is held against that nothing announces.
func (r *runner) held() tuf.Held {
	files := r.trust.RootFiles()
	return tuf.Held{Root: r.trust.Root(), RootFile: files[len(files)-1]}
}

func (r *runner) describe(s step, file []byte) (head, error) {
	h, err := s.read(file)
	if err != nil && s.verify != nil {
		h, err = s.verify(r.held(), file)
	}
	r.report.Roles = append(r.report.Roles, Role{Name: string(s.role), File: s.name, Version: h.version, Expires: h.expires,
		Targets: h.targets, Signed: r.signed(r.trust.Root(), s.role, file)})
	if err == nil && h.expires.Before(r.report.Expires) {
		r.report.Expires = h.expires
	}
	return h, err
}

// whoIsMissing names those who could sign and have not.
func (r *runner) whoIsMissing(role tuf.Role, file []byte, err error) error {
	var ids []string
	for _, k := range r.signed(r.trust.Root(), role, file).Keys {
		if !k.Signed {
			ids = append(ids, k.ID)
		}
	}
	if len(ids) == 0 {
		return err
	}
	return fail.Hint(err, "have it signed; it lacks the signature of "+names(ids))
}

// bundle judges the list of an offline bundle, where there is one.
func (r *runner) bundle(ctx context.Context) error {
	file, err := r.fetch(ctx, tuf.BundleTargetsFile, limits.BundleTargets)
	if err != nil || file == nil {
		return r.found(tuf.BundleTargetsFile, err)
	}
	s := step{role: tuf.RoleTargets, name: tuf.BundleTargetsFile, read: reading(tuf.ParseBundleTargets, func(b *tuf.BundleTargets) head {
		return head{version: b.Version, expires: b.Expires, targets: len(b.Targets)}
	})}
	_, _ = r.describe(s, file) // what cannot be read is said next
	_, err = r.trust.VerifyBundle(file, r.opt.Now)
	return r.found(s.name, err)
}

// memoryFile is the name under which tuf notes in a cache what has been seen.
const memoryFile = "floor.json"

// memory holds a device's cache against what the device remembers.
func (r *runner) memory(ctx context.Context) error {
	if r.opt.Cache == nil {
		return nil
	}
	if _, err := r.opt.Cache.Load(ctx, memoryFile); errors.Is(err, tuf.ErrNotFound) {
		return nil
	}
	_, err := tuf.FromCache(ctx, r.opt.Cache, r.opt.Now, r.opt.Dialects...)
	name := "the stored metadata"
	if e, ok := errors.AsType[*tuf.Error](err); ok && e.File != "" {
		name = e.File
	}
	return r.found(name, err)
}

package tuf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// RefreshOptions say how a refresh may begin and what it may accept.
type RefreshOptions struct {
	// Now is the one clock reading that all expiries are judged by.
	Now time.Time
	// FirstUse allows to believe the first root that the fetcher has, when
	// nothing is trusted yet.
	FirstUse bool
	// InitialRoots came by a way that is trusted, oldest first; they are where
	// trust begins when the cache holds no root.
	InitialRoots [][]byte
	// EqualTimestamp accepts another validly signed timestamp of the version
	// that is cached already, where the dialect is ota-tuf. Without it, and in
	// any other dialect, the cached one stands.
	EqualTimestamp bool
	// Dialects are those that the trusted root may be written in besides
	// ota-tuf.
	Dialects []Dialect
	// Log may be nil.
	Log *slog.Logger
}

// Refresh runs the client workflow: roots, timestamp, snapshot, targets. It
// fetches what is new, verifies all of it, and only then stores it; roots that
// follow a stored one are stored as they come. Whatever the cache holds that
// does not verify is set aside and fetched again, and no version goes back
// below what was ever stored. With a nil cache nothing is remembered.
//
// Errors are the sentinels of this package, or whatever the fetcher and the
// cache return. The trust so far is nil on an error.
func Refresh(ctx context.Context, f Fetcher, c Cache, opt RefreshOptions) (*Trust, error) {
	r := newRefresher(f, c, opt)
	if err := r.roots(ctx); err != nil {
		return nil, err
	}
	if err := r.trust.CheckRoot(opt.Now); err != nil {
		return nil, err
	}
	if err := r.recall(ctx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{r.timestamp, r.snapshot, r.targets, r.store} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r.trust, nil
}

// Chain is the first step of Refresh alone: it walks to the newest root and
// stores and sets aside nothing. The root's expiry is CheckRoot's to judge. It
// is what a bundle's list of targets is verified with before anything else.
func Chain(ctx context.Context, f Fetcher, c Cache, opt RefreshOptions) (*Trust, error) {
	r := newRefresher(f, c, opt)
	r.keep.frozen = true
	if err := r.roots(ctx); err != nil {
		return nil, err
	}
	return r.trust, nil
}

func newRefresher(f Fetcher, c Cache, opt RefreshOptions) *refresher {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if c == nil {
		c = nothing{}
	}
	return &refresher{fetcher: f, keep: &keeper{cache: c, log: opt.Log, dialects: opt.Dialects}, opt: opt}
}

type refresher struct {
	fetcher Fetcher
	keep    *keeper
	opt     RefreshOptions
	trust   *Trust

	was     floor             // as it was loaded
	rotated bool              // the online keys have been replaced since
	cached  map[string][]byte // files of the cache that verify under the newest root
	fetched map[string][]byte // files to store
	pending []int             // roots to store at the end
}

// roots finds where trust begins and walks to the newest root.
func (r *refresher) roots(ctx context.Context) error {
	var err error
	if r.was, err = r.keep.floor(ctx); err != nil {
		return err
	}
	if r.trust, err = r.keep.newestRoot(ctx, r.was); err != nil {
		return err
	}
	anchored := r.trust != nil
	if !anchored {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	// Below the root that was trusted, roots may be signed by keys that have
	// been replaced since; they are stored once the chain has passed it.
	firm := anchored && r.trust.root.Version >= r.was.root
	r.trust.floor = r.was
	if anchored && r.was.online == "" { // a cache without our note
		r.trust.floor.root, r.trust.floor.online = r.trust.root.Version, r.trust.root.onlineKeys()
	}
	if err := r.walk(ctx, firm); err != nil {
		return err
	}
	if err := r.was.checkRoots(r.trust); err != nil {
		return err
	}
	r.rotated = r.trust.floor.replaced(r.trust.root)
	r.trust.stand(r.trust.floor)
	return nil
}

// stand puts t on what still holds of a floor below its root.
func (t *Trust) stand(f floor) {
	t.floor = f.under(t.root)
	if t.floor.newest.After(t.newest) {
		t.newest = t.floor.newest
	}
}

// begin starts from the initial roots, or from the first root there is.
func (r *refresher) begin(ctx context.Context) error {
	roots := r.opt.InitialRoots
	if len(roots) == 0 {
		first, err := r.firstRoot(ctx)
		if err != nil {
			return err
		}
		roots = [][]byte{first}
	}
	var err error
	if r.trust, err = NewTrust(roots[0], r.opt.Dialects...); err != nil {
		return err
	}
	if len(r.opt.InitialRoots) == 0 && r.trust.root.Version != 1 {
		// A chain that began higher up could pass by the root that was trusted.
		return in(RootName(1), refuse(ErrVersion, "it is version %d inside", r.trust.root.Version))
	}
	r.pending = append(r.pending, r.trust.root.Version)
	for _, file := range roots[1:] {
		if err := r.trust.AddRoot(file); err != nil {
			return err
		}
		r.pending = append(r.pending, r.trust.root.Version)
	}
	return nil
}

// firstRoot is fetched on first use, or to rebuild the chain up to a root that
// is known to have been trusted.
func (r *refresher) firstRoot(ctx context.Context) ([]byte, error) {
	if !r.opt.FirstUse && r.was.root == 0 {
		return nil, refuse(ErrNoRoot, "neither stored nor given")
	}
	first, err := r.fetch(ctx, RootName(1), limits.Root)
	if errors.Is(err, ErrNotFound) {
		return nil, in(RootName(1), refuse(ErrNoRoot, "not stored, not given and not offered"))
	}
	return first, err
}

// walk adds roots until there is no next one.
func (r *refresher) walk(ctx context.Context, firm bool) error {
	for range limits.RootChain {
		name := RootName(r.trust.root.Version + 1)
		file, err := r.fetch(ctx, name, limits.Root)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.trust.AddRoot(file); err != nil {
			return err
		}
		if !firm || r.keep.frozen {
			r.pending = append(r.pending, r.trust.root.Version)
			continue
		}
		if err := r.put(ctx, name, r.trust.root.Version, file); err != nil {
			return err
		}
	}
	return refuse(ErrTooLarge, "more than %d roots follow one another", limits.RootChain)
}

// checkRoots holds a chain against the root that was trusted before.
func (f *floor) checkRoots(t *Trust) error {
	if t.root.Version < f.root {
		return in(RootName(f.root), refuse(ErrRollback, "the chain ends at version %d, and %d has been trusted", t.root.Version, f.root))
	}
	if sum, walked := t.sums[f.root]; walked && sum != f.rootSum {
		return in(RootName(f.root), refuse(ErrRollback, "it is not the root of that version that has been trusted"))
	}
	return nil
}

func (r *refresher) fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	return fetch(ctx, r.fetcher, name, max)
}

func fetch(ctx context.Context, f Fetcher, name string, max int64) ([]byte, error) {
	data, err := f.Fetch(ctx, name, max)
	if err != nil {
		return nil, in(name, err)
	}
	if int64(len(data)) > max {
		return nil, in(name, refuse(ErrTooLarge, "longer than %d bytes", max))
	}
	return data, nil
}

// recall reads what the cache holds, drops what does not verify, and raises
// the floor by what does.
func (r *refresher) recall(ctx context.Context) error {
	r.cached, r.fetched = map[string][]byte{}, map[string][]byte{}
	for _, name := range []string{TimestampFile, SnapshotFile, TargetsFile} {
		if r.rotated {
			continue // seen under keys that have been replaced
		}
		file, err := r.keep.load(ctx, name, func(file []byte) error { return r.trust.recall(name, file) })
		if err != nil {
			return err
		}
		if file != nil {
			r.cached[name] = file
		}
	}
	return nil
}

// recall verifies a file from a cache, whatever its expiry, and raises the
// floor by it. One that is below the floor was put there by somebody else.
func (t *Trust) recall(name string, file []byte) error {
	switch name {
	case TimestampFile:
		return recall(t, RoleTimestamp, t.dialect.Timestamp, limits.Timestamp, file, t.floor.checkTimestamp, t.floor.raiseTimestamp)
	case SnapshotFile:
		return recall(t, RoleSnapshot, t.dialect.Snapshot, limits.Snapshot, file, t.floor.checkSnapshot, t.floor.raiseSnapshot)
	}
	return recall(t, RoleTargets, t.dialect.Targets, limits.Targets, file, t.floor.checkTargets, t.floor.raiseTargets)
}

func recall[T any](t *Trust, role Role, open func(Held, []byte) (Opened[T], error), limit int, file []byte, check func(T) error, raise func(T)) error {
	o, err := read(t, role, open, t.alone(), file, limit)
	if err == nil {
		err = check(o.Says)
	}
	if err != nil {
		return err
	}
	raise(o.Says)
	if _, same := t.dialect.(otaTUF); same { // as it is beside others
		if t.recalled == nil {
			t.recalled = map[Role]recalled{}
		}
		t.recalled[role] = recalled{file, o}
	}
	return nil
}

// alone is what a stored file is held against by itself.
func (t *Trust) alone() Held { return Held{Root: t.root, RootFile: t.files[t.root.Version]} }

func (r *refresher) timestamp(ctx context.Context) error {
	file, err := r.fetch(ctx, TimestampFile, limits.Timestamp)
	if err != nil {
		return err
	}
	old := r.cached[TimestampFile]
	equal := r.opt.EqualTimestamp && r.trust.dialect == Dialect(otaTUF{})
	if old != nil && !equal && r.trust.sameVersion(old, file) {
		file = old
	}
	if err := r.trust.SetTimestamp(file, r.opt.Now); err != nil {
		return err
	}
	r.fetched[TimestampFile] = file
	return nil
}

func (t *Trust) sameVersion(a, b []byte) bool {
	x, errX := read(t, RoleTimestamp, t.dialect.Timestamp, t.alone(), a, limits.Timestamp)
	y, errY := read(t, RoleTimestamp, t.dialect.Timestamp, t.alone(), b, limits.Timestamp)
	return errX == nil && errY == nil && x.Says.Version == y.Says.Version
}

func (r *refresher) snapshot(ctx context.Context) error {
	return r.role(ctx, RoleSnapshot, SnapshotFile, r.trust.timestamp.Meta, limits.Snapshot, r.trust.SetSnapshot)
}

func (r *refresher) targets(ctx context.Context) error {
	return r.role(ctx, RoleTargets, TargetsFile, r.trust.snapshot.Meta, limits.Targets, r.trust.SetTargets)
}

// role takes the cached file if it is the one that was announced. Otherwise
// that is let go of before the new one is fetched: each may be large.
func (r *refresher) role(ctx context.Context, role Role, name string, meta map[string]MetaFile, max int64, set func([]byte, time.Time) error) error {
	file := r.cached[name]
	if file != nil && set(file, r.opt.Now) == nil {
		r.fetched[name] = file
		return nil
	}
	delete(r.cached, name)
	delete(r.trust.recalled, role)
	file, err := r.fetch(ctx, r.trust.root.FileName(name, meta[name].Version), max)
	if err != nil {
		return err
	}
	if err := set(file, r.opt.Now); err != nil {
		return err
	}
	r.fetched[name] = file
	return nil
}

// store keeps what is new, and the floor last: a floor above the files would
// shut out a cache that a power cut left half new.
func (r *refresher) store(ctx context.Context) error {
	for _, v := range r.pending {
		if err := r.put(ctx, RootName(v), v, r.trust.files[v]); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name    string
		version int
	}{{TargetsFile, r.trust.targets.Version}, {SnapshotFile, r.trust.snapshot.Version}, {TimestampFile, r.trust.timestamp.Version}} {
		if bytes.Equal(r.cached[f.name], r.fetched[f.name]) {
			continue
		}
		if err := r.put(ctx, f.name, f.version, r.fetched[f.name]); err != nil {
			return err
		}
	}
	data, err := r.trust.reached().bytes()
	if err != nil {
		return err
	}
	if was, err := r.was.bytes(); err == nil && bytes.Equal(was, data) {
		return nil
	}
	return r.put(ctx, floorFile, r.trust.root.Version, data)
}

// put stores a file. What cannot be remembered is not trusted: the next
// refresh could be walked back behind it.
func (r *refresher) put(ctx context.Context, name string, version int, data []byte) error {
	if err := r.keep.cache.Store(ctx, name, data); err != nil {
		err = fmt.Errorf("store %s, version %d: %w", name, version, err)
		return fail.Hint(err, "see to it that the folder for metadata can be written to and has room; nothing newer is trusted until then")
	}
	return nil
}

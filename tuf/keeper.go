package tuf

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// FromCache verifies what the cache holds, with nothing fetched and nothing
// changed: what a device that is offline may go on. ErrNotFound or ErrNoRoot
// where something was never stored, ErrDamaged, ErrVersion or ErrHash where it
// needs a Refresh, ErrExpired where it was good once.
// dialects are those that the stored root may be written in besides ota-tuf.
func FromCache(ctx context.Context, c Cache, now time.Time, dialects ...Dialect) (*Trust, error) {
	k := &keeper{cache: c, log: slog.New(slog.DiscardHandler), frozen: true, dialects: dialects}
	was, err := k.floor(ctx)
	if err != nil {
		return nil, err
	}
	t, err := k.newestRoot(ctx, was)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, refuse(ErrNoRoot, "none is stored")
	}
	if err := was.checkRoots(t); err != nil {
		return nil, err
	}
	t.stand(was)
	if err := t.CheckRoot(now); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		name string
		set  func([]byte, time.Time) error
	}{{TimestampFile, t.SetTimestamp}, {SnapshotFile, t.SetSnapshot}, {TargetsFile, t.SetTargets}} {
		file, err := c.Load(ctx, step.name)
		if err != nil {
			return nil, in(step.name, err)
		}
		if err := step.set(file, now); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// keeper reads a cache that may be damaged.
type keeper struct {
	cache  Cache
	log    *slog.Logger
	frozen bool // change nothing

	dialects []Dialect // besides ota-tuf
}

// load reads an entry and checks it; one that fails is set aside and nil.
func (k *keeper) load(ctx context.Context, name string, check func([]byte) error) ([]byte, error) {
	file, err := k.cache.Load(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, fmt.Errorf("trust cache: %w", err)
	}
	if err == nil {
		err = check(file)
	}
	if err == nil {
		return file, nil
	}
	k.log.WarnContext(ctx, "stored metadata is damaged and will be fetched again", "file", name, "why", err)
	return nil, k.setAside(ctx, name)
}

func (k *keeper) setAside(ctx context.Context, name string) error {
	if k.frozen {
		return nil
	}
	if q, ok := k.cache.(Quarantiner); ok {
		if err := q.Quarantine(ctx, name); err != nil {
			return fmt.Errorf("trust cache: set aside %s: %w", name, err)
		}
		return nil
	}
	if err := k.cache.Remove(ctx, name); err != nil {
		return fmt.Errorf("trust cache: remove %s: %w", name, err)
	}
	return nil
}

// floor is the stored floor; a damaged one is as good as none, and the files
// that verify raise it again.
func (k *keeper) floor(ctx context.Context) (f floor, err error) {
	_, err = k.load(ctx, floorFile, func(data []byte) error {
		var err error
		f, err = parseFloor(data)
		return err
	})
	return f, err
}

// newestRoot is the newest stored root that is whole, or nil. It is believed
// because only verified roots are stored; with a note of what was trusted, that
// very root is, or an older one, and a newer one only if it follows from it.
func (k *keeper) newestRoot(ctx context.Context, was floor) (*Trust, error) {
	versions, err := k.cache.Roots(ctx)
	if err != nil {
		return nil, fmt.Errorf("trust cache: %w", err)
	}
	slices.Sort(versions)
	later := len(versions)
	if was.root > 0 {
		later, _ = slices.BinarySearch(versions, was.root+1)
	}
	var t *Trust
	for _, v := range slices.Backward(versions[:later]) {
		if t, err = k.root(ctx, v, was); t != nil || err != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return t, k.follow(ctx, t, versions[later:], was)
}

// root is a stored root that is whole and the one that was noted, or nil.
func (k *keeper) root(ctx context.Context, v int, was floor) (t *Trust, err error) {
	_, err = k.load(ctx, RootName(v), func(file []byte) error {
		stored, err := NewTrust(file, k.dialects...)
		if err == nil {
			err = was.pinned(stored, v)
		}
		if err == nil {
			t = stored
		}
		return err
	})
	return t, err
}

// follow moves t on to the stored roots after the one that was noted: a crash
// came between storing them and noting it. One that does not follow was never
// verified and is set aside.
func (k *keeper) follow(ctx context.Context, t *Trust, versions []int, was floor) error {
	for _, v := range versions {
		_, err := k.load(ctx, RootName(v), func(file []byte) error {
			if t == nil || v != t.root.Version+1 {
				return refuse(ErrVersion, "it does not follow on version %d, which has been trusted", was.root)
			}
			return t.AddRoot(file)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pinned says whether the root stored as version v may be it.
func (f *floor) pinned(t *Trust, v int) error {
	if t.root.Version != v {
		return refuse(ErrVersion, "it is version %d inside", t.root.Version)
	}
	if v == f.root && t.sums[v] != f.rootSum {
		return refuse(ErrRollback, "it is not the root of that version that has been trusted")
	}
	return nil
}

// nothing is a Cache that remembers nothing.
type nothing struct{}

func (nothing) Roots(context.Context) ([]int, error)         { return nil, nil }
func (nothing) Load(context.Context, string) ([]byte, error) { return nil, ErrNotFound }
func (nothing) Store(context.Context, string, []byte) error  { return nil }
func (nothing) Remove(context.Context, string) error         { return nil }

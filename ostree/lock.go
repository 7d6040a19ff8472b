package ostree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

// lockPoll is how often a lock that somebody holds is tried again.
const lockPoll = 50 * time.Millisecond

// errLocked is what the lock calls of a platform say when somebody holds it.
var errLocked = errors.New("locked")

// acquire takes the repo's lock, shared, as libostree's transactions do: it
// keeps a prune away. Sessions of one Repo hold it together.
func (r *Repo) acquire(ctx context.Context) error {
	if !r.cfg().locking {
		return nil
	}
	select { // one waits for the lock, the others for that one
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.join() {
		return nil
	}
	f, err := r.lockRepo(ctx, lockShared, "perhaps a prune")
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lock, r.locks = f, 1
	return nil
}

// join shares the lock if a session of this Repo holds it.
func (r *Repo) join() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.locks == 0 {
		return false
	}
	r.locks++
	return true
}

// Hold takes the lock that sessions share until release is called: it keeps a
// prune away from what no ref names yet.
func (r *Repo) Hold(ctx context.Context) (release func(), err error) {
	if err := r.acquire(ctx); err != nil {
		return nil, err
	}
	return sync.OnceFunc(r.release), nil
}

// LockAlone takes the repo's lock for itself, as libostree's prune does: no
// session is open meanwhile, here or in another process, and none opens. Who
// holds it must not open one, but may delete objects and refs.
func (r *Repo) LockAlone(ctx context.Context) (unlock func(), err error) {
	if !r.cfg().locking {
		return func() {}, nil
	}
	f, err := r.lockRepo(ctx, lockExclusive, "perhaps a pull or a commit")
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

// lockRepo opens .lock, takes it, and waits as long as the config says.
func (r *Repo) lockRepo(ctx context.Context, take func(*os.File) error, who string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(r.path, ".lock"), os.O_RDWR|os.O_CREATE|noFollow, 0o660)
	if err != nil {
		return nil, fmt.Errorf("lock repo %s: %w", r.path, fullDisk(err, r.path))
	}
	if err := waitFor(ctx, r.cfg().lockTimeout, func() error { return take(f) }); err != nil {
		_ = f.Close()
		if errors.Is(err, errLocked) {
			return nil, fail.New(fail.Busy, "wait until it is done and run it again", "lock repo %s: another process holds it, %s", r.path, who)
		}
		return nil, fmt.Errorf("lock repo %s: %w", r.path, err)
	}
	return f, nil
}

func (r *Repo) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.locks == 0 {
		return // no lock was taken: the repo's config says so
	}
	if r.locks--; r.locks == 0 {
		_ = r.lock.Close() // the lock goes with the descriptor
		r.lock = nil
	}
}

// waitFor tries until it gets the lock, ctx ends or the time is over; a
// negative limit waits for ever.
func waitFor(ctx context.Context, limit time.Duration, try func() error) error {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	var timeout <-chan time.Time
	if limit >= 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		err := try()
		if !errors.Is(err, errLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout:
			return err
		case <-tick.C:
		}
	}
}

// lockFolder locks a folder of ours, alone, and gives what unlocks it.
func lockFolder(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := waitFor(ctx, -1, func() error { return lockAlone(f) }); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// LockSummary lets one at a time write the repo's summary and its signatures,
// which have to go together.
func (r *Repo) LockSummary(ctx context.Context) (unlock func(), err error) {
	return lockFolder(ctx, filepath.Join(r.path, "objects"))
}

// LockDetached lets one at a time read, change and write back the detached
// metadata of commits, so that of two that sign at once none is lost.
func (r *Repo) LockDetached(ctx context.Context) (unlock func(), err error) {
	state := filepath.Join(r.path, "state")
	if err := os.MkdirAll(state, 0o775); err != nil {
		return nil, err
	}
	return lockFolder(ctx, state)
}

// LockDeltas lets one at a time put a static delta in its place, take one away or
// list them, so that nobody sees the superblock of one with the parts of another.
func (r *Repo) LockDeltas(ctx context.Context) (unlock func(), err error) {
	return lockFolder(ctx, filepath.Join(r.path, "tmp"))
}

// takeLock opens a lock file and takes it alone, or says errLocked. Whoever is
// done with what it locks removes it before the lock ends, so the file that was
// locked must still be the one of that name.
func takeLock(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, 0o660)
		if err != nil {
			return nil, err
		}
		if err := lockExclusive(f); err != nil {
			_ = f.Close()
			return nil, err
		}
		if samePath(f, path) {
			return f, nil
		}
		_ = f.Close()
	}
}

func samePath(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	return err == nil && os.SameFile(a, b)
}

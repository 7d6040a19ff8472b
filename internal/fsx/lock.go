package fsx

import (
	"context"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// lockAsk is how often a lock is asked for that somebody else holds.
const lockAsk = 20 * time.Millisecond

// Lock waits until nobody else holds the lock of that path, and takes it. The
// file is made if need be, and stays: taking it away would let two in.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	l := flock.New(path, flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, lockAsk); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = l.Unlock() }, nil
}

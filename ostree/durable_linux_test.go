package ostree

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

// putting puts an object durably, and gives what comes of it.
func putting(ctx context.Context, r *Repo, obj Object) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.PutDurable(ctx, obj) }()
	return done
}

// soon is what came of a put that must not take long.
func soon(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		return errors.New("it still waits")
	}
}

// together waits until n put objects, or wait for the stage.
func together(t *testing.T, r *Repo, n int) {
	t.Helper()
	users := func() int {
		if !r.durable.mu.TryLock() {
			return -1
		}
		defer r.durable.mu.Unlock()
		if r.durable.party == nil {
			return 0
		}
		return r.durable.party.users
	}
	for at := time.Now(); users() != n; runtime.Gosched() {
		if time.Since(at) > 20*time.Second {
			t.Fatalf("%d, not %d, are there", users(), n)
		}
	}
}

// TestWhoPutsDuringAPruneCanStop, the first as well as one who waits for the
// stage that the first opens, and neither ends the other.
func TestWhoPutsDuringAPruneCanStop(t *testing.T) {
	for stops := range 2 {
		r := newRepo(t, ModeArchive)
		end := pruning(t, r)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		contexts := []context.Context{t.Context(), t.Context()}
		contexts[stops] = ctx
		var done [2]<-chan error
		for i := range done {
			done[i] = putting(contexts[i], r, plain(t, fmt.Sprint(i)))
			together(t, r, i+1)
		}
		cancel()
		if err := soon(t, done[stops]); !errors.Is(err, context.Canceled) {
			t.Errorf("number %d that stops: %v", stops, err)
		}
		end()
		if err := soon(t, done[1-stops]); err != nil {
			t.Errorf("the other one than %d: %v", stops, err)
		}
		together(t, r, 0)
		if left := inTmp(t, r); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
}

// TestAllWhoPutDuringAPruneWaitAsLongAsOne for the lock, and not one after the
// other.
func TestAllWhoPutDuringAPruneWaitAsLongAsOne(t *testing.T) {
	r := newRepo(t, ModeArchive)
	setCore(t, r, "lock-timeout-secs", "2")
	end := pruning(t, r)
	var done [10]<-chan error
	began := time.Now()
	for i := range done {
		done[i] = putting(t.Context(), r, plain(t, fmt.Sprint(i)))
	}
	for _, d := range done {
		if err := soon(t, d); fail.ClassOf(err) != fail.Busy {
			t.Errorf("%v", err)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	end()
	if err := r.PutDurable(t.Context(), plain(t, "after it")); err != nil {
		t.Error(err)
	}
}

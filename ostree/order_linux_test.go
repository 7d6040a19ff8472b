package ostree

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoBatchFollowsOneThatFailed: the parent waits in the next batch for its
// turn while that of its child fails.
func TestNoBatchFollowsOneThatFailed(t *testing.T) {
	r := newRepo(t, ModeArchive)
	under, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.SetFaults(point(func(name string) (err error) {
		if name == "repo.sync" {
			once.Do(func() {
				close(under)
				<-goOn
				err = errStopped
			})
		}
		return err
	}))
	opened, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, _ := opened.(*session)
	child, parent := plain(t, "child"), plain(t, "parent")
	if err := errors.Join(s.Put(t.Context(), child), s.flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	<-under
	if err := s.Put(t.Context(), parent); err != nil {
		t.Fatal(err)
	}
	flushed := make(chan error)
	go func() { flushed <- s.flush(t.Context()) }()
	close(goOn)
	if err := <-flushed; !errors.Is(err, errStopped) {
		t.Errorf("the next batch: %v", err)
	}
	if err := s.Close(t.Context()); !errors.Is(err, errStopped) {
		t.Errorf("close: %v", err)
	}
	for _, obj := range []Object{child, parent} {
		if there, err := r.has(obj.ID()); there || err != nil {
			t.Errorf("%s is there: %v, %v", obj.ID(), there, err)
		}
	}
}

// pruning takes the lock that libostree's prune takes.
func pruning(t *testing.T, r *Repo) (end func()) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(r.Path(), ".lock"), os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}

// TestNoRefMovesDuringAPrune, which may be about to remove what it would name.
func TestNoRefMovesDuringAPrune(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	end := pruning(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that it does not wait for the end
	if err := r.SetRef(ctx, "other", commits[0], nil); !errors.Is(err, context.Canceled) {
		t.Errorf("during the prune: %v", err)
	}
	if _, err := r.Ref(t.Context(), "other"); !errors.Is(err, ErrRefNotFound) {
		t.Errorf("the ref: %v", err)
	}
	end()
	if err := r.SetRef(t.Context(), "other", commits[0], nil); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestACopyBelievesNoAnswerFromDuringAPrune: what is there before the lock is
// held may be gone once it is.
func TestACopyBelievesNoAnswerFromDuringAPrune(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	dst := newRepo(t, ModeArchive)
	if _, err := Copy(t.Context(), dst, src, commits[0], CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	asked := &pruned{Repo: dst, commit: ObjectID{commits[0], TypeCommit}}
	if _, err := Copy(t.Context(), asked, src, commits[0], CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if there, err := dst.has(asked.commit); !there || err != nil {
		t.Errorf("the copy is complete and the commit is there: %v, %v", there, err)
	}
}

// pruned is a repo whose prune ends when a session gets its lock.
type pruned struct {
	*Repo
	commit ObjectID
}

func (p *pruned) Begin(ctx context.Context) (Session, error) {
	if err := os.Remove(p.objectPath(p.commit)); err != nil {
		return nil, err
	}
	return p.Repo.Begin(ctx)
}

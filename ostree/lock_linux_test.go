package ostree

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

// tried says whether the real program did something with a repo, or ended since
// somebody holds the repo's lock.
func tried(t *testing.T, r *Repo, args ...string) bool {
	t.Helper()
	cmd := exec.Command("ostree", append([]string{"--repo=" + r.Path()}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "Locking repo") {
		t.Fatalf("ostree %s: %v: %s", args[0], err, out)
	}
	return err == nil
}

// TestOurLockIsOneToOSTree: shared, it lets commits in and holds prunes out; alone,
// it holds both out, but nobody who only reads.
func TestOurLockIsOneToOSTree(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	setCore(t, r, "lock-timeout-secs", "0")
	tree := t.TempDir()
	holds := func(name string, commit, prune bool) {
		t.Helper()
		if got := tried(t, r, "commit", "-b", "other", "--tree=dir="+tree); got != commit {
			t.Errorf("%s: it commits: %v", name, got)
		}
		if got := tried(t, r, "pull-local", r.Path(), commits[0].String()); got != commit {
			t.Errorf("%s: it pulls: %v", name, got)
		}
		if got := tried(t, r, "prune"); got != prune {
			t.Errorf("%s: it prunes: %v", name, got)
		}
		if !tried(t, r, "ls", "-R", commits[1].String()) || !tried(t, r, "fsck") {
			t.Errorf("%s: it cannot read", name)
		}
	}
	release, err := r.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	holds("held", true, false)
	again, err := r.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	holds("held by another of us", true, false)
	again()
	holds("released", true, true)
	unlock, err := r.LockAlone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	holds("held alone", false, false)
	unlock()
	holds("unlocked", true, true)
}

// TestWhoMayWaitForEverWaits for the lock, and gets it.
func TestWhoMayWaitForEverWaits(t *testing.T) {
	r := newRepo(t, ModeArchive)
	setCore(t, r, "lock-timeout-secs", "-1")
	end := pruning(t, r)
	done := make(chan error, 1)
	go func() {
		release, err := r.Hold(t.Context())
		if err == nil {
			release()
		}
		done <- err
	}()
	for len(r.turn)+len(done) == 0 { // until it has its turn
		time.Sleep(time.Millisecond)
	}
	if len(done) > 0 {
		t.Errorf("it did not wait: %v", <-done)
	}
	end()
	if err := soon(t, done); err != nil {
		t.Error(err)
	}
}

// TestARepoWithoutLockingIsNotLocked, as with libostree.
func TestARepoWithoutLockingIsNotLocked(t *testing.T) {
	r := newRepo(t, ModeArchive)
	setCore(t, r, "lock-timeout-secs", "0")
	setCore(t, r, "locking", "false")
	if err := os.Remove(filepath.Join(r.Path(), ".lock")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	end := pruning(t, r)
	open(t, r)
	if _, err := Prune(t.Context(), r, PruneOptions{}); err != nil {
		t.Errorf("a prune of ours: %v", err)
	}
	if !tried(t, r, "prune") || !tried(t, r, "commit", "-b", "a", "--tree=dir="+t.TempDir()) {
		t.Error("the real program takes the lock")
	}
	setCore(t, r, "locking", "true")
	if _, err := Prune(t.Context(), openRepo(t, r.Path()), PruneOptions{}); fail.ClassOf(err) != fail.Busy {
		t.Errorf("with locking: %v", err)
	}
	end()
}

package ostree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// point is an injector made of a function.
type point func(name string) error

func (p point) At(name string) error { return p(name) }

// plain is a file object of that text.
func plain(t testing.TB, text string) Object {
	t.Helper()
	h := &FileHeader{Mode: 0o100644, Size: uint64(len(text))}
	c, err := ContentChecksum(h, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return NewArchived(ObjectID{c, TypeFile}, NewNamedMetadata(ObjectID{}, filezBytes(t, h, text)).OpenArchive)
}

func TestNothingIsVisibleBeforeItIsDurable(t *testing.T) {
	r := newRepo(t, ModeArchive)
	obj := plain(t, "hello\n")
	var steps []string
	r.SetFaults(point(func(name string) error {
		steps = append(steps, name)
		there, err := r.has(obj.ID())
		if err != nil || there != (name == "repo.dirsync") {
			t.Errorf("at %s visible is %v, %v", name, there, err)
		}
		return nil
	}))
	s, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(steps, " "); !strings.HasPrefix(got, "repo.stage repo.keep repo.sync repo.flush repo.rename repo.dirsync") {
		t.Errorf("steps were %s", got)
	}
}

func TestAFailedBatchIsAnErrorOfClose(t *testing.T) {
	r := newRepo(t, ModeArchive)
	r.SetFaults(point(func(name string) error {
		if name == "repo.rename" {
			return errStopped
		}
		return nil
	}))
	s, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	obj := plain(t, "a")
	if err := s.Put(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); !errors.Is(err, errStopped) {
		t.Errorf("close: %v", err)
	}
	if there, err := r.has(obj.ID()); there || err != nil {
		t.Errorf("it is there: %v, %v", there, err)
	}
}

var errStopped = errors.New("stopped here")

func TestSessionLeavesNothingInTmp(t *testing.T) {
	for _, commit := range []bool{true, false} {
		r := newRepo(t, ModeArchive)
		s, err := r.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), plain(t, "a")); err != nil {
			t.Fatal(err)
		}
		if commit {
			err = s.Close(t.Context())
		} else {
			s.Abort()
		}
		left, globErr := filepath.Glob(filepath.Join(r.Path(), "tmp", "*"))
		if err != nil || globErr != nil || len(left) > 0 {
			t.Errorf("closed %v: left %v, %v, %v", commit, left, err, globErr)
		}
	}
}

func TestASessionHoldsTheLockThatKeepsAPruneAway(t *testing.T) {
	r := newRepo(t, ModeArchive)
	f, err := os.OpenFile(filepath.Join(r.Path(), "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("lock-timeout-secs=0\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r = openRepo(t, r.Path())
	s, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	prune := func() error {
		return exec.Command("ostree", "--repo="+r.Path(), "prune", "--refs-only").Run()
	}
	if err := prune(); err == nil {
		t.Error("the real ostree pruned while a session was open")
	}
	s.Abort()
	if err := prune(); err != nil {
		t.Errorf("after the session: %v", err)
	}
}

func TestARefMovesOnlyToACommitNotMarkedPartial(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	dst := newRepo(t, ModeArchive)
	if _, err := Copy(t.Context(), dst, src, commits[0], CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if dst.IsPartial(commits[0]) {
		t.Fatal("a copy that ended well leaves the commit marked partial")
	}
	if err := dst.MarkPartial(commits[0], PartialPull); err != nil {
		t.Fatal(err)
	}
	if err := dst.SetRef(t.Context(), "main", commits[0], nil); err == nil {
		t.Error("a ref names a partial commit")
	}
	if out := cli(t, "--repo="+dst.Path(), "fsck"); !strings.Contains(out, "partial") {
		t.Errorf("the real ostree does not see the marker: %s", out)
	}
	if _, err := Copy(t.Context(), dst, src, commits[0], CopyOptions{}); err != nil || dst.IsPartial(commits[0]) {
		t.Errorf("another copy: %v, partial %v", err, dst.IsPartial(commits[0]))
	}
}

// TestAPullThatOSTreeBrokeOffIsCompleted: libostree leaves the commit and some
// dirtrees without their children.
func TestAPullThatOSTreeBrokeOffIsCompleted(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	for _, how := range []string{"--commit-metadata-only", "--subpath=/etc"} {
		dst := newRepo(t, ModeArchive)
		cli(t, "--repo="+dst.Path(), "remote", "add", "--no-gpg-verify", "origin", "file://"+src.Path())
		cli(t, "--repo="+dst.Path(), "pull", how, "origin", "main")
		if !dst.IsPartial(commits[1]) {
			t.Fatalf("%s: not partial", how)
		}
		if _, err := Copy(t.Context(), dst, src, commits[1], CopyOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(t.Context(), dst, commits[1], VerifyOptions{}); err != nil || dst.IsPartial(commits[1]) {
			t.Errorf("%s: %v, partial %v", how, err, dst.IsPartial(commits[1]))
		}
	}
}

func TestPutDurableSharesSyncs(t *testing.T) {
	r := newRepo(t, ModeArchive)
	var syncs atomic.Int32
	first, gate := make(chan struct{}), make(chan struct{})
	r.SetFaults(point(func(name string) error {
		if name == "repo.sync" && syncs.Add(1) == 1 {
			close(first)
			<-gate // the first sync lasts until all others are staged
		}
		return nil
	}))
	const n = 20
	var all sync.WaitGroup
	errs := make([]error, n)
	put := func(i int) {
		all.Go(func() { errs[i] = r.PutDurable(t.Context(), plain(t, fmt.Sprint(i))) })
	}
	put(0)
	<-first
	for i := 1; i < n; i++ {
		put(i)
	}
	for staged := 0; staged < n-1; runtime.Gosched() {
		r.durable.mu.Lock()
		if r.durable.cohort != nil {
			staged = len(r.durable.cohort.list)
		}
		r.durable.mu.Unlock()
	}
	close(gate)
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if got := syncs.Load(); got != 2 {
		t.Errorf("%d syncs, want one for the first and one for the %d that came meanwhile", got, n-1)
	}
	for i := range n {
		if there, err := r.has(plain(t, fmt.Sprint(i)).ID()); !there || err != nil {
			t.Errorf("object %d is not there, %v", i, err)
		}
	}
}

func TestPutDurableRefusesWhatIsCorrupt(t *testing.T) {
	r := newRepo(t, ModeArchive)
	id := plain(t, "a").ID()
	lie := NewArchived(id, plain(t, "b").OpenArchive)
	_, corrupt := errors.AsType[*CorruptError](r.PutDurable(t.Context(), lie))
	if there, err := r.has(id); !corrupt || there || err != nil {
		t.Errorf("corrupt %v, there %v, %v", corrupt, there, err)
	}
	if err := r.PutDurable(t.Context(), plain(t, "a")); err != nil {
		t.Errorf("the true one: %v", err)
	}
}

func TestAFullDiskSaysSo(t *testing.T) {
	r := newRepo(t, ModeArchive)
	r.SetFaults(point(func(name string) error {
		if name == "repo.stage" {
			return nil
		}
		return syscall.ENOSPC
	}))
	err := r.PutDurable(t.Context(), plain(t, "a"))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
	small := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	}()
	full, err := CreateRepo(filepath.Join(small, "repo"), ModeBare)
	if err != nil {
		t.Fatal(err)
	}
	src, commits := theirRepo(t, ModeArchive)
	_, err = Copy(t.Context(), full, src, commits[1], CopyOptions{})
	if err == nil { // it fitted: fill it up
		err = full.PutDurable(t.Context(), plain(t, strings.Repeat("0123456789", 100000)))
	}
	if !errors.Is(err, ErrNoSpace) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want ErrNoSpace in one line", err)
	}
}

// killEnv tells the test binary to be the process that is killed: source,
// destination, commit, point and how often the point is met before.
const killEnv = "OTACTL_TEST_COPY_AND_DIE"

// TestMain is also the process that TestACopyThatIsKilledGoesOn kills.
func TestMain(m *testing.M) {
	if job := os.Getenv(killEnv); job != "" {
		os.Exit(copyAndDie(strings.Split(job, "|")))
	}
	os.Exit(m.Run())
}

func copyAndDie(job []string) int {
	src, err := OpenRepo(job[0])
	if err != nil {
		return 3
	}
	dst, err := OpenRepo(job[1])
	if err != nil {
		return 3
	}
	c, err := ParseChecksum(job[2])
	if err != nil {
		return 3
	}
	n, err := strconv.ParseInt(job[4], 10, 64)
	if err != nil {
		return 3
	}
	var left atomic.Int64
	left.Store(n)
	die := point(func(name string) error {
		if name == job[3] && left.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	})
	dst.SetFaults(die)
	if _, err := Copy(context.Background(), dst, src, c, CopyOptions{Faults: die}); err != nil {
		return 1
	}
	return 0
}

// TestACopyThatIsKilledGoesOn kills a copy at each of its steps. Whatever is
// there then is whole, the commit is not there or not complete in anybody's
// eyes, and the next copy ends what it began.
func TestACopyThatIsKilledGoesOn(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	for _, mode := range []Mode{ModeArchive, ModeBare} {
		for _, at := range []string{"repo.stage|1", "repo.stage|9", "repo.keep|1", "repo.keep|5", "copy.put|12", "copy.commit|1", "repo.mark|1", "copy.close|1",
			"repo.sync|1", "repo.rename|1", "repo.rename|7", "repo.dirsync|1", "repo.dirsync|2", "repo.unmark|1"} {
			t.Run(string(mode)+" "+at, func(t *testing.T) {
				dst := newRepo(t, mode)
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), killEnv+"="+strings.Join([]string{src.Path(), dst.Path(), commits[1].String(), at}, "|"))
				err := cmd.Run()
				exit, ok := errors.AsType[*exec.ExitError](err)
				if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					t.Fatalf("it was not killed: %v", err)
				}
				afterKill(t, dst, src, commits[1])
			})
		}
	}
}

func afterKill(t *testing.T, dst, src *Repo, commit Checksum) {
	t.Helper()
	dst = openRepo(t, dst.Path())
	err := dst.ListObjects(t.Context(), func(id ObjectID) error {
		obj, err := dst.Object(t.Context(), id)
		if err != nil {
			return err
		}
		return VerifyObject(t.Context(), obj)
	})
	if err != nil {
		t.Errorf("after the kill: %v", err)
	}
	if err := dst.SetRef(t.Context(), "main", commit, nil); err == nil {
		if _, err := Verify(t.Context(), dst, commit, VerifyOptions{}); err != nil {
			t.Errorf("a ref could be set to what is not complete: %v", err)
		}
	}
	if _, err := Copy(t.Context(), dst, src, commit, CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := dst.SetRef(t.Context(), "main", commit, nil); err != nil {
		t.Error(err)
	}
	cli(t, "--repo="+dst.Path(), "fsck")
	if left, err := filepath.Glob(filepath.Join(dst.Path(), "tmp", "[^c]*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/keyfile"
)

// stageOf makes a stage as a process leaves it that was killed, with objects
// under their names, and gives the stage's path.
func stageOf(t *testing.T, r *Repo, boot string, list ...Object) string {
	t.Helper()
	s, err := r.newStage()
	if err != nil {
		t.Fatal(err)
	}
	for _, obj := range list {
		if _, err := s.write(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.lock.Close(); err != nil {
		t.Fatal(err)
	}
	dir := strings.Replace(s.dir, bootID(), boot, 1)
	if dir != s.dir {
		if err := errors.Join(os.Rename(s.dir, dir), os.Rename(s.dir+lockSuffix, dir+lockSuffix)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// open opens a session and drops it.
func open(t *testing.T, r *Repo) {
	t.Helper()
	s, err := openRepo(t, r.Path()).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Abort()
}

func TestWhatAKilledSessionStagedIsThereForTheNext(t *testing.T) {
	r := newRepo(t, ModeArchive)
	obj := plain(t, "kept")
	dir := stageOf(t, r, bootID(), obj)
	torn := filepath.Join(dir, "w7")
	if err := os.WriteFile(torn, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, r)
	if there, err := r.has(obj.ID()); !there || err != nil {
		t.Errorf("there %v, %v", there, err)
	}
	if left, err := filepath.Glob(filepath.Join(r.Path(), "tmp", "*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	cli(t, "--repo="+r.Path(), "fsck")
}

// What can be made again has no name before its last one, and is swept away.
func TestARepeatableSessionTakesOverAndLeavesNothing(t *testing.T) {
	r := newRepo(t, ModeArchive)
	left := plain(t, "left")
	stageOf(t, r, bootID(), left)
	s, err := r.BeginRepeatable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if there, err := r.has(left.ID()); !there || err != nil {
		t.Errorf("what was left is there: %v, %v", there, err)
	}
	obj := plain(t, "made")
	if err := s.Put(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
	stage := s.(*session).stage
	if err := errors.Join(stage.lock.Close(), r.TakeOver(t.Context())); err != nil { // as after a kill
		t.Fatal(err)
	}
	if there, err := r.has(obj.ID()); there || err != nil {
		t.Errorf("what was being made is there: %v, %v", there, err)
	}
	if _, err := os.Stat(stage.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its stage is left: %v", err)
	}
}

func TestAStageOfAnotherBootIsDropped(t *testing.T) {
	r := newRepo(t, ModeArchive)
	obj := plain(t, "never synced")
	stageOf(t, r, "0123-4567", obj)
	open(t, r)
	if there, err := r.has(obj.ID()); there || err != nil {
		t.Errorf("there %v, %v", there, err)
	}
	if left, err := filepath.Glob(filepath.Join(r.Path(), "tmp", "*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestTheStageOfALivingSessionIsLeftAlone(t *testing.T) {
	r := newRepo(t, ModeArchive)
	living, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, b := plain(t, "a"), plain(t, "b")
	if err := living.Put(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	open(t, r)
	if there, err := r.has(a.ID()); there || err != nil {
		t.Errorf("it was taken over: %v, %v", there, err)
	}
	if err := errors.Join(living.Put(t.Context(), b), living.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestNoCommitIsTakenOver: what it names may be pruned before somebody looks.
func TestNoCommitIsTakenOver(t *testing.T) {
	theirs, commits := theirRepo(t, ModeArchive)
	r := newRepo(t, ModeArchive)
	obj, err := theirs.Object(t.Context(), ObjectID{commits[0], TypeCommit})
	if err != nil {
		t.Fatal(err)
	}
	dir := stageOf(t, r, bootID(), obj)
	// As libostree has it, by name:
	h := commits[1].String()
	if err := os.Mkdir(filepath.Join(dir, h[:2]), 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(theirs.objectPath(ObjectID{commits[1], TypeCommit}))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, h[:2], h[2:]+".commit"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, r)
	for _, c := range commits {
		if there, err := r.has(ObjectID{c, TypeCommit}); there || err != nil {
			t.Errorf("commit %s is there: %v", c, err)
		}
	}
}

func TestWhatIsNoObjectIsNotTakenOver(t *testing.T) {
	r := newRepo(t, ModeArchive)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := stageOf(t, r, bootID(), plain(t, "a"))
	name := strings.Repeat("0", 62) + "."
	for _, err := range []error{
		os.MkdirAll(dir+"/00/"+name+"dirtree", 0o755),
		os.Symlink(secret, dir+"/00/"+name+"filez"),
		syscall.Mkfifo(dir+"/00/"+name+"dirmeta", 0o644),
		os.WriteFile(dir+"/00/short.filez", nil, 0o644),
		os.Symlink(filepath.Dir(secret), dir+"/01"),
		os.Symlink(filepath.Dir(secret), filepath.Join(r.Path(), "tmp", "staging-"+bootID()+"-link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	open(t, r)
	if list, err := filepath.Glob(filepath.Join(r.Path(), "objects/0[01]/*")); err != nil || len(list) > 0 {
		t.Errorf("taken over: %v, %v", list, err)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

// TestOSTreeGoesOnWithOurStage, and its commit makes ours visible.
func TestOSTreeGoesOnWithOurStage(t *testing.T) {
	r := newRepo(t, ModeArchive)
	obj := plain(t, "ours")
	dir := stageOf(t, r, bootID(), obj)
	if err := os.WriteFile(filepath.Join(dir, "w1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	tree := t.TempDir()
	makeTree(t, tree)
	cli(t, "--repo="+r.Path(), "commit", "-b", "main", tree)
	if there, err := r.has(obj.ID()); !there || err != nil {
		t.Errorf("there %v, %v", there, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the stage: %v", err)
	}
	cli(t, "--repo="+r.Path(), "fsck")
}

// counted is a source that counts which objects are opened.
type counted struct {
	Source
	opened map[ObjectID]*atomic.Int32
}

func (c *counted) Object(ctx context.Context, id ObjectID) (Object, error) {
	if n := c.opened[id]; n != nil {
		n.Add(1)
	}
	return c.Source.Object(ctx, id)
}

// TestAKilledCopyReadsNoFileTwice: the process dies with objects staged, and
// who comes next reads only the others.
func TestAKilledCopyReadsNoFileTwice(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	for _, mode := range []Mode{ModeArchive, ModeBare, ModeBareUser} {
		dst := newRepo(t, mode)
		job := strings.Join([]string{src.Path(), dst.Path(), commits[1].String(), "copy.close", "1"}, "|")
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killEnv+"="+job)
		if err := cmd.Run(); err == nil {
			t.Fatal("it was not killed")
		}
		files := &counted{src, map[ObjectID]*atomic.Int32{}}
		err := Closure(t.Context(), src, commits[1], func(id ObjectID) error {
			if there, err := dst.has(id); there || err != nil {
				return fmt.Errorf("%s is visible before its batch is: %w", id, err)
			}
			if id.Type == TypeFile {
				files.opened[id] = new(atomic.Int32)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		report, err := Copy(t.Context(), dst, files, commits[1], CopyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for id, n := range files.opened {
			if n.Load() > 0 {
				t.Errorf("%s: %s was read again", mode, id)
			}
		}
		if report.Copied != 1 {
			t.Errorf("%s: %d objects moved, want the commit alone", mode, report.Copied)
		}
		cli(t, "--repo="+dst.Path(), "fsck")
	}
}

func TestStrayFilesGoWhenTheyAreOld(t *testing.T) {
	r := newRepo(t, ModeArchive)
	tmp := filepath.Join(r.Path(), "tmp")
	old, young, cache := filepath.Join(tmp, "otactl-file-1"), filepath.Join(tmp, "otactl-file-2"), filepath.Join(tmp, "cache")
	past := time.Unix(1600000000, 0)
	for _, p := range []string{old, young} {
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(cache, 0o755), os.Chtimes(old, past, past), os.Chtimes(cache, past, past)); err != nil {
		t.Fatal(err)
	}
	open(t, r)
	for p, want := range map[string]bool{old: false, young: true, cache: true} {
		if _, err := os.Stat(p); (err == nil) != want {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// TestAStageThatIsAboutToBeLockedIsLeftAlone: libostree makes the folder first, and
// ends when it is gone before it is locked.
func TestAStageThatIsAboutToBeLockedIsLeftAlone(t *testing.T) {
	r := newRepo(t, ModeArchive)
	dir := filepath.Join(r.Path(), "tmp", stagePrefix+bootID()+"-abcdef")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, r)
	if _, err := os.Lstat(dir); err != nil {
		t.Errorf("one that is new: %v", err)
	}
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(dir, past, past); err != nil {
		t.Fatal(err)
	}
	open(t, r)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one of an hour ago: %v", err)
	}
}

// TestNobodyPrunesWhileOSTreeCommits, and the other way about.
func TestNobodyPrunesWhileOSTreeCommits(t *testing.T) {
	r := newRepo(t, ModeArchive)
	err := r.EditConfig(t.Context(), func(f *keyfile.File) error { return f.Set("core", "lock-timeout-secs", "0") })
	if err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(t.TempDir(), "tar")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ostree", "--repo="+r.Path(), "commit", "-b", "main", "--tree=tar="+fifo)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end, err := os.OpenFile(fifo, os.O_WRONLY, 0) // returns once it reads
	if err != nil {
		t.Fatal(err)
	}
	if unlock, err := r.LockAlone(t.Context()); fail.ClassOf(err) != fail.Busy {
		t.Errorf("during its commit: %v", err)
		unlock()
	}
	open(t, r) // sessions are welcome
	if err := end.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // an empty file is no tar
	unlock, err := r.LockAlone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("ostree", "--repo="+r.Path(), "commit", "-b", "main", "--tree=dir="+t.TempDir()).Run(); err == nil {
		t.Error("it commits while we hold the lock alone")
	}
	if _, err := r.Begin(t.Context()); fail.ClassOf(err) != fail.Busy {
		t.Errorf("a session of ours: %v", err)
	}
	unlock()
	open(t, r)
}

// TestWhoWaitsBehindOneThatWaitsCanStop: the first holds nothing that the second
// could not leave.
func TestWhoWaitsBehindOneThatWaitsCanStop(t *testing.T) {
	r := newRepo(t, ModeArchive)
	end := pruning(t, r)
	first := make(chan error, 1)
	go func() {
		s, err := r.Begin(t.Context())
		if err == nil {
			s.Abort()
		}
		first <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := r.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second: %v", err)
	}
	end()
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
}

// unlessAway does it again where the real program ended because a staging folder,
// which any other writer removes when it is done, went away between its listing
// and its opening: two of that program meet with the same.
func unlessAway(do func() error) error {
	var err error
	for range 10 {
		if err = do(); err == nil || !strings.Contains(err.Error(), "opendir(staging-") {
			return err
		}
	}
	return err
}

// TestBothProgramsWorkOnOneRepo at once: copies, commits and prunes of ours and
// of the real ostree. Whoever has to wait waits, and in the end all is whole.
func TestBothProgramsWorkOnOneRepo(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	r := newRepo(t, ModeArchive)
	setCore(t, r, "lock-timeout-secs", "60")
	tree := t.TempDir()
	makeTree(t, tree)
	var all sync.WaitGroup
	work := func(name string, do func(i int) error) {
		all.Go(func() {
			for i := range 6 {
				if err := do(i); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	theirs := func(args ...string) error {
		out, err := exec.Command("ostree", append([]string{"--repo=" + r.Path()}, args...)...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%v: %w: %s", args, err, out)
		}
		return err
	}
	work("our copy", func(i int) error {
		repo := openRepo(t, r.Path())
		if _, err := Copy(t.Context(), repo, src, commits[i%2], CopyOptions{}); err != nil {
			return err
		}
		return repo.SetRef(t.Context(), fmt.Sprint("copy-", i), commits[i%2], nil)
	})
	work("their commit", func(i int) error {
		return unlessAway(func() error { return theirs("commit", "-b", fmt.Sprint("theirs-", i), tree) })
	})
	work("their pull", func(int) error {
		return unlessAway(func() error { return theirs("pull-local", src.Path(), commits[1].String()) })
	})
	work("our prune", func(int) error {
		_, err := Prune(t.Context(), openRepo(t, r.Path()), PruneOptions{})
		return err
	})
	work("their prune", func(int) error { return theirs("prune") })
	all.Wait()
	cli(t, "--repo="+r.Path(), "fsck")
	report, err := Fsck(t.Context(), r, FsckOptions{KeepOn: true})
	if err != nil || len(report.Problems) > 0 || report.Partial > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestWhoTakesOverMayBeKilledToo, at each step, and again.
func TestWhoTakesOverMayBeKilledToo(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	for _, mode := range []Mode{ModeArchive, ModeBare} {
		dst := newRepo(t, mode)
		for _, at := range []string{"repo.keep|4", "copy.close|1", "repo.sync|1", "repo.rename|3", "repo.dirsync|1", "copy.close|1", "repo.unmark|1"} {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), killEnv+"="+strings.Join([]string{src.Path(), dst.Path(), commits[1].String(), at}, "|"))
			err := cmd.Run()
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("%s at %s: it was not killed: %v", mode, at, err)
			}
			if report, err := Fsck(t.Context(), openRepo(t, dst.Path()), FsckOptions{KeepOn: true}); err != nil || len(report.Problems) > 0 {
				t.Errorf("%s at %s: %v, %v", mode, at, report.Problems, err)
			}
		}
		afterKill(t, dst, src, commits[1])
	}
}

package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/testkit"
	engine "github.com/otactl/otactl/ostree"
)

// sharedRepo is a repo on which otactl and ostree work at once, and are killed
// now and then. Of each branch there is one writer, so that what it says it made
// is what the branch must name.
type sharedRepo struct {
	t     *testing.T
	rng   *rand.Rand
	dir   string
	src   *pullSource
	names map[string]string        // what refs must name
	was   map[string]string        // what branches named before
	full  map[string]time.Duration // what a turn takes that nobody disturbs
	hit   map[string]int
	again string // ref of the source whose pull by otactl was killed
	count int
}

// The folders of which each commit has some, and their files: commits come and
// go, and what they share has to stay.
const (
	sharedFolders = 8
	sharedFiles   = 12
)

// turn is one process that has its part in a round.
type turn struct {
	program string // otactl or ostree
	args    []string
	after   time.Duration // from the beginning of the round on
	kill    time.Duration // after its start; 0 is never
	ended   func(*turn)   // looks at what came of it

	stdout, stderr bytes.Buffer
	killed         bool
}

func TestRandomKillsOfEitherProgramOnOneRepoLoseNothing(t *testing.T) {
	t.Parallel()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-kill-seed %d", seed)
	rounds := *kills
	src := newPullSource(t, 2*rounds+2)
	for i, mode := range []string{"archive", "bare-user"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSharedRepo(t, mode, src, rand.New(rand.NewPCG(seed, uint64(i))))
			for range rounds {
				s.round()
				s.refsAreWhole()
			}
			t.Logf("killed %v", s.hit)
			s.verdict()
		})
	}
}

// pullSource is an archive repo with refs that share much, and the address at
// which it is served.
type pullSource struct {
	repo, pool string
	url        string
	refs       []string
	names      map[string]string
}

func newPullSource(t *testing.T, refs int) *pullSource {
	dir := t.TempDir()
	p := &pullSource{repo: filepath.Join(dir, "repo"), pool: filepath.Join(dir, "pool"), names: map[string]string{}}
	for i := range sharedFolders {
		for j := range sharedFiles {
			writeBelow(t, p.folder(i), fmt.Sprintf("usr/%d/%d", i, j), fmt.Sprintf("file %d of folder %d\n", j, i))
		}
	}
	initShared(t, p.repo, "archive")
	for i := range refs {
		ref := fmt.Sprintf("s%04d", i)
		own := filepath.Join(dir, ref)
		writeBelow(t, own, "version", ref)
		p.names[ref] = testkit.OSTree(t, "--repo="+p.repo, "commit", "-b", ref, "--tree=dir="+p.folder(i%sharedFolders),
			"--tree=dir="+p.folder((i+3)%sharedFolders), "--tree=dir="+own)
		p.refs = append(p.refs, ref)
	}
	web := httptest.NewServer(http.FileServer(http.Dir(p.repo)))
	t.Cleanup(web.Close)
	p.url = web.URL
	return p
}

func (p *pullSource) folder(i int) string { return filepath.Join(p.pool, fmt.Sprint(i)) }

func writeBelow(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// initShared makes a repo. Nothing here cuts the power, so nothing is synced.
func initShared(t *testing.T, repo, mode string) {
	t.Helper()
	testkit.OSTree(t, "--repo="+repo, "init", "--mode="+mode)
	testkit.OSTree(t, "--repo="+repo, "config", "set", "core.fsync", "false")
	testkit.OSTree(t, "--repo="+repo, "config", "set", "--", "core.lock-timeout-secs", "-1")
}

// newSharedRepo lets each kind of turn have the repo to itself once.
func newSharedRepo(t *testing.T, mode string, src *pullSource, rng *rand.Rand) *sharedRepo {
	s := &sharedRepo{t: t, rng: rng, dir: t.TempDir(), names: map[string]string{}, was: map[string]string{}, full: map[string]time.Duration{}, hit: map[string]int{}}
	refs := slices.Clone(src.refs)
	s.src = &pullSource{repo: src.repo, pool: src.pool, url: src.url, refs: refs, names: src.names}
	initShared(t, s.repo(), mode)
	testkit.OSTree(t, "--repo="+s.repo(), "remote", "add", "--no-gpg-verify", "src", src.url)
	s.names["still"] = testkit.OSTree(t, "--repo="+s.repo(), "commit", "-b", "still", "--tree=dir="+src.folder(0))
	for _, program := range []string{"otactl", "ostree"} {
		for _, tn := range []*turn{s.commit(program), s.pull(program), s.prune(program), s.read(program)} {
			tn.after, tn.kill = 0, 0
			begin := time.Now()
			s.run(tn)
			s.full[tn.kind()] = time.Since(begin)
			s.end(tn)
		}
	}
	return s
}

func (s *sharedRepo) repo() string { return filepath.Join(s.dir, "repo") }

// kind is the program and what it does.
func (tn *turn) kind() string { return tn.program + " " + tn.args[0] }

// turn draws when a process starts, and whether and when it is killed.
func (s *sharedRepo) turn(program string, ended func(*turn), args ...string) *turn {
	tn := &turn{program: program, args: args, ended: ended, after: time.Duration(s.rng.Int64N(int64(40 * time.Millisecond)))}
	if full := s.full[tn.kind()]; s.rng.IntN(3) == 0 {
		tn.kill = 1 + time.Duration(s.rng.Int64N(1+2*int64(full)))
	}
	return tn
}

// round has all work at once.
func (s *sharedRepo) round() {
	s.t.Helper()
	turns := []*turn{s.read([]string{"otactl", "ostree"}[s.rng.IntN(2)])}
	for _, program := range []string{"otactl", "ostree"} {
		turns = append(turns, s.commit(program), s.pull(program), s.prune(program))
	}
	turns = append(turns, s.forget()...)
	var all sync.WaitGroup
	for _, tn := range turns {
		all.Go(func() {
			time.Sleep(tn.after)
			s.run(tn)
		})
	}
	all.Wait()
	for _, tn := range turns {
		s.end(tn)
	}
}

// run runs the process of a turn. One that was not killed must succeed.
func (s *sharedRepo) run(tn *turn) {
	args := append([]string{"--repo=" + s.repo()}, tn.args...)
	if tn.program == "otactl" {
		args = append([]string{"ostree"}, args...)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tn.program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir)
	cmd.Stdout, cmd.Stderr = &tn.stdout, &tn.stderr
	if err := cmd.Start(); err != nil {
		s.t.Error(err)
		return
	}
	if tn.kill > 0 {
		defer time.AfterFunc(tn.kill, func() { _ = cmd.Process.Kill() }).Stop()
	}
	err := cmd.Wait()
	tn.killed = err != nil && tn.kill > 0 && cmd.ProcessState.ExitCode() == -1 || tn.metItself()
	if err != nil && !tn.killed {
		s.t.Errorf("%s %s: %v\n%s", tn.program, strings.Join(tn.args, " "), err, tn.stderr.String())
	}
}

// metItself says whether ostree ended since another ostree took the folder that it
// had just made, which happens to it with no other program there.
func (tn *turn) metItself() bool {
	return tn.program == "ostree" && strings.Contains(tn.stderr.String(), "opendir(staging-")
}

func (s *sharedRepo) end(tn *turn) {
	s.t.Helper()
	if tn.killed {
		s.hit[tn.kind()]++
	}
	tn.ended(tn)
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// at is what a ref names, "" if it is not there.
func (s *sharedRepo) at(ref string) string {
	path := "heads/" + ref
	if remote, name, ok := strings.Cut(ref, ":"); ok {
		path = "remotes/" + remote + "/" + name
	}
	data, err := os.ReadFile(filepath.Join(s.repo(), "refs", path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// commit is a commit on the program's own branch.
func (s *sharedRepo) commit(program string) *turn {
	branch := "by-" + program
	s.count++
	own := filepath.Join(s.dir, fmt.Sprint(s.count))
	writeBelow(s.t, own, "version", fmt.Sprint(s.count))
	args := []string{"commit", "-b", branch, "--tree=dir=" + own}
	for range 4 {
		args = append(args, "--tree=dir="+s.src.folder(s.rng.IntN(sharedFolders)))
	}
	return s.turn(program, func(tn *turn) {
		now, before := s.at(branch), s.names[branch]
		if made := strings.TrimSpace(tn.stdout.String()); !tn.killed && made != now {
			s.t.Errorf("%s made %q, and %s names %q", program, made, branch, now)
		}
		if now != before {
			s.names[branch], s.was[branch] = now, before
		}
	}, args...)
}

// pull takes a ref that nobody has pulled so far, or that the last one of otactl
// was killed over. For libostree a commit that is there is whole, even if a prune
// that was killed has taken half of it, so it meets none twice.
func (s *sharedRepo) pull(program string) *turn {
	ref := s.again
	if program == "ostree" || ref == "" {
		ref, s.src.refs = s.src.refs[0], s.src.refs[1:]
	}
	name, args := ref, []string{"pull-local", s.src.repo, ref}
	if s.rng.IntN(2) == 0 {
		name, args = "src:"+ref, []string{"pull", "src", ref}
	}
	return s.turn(program, func(tn *turn) {
		now, want := s.at(name), s.src.names[ref]
		if now == want {
			s.names[name] = now
		} else if !tn.killed || now != "" {
			s.t.Errorf("%s pulled %s: it is %q, want %s", program, name, now, want)
		}
		if program == "otactl" {
			if s.again = ""; tn.killed {
				s.again = ref
			}
		}
	}, args...)
}

// prune lets go what no ref leads to, but for a commit before each.
func (s *sharedRepo) prune(program string) *turn {
	return s.turn(program, func(*turn) {}, "prune", "--refs-only", "--depth=1")
}

// read checks out what stays as it is.
func (s *sharedRepo) read(program string) *turn {
	s.count++
	to := filepath.Join(s.dir, fmt.Sprint("checkout-", s.count))
	return s.turn(program, func(tn *turn) {
		if tn.killed {
			return
		}
		if out, err := exec.Command("diff", "-r", s.src.folder(0), to).CombinedOutput(); err != nil {
			s.t.Errorf("%s checked out something else: %s", program, out)
		}
	}, "checkout", "--user-mode", "still", to)
}

// forget deletes refs that were pulled, so that there is something to prune.
func (s *sharedRepo) forget() []*turn {
	var pulled []string
	for name := range s.names {
		if _, isPulled := s.src.names[strings.TrimPrefix(name, "src:")]; isPulled {
			pulled = append(pulled, name)
		}
	}
	slices.Sort(pulled)
	var turns []*turn
	for len(pulled) > 4 && len(turns) < 2 {
		i := s.rng.IntN(len(pulled))
		name := pulled[i]
		pulled = slices.Delete(pulled, i, i+1)
		delete(s.names, name)
		turns = append(turns, s.turn([]string{"otactl", "ostree"}[len(turns)], func(tn *turn) {
			if now := s.at(name); now != "" && !tn.killed {
				s.t.Errorf("%s deleted %s, and it is %s", tn.program, name, now)
			}
		}, "refs", "--delete", name))
	}
	return turns
}

// refsAreWhole holds that each ref names what it must, and that this is whole,
// as is what the branches named before.
func (s *sharedRepo) refsAreWhole() {
	s.t.Helper()
	store, err := engine.OpenRepo(s.repo())
	if err != nil {
		s.t.Fatal(err)
	}
	refs, err := store.Refs(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for name, want := range s.names {
		if have := refs[name].String(); have != want {
			s.t.Errorf("%s names %s, want %s", name, have, want)
		}
	}
	commits := map[string]string{}
	for name, c := range refs {
		commits[c.String()] = name
	}
	for name, c := range s.was {
		commits[c] = "before " + name
	}
	delete(commits, "")
	for c, name := range commits {
		sum, err := engine.ParseChecksum(c)
		if err == nil {
			_, err = engine.Verify(s.t.Context(), store, sum, engine.VerifyOptions{})
		}
		if err != nil || store.IsPartial(sum) {
			s.t.Errorf("%s names commit %s, which is not whole (partial: %v): %v", name, c, store.IsPartial(sum), err)
		}
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// verdict is that of both programs, once a prune has removed what other prunes
// left half when they were killed.
func (s *sharedRepo) verdict() {
	s.t.Helper()
	for _, args := range [][]string{{"otactl", "prune", "--refs-only", "--depth=1"}, {"ostree", "fsck"}, {"otactl", "fsck", "--all"}} {
		tn := &turn{program: args[0], args: args[1:], ended: func(*turn) {}}
		s.run(tn)
		s.end(tn)
	}
	s.refsAreWhole()
	for branch, before := range s.was {
		if parent := testkit.OSTree(s.t, "--repo="+s.repo(), "rev-parse", branch+"^"); parent != before {
			s.t.Errorf("before %s comes %s, want %s", branch, parent, before)
		}
	}
}

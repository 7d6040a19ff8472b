package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// errPulled stands for a stick that is pulled out.
var errPulled = errors.New("pulled out")

// pull fails at the nth fault point, and at each one after it: nothing is done
// any more once the stick is gone.
type pull struct {
	after int
	mu    sync.Mutex // objects come side by side
	seen  []string
}

// At implements faults.Injector.
func (p *pull) At(point string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, point)
	if len(p.seen) > p.after {
		return errPulled
	}
	return nil
}

// interrupted runs build with a stop at every point in turn, each time on what
// prepare made, and calls look with what was left.
func interrupted(t *testing.T, prepare func() string, opt BuildOptions, b *backend, look func(dir string, at string)) {
	t.Helper()
	for n := 0; ; n++ {
		dir := prepare()
		p := &pull{after: n}
		opt.Faults = p
		_, err := Build(t.Context(), b, dir, opt)
		if err == nil {
			if !slices.Contains(p.seen, FaultSwap) || n < 6 {
				t.Errorf("only these points were met: %v", p.seen)
			}
			return
		}
		if !errors.Is(err, errPulled) {
			t.Fatalf("stopped at %s: %v", p.seen[n], err)
		}
		look(dir, p.seen[n])
		opt.Faults = nil
		if _, err := Build(t.Context(), b, dir, opt); err != nil {
			t.Errorf("after a stop at %s, the next run: %v", p.seen[n], err)
		}
		if rep := verify(t, dir); rep.Err() != nil || len(rep.Findings) > 0 {
			t.Errorf("after a stop at %s and another run: %v", p.seen[n], rep.Findings)
		}
	}
}

// takeAway moves a folder away at the first fault point that isn't but, as a
// system does that unmounts a stick which was pulled out.
type takeAway struct{ dir, to, but string }

// At implements faults.Injector.
func (a takeAway) At(point string) error {
	if point == a.but {
		return nil
	}
	_ = os.Rename(a.dir, a.to) // the first time
	return nil
}

func TestMediumThatIsTakenAwayIsSaidAndTheBuildGoesOn(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", testkit.SmallOS(t, "1"), nil)
	dir := filepath.Join(t.TempDir(), "bundle")
	away := dir + ".away"
	opt := options("pc-1")
	opt.Faults = takeAway{dir, away, FaultContent}
	_, err := Build(t.Context(), b, dir, opt)
	if err == nil || fail.ClassOf(err) != fail.Unknown || !strings.Contains(err.Error(), "the medium is gone") || fail.HintOf(err) != hintGone {
		t.Fatalf("taken away: %v (class %v, hint %q)", err, fail.ClassOf(err), fail.HintOf(err))
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written in its place: %v", err)
	}
	check(t, os.Rename(away, dir))
	opt.Faults = nil
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	if rep := verify(t, dir); rep.Err() != nil || len(rep.Findings) > 0 {
		t.Error(rep.Findings)
	}
}

func TestObjectsAreNotWrittenBelowAMediumThatIsUnmounted(t *testing.T) {
	dir, b := small(t)
	b.publish("pc-2", "pc", tinyTree(t, "2"), nil)
	opt := options("pc-2")
	opt.AllowMultiple = true
	away := takeAway{dir: dir, to: dir + ".away"}
	opt.Faults = away
	_, err := Build(t.Context(), b, dir, opt)
	if err == nil || !strings.Contains(err.Error(), "unmounted") || fail.HintOf(err) != hintGone || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v (hint %q)", err, fail.HintOf(err))
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made in its place: %v", err)
	}
	if rep := verify(t, away.to); rep.Err() != nil || names(rep) != "pc-1" {
		t.Errorf("the old bundle: %v", rep.Findings)
	}
	bundle, err := Open(away.to)
	check(t, err)
	defer bundle.Close()
	file := filepath.Join(t.TempDir(), "bundle.ota")
	check(t, os.Rename(away.to, dir))
	if _, err := Pack(t.Context(), bundle, file, PackOptions{}); err == nil || fail.HintOf(err) != hintGone {
		t.Errorf("packed: %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the archive: %v", err)
	}
	opt.Faults = nil
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	if rep := verify(t, dir); rep.Err() != nil || names(rep) != "pc-1 pc-2" {
		t.Errorf("the next run: %v", rep.Findings)
	}
}

func TestFirstBuildCutOffIsRecognisedAndGoesOn(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", testkit.SmallOS(t, "1"), nil)
	root := t.TempDir()
	fresh := func() string {
		dir, err := os.MkdirTemp(root, "bundle")
		check(t, err)
		return dir
	}
	interrupted(t, fresh, options("pc-1"), b, func(dir, at string) {
		rep := verify(t, dir)
		if at == FaultSync {
			if rep.Err() != nil {
				t.Errorf("stopped at %s: %v", at, rep.Err())
			}
			return
		}
		wantFinding(t, rep, RuleRootChain, "tuf")
		wantFinding(t, rep, RuleComplete, "tuf/bundle-targets.json")
	})
}

func TestUpdateCutOffLeavesTheOldBundleOrTheNewOne(t *testing.T) {
	dir, b := small(t)
	b.publish("board-1", "board", testkit.SmallOS(t, "2"), nil)
	b.addRoot()
	root := t.TempDir()
	old := func() string {
		cp := filepath.Join(root, filepath.Base(t.TempDir()))
		check(t, os.CopyFS(cp, os.DirFS(dir)))
		return cp
	}
	opt := options("board-1")
	opt.AllowMultiple = true
	interrupted(t, old, opt, b, func(dir, at string) {
		rep := verify(t, dir)
		if err := rep.Err(); err != nil {
			t.Errorf("stopped at %s: %v", at, rep.Findings)
		}
		want := "pc-1"
		if at == FaultSync {
			want = "pc-1 board-1"
		}
		if got := names(rep); got != want {
			t.Errorf("stopped at %s: the bundle names %q, want %q", at, got, want)
		}
	})
}

func names(rep *VerifyReport) string {
	var list []string
	for _, t := range rep.Targets {
		list = append(list, t.Name)
	}
	return strings.Join(list, " ")
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestBundleLivesOnAStickWithoutLinksAndModes(t *testing.T) {
	stick := testkit.ExFAT(t)
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", testkit.SmallOS(t, "1"), nil)
	dir := filepath.Join(stick, "update")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if rep := verify(t, dir); rep.Err() != nil || len(rep.Findings) > 0 {
		t.Errorf("%v", rep.Findings)
	}
	commit := b.targets["pc-1"].Commit()
	bare := filepath.Join(t.TempDir(), "bare")
	testkit.OSTree(t, "--repo="+bare, "init", "--mode=bare")
	testkit.OSTree(t, "--repo="+bare, "pull-local", "--untrusted", filepath.Join(dir, "ostree_repo"), commit)
}

// Where names cannot be exchanged there is a moment without metadata.
func TestUpdateCutOffOnAStickIsOldNewOrIncomplete(t *testing.T) {
	stick := testkit.ExFAT(t)
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	first := filepath.Join(stick, "first")
	_, err := Build(t.Context(), b, first, options("pc-1"))
	check(t, err)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	n := 0
	copyOf := func() string {
		n++
		dir := filepath.Join(stick, "copy"+strings.Repeat("x", n))
		check(t, os.CopyFS(dir, os.DirFS(first)))
		return dir
	}
	opt := options("board-1")
	opt.AllowMultiple = true
	between := false
	interrupted(t, copyOf, opt, b, func(dir, at string) {
		rep := verify(t, dir)
		if at == FaultBetween {
			between = true
			wantFinding(t, rep, RuleComplete, "tuf/bundle-targets.json")
			return
		}
		if err := rep.Err(); err != nil {
			t.Errorf("stopped at %s: %v", at, err)
		}
	})
	if !between {
		t.Error("the stick can exchange names after all: this test tests nothing")
	}
}

// far hides that objects come from this machine, so that nobody knows before
// how many bytes they are.
type far struct{ ostree.Source }

func TestFullMediumIsSaidAndTheOldBundleStays(t *testing.T) {
	dir := t.TempDir()
	run(t, "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", dir)
	t.Cleanup(func() { run(t, "umount", dir) })
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	big := tinyTree(t, "2")
	for i := range 40 {
		write(t, filepath.Join(big, fmt.Sprint("noise", i)), noise(100<<10+i))
	}
	b.publish("board-1", "board", big, nil)
	opt := options("board-1")
	opt.AllowMultiple = true
	full := func(when string) {
		t.Helper()
		if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.NoSpace || fail.HintOf(err) == "" {
			t.Errorf("%s: error %v, class %v, hint %q", when, err, fail.ClassOf(err), fail.HintOf(err))
		}
		if rep := verify(t, dir); rep.Err() != nil || names(rep) != "pc-1" {
			t.Errorf("%s, the old bundle: %v", when, rep.Findings)
		}
	}
	before := tree(t, dir)
	full("sizes known")
	if tree(t, dir) != before {
		t.Error("something was written that there was no room for")
	}
	src, err := b.Objects(t.Context())
	check(t, err)
	opt.RepoSource = far{src}
	full("sizes not known")
	if free := medium.VolumeOf(dir).Free; free < 1<<20 {
		t.Errorf("%d bytes were left for the metadata", free)
	}
	run(t, "mount", "-o", "remount,size=16m", dir)
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if rep.Present < 20 {
		t.Errorf("of %d objects only %d stayed while the medium was full", rep.Objects, rep.Present)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

// noise is data that does not compress, the same each time.
func noise(n int) []byte {
	data, x := make([]byte, n), uint32(1)
	for i := range data {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		data[i] = byte(x)
	}
	return data
}

func TestWhatALostPowerEmptiedIsMendedByTheNextRun(t *testing.T) {
	cases := map[string]func(t *testing.T, repo string){
		"config": func(t *testing.T, repo string) { check(t, os.Truncate(filepath.Join(repo, "config"), 0)) },
		"config of zeros": func(t *testing.T, repo string) {
			write(t, filepath.Join(repo, "config"), make([]byte, 40))
		},
		"no config": func(t *testing.T, repo string) { check(t, os.Remove(filepath.Join(repo, "config"))) },
		"ref":       func(t *testing.T, repo string) { check(t, os.Truncate(filepath.Join(repo, "refs/heads/pc-1"), 0)) },
		"no refs":   func(t *testing.T, repo string) { check(t, os.RemoveAll(filepath.Join(repo, "refs"))) },
		"no objects": func(t *testing.T, repo string) {
			check(t, os.RemoveAll(filepath.Join(repo, "objects")))
		},
		"all objects": func(t *testing.T, repo string) {
			names, err := filepath.Glob(filepath.Join(repo, "objects/*/*"))
			check(t, err)
			for _, name := range names {
				check(t, os.Truncate(name, 0))
			}
		},
		"a folder for an object": func(t *testing.T, repo string) {
			name := objectFile(t, filepath.Dir(repo), "commit")
			check(t, os.Remove(name))
			check(t, os.MkdirAll(filepath.Join(name, "lost"), 0o755))
		},
		"a link for an object": func(t *testing.T, repo string) {
			name := objectFile(t, filepath.Dir(repo), "filez")
			check(t, os.Remove(name))
			check(t, os.Symlink("/etc/passwd", name))
		},
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			dir, b := small(t)
			spoil(t, filepath.Join(dir, "ostree_repo"))
			_, err := Build(t.Context(), b, dir, options("pc-1"))
			check(t, err)
			if err := verify(t, dir).Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatCannotBeMendedSaysWhatToRemove(t *testing.T) {
	cases := []struct {
		file, content string
		class         fail.Class
	}{
		{"ostree_repo/config", "[core]\nrepo_version=1\nmode=bare\n", fail.Conflict},
		{"tuf/1.root.json", "", fail.Verification},
		{"tuf/bundle-targets.json", "", fail.Verification},
	}
	for _, c := range cases {
		dir, b := small(t)
		write(t, filepath.Join(dir, c.file), []byte(c.content))
		before := tree(t, dir)
		_, err := Build(t.Context(), b, dir, options("pc-1"))
		if fail.ClassOf(err) != c.class || !strings.Contains(fail.HintOf(err), "remove ") {
			t.Errorf("%s: %v, hint %q", c.file, err, fail.HintOf(err))
		}
		if after := tree(t, dir); after != before {
			t.Errorf("%s: the bundle was changed", c.file)
		}
	}
}

package ostree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

// years is a repo of the real ostree with two branches of commits, one of each
// year from 2001 to 2004; the trees are all different.
func years(t *testing.T) (*Repo, map[string][]Checksum) {
	t.Helper()
	r := newRepo(t, ModeArchive)
	commits := map[string][]Checksum{}
	for year := 2001; year <= 2004; year++ {
		for _, branch := range []string{"a", "b"} {
			tree := t.TempDir()
			if err := os.WriteFile(filepath.Join(tree, "file"), []byte(fmt.Sprint(branch, year)), 0o644); err != nil {
				t.Fatal(err)
			}
			out := cli(t, "--repo="+r.Path(), "commit", "-b", branch, fmt.Sprintf("--timestamp=%d-06-01 12:00:00 +0000", year), tree)
			c, err := ParseChecksum(out)
			if err != nil {
				t.Fatal(err)
			}
			commits[branch] = append(commits[branch], c)
		}
	}
	return r, commits
}

// objects are all objects of a repo.
func objects(t *testing.T, r *Repo) []string {
	t.Helper()
	var list []string
	err := r.ListObjects(t.Context(), func(id ObjectID) error {
		list = append(list, id.String())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func copyRepo(t *testing.T, r *Repo) *Repo {
	t.Helper()
	to := filepath.Join(t.TempDir(), "repo")
	if out, err := exec.Command("cp", "-a", r.Path(), to).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	return openRepo(t, to)
}

// TestAPruneKeepsWhatThatOfOSTreeKeeps, and both count the same.
func TestAPruneKeepsWhatThatOfOSTreeKeeps(t *testing.T) {
	r, commits := years(t)
	cli(t, "--repo="+r.Path(), "refs", "--create=o:far", commits["a"][1].String())
	mirrored := copyRepo(t, r)
	cli(t, "--repo="+mirrored.Path(), "refs", "--collections", "--create=org.example.C:m", commits["b"][1].String())
	since := time.Date(2003, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		args []string
		opt  PruneOptions
	}{
		{nil, PruneOptions{}},
		{[]string{"--refs-only"}, PruneOptions{RefsOnly: true}},
		{[]string{"--refs-only", "--depth=0"}, PruneOptions{RefsOnly: true, Limit: true}},
		{[]string{"--refs-only", "--depth=1"}, PruneOptions{RefsOnly: true, Limit: true, Depth: 1}},
		{[]string{"--refs-only", "--depth=0", "--commit-only"}, PruneOptions{RefsOnly: true, Limit: true, CommitOnly: true}},
		{[]string{"--keep-younger-than=2003-01-01 00:00:00 +0000"}, PruneOptions{KeepYoungerThan: since}},
		{[]string{"--only-branch=a", "--depth=0"}, PruneOptions{Only: []string{"a"}, Limit: true}},
		{[]string{"--depth=0", "--retain-branch-depth=a=2"}, PruneOptions{Limit: true, Retain: map[string]int{"a": 2}}},
		{[]string{"--depth=0", "--retain-branch-depth=a=-1"}, PruneOptions{Limit: true, Retain: map[string]int{"a": -1}}},
		{[]string{"--delete-commit=" + commits["a"][2].String()}, PruneOptions{Delete: commits["a"][2:3]}},
	} {
		r := r
		if len(c.opt.Only) == 0 && len(c.opt.Retain) == 0 && c.opt.KeepYoungerThan.IsZero() {
			r = mirrored // libostree forgets mirrors where branches are told apart
		}
		ours, theirs := copyRepo(t, r), copyRepo(t, r)
		dry := c.opt
		dry.DryRun = true
		var would PruneReport
		var err error
		if len(c.opt.Delete) == 0 {
			if would, err = Prune(t.Context(), ours, dry); err != nil {
				t.Fatal(err)
			}
			if d := fmt.Sprint(objects(t, ours)); d != fmt.Sprint(objects(t, r)) {
				t.Errorf("%v: a dry run removed something", c.args)
			}
		}
		report, err := Prune(t.Context(), ours, c.opt)
		if err != nil {
			t.Fatal(c.args, err)
		}
		if len(c.opt.Delete) == 0 && report != would {
			t.Errorf("%v: the dry run said %+v, then it was %+v", c.args, would, report)
		}
		out := cli(t, append([]string{"--repo=" + theirs.Path(), "prune"}, c.args...)...)
		if got, want := objects(t, ours), objects(t, theirs); !slices.Equal(got, want) {
			t.Errorf("%v: ours keeps\n%s\ntheirs\n%s", c.args, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		want := fmt.Sprintf("Total objects: %d\nNo unreachable objects", report.Objects)
		if report.Pruned > 0 {
			want = fmt.Sprintf("Total objects: %d\nDeleted %d objects", report.Objects, report.Pruned)
		}
		if !strings.HasPrefix(strings.Replace(out, " (commit only)", "", 1), want) {
			t.Errorf("%v: theirs says %q, ours %+v", c.args, out, report)
		}
		if len(c.opt.Delete) == 0 {
			cli(t, "--repo="+ours.Path(), "fsck")
		}
	}
}

func TestWhatAMirrorNamesStays(t *testing.T) {
	r, commits := years(t)
	if err := r.SetMirrorRef(t.Context(), CollectionRef{"org.example.C", "m"}, commits["b"][1]); err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), r, PruneOptions{Limit: true, Retain: map[string]int{"a": 1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), r, commits["b"][1], VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestACommitThatARefNamesIsNotDeleted(t *testing.T) {
	r, commits := years(t)
	before := objects(t, r)
	_, err := Prune(t.Context(), r, PruneOptions{Delete: commits["a"][3:]})
	if !errors.Is(err, ErrReferenced) || !slices.Equal(objects(t, r), before) {
		t.Errorf("%v", err)
	}
	if err := r.SetMirrorRef(t.Context(), CollectionRef{"org.example.C", "x"}, commits["a"][0]); err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), r, PruneOptions{Delete: commits["a"][:1]}); !errors.Is(err, ErrReferenced) {
		t.Errorf("of a mirror: %v", err)
	}
	if _, err := Prune(t.Context(), r, PruneOptions{Delete: []Checksum{{1}}}); !isProblem(err) {
		t.Errorf("one that is not there: %v", err)
	}
}

// TestAPruneThatCannotSeeRemovesNothing: what an unreadable dirtree or ref names
// is not known.
func TestAPruneThatCannotSeeRemovesNothing(t *testing.T) {
	for _, spoil := range []func(r *Repo, tip *Commit) error{
		func(r *Repo, tip *Commit) error { return os.Remove(r.objectPath(ObjectID{tip.Tree, TypeDirTree})) },
		func(r *Repo, tip *Commit) error {
			return os.WriteFile(r.objectPath(ObjectID{tip.Tree, TypeDirTree}), []byte{0}, 0o644)
		},
		func(r *Repo, _ *Commit) error {
			return os.WriteFile(filepath.Join(r.Path(), "refs/heads/c"), []byte("x"), 0o644)
		},
		func(r *Repo, _ *Commit) error {
			return os.Symlink("/etc/passwd", filepath.Join(r.Path(), "refs/heads/c"))
		},
	} {
		r, commits := years(t)
		tip, err := LoadCommit(t.Context(), r, commits["a"][3])
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(r, tip); err != nil {
			t.Fatal(err)
		}
		before := objects(t, r)
		if _, err := Prune(t.Context(), r, PruneOptions{RefsOnly: true, Limit: true}); err == nil {
			t.Error("it pruned")
		}
		if !slices.Equal(objects(t, r), before) {
			t.Error("it removed something")
		}
	}
}

// TestAPruneStopsWhereThatOfOSTreeStops: at a commit to keep that lacks a dirtree, as
// a prune of the original leaves it that is killed. What goes anyhow may be damaged.
func TestAPruneStopsWhereThatOfOSTreeStops(t *testing.T) {
	from, commits := years(t)
	tree := func(c Checksum) ObjectID {
		commit, err := LoadCommit(t.Context(), from, c)
		if err != nil {
			t.Fatal(err)
		}
		return ObjectID{commit.Tree, TypeDirTree}
	}
	truncate := func(path string) error { return os.Truncate(path, 0) }
	for name, c := range map[string]struct {
		id    ObjectID
		spoil func(path string) error
		depth int // up to which both prune
	}{
		"no dirtree":        {tree(commits["a"][1]), os.Remove, 1},
		"an empty commit":   {ObjectID{commits["a"][1], TypeCommit}, truncate, 1},
		"no file":           {fileOf(t, from, commits["a"][1]), os.Remove, 3},
		"not even a commit": {ObjectID{commits["a"][1], TypeCommit}, os.Remove, 3},
	} {
		for depth := range 4 {
			ours, theirs := copyRepo(t, from), copyRepo(t, from)
			if err := errors.Join(c.spoil(ours.objectPath(c.id)), c.spoil(theirs.objectPath(c.id))); err != nil {
				t.Fatal(err)
			}
			_, err := Prune(t.Context(), ours, PruneOptions{RefsOnly: true, Limit: true, Depth: depth})
			said, theirErr := exec.Command("ostree", "--repo="+theirs.Path(), "prune", "--refs-only", fmt.Sprint("--depth=", depth)).CombinedOutput()
			if (err == nil) != (depth <= c.depth) || (theirErr == nil) != (err == nil) {
				t.Errorf("%s, depth %d: ours %v, theirs %v: %s", name, depth, err, theirErr, said)
			}
			if got, want := objects(t, ours), objects(t, theirs); !slices.Equal(got, want) {
				t.Errorf("%s, depth %d: ours keeps\n%s\ntheirs\n%s", name, depth, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

func TestAPartialCommitIsPrunedWithWhatThereIsOfIt(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	r := newRepo(t, ModeArchive)
	cli(t, "--repo="+r.Path(), "remote", "add", "--no-gpg-verify", "origin", "file://"+src.Path())
	cli(t, "--repo="+r.Path(), "pull", "--subpath=/etc", "origin", "main")
	before := objects(t, r)
	if _, err := Prune(t.Context(), r, PruneOptions{RefsOnly: true}); err != nil || !slices.Equal(objects(t, r), before) {
		t.Errorf("%v", err)
	}
	if err := r.DeleteRef(t.Context(), "origin:main", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), r, PruneOptions{RefsOnly: true}); err != nil {
		t.Fatal(err)
	}
	if left := objects(t, r); len(left) > 0 || r.IsPartial(commits[1]) {
		t.Errorf("left %v, partial %v", left, r.IsPartial(commits[1]))
	}
}

// TestAPruneThatStopsLeavesNoBrokenCommit stops it at each removal.
func TestAPruneThatStopsLeavesNoBrokenCommit(t *testing.T) {
	from, _ := years(t)
	for n := range 30 {
		r := copyRepo(t, from)
		left := n
		r.SetFaults(point(func(name string) error {
			if name == "repo.delete" {
				if left--; left < 0 {
					return errStopped
				}
			}
			return nil
		}))
		_, err := Prune(t.Context(), r, PruneOptions{RefsOnly: true, Limit: true})
		report, fsckErr := Fsck(t.Context(), openRepo(t, r.Path()), FsckOptions{KeepOn: true})
		if fsckErr != nil || len(report.Problems) > 0 {
			t.Fatalf("after %d removals: %v, %v", n, report.Problems, fsckErr)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
	}
	t.Error("it never came to its end")
}

func TestAPruneWaitsForSessions(t *testing.T) {
	r, _ := years(t)
	setCore(t, r, "lock-timeout-secs", "0")
	s, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), r, PruneOptions{}); fail.ClassOf(err) != fail.Busy {
		t.Errorf("%v", err)
	}
	s.Abort()
	if _, err := Prune(t.Context(), r, PruneOptions{}); err != nil {
		t.Error(err)
	}
}

func TestAPruneTakesWhatHangsOnCommitsAlong(t *testing.T) {
	r, commits := years(t)
	cache := filepath.Join(r.Path(), "tmp/cache/summaries")
	link := filepath.Join(r.Path(), "objects/00", strings.Repeat("0", 62)+".payload-link")
	for _, err := range []error{
		os.MkdirAll(cache, 0o755), os.WriteFile(filepath.Join(cache, "gone.sig"), nil, 0o644), os.WriteFile(filepath.Join(cache, "here"), nil, 0o644),
		os.MkdirAll(filepath.Dir(link), 0o755), os.Symlink("../00/"+strings.Repeat("1", 62)+".file", link),
		r.AddRemote(t.Context(), "here", "http://x", AddNewRemote),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	asked := map[Checksum]bool{}
	_, err := Prune(t.Context(), r, PruneOptions{RefsOnly: true, Limit: true,
		Deltas: func(_ context.Context, _ *Repo, keep func(Checksum) (bool, error)) error {
			for _, c := range commits["a"] {
				ok, err := keep(c)
				if err != nil {
					return err
				}
				asked[c] = ok
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range commits["a"] {
		if asked[c] != (i == 3) {
			t.Errorf("a delta to commit %d is kept: %v", i, asked[c])
		}
	}
	for path, want := range map[string]bool{filepath.Join(cache, "gone.sig"): false, filepath.Join(cache, "here"): true, link: false} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestAPruneKeepsWhatAnyFileBelowRefsNames, even if its name is none that we
// take for a ref's.
func TestAPruneKeepsWhatAnyFileBelowRefsNames(t *testing.T) {
	for _, name := range []string{"refs/heads/größe", "refs/heads/.strange", "refs/remotes/ö/a b", "refs/mirrors/org.example.A/~x", "refs/odd/main"} {
		r, commits := theirRepo(t, ModeArchive)
		if err := r.SetRef(t.Context(), "main", commits[0], nil); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(r.Path(), filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(commits[1].String()+"\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
		if _, err := Prune(t.Context(), r, PruneOptions{RefsOnly: true}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := Closure(t.Context(), r, commits[1], func(id ObjectID) error { _, err := r.Object(t.Context(), id); return err }); err != nil {
			t.Errorf("%s: what it names is damaged: %v", name, err)
		}
	}
}

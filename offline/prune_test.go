package offline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
)

// twoTargets is a bundle with a target for each of two kinds of hardware.
func twoTargets(t *testing.T) (dir string, b *backend) {
	t.Helper()
	b = newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	b.publish("board-1", "board", tinyTree(t, "board"), nil)
	dir = t.TempDir()
	for _, name := range []string{"pc-1", "board-1"} {
		opt := options(name)
		opt.AllowMultiple = true
		_, err := Build(t.Context(), b, dir, opt)
		check(t, err)
	}
	return dir, b
}

func TestPruningAWholeBundleRemovesNothing(t *testing.T) {
	dir, _ := twoTargets(t)
	before := tree(t, dir)
	rep, err := Prune(t.Context(), dir, PruneOptions{Now: now})
	check(t, err)
	if rep.Objects+rep.Blobs+rep.Deltas+rep.Others != 0 || tree(t, dir) != before {
		t.Errorf("report %+v", rep)
	}
}

func TestPruningLeavesWhatTargetsNeedAndNothingElse(t *testing.T) {
	dir, b := twoTargets(t)
	whole := tree(t, dir)
	extra := testkit.Commit(t, b.repoDir, tinyTree(t, "left over"), "extra", "version=9")
	testkit.OSTree(t, "--repo="+filepath.Join(dir, "ostree_repo"), "pull-local", b.repoDir, extra)
	testkit.OSTree(t, "--repo="+filepath.Join(dir, "ostree_repo"), "refs", "--create=old/thing", extra)
	write(t, filepath.Join(dir, "tuf.new/targets.json"), []byte("{}"))
	write(t, filepath.Join(dir, "ostree_repo/tmp/x"), []byte("abc"))
	write(t, filepath.Join(dir, "sbom/gone-1/x.json"), []byte("{}"))
	write(t, filepath.Join(dir, "apps/blobs/sha256", strings.Repeat("a", 64)), []byte("blob"))
	write(t, filepath.Join(dir, "apps/apps/web", strings.Repeat("b", 64), "uri"), []byte("host/web@sha256:1"))
	full := tree(t, dir)

	dry, err := Prune(t.Context(), dir, PruneOptions{Now: now, DryRun: true})
	check(t, err)
	if tree(t, dir) != full {
		t.Fatal("a dry run removed something")
	}
	rep, err := Prune(t.Context(), dir, PruneOptions{Now: now})
	check(t, err)
	if rep.Objects == 0 || rep.Blobs != 1 || rep.Others < 5 || rep.Bytes == 0 || rep.Objects != dry.Objects || rep.Bytes != dry.Bytes {
		t.Errorf("report %+v, dry %+v", rep, dry)
	}
	if after := filesOf(tree(t, dir)); !slices.Equal(after, filesOf(whole)) {
		t.Errorf("left:\n%s\nwant:\n%s", strings.Join(after, "\n"), whole)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

// filesOf are the lines of a tree that are files, without the lock of ostree.
func filesOf(tree string) []string {
	return slices.DeleteFunc(strings.Split(tree, "\n"), func(line string) bool {
		return strings.Contains(line, " drwx") || strings.HasPrefix(line, "ostree_repo/.lock ")
	})
}

func TestNothingIsPrunedWhereItCannotBeToldWhatIsNeeded(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"a dirtree is missing":       func(t *testing.T, dir string) { check(t, os.Remove(objectFile(t, dir, "dirtree"))) },
		"targets.json was changed":   func(t *testing.T, dir string) { write(t, filepath.Join(dir, "tuf/targets.json"), []byte("{}")) },
		"there is no metadata":       func(t *testing.T, dir string) { check(t, os.RemoveAll(filepath.Join(dir, "tuf"))) },
		"a commit is missing":        func(t *testing.T, dir string) { check(t, os.Remove(objectFile(t, dir, "commit"))) },
		"the repo's config is lost":  func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, "ostree_repo/config"))) },
		"the repo's config is empty": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "ostree_repo/config"), nil) },
		"a signature was put in it":  func(t *testing.T, dir string) { resign(t, dir, newBackend(t, 0), goodBundle(), newKey(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := small(t)
			write(t, filepath.Join(dir, "ostree_repo/objects/aa", strings.Repeat("b", 62)+".filez"), []byte("x"))
			spoil(t, dir)
			before := tree(t, dir)
			if _, err := Prune(t.Context(), dir, PruneOptions{Now: now}); err == nil {
				t.Error("pruned")
			}
			if tree(t, dir) != before {
				t.Error("something was removed")
			}
		})
	}
}

// A superblock with its parts inside is too large for memory, and goes through
// a temporary file.
func TestADeltaForWhichThereIsNoRoomHereIsNotPruned(t *testing.T) {
	v := newVersions(t)
	tree3, noise := tinyTree(t, "3"), noise(6<<20)
	write(t, filepath.Join(tree3, "one"), noise[:3<<20])
	write(t, filepath.Join(tree3, "other"), noise[3<<20:])
	three := v.add("pc-3", "3", tree3)
	testkit.OSTree(t, "--repo="+v.repoDir, "static-delta", "generate", "--inline", "--from="+v.one.String(), "--to="+three.String())
	rep, err := v.build(func(o *BuildOptions) { o.Target, o.DeltaOnly = "pc-3", true })
	check(t, err)
	if d := rep.Deltas[0]; d.Origin != deltaFound || d.Bytes < 5<<20 {
		t.Fatalf("%+v", d)
	}
	before := tree(t, v.dir)
	t.Setenv("TMPDIR", filepath.Join(v.dir, "none"))
	if _, err := Prune(t.Context(), v.dir, PruneOptions{Now: now}); err == nil || !strings.Contains(fail.HintOf(err), "TMPDIR") {
		t.Errorf("%v (%s)", err, fail.HintOf(err))
	}
	if tree(t, v.dir) != before {
		t.Error("something was removed")
	}
}

func TestTheOnlyDeltaOfATargetIsNotPrunedForBeingDamaged(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(only)
	check(t, err)
	check(t, os.Truncate(filepath.Join(v.dir, filepath.FromSlash(v.deltas()[0].dir), "superblock"), 200))
	before := tree(t, v.dir)
	if _, err := Prune(t.Context(), v.dir, PruneOptions{Now: now}); fail.ClassOf(err) != fail.Conflict {
		t.Error(err)
	}
	if tree(t, v.dir) != before {
		t.Error("something was removed")
	}
}

// TestPruningKeepsAnAppWhoseViewIsDamaged: what devices go by are blobs, and a view that was
// damaged does not make an app one that was left out.
func TestPruningKeepsAnAppWhoseViewIsDamaged(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, view string){
		"another uri": func(t *testing.T, view string) { write(t, filepath.Join(view, "uri"), []byte("hub.example/other")) },
		"no uri":      func(t *testing.T, view string) { check(t, os.Remove(filepath.Join(view, "uri"))) },
		"no view":     func(t *testing.T, view string) { check(t, os.RemoveAll(view)) },
	} {
		t.Run(name, func(t *testing.T) {
			blobs, web, shop := twoApps()
			b := newBackend(t, 0)
			b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web, shop))
			dir := t.TempDir()
			opt := options("pc-1")
			opt.AppsSource = appStore(t, blobs)
			_, err := Build(t.Context(), b, dir, opt)
			check(t, err)
			views, err := filepath.Glob(filepath.Join(dir, "apps/apps/web/*"))
			check(t, err)
			spoil(t, views[0])
			before := tree(t, dir)
			rep, err := Prune(t.Context(), dir, PruneOptions{Now: now})
			check(t, err)
			if rep.Blobs+rep.Others != 0 || tree(t, dir) != before {
				t.Errorf("removed: %+v", rep)
			}
		})
	}
}

func TestShowCountsWhatTargetsShareOnce(t *testing.T) {
	dir, _ := twoTargets(t)
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	s, err := Show(t.Context(), b, now)
	check(t, err)
	sum := s.Targets[0].Bytes + s.Targets[1].Bytes
	if s.Shared == 0 || s.Bytes+s.Shared != sum || !s.Targets[0].Present || !s.Targets[1].Present {
		t.Errorf("%d bytes, %d shared, of %d", s.Bytes, s.Shared, sum)
	}
}

func TestRemovingATargetTakesOnlyWhatItNeeded(t *testing.T) {
	dir, b := twoTargets(t)
	removal := options("")
	if _, err := Remove(t.Context(), b, dir, []string{"nobody-1"}, removal); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("a target that is not there: %v", err)
	}
	if _, err := Remove(t.Context(), b, dir, []string{"pc-1", "board-1"}, removal); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("all targets: %v", err)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Fatal(err)
	}
	rep, err := Remove(t.Context(), b, dir, []string{"pc-1"}, removal)
	check(t, err)
	if !slices.Equal(rep.Targets, []string{"board-1"}) || rep.Pruned.Objects == 0 {
		t.Errorf("report %+v", rep)
	}
	got := verify(t, dir)
	if err := got.Err(); err != nil || len(got.Targets) != 1 || got.Targets[0].Name != "board-1" {
		t.Errorf("verify: %v, %+v", err, got.Targets)
	}
	for _, f := range got.Findings {
		t.Errorf("left behind: %s", f)
	}
	if text := readFile(t, filepath.Join(dir, "README.txt")); strings.Contains(text, "pc-1") {
		t.Error("README.txt names the target still")
	}
}

func TestRemovingSaysThatTheListIsNewWhereNothingCanBePruned(t *testing.T) {
	dir, b := twoTargets(t)
	trees, err := filepath.Glob(filepath.Join(dir, "ostree_repo/objects/*/*.dirtree"))
	check(t, err)
	for _, name := range trees {
		check(t, os.Remove(name))
	}
	_, err = Remove(t.Context(), b, dir, []string{"pc-1"}, options(""))
	if fail.ClassOf(err) != fail.Conflict || !strings.Contains(err.Error(), "the new list is in place") {
		t.Errorf("%v", err)
	}
	if rep := verify(t, dir); names(rep) != "board-1" {
		t.Errorf("targets %q", names(rep))
	}
}

func TestNoTargetIsRemovedWhereTheBundleLacksWhatAnotherIsNow(t *testing.T) {
	dir, b := twoTargets(t)
	before := tree(t, filepath.Join(dir, "tuf"))
	b.publish("pc-1", "pc", tinyTree(t, "another"), nil)
	if _, err := Remove(t.Context(), b, dir, []string{"board-1"}, options("")); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("error %v", err)
	}
	if tree(t, filepath.Join(dir, "tuf")) != before {
		t.Error("the old metadata is gone")
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

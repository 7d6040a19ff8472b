package offline

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// versions is a backend with two versions of a target, whose trees differ in
// little, and the commits of both.
type versions struct {
	*backend
	one, two ostree.Checksum
	dir      string // for the bundle
}

func newVersions(t testing.TB) *versions {
	t.Helper()
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		t.Setenv("TMPDIR", "/dev/shm") // hundreds of syncs cost nothing there
	}
	v := &versions{backend: newBackend(t, 0), dir: filepath.Join(t.TempDir(), "bundle")}
	tree := tinyTree(t, "1")
	data := noise(300 << 10)
	big := filepath.Join(tree, "big")
	check(t, os.WriteFile(big, data, 0o644))
	v.one = v.add("pc-1", "1", tree)
	check(t, os.WriteFile(big, append(data, "and more"...), 0o644))
	check(t, os.WriteFile(filepath.Join(tree, "new"), []byte("new\n"), 0o644))
	v.two = v.add("pc-2", "2", tree)
	return v
}

func (v *versions) add(name, version, tree string) ostree.Checksum {
	v.t.Helper()
	c, err := ostree.ParseChecksum(v.publish(name, "pc", tree, map[string]any{"version": version}))
	check(v.t, err)
	return c
}

// build makes the bundle of version 2 with deltas from version 1.
func (v *versions) build(change func(*BuildOptions)) (*BuildReport, error) {
	opt := options("pc-2")
	opt.DeltaFrom, opt.Scratch = []string{"1"}, v.t.TempDir()
	if change != nil {
		change(&opt)
	}
	rep, err := Build(context.Background(), v, v.dir, opt)
	left, rerr := os.ReadDir(opt.Scratch)
	check(v.t, rerr)
	if len(left) > 0 {
		v.t.Errorf("left in the scratch folder: %v", left)
	}
	return rep, err
}

func only(opt *BuildOptions) { opt.DeltaOnly = true }

// deltas are those in the bundle.
func (v *versions) deltas() []Delta {
	v.t.Helper()
	b, err := Open(v.dir)
	check(v.t, err)
	defer b.Close()
	list, err := b.Deltas(v.t.Context())
	check(v.t, err)
	return list
}

// wantUsable fails unless the delta from version 1 is the one in the bundle, and
// leads a repo that has version 1 to version 2.
func (v *versions) wantUsable() {
	v.t.Helper()
	list := v.deltas()
	if len(list) != 1 || list[0].Name != (delta.Name{From: v.one, To: v.two}) || list[0].Err != nil {
		v.t.Fatalf("deltas in the bundle: %+v", list)
	}
	repo := filepath.Join(v.t.TempDir(), "repo")
	testkit.OSTree(v.t, "--repo="+repo, "init", "--mode=bare-user")
	testkit.OSTree(v.t, "--repo="+repo, "pull-local", v.repoDir, v.one.String())
	testkit.OSTree(v.t, "--repo="+repo, "static-delta", "apply-offline", filepath.Join(v.dir, filepath.FromSlash(list[0].dir)))
	testkit.OSTree(v.t, "--repo="+repo, "refs", "--create=two", v.two.String())
	testkit.OSTree(v.t, "--repo="+repo, "fsck")
}

// objects counts the objects in the bundle.
func (v *versions) objects() int {
	files, err := filepath.Glob(filepath.Join(v.dir, "ostree_repo/objects/*/*"))
	check(v.t, err)
	return len(files)
}

func TestADeltaLiesBesideTheObjectsOrInTheirPlace(t *testing.T) {
	for _, alone := range []bool{false, true} {
		v := newVersions(t)
		rep, err := v.build(func(o *BuildOptions) { o.DeltaOnly = alone })
		check(t, err)
		v.wantUsable()
		if d := rep.Deltas[0]; d.Version != "1" || d.Origin != deltaMade || d.Bytes == 0 || d.Bytes != d.Copied || d.Bytes > 100<<10 {
			t.Errorf("report: %+v", d)
		}
		if got := v.objects(); (got == 0) != alone {
			t.Errorf("delta only %v, and %d objects", alone, got)
		}
		testkit.OSTree(t, "--repo="+filepath.Join(v.dir, "ostree_repo"), "fsck")
		readme, err := os.ReadFile(filepath.Join(v.dir, "README.txt"))
		check(t, err)
		if strings.Contains(string(readme), "only for devices with otactl that have version 1\n") != alone {
			t.Errorf("delta only %v:\n%s", alone, readme)
		}
		again, err := v.build(func(o *BuildOptions) { o.DeltaOnly = alone })
		check(t, err)
		if d := again.Deltas[0]; d.Origin != deltaThere || d.Copied != 0 || d.Bytes != rep.Deltas[0].Bytes {
			t.Errorf("the second time: %+v", d)
		}
	}
}

func TestADeltaOfTheRepoIsTakenAndABadOneMadeAnew(t *testing.T) {
	for _, c := range []struct {
		name   string
		more   []string
		spoil  func(dir string) error
		origin string
	}{
		{"ostree's own", nil, func(string) error { return nil }, deltaFound},
		{"in the other byte order", []string{"--swap-endianness"}, func(string) error { return nil }, deltaFound},
		{"inline", []string{"--inline"}, func(string) error { return nil }, deltaFound},
		{"cut part", nil, func(dir string) error { return os.Truncate(filepath.Join(dir, "0"), 10) }, deltaMade},
		{"no part", nil, func(dir string) error { return os.Remove(filepath.Join(dir, "0")) }, deltaMade},
		{"no superblock", nil, func(dir string) error { return os.WriteFile(filepath.Join(dir, "superblock"), []byte("no"), 0o644) }, deltaMade},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVersions(t)
			testkit.OSTree(t, append([]string{"--repo=" + v.repoDir, "static-delta", "generate", "--from=" + v.one.String(), "--to=" + v.two.String()}, c.more...)...)
			check(t, c.spoil(filepath.Join(v.repoDir, filepath.FromSlash(delta.Name{From: v.one, To: v.two}.Dir()))))
			rep, err := v.build(only)
			check(t, err)
			if rep.Deltas[0].Origin != c.origin {
				t.Errorf("it comes from %q", rep.Deltas[0].Origin)
			}
			v.wantUsable()
		})
	}
}

func TestObjectsThatBecomeDeltasStayWhereAnotherTargetNeedsThem(t *testing.T) {
	v := newVersions(t)
	v.publish("board-1", "board", tinyTree(t, "board"), nil)
	_, err := v.build(nil)
	check(t, err)
	both := func(o *BuildOptions) { o.AllowMultiple = true }
	_, err = v.build(func(o *BuildOptions) { both(o); o.Target, o.DeltaFrom = "board-1", nil })
	check(t, err)
	before := v.objects()
	_, err = v.build(func(o *BuildOptions) { both(o); only(o) })
	check(t, err)
	v.wantUsable()
	if now := v.objects(); now == 0 || now >= before {
		t.Errorf("%d objects, before %d", now, before)
	}
	repo := filepath.Join(v.dir, "ostree_repo")
	testkit.OSTree(t, "--repo="+repo, "fsck")
	if refs := testkit.OSTree(t, "--repo="+repo, "refs"); strings.TrimSpace(refs) != "board-1" {
		t.Errorf("refs: %q", refs)
	}
	// Both forms count as there, and the other target stays what it is.
	now := v.objects()
	_, err = v.build(func(o *BuildOptions) { both(o); o.Target, o.DeltaFrom = "board-1", nil })
	check(t, err)
	if v.objects() != now {
		t.Errorf("%d objects, before %d", v.objects(), now)
	}
	_, err = v.build(func(o *BuildOptions) { both(o); o.DeltaFrom, o.TUFOnly = nil, true })
	check(t, err)
}

func TestABuildWithDeltasGoesOnWhereItWasCutOff(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(nil)
	check(t, err)
	check(t, os.RemoveAll(filepath.Join(v.dir, "ostree_repo/deltas")))
	full := v.dir
	for n := 0; ; n++ {
		v.dir = filepath.Join(t.TempDir(), "bundle")
		check(t, os.CopyFS(v.dir, os.DirFS(full)))
		stop := &pull{after: n}
		_, err := v.build(func(o *BuildOptions) { only(o); o.Faults = stop })
		if err == nil {
			if n < 8 {
				t.Errorf("only these points were met: %v", stop.seen)
			}
			return
		}
		if v.objects() == 0 && len(v.deltas()) == 0 {
			t.Errorf("stopped at %s there is neither", stop.seen[n])
		}
		_, err = v.build(only)
		check(t, err)
		v.wantUsable()
		if v.objects() > 0 {
			t.Errorf("after a stop at %s, objects are left", stop.seen[n])
		}
	}
}

func TestWhatDeltasStartFromIsSaidClearly(t *testing.T) {
	v := newVersions(t)
	v.publish("board-1", "board", tinyTree(t, "board"), map[string]any{"version": "1"})
	for _, c := range []struct {
		from  []string
		want  string
		class fail.Class
	}{
		{[]string{"2"}, "pc-2 is version 2", fail.Usage},
		{[]string{"3"}, "pc-2 is version 2", fail.Usage},
		{[]string{"0"}, "no version and no commit", fail.Usage},
		{[]string{"../1"}, "no version and no commit", fail.Usage},
		{[]string{v.two.String()}, "the commit of target pc-2 itself", fail.Usage},
		{[]string{strings.Repeat("1", 64)}, "object 1111", fail.NotFound},
		{nil, "at least one", fail.Usage},
	} {
		_, err := v.build(func(o *BuildOptions) { only(o); o.DeltaFrom = c.from })
		if err == nil || !strings.Contains(err.Error(), c.want) || fail.ClassOf(err) != c.class {
			t.Errorf("%q: %v", c.from, err)
		}
	}
	_, err := v.build(func(o *BuildOptions) { o.DeltaFrom = []string{"1", v.one.String(), "1"} })
	check(t, err)
	v.wantUsable() // one delta
	delete(v.targets, "pc-1")
	v.version++
	_, err = v.build(func(o *BuildOptions) { o.DeltaFrom = []string{"1"} })
	if fail.ClassOf(err) != fail.NotFound || !strings.Contains(fail.HintOf(err), "commit") {
		t.Errorf("a version of another board: %v", err)
	}
}

// A stick may fold the case of names, and what is copied off it keeps the name
// that one delta's folder gave to another's.
func TestADeltaIsFoundByItsSuperblockWhateverItsFolderIsCalled(t *testing.T) {
	v := newVersions(t)
	for f := fan(v.one); f == swapCase(f) || strings.EqualFold(f, "xx"); f = fan(v.one) { // without a letter, one in forty
		v.one = v.add("pc-1", "1", tinyTree(t, "1"))
	}
	_, err := v.build(only)
	check(t, err)
	folder := filepath.Join(v.dir, "ostree_repo/deltas", fan(v.one))
	other := filepath.Join(filepath.Dir(folder), swapCase(fan(v.one)))
	check(t, os.Rename(folder, other))
	v.wantUsable()
	rep, err := v.build(only)
	check(t, err)
	if rep.Deltas[0].Origin != deltaThere {
		t.Errorf("it was %s", rep.Deltas[0].Origin)
	}
	check(t, os.Rename(other, filepath.Join(filepath.Dir(other), "xx")))
	if list := v.deltas(); len(list) != 1 || list[0].Err == nil {
		t.Errorf("in a folder of another name: %+v", list)
	}
}

// fan names the folder of the deltas from c.
func fan(c ostree.Checksum) string {
	return path.Base(path.Dir(delta.Name{From: c, To: ostree.Checksum{1}}.Dir()))
}

func swapCase(s string) string {
	if up := strings.ToUpper(s); up != s {
		return up
	}
	return strings.ToLower(s)
}

// warned says whether rep has a warning with text in it.
func warned(rep *VerifyReport, text string) bool {
	return slices.ContainsFunc(rep.Findings, func(f Finding) bool { return f.Warning && strings.Contains(f.Problem, text) })
}

func TestVerifySaysWhatItKnowsOfDeltas(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(nil)
	check(t, err)
	if rep := verify(t, v.dir); len(rep.Findings) > 0 || len(rep.Deltas) != 1 || rep.Targets[0].DeltaOnly {
		t.Errorf("beside objects: %+v", rep)
	}
	_, err = v.build(only)
	check(t, err)
	rep := verify(t, v.dir)
	if rep.Err() != nil || !rep.Targets[0].DeltaOnly || rep.Deltas[0].From != v.one.String() || rep.Deltas[0].Bytes == 0 {
		t.Errorf("alone: %+v", rep)
	}
	if !warned(rep, "otactl that have commit "+v.one.String()[:12]) || !warned(rep, "was not verified") {
		t.Errorf("alone: %v", rep.Findings)
	}
	base, err := ostree.OpenRepo(v.repoDir) // it has both commits
	check(t, err)
	rep = verifyWith(t, v.dir, VerifyOptions{Now: now, Base: base, Scratch: delta.Scratch{Dir: t.TempDir()}})
	if rep.Err() != nil || !rep.Deltas[0].Applied || warned(rep, "was not verified") {
		t.Errorf("with a base: %+v", rep)
	}
	if rep := verifyWith(t, v.dir, VerifyOptions{Now: now.Add(-10 * 365 * day)}); !hasRule(rep, RuleClock, "superblock") {
		t.Errorf("before the commit was made: %v", rep.Findings)
	}
}

func hasRule(rep *VerifyReport, rule Rule, where string) bool {
	return slices.ContainsFunc(rep.Findings, func(f Finding) bool {
		return f.Rule == rule && !f.Warning && strings.HasSuffix(f.Path, where)
	})
}

func TestVerifyFindsWhatIsWrongWithADelta(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(only)
	check(t, err)
	good := v.dir
	rel := filepath.Join("ostree_repo", filepath.FromSlash(delta.Name{From: v.one, To: v.two}.Dir()))
	write := func(name, text string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
	}
	for _, c := range []struct {
		name  string
		spoil func(dir string) error // the delta's folder
		rule  Rule
		where string
	}{
		{"cut superblock", func(dir string) error { return os.Truncate(filepath.Join(dir, "superblock"), 200) }, RuleDelta, "/superblock"},
		{"flipped commit", func(dir string) error { return flipAt(filepath.Join(dir, "superblock"), 150) }, RuleDelta, "/superblock"},
		{"cut part", func(dir string) error { return os.Truncate(filepath.Join(dir, "0"), 9) }, RuleDelta, "/0"},
		{"flipped part", func(dir string) error { return flipAt(filepath.Join(dir, "0"), 9) }, RuleDelta, "/0"},
		{"no part", func(dir string) error { return os.Remove(filepath.Join(dir, "0")) }, RuleDelta, "/0"},
		{"no superblock", func(dir string) error { return os.Remove(filepath.Join(dir, "superblock")) }, RuleObject, "ostree_repo"},
		{"one part more", write("7", "x"), RuleFiles, "/7"},
		{"a name no part has", write("00", "x"), RuleFiles, "/00"},
		{"another folder's", func(dir string) error {
			return os.Rename(dir, filepath.Join(filepath.Dir(dir), strings.Repeat("A", 41)+filepath.Base(dir)[41:]))
		}, RuleDelta, "/superblock"},
		{"a ref to it", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "../../../refs/heads/pc-2"), []byte(v.two.String()+"\n"), 0o644)
		}, RuleObject, ".commit"},
		{"a link", func(dir string) error {
			check(t, os.Remove(filepath.Join(dir, "0")))
			return os.Symlink("superblock", filepath.Join(dir, "0"))
		}, RuleFiles, "/0"},
	} {
		dir := filepath.Join(t.TempDir(), "bundle")
		check(t, os.CopyFS(dir, os.DirFS(good)))
		check(t, c.spoil(filepath.Join(dir, rel)))
		if rep := verify(t, dir); !hasRule(rep, c.rule, c.where) {
			t.Errorf("%s: no finding under %q at %q; there are: %v", c.name, c.rule, c.where, rep.Findings)
		}
	}
}

func TestAFullTemporaryDiskIsNoFaultOfTheBundle(t *testing.T) {
	v := newVersions(t)
	tree, noise := tinyTree(t, "3"), noise(3<<20)
	check(t, os.WriteFile(filepath.Join(tree, "huge"), noise, 0o644))
	v.add("pc-3", "3", tree)
	_, err := v.build(func(o *BuildOptions) { o.Target = "pc-3" })
	check(t, err)
	asked := atomic.Uint64{}
	for name, room := range map[string]delta.Room{
		"full":     func(need uint64) error { asked.Add(need); return ostree.ErrNoSpace },
		"filled":   func(uint64) error { return syscall.ENOSPC },
		"no quota": func(uint64) error { return syscall.EDQUOT },
	} {
		rep := verifyWith(t, v.dir, VerifyOptions{Now: now, Scratch: delta.Scratch{Dir: t.TempDir(), Room: room}})
		if err := rep.Err(); fail.ClassOf(err) != fail.NoSpace || !strings.Contains(fail.HintOf(err), "TMPDIR") || !hasRule(rep, RuleDelta, "/0") {
			t.Errorf("%s: %+v, %v (%v)", name, rep, err, fail.HintOf(err))
		}
	}
	if asked.Load() == 0 {
		t.Error("nobody was asked for room")
	}
	b, err := Open(v.dir)
	check(t, err)
	defer b.Close()
	none := filepath.Join(t.TempDir(), "none")
	if rep, err := Verify(t.Context(), b, VerifyOptions{Now: now, Scratch: delta.Scratch{Dir: none}}); err == nil || !strings.Contains(fail.HintOf(err), "TMPDIR") {
		t.Errorf("no such folder: %+v, %v", rep, err)
	}
	if rep := verifyWith(t, v.dir, VerifyOptions{Now: now, Scratch: delta.Scratch{Dir: t.TempDir()}}); !rep.Good {
		t.Error(rep.Err())
	}
}

// Nobody signs how long a superblock is. One that is made up must not keep what
// else is wrong from being said, nor take the disk to be looked at.
func TestASuperblockThatThereIsNoRoomForHidesNothing(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(only)
	check(t, err)
	head := filepath.Join(v.dir, filepath.FromSlash(v.deltas()[0].dir), fileHead)
	check(t, os.Truncate(head, 8<<30))
	scratch := delta.Scratch{Dir: t.TempDir(), Room: func(need uint64) error {
		if need < 8<<30 {
			t.Errorf("it was copied in part: %d bytes", need)
		}
		return ostree.ErrNoSpace
	}}
	rep := verifyWith(t, v.dir, VerifyOptions{Now: now, Scratch: scratch})
	if err := rep.Err(); fail.ClassOf(err) != fail.NoSpace || !hasRule(rep, RuleDelta, "/superblock") || rep.Good {
		t.Errorf("alone: %v, %+v", err, rep.Findings)
	}
	write(t, filepath.Join(v.dir, "apps/stranger"), []byte("x"))
	rep = verifyWith(t, v.dir, VerifyOptions{Now: now, Scratch: scratch})
	if err := rep.Err(); fail.ClassOf(err) != fail.Verification || rep.Findings[0].Path != "apps/stranger" || !hasRule(rep, RuleDelta, "/superblock") {
		t.Errorf("with a file that is not of the bundle: %v, %+v", err, rep.Findings)
	}
}

func TestObjectsThatADeltaLeavesOutAreVerified(t *testing.T) {
	v := newVersions(t)
	_, err := v.build(only)
	check(t, err)
	d := v.deltas()[0]
	dir := filepath.Join(v.dir, filepath.FromSlash(d.dir))
	check(t, os.RemoveAll(dir))
	check(t, os.MkdirAll(dir, 0o755))
	repo, err := ostree.OpenRepo(v.repoDir)
	check(t, err)
	opt := delta.DefaultOptions(now)
	opt.MinFallback, opt.File = 1, filepath.Join(dir, "superblock")
	_, err = delta.Generate(t.Context(), repo, d.Name, opt)
	check(t, err)
	if rep := verify(t, v.dir); !hasRule(rep, RuleDelta, d.dir+"/superblock") {
		t.Errorf("without the objects: %+v", rep.Findings)
	}
	bundle, err := Open(v.dir)
	check(t, err)
	defer bundle.Close()
	list, err := bundle.Deltas(t.Context())
	check(t, err)
	f, err := list[0].Open(delta.Scratch{Dir: t.TempDir()})
	check(t, err)
	defer f.Close()
	for _, o := range f.Fallbacks {
		data, err := os.ReadFile(filepath.Join(v.repoDir, o.ID.ArchivePath()))
		check(t, err)
		check(t, os.MkdirAll(filepath.Join(v.dir, "ostree_repo", filepath.Dir(o.ID.ArchivePath())), 0o755))
		write(t, filepath.Join(v.dir, "ostree_repo", o.ID.ArchivePath()), data)
	}
	if rep := verify(t, v.dir); rep.Err() != nil || len(f.Fallbacks) == 0 || warned(rep, "belong to none of the targets") {
		t.Errorf("with %d objects: %+v", len(f.Fallbacks), rep.Findings)
	}
	spoilt := "ostree_repo/" + f.Fallbacks[0].ID.ArchivePath()
	check(t, flipAt(filepath.Join(v.dir, spoilt), 5))
	if rep := verify(t, v.dir); !hasRule(rep, RuleObject, spoilt) {
		t.Errorf("with a spoilt one: %+v", rep.Findings)
	}
}

func flipAt(name string, at int) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	data[at] ^= 1
	return os.WriteFile(name, data, 0o644)
}

package offline

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

func TestBuiltBundleVerifiesAndTheRealOstreeAgrees(t *testing.T) {
	b := newBackend(t, 0)
	commit := b.publish("pc-1", "pc", testkit.SmallOS(t, "1"), nil)
	b.addRoot()
	b.addRoot()
	dir := filepath.Join(t.TempDir(), "a/bundle")
	built, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if built.Commit != commit || built.Copied == 0 || built.Missing != 0 || !built.Expires.Equal(now.Add(30*day)) {
		t.Errorf("report %+v", built)
	}
	for i, root := range b.roots {
		got, err := os.ReadFile(filepath.Join(dir, "tuf", tuf.RootName(i+1)))
		if err != nil || string(got) != string(root) {
			t.Errorf("root %d is not the server's, byte for byte (%v)", i+1, err)
		}
	}
	rep := verify(t, dir)
	if rep.Err() != nil || len(rep.Findings) != 0 || rep.Objects != built.Objects {
		t.Errorf("verify: %v, %+v", rep.Err(), rep)
	}
	repo := filepath.Join(dir, "ostree_repo")
	testkit.OSTree(t, "--repo="+repo, "fsck")
	if got := testkit.OSTree(t, "--repo="+repo, "rev-parse", "pc-1"); got != commit {
		t.Errorf("ref is %s, want %s", got, commit)
	}
	bare := filepath.Join(t.TempDir(), "bare")
	testkit.OSTree(t, "--repo="+bare, "init", "--mode=bare")
	testkit.OSTree(t, "--repo="+bare, "pull-local", "--untrusted", repo, commit)
}

func TestBundleHoldsTheCommitsClosureAndNothingElse(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", testkit.SmallOS(t, "1"), nil)
	b.publish("pc-2", "pc", testkit.SmallOS(t, "2"), nil)
	dir := t.TempDir()
	built, err := Build(t.Context(), b, dir, options("pc-2"))
	check(t, err)
	var n int
	repo, err := ostree.OpenRepo(filepath.Join(dir, "ostree_repo"))
	check(t, err)
	check(t, repo.ListObjects(t.Context(), func(ostree.ObjectID) error { n++; return nil }))
	if n != built.Objects {
		t.Errorf("%d objects in the bundle, %d in the closure", n, built.Objects)
	}
}

func TestSecondTargetSharesWhatIsThere(t *testing.T) {
	dir, b := small(t)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	opt := options("board-1")
	if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("without leave to add: %v", err)
	}
	opt.AllowMultiple = true
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if rep.Present == 0 || rep.Copied >= rep.Objects || !slices.Equal(rep.Targets, []string{"pc-1", "board-1"}) {
		t.Errorf("report %+v", rep)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

func TestSameRunAgainCopiesNothing(t *testing.T) {
	dir, b := small(t)
	rep, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if rep.Copied != 0 || rep.Bytes != 0 {
		t.Errorf("copied %d objects, %d bytes", rep.Copied, rep.Bytes)
	}
}

func TestDamageOnTheMediumIsRepairedByTheNextRun(t *testing.T) {
	dir, b := small(t)
	truncate(t, objectFile(t, dir, "dirtree"))
	truncate(t, objectFile(t, dir, "filez"))
	check(t, os.Remove(objectFile(t, dir, "dirmeta")))
	if verify(t, dir).Good {
		t.Fatal("the damage is not found")
	}
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if rep := verify(t, dir); rep.Err() != nil {
		t.Errorf("%v", rep.Findings)
	}
}

func TestTUFOnlyRenewsTheExpiryAndLeavesTheContent(t *testing.T) {
	dir, b := small(t)
	before := tree(t, filepath.Join(dir, "ostree_repo"))
	opt := options("pc-1")
	opt.TUFOnly, opt.ExpiresInDays = true, 90
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if !rep.Expires.Equal(now.Add(90 * day)) {
		t.Errorf("expires %v", rep.Expires)
	}
	if tree(t, filepath.Join(dir, "ostree_repo")) != before {
		t.Error("the content changed")
	}
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	opt.Target, opt.AllowMultiple = "board-1", true
	if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("metadata for content that is not there: %v", err)
	}
}

func TestTUFOnlyRenewsABundleOfSeveralTargetsAsItIs(t *testing.T) {
	dir, b := small(t)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	opt := options("board-1")
	opt.AllowMultiple = true
	_, err := Build(t.Context(), b, dir, opt)
	check(t, err)

	b.publish("other-1", "other", tinyTree(t, "3"), nil)
	opt = options("other-1")
	opt.TUFOnly, opt.ExpiresInDays = true, 90
	if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("renewed for a target that is not in it: %v", err)
	}
	opt.Target = "pc-1"
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if !rep.Expires.Equal(now.Add(90*day)) || !slices.Equal(rep.Targets, []string{"pc-1", "board-1"}) {
		t.Errorf("renewed: %v of %v", rep.Expires, rep.Targets)
	}
	if rep := verify(t, dir); rep.Err() != nil {
		t.Error(rep.Findings)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir := filepath.Join(t.TempDir(), "bundle")
	opt := options("pc-1")
	opt.DryRun = true
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if rep.Objects == 0 || rep.Copied != rep.Objects || rep.Free <= 0 {
		t.Errorf("report %+v", rep)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestLocalRepoServesTheObjects(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	repo, err := ostree.OpenRepo(b.repoDir)
	check(t, err)
	b.repoDir = t.TempDir() // the backend has none
	opt := options("pc-1")
	opt.RepoSource = repo
	dir := t.TempDir()
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

func TestTargetsThatABundleCannotCarryAreRefused(t *testing.T) {
	b := newBackend(t, 0)
	apps := map[string]any{"docker_compose_apps": map[string]any{"web": map[string]string{"uri": "hub/acme/web@sha256:" + ostree.Checksum{}.String()}}}
	b.publish("apps-1", "pc", tinyTree(t, "1"), apps)
	b.publish("other-1", "other", tinyTree(t, "2"), map[string]any{"tags": []string{"devel"}})
	b.publish("raw-1", "raw", tinyTree(t, "3"), map[string]any{"targetFormat": "BINARY"})
	for _, c := range []struct {
		target string
		noApps bool
		want   fail.Class
	}{
		{"apps-1", false, fail.NotFound},
		{"apps-1", true, fail.Unknown},
		{"other-1", false, fail.NotFound},
		{"raw-1", false, fail.Unsupported},
		{"nothing-9", false, fail.NotFound},
	} {
		opt := options(c.target)
		opt.NoApps = c.noApps
		dir := t.TempDir()
		_, err := Build(t.Context(), b, dir, opt)
		if (err == nil) != (c.want == fail.Unknown) || fail.ClassOf(err) != c.want {
			t.Errorf("%s, no apps %v: %v", c.target, c.noApps, err)
		}
		if _, statErr := os.Stat(filepath.Join(dir, "tuf")); err != nil && statErr == nil {
			t.Errorf("%s: metadata was written nevertheless", c.target)
		}
	}
}

func TestNothingUnverifiedIsWritten(t *testing.T) {
	stranger := newKey(t)
	flip := func(doc json.RawMessage) json.RawMessage {
		out := slices.Clone(doc)
		i := len(out) - 4 // inside a hash, a name or an expiry
		out[i] ^= 1
		return out
	}
	spoilers := map[string]func(b *backend, reply map[string]json.RawMessage){
		"timestamp damaged": func(_ *backend, r map[string]json.RawMessage) { r["timestamp"] = flip(r["timestamp"]) },
		"snapshot damaged":  func(_ *backend, r map[string]json.RawMessage) { r["snapshot"] = flip(r["snapshot"]) },
		"targets damaged":   func(_ *backend, r map[string]json.RawMessage) { r["targets"] = flip(r["targets"]) },
		"bundle damaged":    func(_ *backend, r map[string]json.RawMessage) { r["bundle-targets"] = flip(r["bundle-targets"]) },
		"bundle missing":    func(_ *backend, r map[string]json.RawMessage) { delete(r, "bundle-targets") },
		"bundle for another tag": func(b *backend, r map[string]json.RawMessage) {
			r["bundle-targets"] = b.targetsKeys(&tuf.BundleTargets{Version: 1, Expires: now.Add(day), Type: "ci", Tag: "devel", Targets: []string{"pc-1"}})
		},
		"bundle of another type": func(b *backend, r map[string]json.RawMessage) {
			r["bundle-targets"] = b.targetsKeys(&tuf.BundleTargets{Version: 1, Expires: now.Add(day), Type: "prod", Tag: "main", Targets: []string{"pc-1"}})
		},
		"bundle with a target more": func(b *backend, r map[string]json.RawMessage) {
			r["bundle-targets"] = b.targetsKeys(&tuf.BundleTargets{Version: 1, Expires: now.Add(day), Type: "ci", Tag: "main", Targets: []string{"pc-1", "x"}})
		},
		"bundle expired": func(b *backend, r map[string]json.RawMessage) {
			r["bundle-targets"] = b.targetsKeys(&tuf.BundleTargets{Version: 1, Expires: now, Type: "ci", Tag: "main", Targets: []string{"pc-1"}})
		},
		"bundle by a stranger": func(b *backend, r map[string]json.RawMessage) {
			r["bundle-targets"] = b.sign(&tuf.BundleTargets{Version: 1, Expires: now.Add(day), Type: "ci", Tag: "main", Targets: []string{"pc-1"}}, stranger)
		},
	}
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, 0)
			b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
			b.spoil = func(r map[string]json.RawMessage) { spoil(b, r) }
			dir := t.TempDir()
			_, err := Build(t.Context(), b, dir, options("pc-1"))
			if c := fail.ClassOf(err); c != fail.Verification && c != fail.Expired {
				t.Errorf("error %v, class %v", err, c)
			}
			if got := tree(t, dir); got != ". "+mode(t, dir)+"\n" {
				t.Errorf("something was written:\n%s", got)
			}
		})
	}
}

func mode(t *testing.T, dir string) string {
	st, err := os.Stat(dir)
	check(t, err)
	return st.Mode().String()
}

func TestRootsOfAnotherFactoryAreRefused(t *testing.T) {
	dir, b := small(t)
	other := newBackend(t, 0)
	other.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	if _, err := Build(t.Context(), other, dir, options("pc-1")); fail.ClassOf(err) != fail.Verification {
		t.Errorf("into a bundle of another factory: %v", err)
	}
	opt := options("pc-1")
	opt.Roots = b.roots
	if _, err := Build(t.Context(), other, t.TempDir(), opt); fail.ClassOf(err) != fail.Verification {
		t.Errorf("against a given root: %v", err)
	}
}

func TestDocumentToExtendIsVerifiedFirst(t *testing.T) {
	dir, b := small(t)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	forged := b.sign(&tuf.BundleTargets{Version: 1, Expires: now.Add(day), Type: "ci", Tag: "main", Targets: []string{"evil-1"}}, newKey(t))
	check(t, os.WriteFile(filepath.Join(dir, "tuf", tuf.BundleTargetsFile), forged, 0o644))
	opt := options("board-1")
	opt.AllowMultiple = true
	asked := len(b.asked)
	if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Verification {
		t.Errorf("error %v", err)
	}
	if len(b.asked) != asked {
		t.Error("the forged document went to the server")
	}
}

func TestFolderOfAnotherTagIsLeftAlone(t *testing.T) {
	dir, b := small(t)
	b.publish("pc-2", "pc", tinyTree(t, "2"), map[string]any{"tags": []string{"devel"}})
	before := tree(t, dir)
	opt := options("pc-2")
	opt.Tag, opt.AllowMultiple = "devel", true
	if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("error %v", err)
	}
	if tree(t, dir) != before {
		t.Error("the bundle changed")
	}
}

func TestRepoThatIsALinkIsNotWrittenTo(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir, outside := t.TempDir(), t.TempDir()
	check(t, os.Symlink(outside, filepath.Join(dir, "ostree_repo")))
	if _, err := Build(t.Context(), b, dir, options("pc-1")); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("written outside: %v, %v", entries, err)
	}
}

func TestABundleThatAppearedMeanwhileIsNotWrittenOver(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	dir := filepath.Join(t.TempDir(), "bundle")
	late := newBuilder(b, dir, options("board-1"))
	defer late.close()
	for _, step := range late.plan() {
		check(t, step(t.Context()))
	}
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if err := late.makeFolder(t.Context()); fail.ClassOf(err) != fail.Busy {
		t.Errorf("%v", err)
	}
	if rep := verify(t, dir); rep.Err() != nil || names(rep) != "pc-1" {
		t.Errorf("%q, %v", names(rep), rep.Findings)
	}
}

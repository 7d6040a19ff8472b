package offline

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

func TestBackendThatNamesOneTargetTwiceDropsNoOther(t *testing.T) {
	dir, b := small(t)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	b.spoil = func(r map[string]json.RawMessage) {
		r["bundle-targets"] = b.targetsKeys(&tuf.BundleTargets{Version: 2, Expires: now.Add(day), Type: "ci", Tag: "main", Targets: []string{"pc-1", "pc-1"}})
	}
	opt := options("board-1")
	opt.AllowMultiple = true
	if rep, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Verification {
		t.Errorf("report %+v, error %v", rep, err)
	}
}

func TestFirstRootUnderAnotherNameIsRefused(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	b.addRoot()
	b.roots = b.roots[1:]
	if _, err := Build(t.Context(), b, t.TempDir(), options("pc-1")); fail.ClassOf(err) != fail.Verification {
		t.Errorf("error %v", err)
	}
}

func TestBundleThatBeginsAtALaterRootIsExtended(t *testing.T) {
	b := newBackend(t, 0)
	b.addRoot()
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	dir := t.TempDir()
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	check(t, os.Remove(filepath.Join(dir, "tuf/1.root.json")))
	opt := options("board-1")
	opt.AllowMultiple = true
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if !slices.Equal(rep.Targets, []string{"pc-1", "board-1"}) {
		t.Errorf("it names %v", rep.Targets)
	}
	if err := verify(t, dir).Err(); err != nil {
		t.Error(err)
	}
}

func TestVerifyAcceptsForADeviceOnlyWhatTheDeviceWouldTake(t *testing.T) {
	cases := []struct {
		name   string
		custom map[string]any
		opt    VerifyOptions
		good   bool
	}{
		{"as asked", nil, VerifyOptions{HardwareID: "pc", Tag: "main"}, true},
		{"for two kinds of hardware", map[string]any{"hardwareIds": []string{"pc", "board"}}, VerifyOptions{HardwareID: "pc"}, false},
		{"the bundle has the tag and the target has not", map[string]any{"tags": []string{"devel"}}, VerifyOptions{Tag: "main"}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBackend(t, 0)
			b.publish("pc-1", "pc", tinyTree(t, "1"), c.custom)
			dir := t.TempDir()
			opt := options("pc-1")
			if tags, _ := c.custom["tags"].([]string); tags != nil {
				opt.Tag = tags[0]
			}
			_, err := Build(t.Context(), b, dir, opt)
			check(t, err)
			resign(t, dir, b, goodBundle(), b.keys[tuf.RoleTargets])
			c.opt.Now = now
			rep := verifyWith(t, dir, c.opt)
			if c.good {
				check(t, rep.Err())
				return
			}
			wantFinding(t, rep, RuleFor, "tuf/bundle-targets.json")
		})
	}
}

func TestNothingIsWrittenThroughALinkInTheRepo(t *testing.T) {
	for _, name := range []string{"objects", "refs", "refs/heads", "state", "tmp", ".lock", "config", "objects/ab"} {
		t.Run(name, func(t *testing.T) {
			dir, b := small(t)
			outside, link := t.TempDir(), filepath.Join(dir, "ostree_repo", name)
			check(t, os.RemoveAll(link))
			check(t, os.Symlink(filepath.Join(outside, "x"), link))
			if name != ".lock" {
				check(t, os.Mkdir(filepath.Join(outside, "x"), 0o755))
			}
			before := tree(t, outside)
			if _, err := Build(t.Context(), b, dir, options("pc-1")); fail.ClassOf(err) != fail.Conflict {
				t.Errorf("error %v", err)
			}
			if after := tree(t, outside); after != before {
				t.Errorf("written outside:\n%s", after)
			}
		})
	}
}

func TestTwoWritersOfOneBundleDoNotMix(t *testing.T) {
	dir, b := twoSigners(t)
	first, err := Open(dir)
	check(t, err)
	defer first.Close()
	lock, err := first.files.(medium.Changer).Lock()
	check(t, err)
	before := tree(t, dir)
	if _, err := signDir(t, dir, b.offline[0]); fail.ClassOf(err) != fail.Busy {
		t.Errorf("sign: %v", err)
	}
	if _, err := Build(t.Context(), b, dir, options("pc-1")); fail.ClassOf(err) != fail.Busy {
		t.Errorf("build: %v", err)
	}
	if after := tree(t, dir); after != before {
		t.Error("the bundle was changed")
	}
	check(t, lock.Close())
	_, err = signDir(t, dir, b.offline[0])
	check(t, err)
}

func TestFoldersWithoutEndAreNotFollowed(t *testing.T) {
	for _, name := range []string{"ostree_repo/state", "ostree_repo/refs", "apps/apps"} {
		dir, _ := small(t)
		deep := filepath.Join(dir, name, strings.Repeat("a/", 100))
		check(t, os.MkdirAll(deep, 0o755))
		rep := verify(t, dir)
		wantFinding(t, rep, RuleFiles, "a")
		for _, f := range rep.Findings {
			if strings.Count(f.Path, "/") > maxDepth {
				t.Errorf("looked at %s", f.Path)
			}
		}
	}
}

func TestMetadataLeftFromACutOffSwapGoesWithTheNextRun(t *testing.T) {
	dir, b := small(t)
	check(t, os.Mkdir(filepath.Join(dir, dirReplaced), 0o755))
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if _, err := os.Lstat(filepath.Join(dir, dirReplaced)); err == nil {
		t.Errorf("%s is still there", dirReplaced)
	}
}

func TestDetachedMetadataIsPointedOut(t *testing.T) {
	dir, _ := small(t)
	write(t, strings.TrimSuffix(objectFile(t, dir, "commit"), ".commit")+".commitmeta", nil)
	rep := verify(t, dir)
	check(t, rep.Err())
	if len(rep.Findings) != 1 || rep.Findings[0].Rule != RuleObject || !strings.HasSuffix(rep.Findings[0].Path, ".commitmeta") {
		t.Errorf("findings %v", rep.Findings)
	}
}

func TestBundleOfAnotherTypeIsLeftAlone(t *testing.T) {
	dir, b := small(t)
	prod := goodBundle()
	prod.Type = "prod"
	resign(t, dir, b, prod, b.keys[tuf.RoleTargets])
	before := tree(t, dir)
	if _, err := Build(t.Context(), b, dir, options("pc-1")); fail.ClassOf(err) != fail.Conflict {
		t.Errorf("error %v", err)
	}
	if tree(t, dir) != before {
		t.Error("the bundle changed")
	}
}

func TestMetadataBeyondItsCapIsNotRead(t *testing.T) {
	for _, name := range []string{"1.root.json", "timestamp.json", "snapshot.json", "targets.json", "bundle-targets.json"} {
		dir, _ := small(t)
		check(t, os.Truncate(filepath.Join(dir, "tuf", name), 1<<40))
		wantFinding(t, verify(t, dir), RuleMetadata, name)
		b, err := Open(dir)
		check(t, err)
		if _, err := Show(t.Context(), b, now); !errors.Is(err, tuf.ErrTooLarge) || fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %v", name, err)
		}
		check(t, b.Close())
	}
}

func TestBundleIsNotSetBack(t *testing.T) {
	dir, b := small(t)
	b.version = 7
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	before := tree(t, dir)
	b.version = 6
	if _, err := Build(t.Context(), b, dir, options("pc-1")); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("error %v", err)
	}
	if tree(t, dir) != before {
		t.Error("the bundle changed")
	}
	b.keys[tuf.RoleTargets], b.keys[tuf.RoleSnapshot] = newKey(t), newKey(t)
	b.addRoot()
	check(t, os.Remove(filepath.Join(dir, "tuf", tuf.BundleTargetsFile)))
	_, err = Build(t.Context(), b, dir, options("pc-1"))
	if err != nil {
		t.Errorf("after other keys came: %v", err)
	}
}

func TestMoreRootsThanADeviceWalksAreNotRead(t *testing.T) {
	dir, _ := small(t)
	for n := 2; n <= limits.RootChain; n++ {
		check(t, os.Link(filepath.Join(dir, "tuf/1.root.json"), filepath.Join(dir, "tuf", tuf.RootName(n))))
	}
	write(t, filepath.Join(dir, "tuf", tuf.RootName(limits.RootChain+1)), nil)
	rep := verify(t, dir)
	wantFinding(t, rep, RuleRootChain, "tuf")
	for _, f := range rep.Findings {
		if strings.HasSuffix(f.Path, tuf.RootName(limits.RootChain+1)) {
			t.Errorf("it was read: %v", f)
		}
	}
}

func TestObjectTooLongForTheMediumSaysWhichFileSystemToTake(t *testing.T) {
	err := aboutMedium(&os.PathError{Op: "write", Path: "x.filez", Err: syscall.EFBIG})
	if fail.ClassOf(err) != fail.NoSpace || !strings.Contains(fail.HintOf(err), "exFAT") {
		t.Errorf("%v, hint %q", err, fail.HintOf(err))
	}
}

package offline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/otactl/otactl/internal/fail"
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

package offline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// production is a factory with a target, whose roots want two targets keys; ci
// is the CI twin of its first root.
func production(t *testing.T) (b *backend, ci []byte) {
	t.Helper()
	b = newBackend(t, 1)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	file, err := author.Production(b.roots[0], 1)
	check(t, err)
	file, err = tuf.AddSignature(file, b.keys[tuf.RoleRoot])
	check(t, err)
	return b, file
}

func TestRootOfCIVouchesForTheProductionRootOfItsVersionAndForNoOther(t *testing.T) {
	b, ci := production(t)
	_, other := production(t)
	for _, c := range []struct {
		name  string
		root  []byte
		opt   func(*BuildOptions)
		class fail.Class
	}{
		{"the same", b.roots[0], func(o *BuildOptions) { o.Production = true }, fail.Unknown},
		{"its twin", ci, func(o *BuildOptions) { o.Production = true }, fail.Unknown},
		{"its twin for a wave", ci, func(o *BuildOptions) { o.Wave, o.Tag = "w1", "" }, fail.Unknown},
		{"another factory's", other, func(o *BuildOptions) { o.Production = true }, fail.Verification},
		{"its twin for CI", ci, func(*BuildOptions) {}, fail.Verification},
	} {
		opt := options("pc-1")
		opt.Roots = [][]byte{c.root}
		c.opt(&opt)
		rep, err := Build(t.Context(), b, filepath.Join(t.TempDir(), "bundle"), opt)
		if fail.ClassOf(err) != c.class {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (rep.Tag != "main" || rep.Type != typeProd || rep.Missing != 1) {
			t.Errorf("%s: %+v", c.name, rep)
		}
	}
}

func TestBundleOfAnotherFactoryIsLeftAlone(t *testing.T) {
	dir, _ := small(t)
	before := tree(t, dir)
	stranger := newBackend(t, 0)
	stranger.publish("pc-1", "pc", tinyTree(t, "2"), nil)
	_, err := Build(t.Context(), stranger, dir, options("pc-1"))
	if fail.ClassOf(err) != fail.Verification || !strings.Contains(fail.HintOf(err), "another factory") {
		t.Errorf("%v (%s)", err, fail.HintOf(err))
	}
	if tree(t, dir) != before {
		t.Error("the bundle was changed")
	}
}

func TestAHundredRootsAreInTheBundleAndVerify(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	for len(b.roots) < 100 {
		b.addRoot()
	}
	dir := filepath.Join(t.TempDir(), "bundle")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if rep := verifyWith(t, dir, VerifyOptions{Now: now, Roots: b.roots[:1]}); !rep.Good {
		t.Errorf("%v", rep.Findings)
	}
	made, err := Open(dir)
	check(t, err)
	defer made.Close()
	if versions, err := made.RootVersions(); err != nil || len(versions) != 100 {
		t.Errorf("%d roots, %v", len(versions), err)
	}
}

func TestBundleOfAnotherTypeThanAskedForIsNotWritten(t *testing.T) {
	b, _ := production(t)
	opt := options("pc-1")
	opt.Production = true
	b.spoil = func(reply map[string]json.RawMessage) {
		list := tuf.BundleTargets{Version: 1, Expires: now.Add(day), Type: typeCI, Tag: "main", Targets: []string{"pc-1"}}
		reply[replyBundle] = b.targetsKeys(&list)
	}
	dir := filepath.Join(t.TempDir(), "bundle")
	if _, err := Build(t.Context(), b, dir, opt); err == nil || !strings.Contains(err.Error(), `of type "ci", asked for "prod"`) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("something was written")
	}
}

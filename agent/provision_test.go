package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/tuf"
)

// withProduction gives the image production roots beside those of CI, as many:
// their targets take a second key.
func (d *device) withProduction(second *tuf.PrivateKey) {
	d.t.Helper()
	dir := filepath.Join(d.dir, "roots/prod")
	d.must(os.MkdirAll(dir, 0o755))
	for v := 1; v <= d.meta.Root.Version; v++ {
		name := tuf.RootName(v)
		root, err := tuf.ParseRoot(d.meta.Files[name])
		d.must(err)
		root.AddKey(tuf.RoleTargets, second.Public())
		root.Roles[tuf.RoleTargets] = tuf.RoleKeys{KeyIDs: root.Roles[tuf.RoleTargets].KeyIDs, Threshold: 2}
		ci := d.meta.Files[name]
		d.must(os.WriteFile(filepath.Join(dir, name), d.meta.SignWith(name, root, d.meta.Keys[tuf.RoleRoot]...), 0o644))
		d.meta.Files[name] = ci
	}
}

// A device that took roots of CI before anybody knew what it would be is one of
// production from its registration on, and the key of CI alone moves it no more.
func TestADeviceThatBecomesOneOfProductionLeavesTheRootsOfCI(t *testing.T) {
	m := newMold(t)
	for _, roots := range []int{1, 2} {
		d := m.device(t)
		for d.meta.Root.Version < roots {
			d.meta.NextRoot()
		}
		d.meta.WriteDir(filepath.Join(d.dir, "roots/ci"))
		second := d.meta.Key(tuf.ED25519)
		d.withProduction(second)
		d.publish()
		_, err := d.check()
		d.must(err)

		d.certified(true)
		d.rewrite(func() { d.meta.Publish(); d.meta.Bundle("prod", tag, "board-lmp-2") })
		if r, err := d.install(UpdateRequest{}); err == nil {
			t.Errorf("%d roots: the key of CI alone installs on a production device: %+v", roots, r)
		}
		d.meta.Keys[tuf.RoleTargets] = append(d.meta.Keys[tuf.RoleTargets], second)
		d.rewrite(func() {
			d.meta.Publish()
			d.meta.Bundle("prod", tag, "board-lmp-2")
			for v := 1; v <= roots; v++ {
				file, err := os.ReadFile(filepath.Join(d.dir, "roots/prod", tuf.RootName(v)))
				d.must(err)
				d.meta.Files[tuf.RootName(v)] = file
			}
		})
		r, err := d.install(UpdateRequest{})
		wantCode(t, "install what production has signed", r, err, InstallNeedsReboot)
	}
}

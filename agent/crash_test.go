package agent

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/tuf"
)

type dead struct{ point string }

func (d dead) Error() string { return "the power went at " + d.point }

// killer models a power cut: the process is gone at that point. A copy passes
// its points on workers, where nobody could recover: there the point fails, and
// so does every one after it.
type killer struct {
	point string
	mu    sync.Mutex
	hit   bool
}

func (k *killer) At(point string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.hit && point != k.point {
		return nil
	}
	k.hit = true
	if !strings.HasPrefix(point, "copy.") {
		panic(dead{point})
	}
	return dead{point}
}

func (d *device) killedAt(point string, do func() (Result, error)) (hit bool) {
	k := &killer{point: point}
	d.faults = k
	defer func() {
		d.faults = nil
		if v := recover(); v != nil {
			if _, ours := v.(dead); !ours {
				panic(v)
			}
			hit = true
		}
	}()
	_, _ = do()
	return k.hit
}

// installPoints are the points that an installation passes on the main line.
var installPoints = []string{
	"copy.commit", "agent.fetch.after",
	"state.intent.before", "state.intent.commit", "state.intent.after",
	"sysroot.deploy.before", "sysroot.deploy.after",
	"state.pending.before", "state.pending.commit", "state.pending.after",
}

func TestInstallThatWasKilledIsDoneByTheNextOne(t *testing.T) {
	m := newMold(t)
	for _, point := range installPoints {
		t.Run(point, func(t *testing.T) {
			d := m.device(t)
			if !d.killedAt(point, func() (Result, error) { return d.install(UpdateRequest{}) }) {
				t.Fatal("the point was not passed")
			}
			d.bootable()
			r, err := d.install(UpdateRequest{})
			if point == "state.pending.after" {
				wantCode(t, "install again, though it was done", r, err, InstallationInProgress)
			} else {
				wantCode(t, "install again", r, err, InstallNeedsReboot)
			}
			d.reboot()
			r, err = d.run()
			wantCode(t, "run", r, err, Ok)
			d.runs("board-lmp-2")
		})
	}
}

func TestPowerCutDuringInstallLeavesTheTruth(t *testing.T) {
	m := newMold(t)
	for _, point := range installPoints {
		t.Run(point, func(t *testing.T) {
			d := m.device(t)
			if !d.killedAt(point, func() (Result, error) { return d.install(UpdateRequest{}) }) {
				t.Fatal("the point was not passed")
			}
			d.reboot()
			d.bootable()
			booted := d.status().Commit
			r, err := d.run()
			if booted == d.root.Commit {
				wantCode(t, "run on the old one", r, err, NoPendingInstallation)
				r, err = d.install(UpdateRequest{})
				wantCode(t, "install again", r, err, InstallNeedsReboot)
				d.reboot()
				r, err = d.run()
			}
			wantCode(t, "run on the new one", r, err, Ok)
			d.runs("board-lmp-2")
		})
	}
}

func TestFinalizationThatWasKilledIsDoneByTheNextOne(t *testing.T) {
	m := newMold(t)
	for _, point := range []string{"state.finish.before", "state.finish.commit", "state.finish.after"} {
		t.Run(point, func(t *testing.T) {
			d := m.device(t)
			_, err := d.install(UpdateRequest{})
			d.must(err)
			d.reboot()
			if !d.killedAt(point, d.run) {
				t.Fatal("the point was not passed")
			}
			r, err := d.run()
			if point == "state.finish.after" {
				wantCode(t, "run again, though it was done", r, err, NoPendingInstallation)
			} else {
				wantCode(t, "run again", r, err, Ok)
			}
			d.runs("board-lmp-2")
		})
	}
}

// bootable: each deployment that could boot is the old commit or the new one.
func (d *device) bootable() {
	d.t.Helper()
	a := d.open()
	defer a.Close()
	st, err := a.root.Read()
	d.must(err)
	if len(st.Deployments) == 0 {
		d.t.Fatal("nothing can boot")
	}
	for _, dep := range st.Deployments {
		if _, err := os.Stat(filepath.Join(d.root.Dir, dep.Dir(), "usr/lib/os-release")); err != nil {
			d.t.Errorf("deployment %s: %v", dep.ID(), err)
		}
	}
	if _, _, err := testkit.TryOSTree("fsck", "--repo="+d.root.Repo); err != nil {
		d.t.Errorf("fsck: %v", err)
	}
}

func (d *device) runs(name string) {
	d.t.Helper()
	if s := d.status(); s.Current.Name != name || s.Pending != nil {
		d.t.Errorf("runs %q with %v pending, want %q and nothing", s.Current.Name, s.Pending, name)
	}
}

// nth goes down when a point is passed for the nth time.
type nth struct {
	point string
	left  int
}

func (k *nth) At(point string) error {
	if point == k.point {
		if k.left--; k.left == 0 {
			panic(dead{point})
		}
	}
	return nil
}

// The newest root of the image may be the one that replaced a stolen key. A
// device that lost power while it took the image's roots trusts that one
// nevertheless, and no older one.
func TestAPowerCutKeepsNoRootOfTheImageOut(t *testing.T) {
	m := newMold(t)
	for _, point := range []string{"state.metadata.before", "state.metadata.commit", "state.metadata.after"} {
		for n := 1; n <= 3; n++ {
			d := m.device(t)
			a := d.open()
			d.must(a.db.ImportCredentials(t.Context(), state.Credentials{Cert: []byte("of a CI device")}))
			d.must(a.Close())
			d.meta.NextRoot()
			d.publish() // the stick has roots 1 and 2
			for _, role := range []tuf.Role{tuf.RoleTimestamp, tuf.RoleSnapshot, tuf.RoleTargets} {
				d.meta.SetKeys(role, d.meta.Key(tuf.ED25519))
			}
			d.meta.NextRoot()
			d.meta.WriteDir(filepath.Join(d.dir, "roots/ci"))
			d.faults = &nth{point, n}
			func() {
				defer func() { _ = recover() }()
				_, _ = d.check()
			}()
			d.faults = nil
			if l, err := d.check(); err == nil {
				t.Errorf("%s for the %d. time: metadata by keys that were replaced passes: %+v", point, n, l)
			}
		}
	}
}

package agent

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
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

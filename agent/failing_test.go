package agent

import (
	"context"
	"errors"
	"testing"

	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/internal/fail"
)

// markBad records of targets that they failed on the device, as a rollback by
// hand does.
func (d *device) markBad(names ...string) {
	d.t.Helper()
	a := d.open()
	defer a.Close()
	for _, name := range names {
		d.must(a.db.Save(d.t.Context(), state.Target{Name: name}, state.ModeBad))
	}
}

func TestATargetThatFailedGivesWayToTheOneBefore(t *testing.T) {
	d := newDevice(t)
	_, err := d.install(UpdateRequest{})
	d.must(err)
	d.reboot()
	_, err = d.run()
	d.must(err)
	d.markBad("board-lmp-2")
	l, err := d.check()
	wantCode(t, "check", Result{Code: l.Code}, err, CheckinUpdateRollback)
	r, err := d.install(UpdateRequest{Downgrade: DowngradeAllow})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	if r.Target == nil || r.Target.Commit != d.root.Commit {
		t.Errorf("it installs %+v, not what ran before", r.Target)
	}
	d.rollBack() // what failed runs still
	_, err = d.run()
	wantCode(t, "run", Result{}, err, InstallRollbackOk)

	d.markBad("board-lmp-2", initialName)
	_, err = d.check()
	wantCode(t, "check with nothing to go back to", Result{}, err, RollbackTargetNotFound)
	r, err = d.install(UpdateRequest{})
	wantCode(t, "install with nothing to go back to", r, err, RollbackTargetNotFound)
}

// brokenAt fails at one point.
type brokenAt string

func (b brokenAt) At(point string) error {
	if point == string(b) {
		return fail.New(fail.NoSpace, "", "%s", point)
	}
	return nil
}

func TestARollbackThatCannotBeRecordedSaysSo(t *testing.T) {
	d := newDevice(t)
	_, err := d.install(UpdateRequest{})
	d.must(err)
	d.rollBack()
	d.faults = brokenAt("state.finish.before")
	_, err = d.run()
	wantCode(t, "run", Result{}, err, InstallRollbackFailed)
	d.faults = nil
	_, err = d.run()
	wantCode(t, "run once it can be", Result{}, err, InstallRollbackOk)
}

func TestADeploymentThatFailsWithTheRecordOfItSaysSo(t *testing.T) {
	d := newDevice(t)
	a := d.open()
	src, err := a.OpenBundle(d.bundle)
	d.must(err)
	defer src.Close()
	a.root = refusing{a.root}
	r, err := a.Update(t.Context(), src, UpdateRequest{})
	wantCode(t, "update", r, err, InstallRollbackOk)
	d.must(a.Close())

	d.faults = brokenAt("state.finish.commit")
	a = d.open()
	a.root = refusing{a.root}
	r, err = a.Update(t.Context(), src, UpdateRequest{})
	wantCode(t, "update without a record", r, err, InstallRollbackFailed)
}

// refusing deploys nothing.
type refusing struct{ deployments }

func (refusing) Deploy(context.Context, string) error { return errors.New("no") }

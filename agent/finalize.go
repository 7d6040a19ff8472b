package agent

import (
	"context"
	"fmt"

	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/agent/sysroot"
	"github.com/otactl/otactl/internal/fail"
)

// Finalize makes the outcome of a pending installation final once the device
// has rebooted. The result's code is
//
//   - Ok when the device runs the target,
//   - OkNeedsRebootForBootFw when its boot firmware needs one more reboot,
//   - InstallNeedsReboot before the reboot; nothing has changed then.
//
// It fails with NoPendingInstallation when nothing waits, and with
// InstallRollbackOk when the device came up with another deployment.
func (a *Agent) Finalize(ctx context.Context) (Result, error) {
	if err := a.recoverFinalize(ctx); err != nil {
		return Result{}, err
	}
	row, waiting, err := a.db.Pending(ctx)
	if err != nil {
		return Result{}, err
	}
	if !waiting {
		return Result{}, failure(NoPendingInstallation, fail.NotFound, "", "no installation waits to be finalized")
	}
	t, err := fromState(row)
	if err != nil {
		return Result{}, err
	}
	a.callback(ctx, finalPre, &t, "")
	st, err := a.root.Read()
	if err != nil {
		return Result{}, err
	}
	rebooted, err := a.rebooted(ctx)
	switch {
	case err != nil:
		return Result{}, err
	case st.Booted != nil && st.Booted.Commit == t.Commit:
		return a.succeed(ctx, t, row)
	case !rebooted:
		return Result{Code: InstallNeedsReboot, Target: &t, Reason: "reboot first; nothing has changed"}, nil
	}
	return Result{}, a.rolledBack(ctx, t, row, st)
}

// rebooted says whether the reboot that an installation asked for has
// happened: the flag in the database is set and the sentinel is gone.
func (a *Agent) rebooted(ctx context.Context) (bool, error) {
	asked, err := a.db.NeedReboot(ctx)
	s := a.root.Sentinel()
	return asked && !s.Present() && s.MayTell(), err
}

func (a *Agent) succeed(ctx context.Context, t Target, row state.Target) (Result, error) {
	if err := a.db.Finish(ctx, row, state.ModeCurrent); err != nil {
		return Result{}, err
	}
	if err := a.root.Sentinel().Clear(); err != nil {
		return Result{}, err
	}
	a.boot.markGood(ctx)
	err := a.writeCurrentFile(t)
	a.callback(ctx, installPost, &t, outcome(err))
	res := Result{Code: Ok, Target: &t, Reason: "the device runs " + t.Name}
	if a.boot.updateWaits(ctx) {
		res.Code, res.Reason = OkNeedsRebootForBootFw, res.Reason+"; reboot once more for its boot firmware"
	}
	return res, err
}

// rolledBack records that the boot loader chose another deployment.
func (a *Agent) rolledBack(ctx context.Context, t Target, row state.Target, st *sysroot.State) error {
	if err := a.db.Finish(ctx, row, state.ModeNone); err != nil {
		return coded(InstallRollbackFailed, err)
	}
	running := "nothing known"
	if current, err := a.Current(ctx); err == nil {
		running = current.Name
		if err := a.writeCurrentFile(current); err != nil {
			a.log.WarnContext(ctx, "file for scripts", "err", err)
		}
	}
	a.callback(ctx, installPost, &t, resultFailed)
	return failure(InstallRollbackOk, fail.Conflict, "find out why it did not boot before installing it again",
		"device did not come up with %.80q; it runs %.80q%s", t.Name, running, bootedNote(st))
}

func bootedNote(st *sysroot.State) string {
	if st.Booted == nil {
		return ""
	}
	return fmt.Sprintf(" (commit %.12s)", st.Booted.Commit)
}

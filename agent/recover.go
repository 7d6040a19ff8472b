package agent

import (
	"context"

	"github.com/otactl/otactl/agent/state"
)

// remains is what an interrupted installation has left behind.
type remains int

const (
	nothingBegun  remains = iota
	nothingLeft           // begun, and no deployment came of it
	deployed              // it boots next, and nothing records that
	running               // it runs, and nothing records that
	cameBackAgain         // it was to boot, and the boot loader chose another
)

// findRemains compares the installation that was begun last with the
// deployments. The sentinel is set before a deployment is made, so a
// deployment without it has seen a reboot.
func (a *Agent) findRemains(ctx context.Context) (state.Target, remains, error) {
	row, begun, err := a.db.Intent(ctx)
	if err != nil || !begun {
		return row, nothingBegun, err
	}
	st, err := a.root.Read()
	if err != nil {
		return row, nothingBegun, err
	}
	switch {
	case st.Booted != nil && st.Booted.Commit == row.SHA256:
		return row, running, nil
	case st.Pending == nil || st.Pending.Commit != row.SHA256:
		return row, nothingLeft, nil
	case a.root.Sentinel().Present():
		return row, deployed, nil
	}
	return row, cameBackAgain, nil
}

// recoverInstall puts right what an interrupted installation left, before
// another one. One that was deployed but not recorded is left alone: this
// installation either is the same and records it, or takes its place.
func (a *Agent) recoverInstall(ctx context.Context) error {
	row, left, err := a.findRemains(ctx)
	if err != nil {
		return err
	}
	if left != running {
		return a.settle(ctx, row, left)
	}
	t, err := fromState(row)
	if err != nil {
		return err
	}
	_, err = a.succeed(ctx, t, row)
	return err
}

// recoverFinalize does so before a finalization: what was deployed is pending.
func (a *Agent) recoverFinalize(ctx context.Context) error {
	row, left, err := a.findRemains(ctx)
	if err != nil {
		return err
	}
	if left == deployed || left == running {
		return a.db.SavePending(ctx, row)
	}
	return a.settle(ctx, row, left)
}

func (a *Agent) settle(ctx context.Context, row state.Target, left remains) error {
	switch left {
	case nothingLeft:
		if err := a.root.ClearUnusedSentinel(); err != nil {
			return err
		}
		return a.db.DropIntent(ctx)
	case cameBackAgain:
		return a.db.Finish(ctx, row, state.ModeNone)
	}
	return nil
}

package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/ostree"
)

// Downgrade says what to do about a target older than the one that runs.
type Downgrade int

// The policies.
const (
	DowngradeNamed  Downgrade = iota // only if it was named; the newest being older is no update
	DowngradeRefuse                  // fail with InstallDowngradeAttempt
	DowngradeAllow
)

// UpdateRequest says what to install and how.
type UpdateRequest struct {
	Name      string // of a target, or its version; empty: the newest
	NameOnly  bool   // Name is never a version
	Downgrade Downgrade
	// Deferred leaves even an update that changes no OS pending until
	// Finalize, as aklite-offline does.
	Deferred bool
}

// Update checks in with src, and selects, brings in and deploys a target.
// The result's code is InstallNeedsReboot when a new OS waits for the reboot,
// InstallAppsNeedFinalization when Finalize has to be called without one, and
// Ok when there was nothing to do or nothing is left to do.
func (a *Agent) Update(ctx context.Context, src Source, req UpdateRequest) (Result, error) {
	return a.run(ctx, src, req, steps{checkIn: true, download: true, install: true})
}

// Pull selects a target by the stored metadata and brings its content in from
// src.
func (a *Agent) Pull(ctx context.Context, src Source, req UpdateRequest) (Result, error) {
	return a.run(ctx, src, req, steps{download: true})
}

// Install selects a target by the stored metadata and deploys what Pull has
// brought in. src may be nil; else only targets that it has are selected.
func (a *Agent) Install(ctx context.Context, src Source, req UpdateRequest) (Result, error) {
	return a.run(ctx, src, req, steps{install: true})
}

// steps are the parts of an update.
type steps struct{ checkIn, download, install bool }

func (a *Agent) run(ctx context.Context, src Source, req UpdateRequest, do steps) (Result, error) {
	current, err := a.readyToInstall(ctx)
	if err == nil {
		err = a.root.Sentinel().Prepare()
	}
	if err != nil {
		return Result{}, err
	}
	sel, err := a.selectForUpdate(ctx, src, current, req, do.checkIn)
	if err != nil {
		return Result{}, err
	}
	res := Result{Code: Ok, Target: sel.Target, From: &current, Reason: sel.Reason}
	if sel.Target == nil {
		return res, nil
	}
	if err := a.permit(ctx, *sel.Target, current, req); err != nil {
		return Result{}, err
	}
	if err := a.refuseApps(*sel.Target); err != nil {
		return Result{}, err
	}
	if do.download {
		if err := a.download(ctx, src, *sel.Target); err != nil {
			return Result{}, err
		}
	}
	if !do.install {
		return res, nil
	}
	code, err := a.install(ctx, *sel.Target, req.Deferred)
	if err != nil {
		return Result{}, err
	}
	res.Code = code
	return res, nil
}

// readyToInstall fails while another installation waits for its end.
func (a *Agent) readyToInstall(ctx context.Context) (Target, error) {
	if err := a.recoverInstall(ctx); err != nil {
		return Target{}, err
	}
	row, waiting, err := a.db.Pending(ctx)
	if err != nil {
		return Target{}, err
	}
	if waiting {
		return Target{}, failure(InstallationInProgress, fail.Conflict, "reboot and finalize it with run first",
			"installation of %.80q waits to be finalized", row.Name)
	}
	return a.Current(ctx)
}

// selectForUpdate checks in, or goes by what is stored, and selects.
func (a *Agent) selectForUpdate(ctx context.Context, src Source, current Target, req UpdateRequest, fresh bool) (sel Selection, err error) {
	if fresh {
		a.callback(ctx, checkPre, nil, "")
		defer func() { a.callback(ctx, checkPost, sel.Target, outcome(err)) }()
	}
	var in *checkin
	if fresh {
		in, err = a.checkIn(ctx, src)
	} else {
		in, err = a.checkInStored(ctx, src)
	}
	if err != nil {
		return Selection{}, err
	}
	return a.choose(ctx, in.targets, current, want{
		name: req.Name, nameOnly: req.NameOnly, allowBad: true, syncApps: true, downgrade: req.Downgrade != DowngradeNamed,
	})
}

// permit refuses what the request rules out.
func (a *Agent) permit(ctx context.Context, t, current Target, req UpdateRequest) error {
	if t.Version < current.Version {
		if req.Downgrade == DowngradeRefuse {
			return failure(InstallDowngradeAttempt, fail.Conflict, "use --force if that is what you want",
				"target %.80q is older than %.80q, which runs", t.Name, current.Name)
		}
		a.log.WarnContext(ctx, "this is a downgrade", "from", current.Name, "to", t.Name)
	}
	return nil
}

// download brings the target's commit into the sysroot's repo, every object
// verified.
func (a *Agent) download(ctx context.Context, src Source, t Target) error {
	a.callback(ctx, downloadPre, &t, "")
	err := a.fetch(ctx, src, t)
	result := resultOK
	if err != nil {
		result = resultFailed
	}
	a.callback(ctx, downloadPost, &t, result)
	return err
}

func (a *Agent) fetch(ctx context.Context, src Source, t Target) error {
	commit, err := t.checksum()
	if err != nil {
		return coded(DownloadFailure, err)
	}
	repo, err := ostree.OpenRepo(a.root.RepoPath())
	if err != nil {
		return coded(DownloadFailure, fmt.Errorf("sysroot: %w", err))
	}
	repo.SetFaults(a.faults)
	if err := a.reserve(repo); err != nil {
		return err
	}
	if err := a.bring(ctx, src, repo, commit); err != nil {
		if errors.Is(err, ostree.ErrNoSpace) || fail.ClassOf(err) == fail.NoSpace {
			return coded(DownloadFailureNoSpace, err)
		}
		return coded(DownloadFailure, fmt.Errorf("content of target %.80q: %w", t.Name, err))
	}
	a.log.InfoContext(ctx, "content is there", "target", t.Name)
	return faults.At(a.faults, "agent.fetch.after")
}

// install deploys t and records what waits. What a crash in between leaves is
// put right by recoverInstall.
func (a *Agent) install(ctx context.Context, t Target, deferred bool) (Code, error) {
	if err := a.havePulled(ctx, t); err != nil {
		return 0, err
	}
	st, err := a.root.Read()
	if err != nil {
		return 0, err
	}
	a.callback(ctx, installPre, &t, "")
	if st.Booted != nil && t.Commit == st.Booted.Commit {
		return a.reinstall(ctx, t, deferred, st.Pending != nil)
	}
	if a.boot.updateWaits(ctx) {
		a.callback(ctx, installPost, &t, resultWaits)
		return 0, failure(InstallNeedsRebootForBootFw, fail.Conflict, "reboot, then start the update again",
			"an update of the boot firmware waits for a reboot")
	}
	row := t.row(a.correlationID(t))
	if err := a.db.BeginInstall(ctx, row); err != nil {
		return 0, err
	}
	if err := a.boot.prepare(ctx); err != nil {
		a.boot.markGood(ctx)
		return 0, err
	}
	if err := a.root.Deploy(ctx, t.Commit); err != nil {
		return 0, a.deployFailed(ctx, t, row, err)
	}
	a.boot.noteFirmware(ctx, a.root, t.Commit)
	if err := a.db.SavePending(ctx, row); err != nil {
		return 0, err
	}
	a.callback(ctx, installPost, &t, resultWaits)
	return InstallNeedsReboot, nil
}

// havePulled fails unless the target's commit is complete in the sysroot.
func (a *Agent) havePulled(ctx context.Context, t Target) error {
	commit, err := t.checksum()
	if err != nil {
		return coded(InstallTargetPullFailure, err)
	}
	repo, err := ostree.OpenRepo(a.root.RepoPath())
	if err != nil {
		return coded(InstallTargetPullFailure, err)
	}
	there, err := repo.Has(ctx, []ostree.ObjectID{{Sum: commit, Type: ostree.TypeCommit}})
	if err != nil {
		return coded(InstallTargetPullFailure, err)
	}
	if !there[0] || repo.IsPartial(commit) {
		return failure(InstallTargetPullFailure, fail.NotFound, "pull it first", "content of target %.80q is not on this device", t.Name)
	}
	return nil
}

// reinstall installs the target that runs. Only when another deployment waits
// for the reboot is there anything to deploy: then this undoes it.
func (a *Agent) reinstall(ctx context.Context, t Target, deferred, otherWaits bool) (Code, error) {
	if otherWaits {
		if err := a.root.Deploy(ctx, t.Commit); err != nil {
			return 0, coded(InstallRollbackFailed, err)
		}
		if err := a.root.Sentinel().Clear(); err != nil {
			return 0, err
		}
	}
	row := t.row(a.correlationID(t))
	if deferred {
		if err := a.db.Save(ctx, row, state.ModePending); err != nil {
			return 0, err
		}
		a.callback(ctx, installPost, &t, resultWaits)
		return InstallAppsNeedFinalization, nil
	}
	if err := a.db.Finish(ctx, row, state.ModeCurrent); err != nil {
		return 0, err
	}
	err := a.writeCurrentFile(t)
	a.callback(ctx, installPost, &t, outcome(err))
	return Ok, err
}

// deployFailed: what ran before is still what boots. The target counts as
// failing, unless this machine was to blame.
func (a *Agent) deployFailed(ctx context.Context, t Target, row state.Target, cause error) error {
	record := context.WithoutCancel(ctx)
	a.boot.markGood(record) // no boots are to be counted
	a.callback(record, installPost, &t, resultFailed)
	switch {
	case ctx.Err() != nil:
		return errors.Join(cause, a.db.DropIntent(record))
	case fail.ClassOf(cause) == fail.NoSpace:
		return errors.Join(coded(DownloadFailureNoSpace, cause), a.db.DropIntent(record))
	}
	if err := a.db.Finish(record, row, state.ModeNone); err != nil {
		return coded(InstallRollbackFailed, errors.Join(cause, err))
	}
	return coded(InstallRollbackOk, fmt.Errorf("deploy target %.80q: %w; what ran before still does", t.Name, cause))
}

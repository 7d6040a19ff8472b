package agent

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
)

// want says what to select.
type want struct {
	name      string // of a target, or its version; empty: the newest
	nameOnly  bool   // name is never a version
	allowBad  bool   // also a target that failed on this device before
	syncApps  bool   // the target that runs counts as something to install
	downgrade bool   // also an older target when none is named
}

// Selection is the target that an update would install, and why.
type Selection struct {
	Target *Target // nil when there is nothing to do
	Code   Code    // Ok, or one of the CheckinUpdate codes
	Reason string
}

// choose selects among targets, which are sorted by version.
func (a *Agent) choose(ctx context.Context, targets []Target, current Target, w want) (Selection, error) {
	candidate, err := named(targets, w)
	if err != nil {
		return Selection{}, err
	}
	if w.name == "" && !w.downgrade && candidate.Version < current.Version {
		return Selection{Reason: fmt.Sprintf("newest target %s is older than %s, which runs", candidate.Name, current.Name)}, nil
	}
	code, verb := CheckinUpdateNewVersion, "Updating"
	failing, err := a.db.Failing(ctx)
	if err != nil {
		return Selection{}, err
	}
	if failing[current.Name] && candidate.Name == current.Name {
		if candidate, err = a.rollbackTarget(ctx); err != nil {
			return Selection{}, err
		}
		code, verb = CheckinUpdateRollback, "Rolling back"
	}
	if candidate.Name != current.Name && (!failing[candidate.Name] || w.allowBad) {
		return Selection{Target: &candidate, Code: code, Reason: fmt.Sprintf("%s from %s to %s", verb, current.Name, candidate.Name)}, nil
	}
	if !w.syncApps {
		return Selection{Reason: fmt.Sprintf("%s is up to date", current.Name)}, nil
	}
	same := current
	if i := slices.IndexFunc(targets, func(t Target) bool { return t.Version == current.Version && t.Name == current.Name }); i >= 0 {
		same = targets[i]
	}
	return Selection{Target: &same, Code: CheckinUpdateSyncApps, Reason: "Syncing Active Target Apps"}, nil
}

// named finds a target by its name, else by its version; the last of several
// wins. An empty name means the newest.
func named(targets []Target, w want) (Target, error) {
	if w.name == "" {
		return targets[len(targets)-1], nil
	}
	for _, t := range slices.Backward(targets) {
		if t.Name == w.name {
			return t, nil
		}
	}
	version, err := strconv.Atoi(w.name)
	for _, t := range slices.Backward(targets) {
		if err == nil && !w.nameOnly && t.Version == version {
			return t, nil
		}
	}
	return Target{}, failure(TufTargetNotFound, fail.NotFound, "see which there are with check", "no target with name or version %.80q", w.name)
}

func (a *Agent) rollbackTarget(ctx context.Context) (Target, error) {
	row, found, err := a.db.RollbackTarget(ctx)
	if err != nil {
		return Target{}, err
	}
	if !found {
		return Target{}, failure(RollbackTargetNotFound, fail.NotFound, "name a target to install", "no target to roll back to: none was installed before")
	}
	return fromState(row)
}

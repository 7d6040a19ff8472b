package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
)

// maxAllocations is how often a version that somebody else took meanwhile is
// replaced by the next.
const maxAllocations = 8

// wanted is a target as planned: either it is there already, or target is to
// be added.
type wanted struct {
	item    int // which of the run's
	name    string
	version int
	target  tuf.Target
	existed bool
}

// planTargets finds out what the targets will be called, before anything is
// sent.
func (r *run) planTargets(ctx context.Context) ([]wanted, error) {
	if err := checkTargets(r.Items); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.Items, func(i Item) bool { return i.Target != nil }) {
		return nil, nil
	}
	all, err := r.allocate(ctx)
	if err != nil {
		return nil, err
	}
	r.reportTargets(all, false)
	return all, nil
}

// reportTargets says what the targets are called. noneNew is what the backend
// says when it had all of them.
func (r *run) reportTargets(all []wanted, noneNew bool) {
	for _, w := range all {
		r.report.Items[w.item].Target = &TargetReport{Name: w.name, Version: w.version, Existed: w.existed || noneNew}
	}
}

// allocate finds the targets that are asked for among those there are, or the
// names and one version for those that are new: they are one build.
func (r *run) allocate(ctx context.Context) ([]wanted, error) {
	have, err := r.Backend.Targets(ctx)
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	var out []wanted
	var fresh []string // hardware ids of the new ones
	top := 0
	for i, item := range r.Items {
		if item.Target == nil {
			continue
		}
		mine, err := forHardware(have, item.Target.HardwareIDs)
		if err != nil {
			return nil, err
		}
		w := r.existing(i, mine)
		if !w.existed {
			if err := item.Target.free(mine); err != nil {
				return nil, err
			}
			fresh = append(fresh, item.Target.HardwareIDs...)
			if len(mine) > 0 {
				top = max(top, mine[0].version)
			}
		}
		out = append(out, w)
	}
	return out, r.complete(ctx, out, have, fresh, top)
}

// existing is the target that item i asks for, if it is among those of its
// hardware.
func (r *run) existing(i int, newestFirst []entry) wanted {
	for _, e := range newestFirst {
		if r.Items[i].Target.means(e, newestFirst, r.plan.items[i].commit) {
			return wanted{item: i, name: e.name, version: e.version, existed: true}
		}
	}
	return wanted{item: i}
}

// complete makes the targets that are new. top is the highest version that
// their hardware has.
func (r *run) complete(ctx context.Context, all []wanted, have map[string]tuf.Target, fresh []string, top int) error {
	next := 0
	for i := range all {
		w := &all[i]
		if w.existed {
			continue
		}
		w.version = r.Items[w.item].Target.Version
		if w.version == 0 {
			if next == 0 {
				var err error
				if next, err = r.nextVersion(ctx, fresh, top); err == nil {
					next, err = r.unused(next, all, have)
				}
				if err != nil {
					return err
				}
			}
			w.version = next
		}
		if err := r.makeTarget(w, have); err != nil {
			return err
		}
	}
	return nil
}

// nextVersion is one more than the highest there is, or was: one that was
// pruned is not given out again.
func (r *run) nextVersion(ctx context.Context, hwids []string, top int) (int, error) {
	counted, err := r.Backend.LatestVersion(ctx, hwids...)
	if err != nil {
		return 0, fmt.Errorf("ask for the highest version: %w", err)
	}
	if top = max(top, counted); top >= MaxVersion {
		return 0, noneFollows(top)
	}
	return top + 1, nil
}

// noneFollows refuses to count beyond what devices compare.
func noneFollows(top int) error {
	return fail.New(fail.Conflict, "publish for another hardware id, or choose the version with --version",
		"target version %d: no version follows, %d is the highest that devices compare", top, MaxVersion)
}

// unused is the first version from next on under which no new target would be
// called like one that is there: targets for other hardware may share a name.
func (r *run) unused(next int, all []wanted, have map[string]tuf.Target) (int, error) {
	taken := func(w wanted) bool {
		t := r.Items[w.item].Target
		_, there := have[t.called(next)]
		return there && !w.existed && t.Version == 0
	}
	for slices.ContainsFunc(all, taken) {
		if next == MaxVersion {
			return 0, noneFollows(next)
		}
		next++
	}
	return next, nil
}

// makeTarget fills in the name and the target itself.
func (r *run) makeTarget(w *wanted, have map[string]tuf.Target) error {
	t, commit := r.Items[w.item].Target, r.plan.items[w.item].commit
	w.name = t.called(w.version)
	if old, taken := have[w.name]; taken {
		return conflict(w.name, fmt.Sprintf("it names commit %.12s", old.Commit()))
	}
	now := r.Clock().UTC().Format(time.RFC3339)
	custom := tuf.Custom{
		Name: t.base(), Version: strconv.Itoa(w.version), HardwareIDs: t.HardwareIDs, Tags: t.Tags,
		TargetFormat: "OSTREE", URI: t.URI, CreatedAt: now, UpdatedAt: now,
	}
	for name, uri := range t.Apps {
		if custom.Apps == nil {
			custom.Apps = map[string]tuf.App{}
		}
		custom.Apps[name] = tuf.App{URI: uri}
	}
	data, err := json.Marshal(custom)
	if err == nil {
		data, err = tuf.WithFields(data, t.Custom.members())
	}
	if err != nil {
		return fmt.Errorf("target %s: %w", w.name, err)
	}
	w.target = tuf.Target{Hashes: map[string]string{"sha256": commit.String()}, Custom: data}
	return nil
}

// conflict is about a target that is there and is not what was asked for.
func conflict(name, why string) error {
	return fail.New(fail.Conflict, "leave --version out to get the next free one", "target %s exists already: %s", name, why)
}

// signTargets has the new targets added, all by one change. Versions that were
// allocated and then taken by somebody else are allocated anew; one that was
// asked for is a conflict.
func (r *run) signTargets(ctx context.Context, all []wanted) error {
	for attempt := 1; !r.DryRun; attempt++ {
		add, err := r.toAdd(all)
		if err != nil || len(add) == 0 {
			return err
		}
		if err := faults.At(r.Faults, "publish.target"); err != nil {
			return err
		}
		added, err := r.Backend.AddTargets(ctx, add, r.creator())
		if err == nil {
			r.reportTargets(all, !added.Created)
			r.report.MetadataVersion = added.Version
			return nil
		}
		if httpx.Reason(err) == "commit_incomplete" && attempt == 1 && !r.FullCheck {
			r.Log.WarnContext(ctx, "the server lost objects; checking every one", "because", err)
			if err := r.copy(ctx, true); err != nil {
				return err
			}
			continue
		}
		if all, err = r.reallocate(ctx, all, err, attempt); err != nil {
			return err
		}
	}
	return nil
}

// toAdd are the targets that are not there yet, with the fields that only came
// to light while objects were sent.
func (r *run) toAdd(all []wanted) (map[string]tuf.Target, error) {
	add := map[string]tuf.Target{}
	for _, w := range all {
		if w.existed {
			continue
		}
		if extra := r.extra[r.plan.items[w.item].commit]; len(extra) > 0 {
			var err error
			if w.target.Custom, err = tuf.WithFields(w.target.Custom, extra.members()); err != nil {
				return nil, fmt.Errorf("target %s: %w", w.name, err)
			}
		}
		add[w.name] = w.target
	}
	return add, nil
}

// creator is who is noted as the maker of the targets.
func (r *run) creator() string {
	for _, i := range r.Items {
		if i.Target != nil {
			return i.Target.Creator
		}
	}
	return ""
}

// reallocate finds other versions after the backend refused the targets with
// err, if that was because somebody else was first.
func (r *run) reallocate(ctx context.Context, all []wanted, err error, attempt int) ([]wanted, error) {
	names := make([]string, len(all))
	asked := false
	for i, w := range all {
		names[i] = w.name
		asked = asked || !w.existed && r.Items[w.item].Target.Version != 0
	}
	name := strings.Join(names, ", ")
	taken := httpx.Code(err) == http.StatusConflict && httpx.Reason(err) != "signed_elsewhere" ||
		httpx.Code(err) == 0 && fail.ClassOf(err) == fail.Conflict // where targets are signed here
	if !taken || attempt == maxAllocations {
		return nil, fmt.Errorf("target %s: %w", name, err)
	}
	if asked {
		return nil, conflict(name, "this version of this hardware id is taken")
	}
	again, aerr := r.allocate(ctx)
	if aerr != nil {
		return nil, errors.Join(err, aerr)
	}
	r.reportTargets(again, false)
	return again, nil
}

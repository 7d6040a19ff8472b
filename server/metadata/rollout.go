package metadata

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// MaxRollout is how many devices one rollout may choose one by one.
const MaxRollout = 10_000

// RolloutRequest says whom a wave is rolled out to: all that follow its tag and
// fit each restriction given. Group alone holds for devices that join it later
// too.
type RolloutRequest struct {
	Group   string   // "" is any
	UUIDs   []string // only these; nil is any. Each has to fit
	Limit   int      // at most so many; 0 is no limit
	Percent int      // at most so many percent of all that fit; 0 is no limit
	DryRun  bool
	By      string
}

func (r RolloutRequest) whole() bool { return r.UUIDs == nil && r.Limit == 0 && r.Percent == 0 }

func (r RolloutRequest) check() error {
	switch {
	case r.Limit < 0 || r.Limit > MaxRollout || len(r.UUIDs) > MaxRollout:
		return refuseWave("bad_rollout", "a rollout can choose from 1 to %d devices", MaxRollout)
	case r.Percent < 0 || r.Percent > 100:
		return refuseWave("bad_rollout", "%d is not a percentage from 1 to 100", r.Percent)
	case r.Limit > 0 && r.Percent > 0:
		return refuseWave("bad_rollout", "give a number of devices or a percentage, not both")
	case r.Group == "" && r.whole():
		return refuseWave("bad_rollout", "give a group, a limit, a percentage or uuids; complete is for all devices")
	}
	return nil
}

// RolloutWave makes an active wave the source of updates of more devices, and
// says of which. Those that it was rolled out to before are not chosen again.
func (a *Author) RolloutWave(ctx context.Context, name string, req RolloutRequest) (store.Wave, []store.WaveDevice, error) {
	if err := req.check(); err != nil {
		return store.Wave{}, nil, err
	}
	now := a.clock()
	var w store.Wave
	var chosen []store.WaveDevice
	err := a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		var err error
		if w, err = activeWave(tx, name); err != nil {
			return err
		}
		file, expires, err := ready(tx, w, now)
		if err != nil {
			return err
		}
		all, err := tx.WaveDevices(w)
		if err != nil {
			return err
		}
		if chosen, err = choose(all, req, w.Tag); err != nil || req.DryRun {
			return err
		}
		if err := tx.AddRollout(w, store.Rollout{Group: req.Group, Whole: req.whole(), Devices: len(chosen), At: now, By: req.By},
			oneByOne(req, chosen)); err != nil {
			return err
		}
		return a.openWave(tx, w, file, expires, now)
	})
	return w, chosen, err
}

// openWave signs snapshot and timestamp of a wave that is rolled out for the
// first time. Later devices can be handed what is there: it is newer than what
// they have.
func (a *Author) openWave(tx *store.MetadataTx, w store.Wave, file []byte, expires, now time.Time) error {
	role := waveSet(w.Name).role(tuf.RoleTargets)
	_, err := tx.Current(role)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := tx.Put(store.File{Role: role, Version: w.Version, Online: true, Expires: expires, Bytes: file}); err != nil {
		return err
	}
	return a.signTag(tx, w.Tag, now)
}

// ready holds that devices would accept a wave's targets now.
func ready(tx *store.MetadataTx, w store.Wave, now time.Time) (file []byte, expires time.Time, err error) {
	root, err := prodRoot(tx)
	if err != nil {
		return nil, expires, err
	}
	if file, err = tx.WaveTargets(w); err != nil {
		return nil, expires, err
	}
	sigs, err := root.Signatures(tuf.RoleTargets, file)
	if err != nil {
		return nil, expires, err
	}
	if n := sigs.Missing(); n > 0 {
		return nil, expires, refuseWave("wave_unsigned", "wave %s has %d of the %d signatures that production root %d wants",
			w.Name, len(sigs.Valid), sigs.Threshold, root.Version)
	}
	t, err := tuf.ParseTargets(file)
	if err != nil {
		return nil, expires, err
	}
	if !t.Expires.After(now) {
		return nil, expires, refuseWave("wave_expired", "the targets of wave %s expired on %s", w.Name, t.Expires.Format(time.RFC3339))
	}
	return file, t.Expires, nil
}

// choose picks the devices of a rollout out of all that follow the tag, which
// come with those seen last first.
func choose(all []store.WaveDevice, req RolloutRequest, tag string) ([]store.WaveDevice, error) {
	fit := all
	if req.Group != "" {
		fit = slices.DeleteFunc(slices.Clone(all), func(d store.WaveDevice) bool { return d.Group != req.Group })
		if len(fit) == 0 {
			return nil, refuseWave("group_not_found", "no production device of tag %s is in the group %s", tag, req.Group)
		}
	}
	if req.UUIDs != nil {
		named, err := pick(fit, req, tag)
		if err != nil {
			return nil, err
		}
		fit = named
	}
	most := len(fit)
	switch {
	case req.Limit > 0:
		most = min(most, req.Limit)
	case req.Percent > 0:
		most = min(most, MaxRollout, (len(fit)*req.Percent+99)/100) // a part of a device is one
	}
	fit = slices.DeleteFunc(slices.Clone(fit), func(d store.WaveDevice) bool { return d.RolledOut })
	return fit[:min(most, len(fit))], nil
}

// pick is the devices that the request names; one that doesn't fit refuses all.
func pick(fit []store.WaveDevice, req RolloutRequest, tag string) ([]store.WaveDevice, error) {
	wanted := map[string]bool{}
	for _, id := range req.UUIDs {
		wanted[id] = true
	}
	var named []store.WaveDevice
	for _, d := range fit {
		if wanted[d.UUID] {
			named = append(named, d)
			delete(wanted, d.UUID)
		}
	}
	if len(wanted) == 0 {
		return named, nil
	}
	var strangers []string
	for id := range wanted {
		strangers = append(strangers, id)
	}
	slices.Sort(strangers)
	more := ""
	if n := len(strangers); n > 3 {
		strangers, more = strangers[:3], fmt.Sprintf(" and %d more", n-3)
	}
	in := ""
	if req.Group != "" {
		in = " in the group " + req.Group
	}
	return nil, refuseWave("device_not_found", "not a production device of tag %s%s: %s%s", tag, in, strings.Join(strangers, ", "), more)
}

// oneByOne are the devices to note one by one; a whole group is noted as such.
func oneByOne(req RolloutRequest, chosen []store.WaveDevice) []string {
	if req.whole() {
		return nil
	}
	uuids := make([]string, 0, len(chosen))
	for _, d := range chosen {
		uuids = append(uuids, d.UUID)
	}
	return uuids
}

// CompleteWave makes a wave's targets the production targets of its tag: from
// now on all devices of the tag are meant.
func (a *Author) CompleteWave(ctx context.Context, name, by string) error {
	now := a.clock()
	defer a.forgetWaves()
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		w, err := activeWave(tx, name)
		if err != nil {
			return err
		}
		file, expires, err := ready(tx, w, now)
		if err != nil {
			return err
		}
		role := prodSet(w.Tag).role(tuf.RoleTargets)
		if err := tx.Put(store.File{Role: role, Version: w.Version, Online: true, Expires: expires, Bytes: file}); err != nil {
			return err
		}
		if err := tx.EndWave(w, store.WaveComplete, now, by); err != nil {
			return err
		}
		return a.signTag(tx, w.Tag, now)
	})
}

// CancelWave ends a wave: nobody else is handed it. Devices that were handed its
// metadata before keep it until something newer is meant for them.
func (a *Author) CancelWave(ctx context.Context, name, by string) error {
	now := a.clock()
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		w, err := activeWave(tx, name)
		if err != nil {
			return err
		}
		return tx.EndWave(w, store.WaveCanceled, now, by)
	})
}

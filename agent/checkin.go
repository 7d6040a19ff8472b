package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// targetFormat is the only format this device can install.
const targetFormat = "OSTREE"

// checkin is what a device may install now.
type checkin struct {
	targets []Target // by version, ascending
	cached  bool
}

// checkIn updates the metadata from src and lists the targets for this device
// whose content src has.
func (a *Agent) checkIn(ctx context.Context, src Source) (*checkin, error) {
	v, err := a.refresh(ctx, src)
	if err != nil {
		return nil, err
	}
	return a.narrow(ctx, v, src)
}

// checkInStored does so by the stored metadata; src may be nil.
func (a *Agent) checkInStored(ctx context.Context, src Source) (*checkin, error) {
	v, err := a.stored(ctx, src)
	if err != nil {
		return nil, err
	}
	return a.narrow(ctx, v, src)
}

// narrow leaves of what is vouched for what this device can install. src may
// be nil: then nothing is asked about content.
func (a *Agent) narrow(ctx context.Context, v *vouched, src Source) (*checkin, error) {
	targets, err := a.fitting(v)
	if err != nil {
		return nil, err
	}
	if len(targets) == 0 {
		return nil, failure(CheckinNoMatchingTargets, fail.NotFound, "publish a target for this hardware id and tag, or check the configuration",
			"no target for hardware id %.80q and tags %q among %d", a.ecu.HardwareID, a.cfg.Pacman.Tags, len(v.targets.Targets))
	}
	if src != nil {
		if targets, err = a.offered(ctx, targets, src); err != nil {
			return nil, err
		}
		if len(targets) == 0 {
			return nil, failure(CheckinNoTargetContent, fail.NotFound, "build the bundle again",
				"content of no matching target is there: its commit or one of its apps is missing")
		}
	}
	slices.SortStableFunc(targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Name, b.Name))
	})
	return &checkin{targets: targets, cached: v.cached}, nil
}

// fitting are the vouched targets of our format, hardware id and tags.
func (a *Agent) fitting(v *vouched) ([]Target, error) {
	var out []Target
	for name, t := range v.targets.Targets {
		if v.names != nil && !slices.Contains(v.names, name) {
			continue
		}
		target, err := fromTUF(name, t)
		if err != nil {
			a.log.Warn("target is passed over", "err", err)
			continue
		}
		if a.fits(target.Custom) {
			out = append(out, target)
		}
	}
	return out, nil
}

// fits: a target for two kinds of hardware fits neither, as in the original.
func (a *Agent) fits(c tuf.Custom) bool {
	if c.TargetFormat != targetFormat || len(c.HardwareIDs) != 1 || c.HardwareIDs[0] != a.ecu.HardwareID {
		return false
	}
	tags := a.cfg.Pacman.Tags
	return len(tags) == 0 || slices.ContainsFunc(c.Tags, func(t string) bool { return slices.Contains(tags, t) })
}

// offered are the targets whose content src has.
func (a *Agent) offered(ctx context.Context, targets []Target, src Source) ([]Target, error) {
	var out []Target
	for _, t := range targets {
		commit, err := t.checksum()
		if err != nil {
			a.log.WarnContext(ctx, "target is passed over", "err", err)
			continue
		}
		there, err := src.Offers(ctx, commit, appURIs(a.packedApps(t.Custom)))
		if err != nil {
			return nil, coded(UnknownError, fmt.Errorf("content of target %.80q: %w", t.Name, err))
		}
		if there {
			out = append(out, t)
		}
	}
	return out, nil
}

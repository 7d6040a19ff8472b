package offline

import (
	"context"
	"slices"
)

// apps compares the apps in the bundle with those that its targets want.
func (v *verifier) apps(ctx context.Context, targets []boundTarget) error {
	uris, err := v.bundle.AppURIs(ctx)
	if err != nil {
		v.found.bad(RuleApps, dirApps, "%v", err)
		return nil
	}
	for _, t := range targets {
		for name, app := range requiredApps(t.custom) {
			if !slices.Contains(uris, app.URI) {
				v.found.warn(RuleApps, dirApps, remedyNone, "app %s of target %s is not in the bundle; a device that runs it refuses the update", name, t.name)
			}
		}
	}
	if len(v.inv.apps) > 0 {
		v.found.warn(RuleApps, dirApps, remedyNone, "%d files of apps were not verified", len(v.inv.apps))
	}
	return nil
}

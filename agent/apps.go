package agent

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// The values of [pacman] type.
const (
	typeOSTree  = "ostree"
	typeCompose = "ostree+compose_apps"
)

// runsApps says whether this device is configured to run apps. Where the
// configuration does not say, a device that has Docker does.
func (a *Agent) runsApps() bool {
	if t := a.cfg.Pacman.Type; t != "" {
		return t == typeCompose
	}
	return a.docker()
}

// dockerHere says whether this machine has Docker where aktualizr-lite looks
// for it.
func dockerHere() bool {
	for _, program := range []string{"/usr/bin/dockerd", "/usr/bin/docker"} {
		if _, err := os.Stat(program); err != nil {
			return false
		}
	}
	return true
}

// requiredApps are the apps that this device needs of a target, by name.
func (a *Agent) requiredApps(c tuf.Custom) map[string]tuf.App {
	if !a.runsApps() || len(c.Apps) == 0 {
		return nil
	}
	p := a.cfg.Pacman
	if !p.HasComposeApps || slices.Contains(p.ResetApps, "*") {
		return c.Apps
	}
	need := map[string]tuf.App{}
	for _, name := range append(slices.Clone(p.ComposeApps), p.ResetApps...) {
		if app, ok := c.Apps[name]; ok {
			need[name] = app
		}
	}
	return need
}

// packedApps are those of the required apps that a target promises to have
// been packed with it for offline use (custom fetched-apps).
func (a *Agent) packedApps(c tuf.Custom) map[string]tuf.App {
	packed := maps.Clone(a.requiredApps(c))
	maps.DeleteFunc(packed, func(name string, _ tuf.App) bool { return !c.FetchedApps.Has(name) })
	return packed
}

// appOn says whether the configuration lets an app run: compose_apps names it,
// or is not set.
func (a *Agent) appOn(name string) bool {
	p := a.cfg.Pacman
	return !p.HasComposeApps || slices.Contains(p.ComposeApps, name)
}

func appURIs(apps map[string]tuf.App) []string {
	var uris []string
	for _, name := range slices.Sorted(maps.Keys(apps)) {
		uris = append(uris, apps[name].URI)
	}
	return uris
}

// refuseApps fails for a target whose apps this device would have to run: to
// install its OS alone and call it done would be a lie.
func (a *Agent) refuseApps(t Target) error {
	need := a.packedApps(t.Custom)
	if len(need) == 0 {
		return nil
	}
	return fail.New(fail.Unsupported, "set [pacman] type to ostree to update the OS alone",
		"target %.80q needs apps (%s), which this build can't run", t.Name,
		strings.Join(slices.Sorted(maps.Keys(need)), ", "))
}

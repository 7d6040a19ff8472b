package factory

import (
	"encoding/json"
	"strings"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/tuf"
)

const (
	maxAdd    = 1000     // targets in one request
	maxCustom = 64 << 10 // bytes of one target's custom part
	maxList   = 64       // hardware ids, tags or apps of one target
)

// ParseTargets reads the body of a request that adds targets:
//
//	{"targets": {NAME: {"length": 0, "hashes": {"sha256": COMMIT}, "custom": {…}}},
//	 "targets-creator": TEXT}
//
// Every name, version, tag and hardware id in what it returns is well formed,
// and every commit is 64 lower-case hex digits.
func ParseTargets(body []byte) (targets map[string]tuf.Target, creator string, err error) {
	if _, err := tuf.Canonical(body); err != nil {
		return nil, "", bad("the request body is not the JSON that can be signed: %v", err)
	}
	var req struct {
		Targets map[string]entry `json:"targets"`
		Creator string           `json:"targets-creator"`
	}
	if err := api.Decode(body, &req); err != nil {
		return nil, "", err
	}
	if len(req.Targets) == 0 || len(req.Targets) > maxAdd {
		return nil, "", bad("there must be from 1 to %d targets in one request", maxAdd)
	}
	targets = map[string]tuf.Target{}
	for name, e := range req.Targets {
		if targets[name], err = parseTarget(name, e); err != nil {
			return nil, "", err
		}
	}
	return targets, req.Creator, nil
}

func parseTarget(name string, e entry) (tuf.Target, error) {
	if !api.IsTargetName(name) {
		return tuf.Target{}, bad("target %.80q: a name is letters, digits and . _ + ~ : -, 200 at most, and starts with a letter or digit", name)
	}
	if e.Length != 0 {
		return tuf.Target{}, bad("target %s: length must be 0 for an OSTree commit", name)
	}
	if _, err := ostree.ParseChecksum(e.Hashes["sha256"]); err != nil || len(e.Hashes) != 1 {
		return tuf.Target{}, bad("target %s: hashes must be one sha256, the commit", name)
	}
	if len(e.Custom) > maxCustom {
		return tuf.Target{}, bad("target %s: custom is longer than %d bytes", name, maxCustom)
	}
	t := tuf.Target{Hashes: e.Hashes, Custom: e.Custom}
	c, err := t.Fields()
	if err != nil {
		return tuf.Target{}, bad("target %s: custom: %v", name, err)
	}
	if why := checkCustom(c); why != "" {
		return tuf.Target{}, bad("target %s: %s", name, why)
	}
	if t.Custom, err = json.Marshal(c); err != nil {
		return tuf.Target{}, bad("target %s: custom: %v", name, err)
	}
	return t, nil
}

// checkCustom says what is wrong with c, or "".
func checkCustom(c tuf.Custom) string {
	switch {
	case !api.IsWord(c.Name):
		return "custom.name is missing or not a plain name"
	case !api.IsVersion(c.Version):
		return "custom.version must be a whole number in a string"
	case c.TargetFormat != "OSTREE":
		return `custom.targetFormat must be "OSTREE"`
	case len(c.HardwareIDs) == 0 || !words(c.HardwareIDs):
		return "custom.hardwareIds must name at least one hardware id, each a plain name"
	case !words(c.Tags):
		return "custom.tags must be plain names"
	case len(c.Apps) > maxList:
		return "custom.docker_compose_apps has too many apps"
	}
	for name, app := range c.Apps {
		if !api.IsWord(name) || !strings.Contains(app.URI, "@sha256:") {
			return "custom.docker_compose_apps must map plain names to URIs with a sha256 digest"
		}
	}
	return ""
}

func words(list []string) bool {
	for _, s := range list {
		if !api.IsWord(s) {
			return false
		}
	}
	return len(list) <= maxList
}

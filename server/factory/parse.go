package factory

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/tuf"
)

const (
	maxChange = 1000     // targets that one request names
	maxCustom = 64 << 10 // bytes of one target's custom part
	maxList   = 64       // hardware ids, tags or apps of one target
)

// ParseTargets reads the body of a request that adds targets:
//
//	{"targets": {NAME: {"length": 0, "hashes": {"sha256": COMMIT}, "custom": {…}}},
//	 "targets-creator": TEXT}
//
// Every name, version, tag and hardware id in what it returns is well formed,
// and every commit is 64 lower-case hex digits. All other fields are kept as
// they came.
func ParseTargets(body []byte) (targets *tuf.TargetsDraft, creator string, err error) {
	targets, creator, err = parseMap(body)
	if err != nil {
		return nil, "", err
	}
	if n := len(targets.Names()); n == 0 || n > maxChange {
		return nil, "", bad("there must be from 1 to %d targets in one request", maxChange)
	}
	for _, name := range targets.Names() {
		t, err := targets.Target(name)
		if err != nil {
			return nil, "", bad("%v", err)
		}
		if err := checkTarget(name, t); err != nil {
			return nil, "", err
		}
	}
	return targets, creator, nil
}

// parseMap reads a body that holds a map of targets, each a target of the
// dialect and text that can be signed, and no more than that.
func parseMap(body []byte) (*tuf.TargetsDraft, string, error) {
	var req struct {
		Targets map[string]json.RawMessage `json:"targets"`
		Creator string                     `json:"targets-creator"`
	}
	if err := decode(body, &req); err != nil {
		return nil, "", err
	}
	if req.Targets == nil {
		return nil, "", bad("targets is missing")
	}
	targets := tuf.NewTargetsDraft()
	for name, entry := range req.Targets {
		if err := targets.Set(name, entry); err != nil {
			return nil, "", bad("%v", err)
		}
	}
	return targets, req.Creator, nil
}

// decode reads a body whose content goes into something signed.
func decode(body []byte, v any) error {
	canon, err := tuf.Canonical(body)
	if err != nil {
		return bad("the request body is not the JSON that can be signed: %v", err)
	}
	return api.Decode(canon, v)
}

// checkTarget holds a new or changed target to what devices and the repo need.
func checkTarget(name string, t tuf.Target) error {
	if !api.IsTargetName(name) {
		return bad("target %.80q: a name is letters, digits and . _ + ~ : -, 200 at most, and starts with a letter or digit", name)
	}
	if t.Length != 0 {
		return bad("target %s: length must be 0 for an OSTree commit", name)
	}
	if _, err := ostree.ParseChecksum(t.Hashes["sha256"]); err != nil || len(t.Hashes) != 1 {
		return bad("target %s: hashes must be one sha256, the commit", name)
	}
	if len(t.Custom) > maxCustom {
		return bad("target %s: custom is longer than %d bytes", name, maxCustom)
	}
	c, err := t.Fields()
	if err != nil {
		return bad("target %s: custom: %v", name, err)
	}
	if why := checkCustom(c); why != "" {
		return bad("target %s: %s", name, why)
	}
	return nil
}

// checkCustom says what is wrong with c, or "".
func checkCustom(c tuf.Custom) string {
	switch {
	case !api.IsWord(c.Name):
		return "custom.name is missing or not a plain name"
	case !isVersion(c.Version):
		return "custom.version must be a whole number up to 2147483647 in a string"
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

// isVersion keeps to what devices hold a version in: a higher one would be the
// last of its hardware id.
func isVersion(s string) bool {
	v, err := strconv.ParseInt(s, 10, 64)
	return err == nil && api.IsVersion(s) && v <= math.MaxInt32
}

func words(list []string) bool {
	for _, s := range list {
		if !api.IsWord(s) {
			return false
		}
	}
	return len(list) <= maxList
}

// parseTags reads the body of a request that tags targets:
//
//	{"targets": {NAME: {"custom": {"tags": [TAG, …]}}}}
func parseTags(body []byte) (map[string][]string, error) {
	var req struct {
		Targets map[string]struct {
			Custom struct {
				Tags []string `json:"tags"`
			} `json:"custom"`
		} `json:"targets"`
	}
	if err := decode(body, &req); err != nil {
		return nil, err
	}
	if len(req.Targets) == 0 || len(req.Targets) > maxChange {
		return nil, bad("there must be from 1 to %d targets in one request", maxChange)
	}
	tags := map[string][]string{}
	for name, t := range req.Targets {
		list := t.Custom.Tags
		if len(list) == 0 || !words(list) || repeats(list) {
			return nil, bad("target %.80q: custom.tags must be from 1 to %d plain names, none twice", name, maxList)
		}
		tags[name] = list
	}
	return tags, nil
}

// parseNames reads the body of a request that removes targets:
//
//	{"targets": [NAME, …]}
func parseNames(body []byte) ([]string, error) {
	var req struct {
		Targets []string `json:"targets"`
	}
	if err := decode(body, &req); err != nil {
		return nil, err
	}
	if len(req.Targets) == 0 || repeats(req.Targets) {
		return nil, bad("targets must be names, at least one and none twice")
	}
	return req.Targets, nil
}

func repeats(list []string) bool {
	seen := map[string]bool{}
	for _, s := range list {
		if seen[s] {
			return true
		}
		seen[s] = true
	}
	return false
}

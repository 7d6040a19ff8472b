package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// Target is a version of the device's software.
type Target struct {
	Name    string
	Version int    // -1 where the custom data has no number
	Commit  string // 64 hex digits
	Custom  tuf.Custom

	hashes    map[string]string
	length    int64
	custom    json.RawMessage // as it was signed
	installed bool            // the log of this device says it once ran
}

// unknownVersion is the version of a target that states none.
const unknownVersion = -1

// initialName is what a target is called that this device runs without
// knowing it by name, as aktualizr-lite calls it.
const initialName = "Initial Target"

func fromTUF(name string, t tuf.Target) (Target, error) {
	custom, err := t.Fields()
	if err != nil {
		return Target{}, fmt.Errorf("target %.80q: %w", name, err)
	}
	return Target{
		Name: name, Version: versionOf(custom), Commit: t.Commit(), Custom: custom,
		hashes: t.Hashes, length: t.Length, custom: t.Custom,
	}, nil
}

func versionOf(c tuf.Custom) int {
	n, err := strconv.Atoi(c.Version)
	if err != nil || n < 0 {
		return unknownVersion
	}
	return n
}

func fromState(row state.Target) (Target, error) {
	t, err := fromTUF(row.Name, tuf.Target{Length: row.Length, Hashes: row.Hashes, Custom: row.Custom})
	t.installed = row.WasInstalled
	return t, err
}

func (t Target) row(correlation string) state.Target {
	return state.Target{
		Name: t.Name, SHA256: t.Commit, Hashes: t.hashes, Length: t.length,
		CorrelationID: correlation, Custom: t.custom,
	}
}

func (t Target) checksum() (ostree.Checksum, error) {
	c, err := ostree.ParseChecksum(t.Commit)
	if err != nil {
		return c, fmt.Errorf("target %.80q: %w", t.Name, err)
	}
	return c, nil
}

// Apps are the names of the target's apps, sorted.
func (t Target) Apps() []string { return slices.Sorted(maps.Keys(t.Custom.Apps)) }

// initialTarget stands for what runs when nothing on the device names it.
func initialTarget(commit, hardwareID string) Target {
	custom, _ := json.Marshal(map[string]any{ // strings and lists always marshal
		"hardwareIds": []string{hardwareID}, "targetFormat": "OSTREE", "version": "-1",
	})
	return Target{
		Name: initialName, Version: unknownVersion, Commit: commit,
		Custom: tuf.Custom{HardwareIDs: []string{hardwareID}, TargetFormat: "OSTREE", Version: "-1"},
		hashes: map[string]string{"sha256": commit}, custom: custom,
	}
}

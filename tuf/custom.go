package tuf

import "encoding/json"

// Custom is the custom part of a target as Foundries and aktualizr-lite use
// it. Marshalling gives back what was read, unknown fields included.
type Custom struct {
	Name         string         // hardware and distribution, "raspberrypi4-64-lmp"
	Version      string         // build number; compared as a number
	HardwareIDs  []string       // hardwareIds
	Tags         []string       // tags
	TargetFormat string         // "OSTREE"
	Arch         string         // arch
	URI          string         // uri of the build
	CreatedAt    string         // RFC 3339
	UpdatedAt    string         // RFC 3339
	Apps         map[string]App // docker_compose_apps
	FetchedApps  *FetchedApps   // fetched-apps; nil where absent or null

	Rest map[string]json.RawMessage // all other fields
}

// App is one Compose App of a target.
type App struct {
	URI string // host/factory/app@sha256:hex

	Rest map[string]json.RawMessage // all other fields
}

// FetchedApps says which apps were packed for offline use.
type FetchedApps struct {
	URI       *string // nil for null: apps are disabled offline
	Shortlist string  // names separated by commas or spaces

	Rest map[string]json.RawMessage // all other fields
}

// None reports whether f turns apps off for offline updates.
func (f *FetchedApps) None() bool { return f != nil && (f.URI == nil || *f.URI == "") }

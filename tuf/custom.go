package tuf

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

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
	Apps         map[string]App // docker_compose_apps; nil where absent
	FetchedApps  *FetchedApps   // fetched-apps; nil where absent or null

	Rest map[string]json.RawMessage // all other fields, in canonical form
}

// App is one Compose App of a target.
type App struct {
	URI string // host/factory/app@sha256:hex

	Rest map[string]json.RawMessage // all other fields
}

// FetchedApps says which apps were packed for offline use.
type FetchedApps struct {
	URI       *string // nil for null or absent: apps are disabled offline
	Shortlist string  // names separated by commas or spaces

	Rest map[string]json.RawMessage // all other fields
}

// None reports whether f turns apps off for offline updates.
func (f *FetchedApps) None() bool { return f != nil && (f.URI == nil || *f.URI == "") }

// Has reports whether an app was packed for offline updates: all are where
// nothing says otherwise, none where they are turned off, else the listed ones.
func (f *FetchedApps) Has(name string) bool {
	switch {
	case f.None():
		return false
	case f == nil || f.Shortlist == "":
		return true
	}
	listed := strings.FieldsFunc(f.Shortlist, func(r rune) bool { return r == ',' || r == ' ' })
	return slices.Contains(listed, name)
}

// Fields reads the custom part. A target without one has an empty Custom; a
// field of another type than the dialect's is ErrMalformed naming it.
func (t Target) Fields() (Custom, error) {
	if t.Custom == nil {
		return Custom{}, nil
	}
	canon, err := canonicalise(t.Custom, formEscaped)
	if err != nil {
		return Custom{}, in("custom", err)
	}
	f, err := object("custom", canon)
	if err != nil {
		return Custom{}, err
	}
	var c Custom
	take := taker{fields: f}
	for name, at := range c.texts() {
		take.text(name, at)
	}
	take.texts("hardwareIds", &c.HardwareIDs)
	take.texts("tags", &c.Tags)
	take.apps("docker_compose_apps", &c.Apps)
	take.fetched("fetched-apps", &c.FetchedApps)
	c.Rest = take.rest()
	return c, take.err
}

// texts are the fields that are plain strings, by their names in JSON.
func (c *Custom) texts() map[string]*string {
	return map[string]*string{
		"name": &c.Name, "version": &c.Version, "targetFormat": &c.TargetFormat, "arch": &c.Arch,
		"uri": &c.URI, "createdAt": &c.CreatedAt, "updatedAt": &c.UpdatedAt,
	}
}

// taker takes known fields out of an object and keeps the first error.
type taker struct {
	fields
	err error
}

// take runs read for a field that is there and drops it once it is read.
func (t *taker) take(name string, read func() error) {
	if t.err == nil && t.has(name) {
		t.err = read()
		delete(t.m, name)
	}
}

// text leaves an empty string in place, so that it is written again.
func (t *taker) text(name string, to *string) {
	if string(t.m[name]) == `""` {
		return
	}
	t.take(name, func() (err error) {
		*to, err = t.fields.text(name)
		return err
	})
}

func (t *taker) texts(name string, to *[]string) {
	t.take(name, func() (err error) {
		*to, err = t.fields.texts(name)
		return err
	})
}

func (t *taker) apps(name string, to *map[string]App) {
	t.take(name, func() error {
		list, err := t.object(name)
		if err != nil {
			return err
		}
		*to = map[string]App{}
		for app := range list.m {
			f, err := list.object(app)
			if err != nil {
				return err
			}
			one := taker{fields: f}
			var a App
			one.text("uri", &a.URI)
			a.Rest = one.rest()
			if one.err != nil {
				return one.err
			}
			(*to)[app] = a
		}
		return nil
	})
}

func (t *taker) fetched(name string, to **FetchedApps) {
	if string(t.m[name]) == "null" {
		return // stays in Rest, so that it is written again
	}
	t.take(name, func() error {
		f, err := t.object(name)
		if err != nil {
			return err
		}
		one := taker{fields: f}
		a := &FetchedApps{}
		if string(f.m["uri"]) == "null" {
			delete(f.m, "uri")
		} else if f.has("uri") {
			a.URI = new(string)
			one.text("uri", a.URI)
		}
		one.text("shortlist", &a.Shortlist)
		a.Rest = one.rest()
		*to = a
		return one.err
	})
}

// rest is what nobody took, or nil.
func (t *taker) rest() map[string]json.RawMessage {
	if len(t.m) == 0 {
		return nil
	}
	return t.m
}

// MarshalJSON writes known fields that are set, and all of Rest.
func (c Custom) MarshalJSON() ([]byte, error) {
	m := everything(c.Rest)
	for name, at := range c.texts() {
		if *at != "" {
			m[name] = *at
		}
	}
	if c.HardwareIDs != nil {
		m["hardwareIds"] = c.HardwareIDs
	}
	if c.Tags != nil {
		m["tags"] = c.Tags
	}
	if c.Apps != nil {
		m["docker_compose_apps"] = c.Apps
	}
	if c.FetchedApps != nil {
		m["fetched-apps"] = c.FetchedApps
	}
	return json.Marshal(m)
}

// MarshalJSON writes the URI and all of Rest.
func (a App) MarshalJSON() ([]byte, error) {
	m := everything(a.Rest)
	m["uri"] = a.URI
	return json.Marshal(m)
}

// MarshalJSON writes a nil URI as null.
func (f FetchedApps) MarshalJSON() ([]byte, error) {
	m := everything(f.Rest)
	m["uri"] = f.URI
	if f.Shortlist != "" {
		m["shortlist"] = f.Shortlist
	}
	return json.Marshal(m)
}

func everything(rest map[string]json.RawMessage) map[string]any {
	m := make(map[string]any, len(rest)+4)
	for name, v := range maps.All(rest) {
		m[name] = v
	}
	return m
}

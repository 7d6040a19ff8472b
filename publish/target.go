package publish

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// TargetRequest describes the target to sign.
type TargetRequest struct {
	HardwareIDs []string // at least one
	Tags        []string // may be empty: then no device that follows a tag takes it
	// Name is custom.name; the target is called NAME-VERSION. Empty means the
	// first hardware id.
	Name string
	// Version is a whole number above 0; 0 means one more than the highest that
	// any hardware id of the run's new targets has.
	Version int
	URI     string            // of the build; may be empty
	Apps    map[string]string // docker_compose_apps: pinned URIs by name
	Custom  CustomFields      // further fields
	Creator string            // targets-creator
}

// TargetReport says which target names the commit.
type TargetReport struct {
	Name    string
	Version int
	// Existed is true when the same target was there before.
	Existed bool
}

// MaxVersion keeps a version within what every client compares as a number.
const MaxVersion = 1<<31 - 1

// Check says what is wrong with the request.
func (t *TargetRequest) Check() error {
	if len(t.HardwareIDs) == 0 {
		return fail.New(fail.Usage, "say for which hardware with -m HWID, or use --no-target", "target: no hardware id")
	}
	if t.Version < 0 || t.Version > MaxVersion {
		return fail.New(fail.Usage, "", "target version %d: want a whole number from 1 to %d", t.Version, MaxVersion)
	}
	words := append(slices.Clone(t.HardwareIDs), t.Tags...)
	if t.Name != "" {
		words = append(words, t.Name)
	}
	for _, s := range words {
		if !word(s) {
			return fail.New(fail.Usage, "use letters, digits and . _ + -, and begin with a letter or digit", "target: %.80q is no name, tag or hardware id", s)
		}
	}
	return t.Custom.check()
}

// ownFields are the members of a target's custom part that a TargetRequest has
// by itself, or that only the clock or a device's tool may set.
var ownFields = []string{"name", "version", "hardwareIds", "tags", "targetFormat", "uri", "docker_compose_apps", "createdAt", "updatedAt"}

func (f CustomFields) check() error {
	for _, own := range ownFields {
		if _, ok := f[own]; ok {
			return fail.New(fail.Usage, "it has a flag of its own, or is set by itself", "target: custom field %s: not to be set", own)
		}
	}
	return nil
}

// word holds what every backend and device of the field takes as a name.
func word(s string) bool {
	alnum := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
	return s != "" && len(s) <= 128 && alnum(rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool {
		return !alnum(r) && !strings.ContainsRune("._+-", r)
	})
}

// base is what the target is called before its version.
func (t *TargetRequest) base() string { return cmp.Or(t.Name, t.HardwareIDs[0]) }

// called is the target's name under a version.
func (t *TargetRequest) called(version int) string { return t.base() + "-" + strconv.Itoa(version) }

// checkTargets says what is wrong with the requests, each and together.
func checkTargets(items []Item) error {
	taken := map[string]string{}
	for _, i := range items {
		if i.Target == nil {
			continue
		}
		if err := i.Target.Check(); err != nil {
			return err
		}
		for _, id := range i.Target.HardwareIDs {
			if other, ok := taken[id]; ok && other != i.Rev {
				return fail.New(fail.Usage, "give each ref hardware of its own, or publish them one after the other", "hardware id %s: both %s and %s are for it", id, other, i.Rev)
			}
			taken[id] = i.Rev
		}
	}
	return nil
}

// free refuses a version that was asked for and that is taken.
func (t *TargetRequest) free(mine []entry) error {
	for _, e := range mine {
		if t.Version != 0 && e.version == t.Version {
			return conflict(e.name, fmt.Sprintf("it has this version and hardware id, and names commit %.12s", e.commit))
		}
	}
	return nil
}

// means says whether e is what is asked for. Without a version it has to be
// the newest of its tags, so that going back to an old commit makes a new
// target. Of apps and further fields only those that are asked for count.
func (t *TargetRequest) means(e entry, newestFirst []entry, commit ostree.Checksum) bool {
	switch {
	case e.commit != commit.String() || !sameSet(e.custom.HardwareIDs, t.HardwareIDs) || !sameSet(e.custom.Tags, t.Tags),
		t.Name != "" && e.custom.Name != t.Name,
		!t.hasFields(e):
		return false
	case t.Version != 0:
		return e.version == t.Version
	}
	for _, other := range newestFirst {
		if sameSet(other.custom.Tags, t.Tags) {
			return other.name == e.name
		}
	}
	return false
}

// hasFields says whether e has the apps and the further fields of t.
func (t *TargetRequest) hasFields(e entry) bool {
	for name, uri := range t.Apps {
		if e.custom.Apps[name].URI != uri {
			return false
		}
	}
	if len(t.Apps) > 0 && len(t.Apps) != len(e.custom.Apps) {
		return false
	}
	want, err := tuf.WithFields(e.raw, t.Custom.members())
	if err != nil {
		return false
	}
	is, err := tuf.Canonical(e.raw)
	return err == nil && bytes.Equal(want, is)
}

func (f CustomFields) members() map[string]any {
	out := make(map[string]any, len(f))
	for name, value := range f {
		out[name] = value
	}
	return out
}

// entry is a target with the fields that planning needs.
type entry struct {
	name    string
	version int
	commit  string
	custom  tuf.Custom
	raw     json.RawMessage // all of the custom part
}

// forHardware are the OSTREE targets for any of ids whose version is a number,
// the highest first.
func forHardware(all map[string]tuf.Target, ids []string) ([]entry, error) {
	var out []entry
	for name, t := range all {
		c, err := t.Fields()
		if err != nil {
			return nil, fail.As(fmt.Errorf("target %s: %w", name, err), fail.Network, "check that the URL is that of the backend's API")
		}
		v, err := strconv.Atoi(c.Version)
		if err != nil || v < 0 || !slices.ContainsFunc(c.HardwareIDs, func(h string) bool { return slices.Contains(ids, h) }) {
			continue
		}
		out = append(out, entry{name, v, t.Commit(), c, t.Custom})
	}
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.version, a.version), strings.Compare(a.name, b.name))
	})
	return out, nil
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

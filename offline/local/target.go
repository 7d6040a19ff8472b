package local

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// NewTarget is what a target is made of. Its name, NAME-VERSION, says the rest.
type NewTarget struct {
	Commit ostree.Checksum
	// Asked says that somebody named the commit: a target that is there already
	// has to be of it.
	Asked       bool
	HardwareIDs []string          // none: the name
	Apps        map[string]string // URIs by name
}

// targetName is NAME-VERSION, both as every backend of the field takes them.
var targetName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._+-]{0,127})-([1-9][0-9]{0,8})$`)

// SplitName is the base of a target's name and its version.
func SplitName(name string) (base string, version int, err error) {
	m := targetName.FindStringSubmatch(name)
	if m == nil {
		return "", 0, fail.New(fail.Usage, "call it like its hardware and give it a version above 0, such as intel-corei7-64-42",
			"target %.80q: not a name and a version", name)
	}
	version, err = strconv.Atoi(m[2])
	return m[1], version, err
}

// make is the target's entry in targets.json.
func (n *NewTarget) make(name, tag string, now time.Time) (json.RawMessage, error) {
	base, version, err := SplitName(name)
	if err != nil {
		return nil, err
	}
	at := now.UTC().Format(time.RFC3339)
	custom := tuf.Custom{
		Name: base, Version: strconv.Itoa(version), HardwareIDs: n.hardware(base), Tags: []string{tag},
		TargetFormat: "OSTREE", CreatedAt: at, UpdatedAt: at,
	}
	for app, uri := range n.Apps {
		if custom.Apps == nil {
			custom.Apps = map[string]tuf.App{}
		}
		custom.Apps[app] = tuf.App{URI: uri}
	}
	raw, err := json.Marshal(custom)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", name, err)
	}
	return json.Marshal(tuf.Target{Hashes: map[string]string{"sha256": n.Commit.String()}, Custom: raw})
}

func (n *NewTarget) hardware(base string) []string {
	if len(n.HardwareIDs) == 0 {
		return []string{base}
	}
	return n.HardwareIDs
}

// differs says how a target that is there is another one than asked for.
func (n *NewTarget) differs(name string, there tuf.Target) error {
	if n == nil || !n.Asked || there.Commit() == n.Commit.String() {
		return nil
	}
	return fail.New(fail.Conflict, "a version is used once: give the target the next one",
		"target %s is there already, with commit %.12s and not %.12s", name, there.Commit(), n.Commit)
}

// same says in what a target that waits for signatures is another one than n.
func (n *NewTarget) same(name, tag string, there tuf.Target) error {
	base, _, err := SplitName(name)
	if err != nil {
		return err
	}
	custom, err := there.Fields()
	if err != nil {
		return err
	}
	apps := map[string]string{}
	for app, is := range custom.Apps {
		apps[app] = is.URI
	}
	what := ""
	switch {
	case there.Commit() != n.Commit.String():
		what = fmt.Sprintf("commit %.12s and not %.12s", there.Commit(), n.Commit)
	case !slices.Equal(custom.HardwareIDs, n.hardware(base)):
		what = fmt.Sprintf("hardware ids %q and not %q", custom.HardwareIDs, n.hardware(base))
	case !slices.Equal(custom.Tags, []string{tag}):
		what = fmt.Sprintf("tags %q and not %q", custom.Tags, tag)
	case !maps.Equal(apps, n.Apps):
		what = "other apps"
	default:
		return nil
	}
	return fail.New(fail.Conflict, "sign what you mean: name the same --ref, --hardware-id, --tag and --app, or delete "+pendingFile,
		"target %s waits for signatures with %s", name, what)
}

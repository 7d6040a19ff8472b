package targets

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// AddRequest says what new targets there shall be. Commits make targets with
// another OSTree commit, Apps such with other apps; one of them is given.
type AddRequest struct {
	Commits map[string]string // hardware id to commit
	Apps    map[string]string // name to URI
	Tags    []string          // of the new targets
	SrcTag  string            // the newest targets with this tag are what new ones are derived from
	Version int               // of the new targets: above every version there ever was
	Now     time.Time
}

// Derived is a new target and what it was made from.
type Derived struct {
	Name string `json:"name"`
	From string `json:"from"`
}

// ParseCommits reads HWID COMMIT HWID COMMIT….
func ParseCommits(args []string) (map[string]string, error) {
	if len(args) < 2 || len(args)%2 != 0 {
		return nil, fail.New(fail.Usage, "give pairs: HWID COMMIT HWID COMMIT…", "hardware ids and commits: %d words are no pairs", len(args))
	}
	commits := map[string]string{}
	for i := 0; i < len(args); i += 2 {
		hwid, commit := args[i], args[i+1]
		switch _, err := ostree.ParseChecksum(commit); {
		case !word.MatchString(hwid):
			return nil, fail.New(fail.Usage, "give pairs: HWID COMMIT HWID COMMIT…", "%.80q: not a hardware id", hwid)
		case err != nil:
			return nil, fail.New(fail.Usage, "give all 64 hex digits, in lower case", "%s: %.80q is not a commit", hwid, commit)
		case commits[hwid] != "":
			return nil, fail.New(fail.Usage, "name each hardware id once", "hardware id %s: given twice", hwid)
		}
		commits[hwid] = commit
	}
	return commits, nil
}

var appURI = regexp.MustCompile(`^[!-~]+@sha256:[0-9a-f]{64}$`)

// ParseApps reads URIs of apps, each HOST/PATH/APP@sha256:DIGEST.
func ParseApps(uris []string) (map[string]string, error) {
	if len(uris) == 0 {
		return nil, fail.New(fail.Usage, "give HOST/PATH/APP@sha256:DIGEST for each app", "no app")
	}
	apps := map[string]string{}
	for _, uri := range uris {
		at, _, _ := strings.Cut(uri, "@")
		name := at[strings.LastIndexByte(at, '/')+1:]
		if !appURI.MatchString(uri) || !strings.Contains(at, "/") || !word.MatchString(name) {
			return nil, fail.New(fail.Usage, "give HOST/PATH/APP@sha256:DIGEST", "app %.120q: not a pinned URI", uri)
		}
		if apps[name] != "" {
			return nil, fail.New(fail.Usage, "name each app once", "app %s: given twice", name)
		}
		apps[name] = uri
	}
	return apps, nil
}

// Add puts new targets into a draft. Each is the newest target of its hardware
// id with SrcTag, but for its version, tags and times and what it is made for;
// all other fields are kept.
func Add(d *tuf.TargetsDraft, req AddRequest) ([]Derived, error) {
	if err := CheckTags(req.Tags); err != nil {
		return nil, err
	}
	from, err := sources(d, req)
	if err != nil {
		return nil, err
	}
	var out []Derived
	for _, hwid := range slices.Sorted(maps.Keys(from)) {
		src := from[hwid]
		name := base(src) + "-" + strconv.Itoa(req.Version)
		if d.Entry(name) != nil {
			return nil, fail.New(fail.Conflict, "two hardware ids share a name; give their targets different custom.name", "target %s: there is one already", name)
		}
		if err := derive(d, src, name, hwid, req); err != nil {
			return nil, err
		}
		out = append(out, Derived{name, src.name})
	}
	return out, nil
}

// base is what a target is called without its version.
func base(t one) string {
	return cmp.Or(t.custom.Name, strings.TrimSuffix(t.name, "-"+t.custom.Version))
}

// sources are the newest targets with the source tag, by hardware id.
func sources(d *tuf.TargetsDraft, req AddRequest) (map[string]one, error) {
	list, err := read(d)
	if err != nil {
		return nil, err
	}
	newest := map[string]one{}
	for _, t := range list {
		if t.version < 0 || len(t.custom.HardwareIDs) == 0 || !slices.Contains(t.custom.Tags, req.SrcTag) {
			continue
		}
		hwid := t.custom.HardwareIDs[0]
		if req.Commits != nil && req.Commits[hwid] == "" {
			continue
		}
		if have, ok := newest[hwid]; !ok || have.version < t.version {
			newest[hwid] = t
		}
	}
	for _, hwid := range slices.Sorted(maps.Keys(req.Commits)) {
		if _, ok := newest[hwid]; !ok {
			return nil, fail.New(fail.NotFound, "publish a first target with otactl publish, or choose another --src-tag",
				"no target with tag %s for hardware id %s to derive a new one from", req.SrcTag, hwid)
		}
	}
	if len(newest) == 0 {
		return nil, fail.New(fail.NotFound, "publish a first target with otactl publish, or choose another --src-tag",
			"no target with tag %s to derive a new one from", req.SrcTag)
	}
	return newest, nil
}

func derive(d *tuf.TargetsDraft, src one, name, hwid string, req AddRequest) error {
	at := req.Now.UTC().Format(time.RFC3339)
	custom := map[string]any{"version": strconv.Itoa(req.Version), "tags": req.Tags, "createdAt": at, "updatedAt": at, "uri": nil}
	origin := func(field string) {
		if _, has := src.custom.Rest[field]; !has && src.custom.URI != "" {
			custom[field] = src.custom.URI
		}
	}
	entry := d.Entry(src.name)
	var err error
	if req.Commits != nil {
		// What belongs to the old commit alone would lie about the new one.
		custom["origUri"], custom["delta-stats"] = nil, nil
		origin("origUriApps")
		entry, err = tuf.WithFields(entry, map[string]any{"hashes": map[string]string{"sha256": req.Commits[hwid]}})
	} else {
		// The packed apps are the old ones.
		custom["origUriApps"], custom["fetched-apps"] = nil, nil
		origin("origUri")
		custom["docker_compose_apps"] = appFields(req.Apps)
	}
	if err == nil {
		entry, err = tuf.WithCustom(entry, custom)
	}
	if err == nil {
		err = d.Set(name, entry)
	}
	if err != nil {
		return fmt.Errorf("target %s from %s: %w", name, src.name, err)
	}
	return nil
}

func appFields(apps map[string]string) map[string]any {
	fields := map[string]any{}
	for name, uri := range apps {
		fields[name] = map[string]string{"uri": uri}
	}
	return fields
}

package publish

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// WaveRequest says what a wave is made of. Both sets of targets must have been
// verified.
type WaveRequest struct {
	CI         *tuf.Targets
	Production *tuf.Targets // of the tag; nil where it has none yet
	Version    int          // of the CI targets to take, and of the wave's targets.json
	Tag        string       // what production devices follow; replaces the tags of the new targets
	SourceTag  string       // take only CI targets that carry this tag; "" is any
	Prune      []string     // versions of production targets to drop
	Expires    time.Time
}

// WavePlan is a targets.json to be signed, and how it differs from the tag's
// production targets. The lists hold names, sorted.
type WavePlan struct {
	Targets           *tuf.Targets
	New, Kept, Pruned []string
	WithoutDelta      []string // of the new ones, those that have no static delta
}

// PlanWave puts a wave's targets.json together: the tag's production targets but
// for those to prune, and the CI targets of the version, which keep all of their
// custom part but the tags.
func PlanWave(r WaveRequest) (*WavePlan, error) {
	p := &WavePlan{}
	targets := map[string]tuf.Target{}
	if r.Production != nil {
		if r.Version <= r.Production.Version {
			return nil, fail.New(fail.Conflict, "take a version that CI has built since",
				"version %d is not above version %d of the production targets of tag %s", r.Version, r.Production.Version, r.Tag)
		}
		targets = maps.Clone(r.Production.Targets)
	}
	if err := p.prune(targets, r); err != nil {
		return nil, err
	}
	p.Kept = slices.Sorted(maps.Keys(targets))
	if err := p.take(targets, r); err != nil {
		return nil, err
	}
	p.Targets = tuf.NewTargets(r.Version, r.Expires, targets)
	return p, nil
}

// prune drops the targets of versions that are there.
func (p *WavePlan) prune(targets map[string]tuf.Target, r WaveRequest) error {
	for _, v := range r.Prune {
		if v == strconv.Itoa(r.Version) {
			return fail.New(fail.Usage, "leave it out of --prune", "version %s is the wave's own", v)
		}
		found := false
		for name, t := range targets {
			f, err := t.Fields()
			if err != nil {
				return err
			}
			if f.Version == v {
				delete(targets, name)
				p.Pruned = append(p.Pruned, name)
				found = true
			}
		}
		if !found {
			return fail.New(fail.NotFound, "otactl targets list --production --by-tag "+r.Tag+" shows what there is",
				"version %q: no production target of tag %s is of it", v, r.Tag)
		}
	}
	slices.Sort(p.Pruned)
	return nil
}

// take adds the CI targets of the version.
func (p *WavePlan) take(targets map[string]tuf.Target, r WaveRequest) error {
	for _, name := range slices.Sorted(maps.Keys(r.CI.Targets)) {
		t := r.CI.Targets[name]
		f, err := t.Fields()
		if err != nil {
			return err
		}
		if f.Version != strconv.Itoa(r.Version) || r.SourceTag != "" && !slices.Contains(f.Tags, r.SourceTag) {
			continue
		}
		if r.Production != nil {
			if _, clash := r.Production.Targets[name]; clash {
				return fail.New(fail.Conflict, "publish it to CI under another name",
					"target %s is a production target of tag %s already", name, r.Tag)
			}
		}
		if t.Custom, err = retag(t.Custom, r.Tag); err != nil {
			return err
		}
		targets[name] = t
		p.New = append(p.New, name)
		if f.Rest["delta-stats"] == nil {
			p.WithoutDelta = append(p.WithoutDelta, name)
		}
	}
	if len(p.New) == 0 {
		with := ""
		if r.SourceTag != "" {
			with = " with tag " + r.SourceTag
		}
		return fail.New(fail.NotFound, "otactl targets list shows what there is", "no CI target%s is of version %d", with, r.Version)
	}
	return nil
}

// retag replaces the tags of a custom part and leaves the rest as it is, field
// by field: there may be some that nobody here knows.
func retag(custom json.RawMessage, tag string) (json.RawMessage, error) {
	fields, err := without(custom)
	if err != nil {
		return nil, err
	}
	if fields["tags"], err = json.Marshal([]string{tag}); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return tuf.Canonical(raw)
}

// without is a custom part's fields but for those named.
func without(custom json.RawMessage, names ...string) (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	if custom != nil {
		if err := json.Unmarshal(custom, &fields); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		delete(fields, name)
	}
	return fields, nil
}

// ReviewWave says how a wave's targets, which somebody else put together, differ
// from the tag's production targets (nil: none), and refuses to vouch for them:
// where a production target was changed, the version doesn't go up, a target has
// other tags, or a new one is not what CI has signed. Targets is what is to be
// signed.
func ReviewWave(targets, production, ci *tuf.Targets, tag string) (*WavePlan, error) {
	p := &WavePlan{Targets: targets}
	have := map[string]tuf.Target{}
	if production != nil {
		have = production.Targets
		if targets.Version <= production.Version {
			return nil, fail.New(fail.Verification, "cancel the wave and make a new one",
				"the wave's targets are version %d, and production targets of tag %s are version %d", targets.Version, tag, production.Version)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(targets.Targets)) {
		t := targets.Targets[name]
		f, err := t.Fields()
		if err != nil {
			return nil, err
		}
		if !slices.Equal(f.Tags, []string{tag}) {
			return nil, suspicious(name, "carries the tags "+strings.Join(f.Tags, ",")+" and not "+tag+" alone")
		}
		if old, there := have[name]; there {
			if !alike(old, t) {
				return nil, suspicious(name, "is a production target, with other content")
			}
			p.Kept = append(p.Kept, name)
			continue
		}
		if err := sameAsCI(name, t, ci); err != nil {
			return nil, err
		}
		p.New = append(p.New, name)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, there := targets.Targets[name]; !there {
			p.Pruned = append(p.Pruned, name)
		}
	}
	return p, nil
}

func suspicious(name, why string) error {
	return fail.New(fail.Verification, "don't sign it; ask who made the wave", "target %s of the wave %s", name, why)
}

func alike(a, b tuf.Target) bool {
	return a.Length == b.Length && maps.Equal(a.Hashes, b.Hashes) && bytes.Equal(a.Custom, b.Custom)
}

// sameAsCI wants a target to be one of CI but for its tags.
func sameAsCI(name string, t tuf.Target, ci *tuf.Targets) error {
	built, there := ci.Targets[name]
	if !there {
		return suspicious(name, "is not among the targets of CI")
	}
	ours, err := without(t.Custom, "tags")
	if err != nil {
		return err
	}
	theirs, err := without(built.Custom, "tags")
	if err != nil {
		return err
	}
	same := maps.EqualFunc(ours, theirs, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
	if !same || t.Length != built.Length || !maps.Equal(t.Hashes, built.Hashes) {
		return suspicious(name, "is not what CI has signed under this name")
	}
	return nil
}

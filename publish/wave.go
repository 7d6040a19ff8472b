package publish

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// WaveRequest says what a wave is made of. Both sets of targets must have been
// verified.
type WaveRequest struct {
	CI         *tuf.TargetsDraft
	Production *tuf.TargetsDraft // of the tag; nil where it has none yet
	Version    int               // of the CI targets to take, and of the wave's targets.json
	Tag        string            // what production devices follow; replaces the tags of the new targets
	SourceTag  string            // take only CI targets that carry this tag; "" is any
	Prune      []string          // versions of production targets to drop
}

// WavePlan is a targets.json to be signed, and how it differs from the tag's
// production targets. The lists hold names, sorted.
type WavePlan struct {
	Targets           *tuf.TargetsDraft
	New, Kept, Pruned []string
	WithoutDelta      []string // of the new ones, those that have no static delta
}

// PlanWave puts a wave's targets together: the tag's production targets but for
// those to prune, and the CI targets of the version, which keep everything but
// their tags.
func PlanWave(r WaveRequest) (*WavePlan, error) {
	p := &WavePlan{Targets: tuf.NewTargetsDraft()}
	if r.Production != nil {
		if r.Version <= r.Production.Version() {
			return nil, fail.New(fail.Conflict, "take a version that CI has built since",
				"version %d is not above version %d of the production targets of tag %s", r.Version, r.Production.Version(), r.Tag)
		}
		for _, name := range r.Production.Names() {
			if err := p.Targets.Set(name, r.Production.Entry(name)); err != nil {
				return nil, err
			}
		}
	}
	if err := p.prune(r); err != nil {
		return nil, err
	}
	p.Kept = p.Targets.Names()
	return p, p.take(r)
}

// prune drops the targets of versions that are there.
func (p *WavePlan) prune(r WaveRequest) error {
	for _, v := range r.Prune {
		if v == strconv.Itoa(r.Version) {
			return fail.New(fail.Usage, "leave it out of --prune", "version %s is the wave's own", v)
		}
		before := len(p.Pruned)
		for _, name := range p.Targets.Names() {
			f, err := fieldsOf(p.Targets, name)
			if err != nil {
				return err
			}
			if f.Version == v {
				p.Targets.Remove(name)
				p.Pruned = append(p.Pruned, name)
			}
		}
		if len(p.Pruned) == before {
			return fail.New(fail.NotFound, "otactl targets list --production --by-tag "+r.Tag+" shows what there is",
				"version %q: no production target of tag %s is of it", v, r.Tag)
		}
	}
	slices.Sort(p.Pruned)
	return nil
}

func fieldsOf(d *tuf.TargetsDraft, name string) (tuf.Custom, error) {
	t, err := d.Target(name)
	if err != nil {
		return tuf.Custom{}, err
	}
	return t.Fields()
}

// take adds the CI targets of the version.
func (p *WavePlan) take(r WaveRequest) error {
	for _, name := range r.CI.Names() {
		f, err := fieldsOf(r.CI, name)
		if err != nil {
			return err
		}
		if f.Version != strconv.Itoa(r.Version) || r.SourceTag != "" && !slices.Contains(f.Tags, r.SourceTag) {
			continue
		}
		if r.Production != nil && r.Production.Entry(name) != nil {
			return fail.New(fail.Conflict, "publish it to CI under another name",
				"target %s is a production target of tag %s already", name, r.Tag)
		}
		entry, err := tuf.WithCustom(r.CI.Entry(name), map[string]any{"tags": []string{r.Tag}})
		if err == nil {
			err = p.Targets.Set(name, entry)
		}
		if err != nil {
			return err
		}
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

// ReviewWave says how a wave's targets, which somebody else put together, differ
// from the tag's production targets (nil: none), and refuses to vouch for them:
// where a production target was changed, the version doesn't go up, a target has
// other tags, or a new one is of another version or not what CI has signed, or
// where there is anything in it but targets.
func ReviewWave(targets, production, ci *tuf.TargetsDraft, tag string) (*WavePlan, error) {
	p := &WavePlan{Targets: targets}
	if production == nil {
		production = tuf.NewTargetsDraft()
	}
	if targets.Version() <= production.Version() {
		return nil, fail.New(fail.Verification, "cancel the wave and make a new one",
			"the wave's targets are version %d, and production targets of tag %s are version %d", targets.Version(), tag, production.Version())
	}
	if odd := targets.OtherFields(production); len(odd) > 0 {
		return nil, fail.New(fail.Verification, "don't sign it; ask who made the wave",
			"the wave's targets.json has fields that production targets do not have, or others: %s", strconv.QuoteToASCII(strings.Join(odd, ", ")))
	}
	for _, name := range targets.Names() {
		f, err := fieldsOf(targets, name)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(f.Tags, []string{tag}) {
			return nil, suspicious(name, "carries the tags "+strings.Join(f.Tags, ",")+" and not "+tag+" alone")
		}
		if old := production.Entry(name); old != nil {
			if !bytes.Equal(old, targets.Entry(name)) {
				return nil, suspicious(name, "is a production target, with other content")
			}
			p.Kept = append(p.Kept, name)
			continue
		}
		if f.Version != strconv.Itoa(targets.Version()) {
			return nil, suspicious(name, "is new in it and of version "+f.Version)
		}
		if err := sameAsCI(name, targets, ci); err != nil {
			return nil, err
		}
		p.New = append(p.New, name)
	}
	for _, name := range production.Names() {
		if targets.Entry(name) == nil {
			p.Pruned = append(p.Pruned, name)
		}
	}
	return p, nil
}

func suspicious(name, why string) error {
	return fail.New(fail.Verification, "don't sign it; ask who made the wave", "target %s of the wave %s", name, why)
}

// sameAsCI wants a target to be one of CI but for its tags, and when those were
// changed there.
func sameAsCI(name string, targets, ci *tuf.TargetsDraft) error {
	if ci.Entry(name) == nil {
		return suspicious(name, "is not among the targets of CI")
	}
	tagless := map[string]any{"tags": nil, "updatedAt": nil}
	built, err := tuf.WithCustom(ci.Entry(name), tagless)
	if err != nil {
		return err
	}
	is, err := tuf.WithCustom(targets.Entry(name), tagless)
	if err != nil {
		return err
	}
	if !bytes.Equal(built, is) {
		return suspicious(name, "is not what CI has signed under this name")
	}
	return nil
}

package targets

import (
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// TagRequest says which targets get which tags.
type TagRequest struct {
	Which     []string // names, or versions
	ByVersion bool     // Which are versions: all targets of each
	Tags      []string
	Append    bool // to the tags that a target has, instead of in their place
	Now       time.Time
}

// TagChange is a target whose tags change.
type TagChange struct {
	Name string   `json:"name"`
	From []string `json:"from"`
	To   []string `json:"to"`
}

// Tag changes tags in a draft. Targets that have the tags already are left
// alone and are not in what it returns.
func Tag(d *tuf.TargetsDraft, req TagRequest) ([]TagChange, error) {
	if err := CheckTags(req.Tags); err != nil {
		return nil, err
	}
	chosen, err := choose(d, req.Which, req.ByVersion)
	if err != nil {
		return nil, err
	}
	var out []TagChange
	for _, t := range chosen {
		tags := req.Tags
		if req.Append {
			tags = union(t.custom.Tags, req.Tags)
		}
		if slices.Equal(tags, t.custom.Tags) {
			continue
		}
		fields := map[string]any{"tags": tags, "updatedAt": req.Now.UTC().Format(time.RFC3339)}
		if err := d.SetCustom(t.name, fields); err != nil {
			return nil, err
		}
		out = append(out, TagChange{t.name, append([]string{}, t.custom.Tags...), tags})
	}
	return out, nil
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// choose finds targets by name or version. One that is named and not there is
// an error; so is a version that no target has.
func choose(d *tuf.TargetsDraft, which []string, byVersion bool) ([]one, error) {
	list, err := read(d)
	if err != nil {
		return nil, err
	}
	index := map[string][]one{}
	for _, t := range list {
		key := t.name
		if byVersion {
			key = t.custom.Version
		}
		index[key] = append(index[key], t)
	}
	var out []one
	seen := map[string]bool{}
	for _, want := range which {
		switch {
		case seen[want]:
			continue
		case len(index[want]) == 0 && byVersion:
			return nil, fail.New(fail.NotFound, "otactl targets list shows what there is", "version %s: no target has it", want)
		case len(index[want]) == 0:
			return nil, fail.New(fail.NotFound, "otactl targets list shows what there is", "target %s: not found", want)
		}
		out, seen[want] = append(out, index[want]...), true
	}
	return out, nil
}

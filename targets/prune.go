package targets

import (
	"cmp"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// PruneRequest says which targets go.
type PruneRequest struct {
	Which    []string // names, or tags
	ByTag    bool     // Which are tags: targets with exactly these
	KeepLast int      // with ByTag: the highest versions that stay; 0 keeps none
	// Force takes targets out by name that are the newest of a tag too.
	Force bool
}

// Pruned says what was taken out.
type Pruned struct {
	Names []string // sorted
	// Newest are those of Names that were the newest for a tag and a hardware
	// id: devices that follow the tag are left with an older one, or with none.
	Newest []string
}

// Prune takes targets out of a draft. A target that is named and is the newest
// of a tag is a conflict unless Force is set: its version could not be given out
// again.
func Prune(d *tuf.TargetsDraft, req PruneRequest) (Pruned, error) {
	list, err := read(d)
	if err != nil {
		return Pruned{}, err
	}
	var out Pruned
	if req.ByTag {
		out.Names = byTags(list, req.Which, req.KeepLast)
	} else {
		chosen, err := choose(d, req.Which, false)
		if err != nil {
			return Pruned{}, err
		}
		for _, t := range chosen {
			out.Names = append(out.Names, t.name)
		}
	}
	slices.Sort(out.Names)
	for _, name := range newest(list) {
		if _, goes := slices.BinarySearch(out.Names, name); goes {
			out.Newest = append(out.Newest, name)
		}
	}
	if !req.ByTag && !req.Force && len(out.Newest) > 0 {
		return Pruned{}, fail.New(fail.Conflict, "add a newer target first, or use --force",
			"target %s: it is the newest of a tag, and devices that follow it would be left with an older one", out.Newest[0])
	}
	for _, name := range out.Names {
		d.Remove(name)
	}
	return out, nil
}

// byTags are the targets that have exactly these tags, but for those of the
// highest keep versions.
func byTags(list []one, tags []string, keep int) []string {
	want := sorted(tags)
	var found []one
	var versions []int
	for _, t := range list {
		if slices.Equal(sorted(t.custom.Tags), want) {
			found = append(found, t)
			versions = append(versions, t.version)
		}
	}
	slices.Sort(versions)
	versions = slices.Compact(versions)
	var names []string
	for _, t := range found {
		if keep == 0 || len(versions) > keep && t.version < versions[len(versions)-keep] {
			names = append(names, t.name)
		}
	}
	return names
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// newest are the names of the targets that are the newest of a tag for a
// hardware id, sorted.
func newest(list []one) []string {
	best := map[string]one{}
	for _, t := range list {
		for _, tag := range t.custom.Tags {
			for _, hwid := range t.custom.HardwareIDs {
				key := tag + "\x00" + hwid
				if have, ok := best[key]; !ok || cmp.Or(cmp.Compare(have.version, t.version), strings.Compare(have.name, t.name)) < 0 {
					best[key] = t
				}
			}
		}
	}
	var names []string
	for _, t := range best {
		names = append(names, t.name)
	}
	return sorted(names)
}

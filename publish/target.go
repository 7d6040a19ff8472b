package publish

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
)

// TargetRequest describes the target to sign.
type TargetRequest struct {
	HardwareIDs []string // at least one
	Tags        []string // may be empty: then no device that follows a tag takes it
	// Name is custom.name; the target is called NAME-VERSION. Empty means the
	// first hardware id.
	Name string
	// Version is a whole number above 0; 0 means one more than the highest
	// that any of the hardware ids has.
	Version int
	URI     string // of the build; may be empty
	Creator string // targets-creator
}

// TargetReport says which target names the commit.
type TargetReport struct {
	Name    string
	Version int
	// Existed is true when the same target was there before.
	Existed bool
	// MetadataVersion is that of targets.json, where the server says it.
	MetadataVersion int
}

// maxAllocations is how often a version that somebody else took meanwhile is
// replaced by the next.
const maxAllocations = 8

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
	return nil
}

// word holds what every backend and device of the field takes as a name.
func word(s string) bool {
	alnum := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
	return s != "" && len(s) <= 128 && alnum(rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool {
		return !alnum(r) && !strings.ContainsRune("._+-", r)
	})
}

// wanted is a target as planned: either it is there already, or target is to
// be added.
type wanted struct {
	name    string
	version int
	target  tuf.Target
	existed bool
}

func (r *run) planTarget(ctx context.Context) (*wanted, error) {
	if r.Target == nil {
		return nil, nil
	}
	if err := r.Target.Check(); err != nil {
		return nil, err
	}
	w, err := r.allocate(ctx)
	if err != nil {
		return nil, err
	}
	r.report.Target = &TargetReport{Name: w.name, Version: w.version, Existed: w.existed}
	return w, nil
}

// allocate finds the target that this request means among those there are, or
// the name and version for a new one.
func (r *run) allocate(ctx context.Context) (*wanted, error) {
	all, err := r.Backend.Targets(ctx)
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	mine, err := forHardware(all, r.Target.HardwareIDs)
	if err != nil {
		return nil, err
	}
	for _, e := range mine {
		if r.sameTarget(e, mine) {
			return &wanted{name: e.name, version: e.version, existed: true}, nil
		}
	}
	version, err := r.version(ctx, mine)
	if err != nil {
		return nil, err
	}
	return r.newTarget(version, all)
}

// version is the one that was asked for, if no target for this hardware has
// it, or else one more than the highest there is, or was: one that was pruned
// is not given out again.
func (r *run) version(ctx context.Context, newestFirst []entry) (int, error) {
	if want := r.Target.Version; want != 0 {
		for _, e := range newestFirst {
			if e.version == want {
				return 0, conflict(e.name, fmt.Sprintf("it has this version and hardware id, and names commit %.12s", e.commit))
			}
		}
		return want, nil
	}
	top, err := r.Backend.LatestVersion(ctx, r.Target.HardwareIDs...)
	if err != nil {
		return 0, fmt.Errorf("ask for the highest version: %w", err)
	}
	if len(newestFirst) > 0 {
		top = max(top, newestFirst[0].version)
	}
	if top >= MaxVersion {
		return 0, fail.New(fail.Conflict, "publish for another hardware id, or choose the version with --version",
			"target version %d: no version follows, %d is the highest that devices compare", top, MaxVersion)
	}
	return top + 1, nil
}

// sameTarget says whether e is what is asked for. Without a version it has to
// be the newest of its tags, so that going back to an old commit makes a new
// target.
func (r *run) sameTarget(e entry, newestFirst []entry) bool {
	t := r.Target
	if e.commit != r.plan.commit.String() || !sameSet(e.custom.HardwareIDs, t.HardwareIDs) || !sameSet(e.custom.Tags, t.Tags) {
		return false
	}
	if t.Name != "" && e.custom.Name != t.Name {
		return false
	}
	if t.Version != 0 {
		return e.version == t.Version
	}
	for _, other := range newestFirst {
		if sameSet(other.custom.Tags, t.Tags) {
			return other.name == e.name
		}
	}
	return false
}

func (r *run) newTarget(version int, all map[string]tuf.Target) (*wanted, error) {
	t := r.Target
	base := t.Name
	if base == "" {
		base = t.HardwareIDs[0]
	}
	name := base + "-" + strconv.Itoa(version)
	if old, taken := all[name]; taken {
		return nil, conflict(name, fmt.Sprintf("it names commit %.12s", old.Commit()))
	}
	now := r.Clock().UTC().Format(time.RFC3339)
	custom, err := json.Marshal(tuf.Custom{
		Name: base, Version: strconv.Itoa(version), HardwareIDs: t.HardwareIDs, Tags: t.Tags,
		TargetFormat: "OSTREE", URI: t.URI, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return nil, err
	}
	return &wanted{name: name, version: version, target: tuf.Target{
		Hashes: map[string]string{"sha256": r.plan.commit.String()}, Custom: custom,
	}}, nil
}

func conflict(name, why string) error {
	return fail.New(fail.Conflict, "leave --version out to get the next free one", "target %s exists already: %s", name, why)
}

// sign has the target added. A version that was allocated and then taken by
// somebody else is allocated anew; one that was asked for is a conflict.
func (r *run) sign(ctx context.Context, w *wanted) error {
	if w == nil || r.DryRun || w.existed {
		return nil
	}
	if err := faults.At(r.Faults, "publish.target"); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		added, err := r.Backend.AddTargets(ctx, map[string]tuf.Target{w.name: w.target}, r.Target.Creator)
		if err == nil {
			r.report.Target = &TargetReport{Name: w.name, Version: w.version, Existed: !added.Created, MetadataVersion: added.Version}
			return nil
		}
		if httpx.Reason(err) == "commit_incomplete" && attempt == 1 && !r.FullCheck {
			r.Log.WarnContext(ctx, "the server lost objects; checking every one", "because", err)
			if err := r.copy(ctx, true); err != nil {
				return err
			}
			continue
		}
		if httpx.Code(err) != http.StatusConflict || httpx.Reason(err) == "signed_elsewhere" || attempt == maxAllocations {
			return fmt.Errorf("target %s: %w", w.name, err)
		}
		if r.Target.Version != 0 {
			return conflict(w.name, "this version of this hardware id is taken")
		}
		again, aerr := r.allocate(ctx)
		if aerr != nil {
			return errors.Join(err, aerr)
		}
		if again.existed {
			r.report.Target = &TargetReport{Name: again.name, Version: again.version, Existed: true}
			return nil
		}
		w = again
	}
}

// entry is a target with the fields that planning needs.
type entry struct {
	name    string
	version int
	commit  string
	custom  tuf.Custom
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
		out = append(out, entry{name, v, t.Commit(), c})
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

package offline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/variant"
)

// MaxDeltas is how many static deltas one run puts into a bundle.
const MaxDeltas = 32

// DeltaReport is a static delta to the target that the bundle has now, or with
// DryRun would get.
type DeltaReport struct {
	From    string `json:"from"`    // the commit that it starts from
	Version string `json:"version"` // of the target that has that commit; "" where none was named
	// Bytes are those of its files, 0 where it is still to be made; Copied what of
	// them was written.
	Bytes  int64 `json:"bytes"`
	Copied int64 `json:"copied"`
	// Origin is "bundle" for one that was there already, "repo" for one out of
	// the repo of the objects, and "made".
	Origin string `json:"origin"`
}

// The origins of a delta.
const (
	deltaThere = "bundle"
	deltaFound = "repo"
	deltaMade  = "made"
)

// plannedDelta is one that the bundle is to have.
type plannedDelta struct {
	delta.Name
	report *DeltaReport
	ready  *readyDelta // out of the source; nil where it has none
}

// deltaSource is a commit that a delta is to start from.
type deltaSource struct {
	commit  ostree.Checksum
	version string
}

// planDeltas finds the commits that deltas are to start from, and which of the
// deltas there are already.
func (b *builder) planDeltas(ctx context.Context) error {
	if b.opt.DeltaOnly && len(b.opt.DeltaFrom) == 0 {
		return fail.New(fail.Usage, "say from which versions with --delta-from", "a bundle of deltas alone needs at least one")
	}
	from, err := b.deltaSources()
	if err != nil {
		return err
	}
	if len(from) > 0 && b.repoTar != nil {
		return fail.New(fail.Unsupported, "unpack it, and name the repo with --ostree-repo-source; both commits have to be in it",
			"static delta to %s: not made out of the artifact %s", short(b.report.Commit), b.repoTar.URL())
	}
	b.report.Deltas = make([]DeltaReport, len(from))
	for i, s := range from {
		p := plannedDelta{Name: delta.Name{From: s.commit, To: b.commit}, report: &b.report.Deltas[i]}
		*p.report = DeltaReport{From: s.commit.String(), Version: s.version, Origin: deltaMade}
		if err := b.planDelta(ctx, &p); err != nil {
			return fmt.Errorf("static delta from %s: %w", cmp.Or(s.version, short(p.report.From)), err)
		}
		b.deltaPlan = append(b.deltaPlan, p)
	}
	return nil
}

func (b *builder) planDelta(ctx context.Context, p *plannedDelta) error {
	kept, err := b.keptDelta(ctx, p.Name)
	if err != nil {
		return err
	}
	if kept != nil {
		p.report.Origin, p.report.Bytes = deltaThere, kept.Bytes
		return nil
	}
	if p.ready, err = b.findDelta(ctx, p.Name); err != nil || p.ready == nil {
		return err
	}
	p.report.Origin, p.report.Bytes = deltaFound, p.ready.bytes()
	b.wants(p.ready.takes(medium.VolumeOf(b.existingDir())), p.ready.bytes())
	return nil
}

// deltaSources are the commits that the options name, each once.
func (b *builder) deltaSources() ([]deltaSource, error) {
	var list []deltaSource
	for _, word := range b.opt.DeltaFrom {
		found := []deltaSource{}
		if c, err := ostree.ParseChecksum(word); err == nil {
			found = append(found, deltaSource{commit: c})
		} else if found, err = b.targetsOfVersion(word); err != nil {
			return nil, err
		}
		for _, s := range found {
			if s.commit == b.commit {
				return nil, fail.New(fail.Usage, "name an earlier version", "delta from %.80s: that is the commit of target %s itself", word, b.opt.Target)
			}
			if !slices.ContainsFunc(list, func(t deltaSource) bool { return t.commit == s.commit }) {
				list = append(list, s)
			}
		}
	}
	if len(list) > MaxDeltas {
		return nil, fail.New(fail.Usage, "name fewer versions", "%d static deltas, at most %d at once", len(list), MaxDeltas)
	}
	return list, nil
}

// targetsOfVersion are the commits of the earlier targets of a version for the
// same hardware, by the verified targets.json.
func (b *builder) targetsOfVersion(word string) ([]deltaSource, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 {
		return nil, fail.New(fail.Usage, "give the version of an earlier target, or a commit in 64 hex digits", "delta from %.80q: no version and no commit", word)
	}
	_, mine, err := b.meta.target(b.opt.Target)
	if err != nil {
		return nil, err
	}
	if own, err := strconv.Atoi(mine.Version); err == nil && n >= own {
		return nil, fail.New(fail.Usage, "name an earlier version", "delta from version %d: target %s is version %d", n, b.opt.Target, own)
	}
	var found []deltaSource
	all := b.meta.trust.Targets().Targets
	for _, name := range slices.Sorted(maps.Keys(all)) {
		custom, err := all[name].Fields()
		if err != nil || custom.Version != strconv.Itoa(n) || custom.TargetFormat != formatOSTree || !sharesAny(custom.HardwareIDs, mine.HardwareIDs) {
			continue
		}
		if c, err := ostree.ParseChecksum(all[name].Commit()); err == nil {
			found = append(found, deltaSource{c, custom.Version})
		}
	}
	if len(found) == 0 {
		return nil, fail.New(fail.NotFound, "name its commit instead, in 64 hex digits",
			"delta from version %d: targets.json has no such target for the hardware of %s", n, b.opt.Target)
	}
	return found, nil
}

func sharesAny(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// keptDelta is a delta that the bundle has already, if each of its files is as
// its superblock says and it will do for what is asked for; else nil.
func (b *builder) keptDelta(ctx context.Context, n delta.Name) (*Delta, error) {
	if b.folder == nil {
		return nil, nil
	}
	list, err := deltasTo(ctx, b.folder, n.To, delta.Scratch{Dir: b.opt.Scratch})
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.Name != n || d.Err != nil {
			continue
		}
		f, err := d.Open(delta.Scratch{Dir: b.opt.Scratch})
		if err != nil {
			return nil, nil // it was there a moment ago: it is made anew
		}
		good := b.usable(ctx, f.Superblock) && b.sameParts(ctx, &d, f.Superblock)
		f.Close()
		if err := ctx.Err(); err != nil || good {
			return &d, err
		}
	}
	return nil, nil
}

// usable says whether a delta that lies somewhere will do: it brings all that
// is new by itself where there are no objects beside it, and the signatures
// that the commit has now.
func (b *builder) usable(ctx context.Context, s *delta.Superblock) bool {
	if len(s.Before) > 0 || b.opt.DeltaOnly && len(s.Fallbacks) > 0 {
		return false
	}
	var now variant.Value
	now, err := ostree.ReadDetached(ctx, b.source, s.Name.To)
	return err == nil && string(now.Data()) == string(s.Detached.Data())
}

// sameParts reads the parts on the medium: it may have suffered since they were
// written.
func (b *builder) sameParts(ctx context.Context, d *Delta, s *delta.Superblock) bool {
	for i, p := range s.Parts {
		if !s.Inline(i) && !b.samePart(ctx, d.part(i), p) {
			return false
		}
	}
	return true
}

// samePart says whether the file name in the bundle is the part p.
func (b *builder) samePart(ctx context.Context, name string, p delta.Part) bool {
	f, err := b.folder.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(&untilDone{ctx, f}, int64(p.Size)+1))
	return err == nil && uint64(n) == p.Size && ostree.Checksum(h.Sum(nil)) == p.Sum
}

// untilDone ends reading when ctx does.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// The fault points of deltas, in their order.
const (
	FaultDelta     = "bundle.delta"      // before each one
	FaultDeltaPart = "bundle.delta.part" // before each of its files
	FaultDrop      = "bundle.drop"       // the deltas are there, the objects still are
)

// deltas puts the planned deltas into the bundle, beside the objects or in their
// place.
func (b *builder) deltas(ctx context.Context) error {
	if err := b.noLinksIn(dirDeltas); err != nil {
		return err
	}
	for i := range b.deltaPlan {
		p := &b.deltaPlan[i]
		if p.report.Origin == deltaThere {
			continue
		}
		if err := faults.At(b.opt.Faults, FaultDelta); err != nil {
			return err
		}
		if err := b.bringDelta(ctx, p); err != nil {
			return fmt.Errorf("static delta from %s: %w", cmp.Or(p.report.Version, short(p.report.From)), err)
		}
	}
	if b.opt.DeltaOnly {
		return b.dropObjects(ctx)
	}
	return nil
}

// closeDeltas lets go of what deltas were read from and made in.
func (b *builder) closeDeltas() {
	for i := range b.deltaPlan {
		if r := b.deltaPlan[i].ready; r != nil {
			r.close()
			b.deltaPlan[i].ready = nil
		}
	}
	b.deltaScrap.remove()
}

// bringDelta writes one delta: that of the source, or where there is none or it
// is bad, one that is made here.
func (b *builder) bringDelta(ctx context.Context, p *plannedDelta) error {
	if p.ready != nil {
		copied, err := b.putDelta(ctx, p.ready)
		p.report.Copied = copied
		if !isBadSource(err) || ctx.Err() != nil {
			return err
		}
		b.opt.Log.WarnContext(ctx, "a static delta of the source is bad, or can't be read; it is made anew", "delta", p.Name, "error", err)
	}
	made, err := b.makeDelta(ctx, p.Name)
	if err != nil {
		return err
	}
	defer made.close()
	p.report.Origin, p.report.Bytes = deltaMade, made.bytes()
	if err := b.deltaRoom(made); err != nil {
		return err
	}
	p.report.Copied, err = b.putDelta(ctx, made)
	return err
}

// haveDelta says whether the bundle has a delta to a commit, with all its parts.
func (b *builder) haveDelta(ctx context.Context, to ostree.Checksum) (bool, error) {
	list, err := deltasTo(ctx, b.folder, to, delta.Scratch{Dir: b.opt.Scratch})
	return slices.ContainsFunc(list, func(d Delta) bool { return d.Err == nil }), err
}

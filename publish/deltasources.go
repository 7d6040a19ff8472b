package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// MaxDeltas is how many deltas to one commit are made in one run.
const MaxDeltas = 32

// DeltaSources say from where deltas lead to a commit.
type DeltaSources struct {
	// Last is the number of versions before it: targets for the same hardware and
	// a common tag, or without a target what the ref named and the commits before.
	Last int
	// Named are versions ("v41"), targets by name, refs and commits.
	Named []string
}

// ParseDeltaSources reads the words of a command line: a plain number is how
// many of the last versions, anything else names one.
func ParseDeltaSources(words []string) (*DeltaSources, error) {
	d := &DeltaSources{}
	for _, w := range words {
		n, err := strconv.Atoi(w)
		switch {
		case err != nil:
			d.Named = append(d.Named, w)
		case n < 1 || n > MaxDeltas || d.Last != 0:
			return nil, fail.New(fail.Usage, fmt.Sprintf("give one number from 1 to %d; a version is named with a v, as v41", MaxDeltas), "deltas from the last %s versions", w)
		default:
			d.Last = n
		}
	}
	if len(d.Named) > MaxDeltas {
		return nil, fail.New(fail.Usage, "make them in several runs", "%d deltas to one commit: at most %d at once", len(d.Named), MaxDeltas)
	}
	return d, nil
}

// version is the number in "v41".
func version(word string) (int, bool) {
	digits, ok := strings.CutPrefix(word, "v")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n > 0
}

// planDeltas finds the commits from which deltas lead to each item's. Nothing
// was sent yet.
func (r *run) planDeltas(ctx context.Context) error {
	if r.Deltas == nil {
		return nil
	}
	var all map[string]tuf.Target
	if r.Backend != nil {
		var err error
		if all, err = r.Backend.Targets(ctx); err != nil {
			return fmt.Errorf("list targets, for deltas: %w", err)
		}
	}
	for i := range r.plan.items {
		it := &r.plan.items[i]
		found, err := r.deltaSources(ctx, *it, r.Items[i].Target, all)
		if err != nil {
			return err
		}
		it.deltasFrom = found
	}
	return nil
}

// deltaSources are the commits that lead to one item, each once.
func (r *run) deltaSources(ctx context.Context, it itemPlan, target *TargetRequest, all map[string]tuf.Target) ([]ostree.Checksum, error) {
	var list []ostree.Checksum
	add := func(c ostree.Checksum) {
		if !c.IsZero() && c != it.commit && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	var mine []entry
	if target != nil {
		var err error
		if mine, err = forHardware(all, target.HardwareIDs); err != nil {
			return nil, err
		}
	}
	for _, word := range r.Deltas.Named {
		c, err := r.deltaSource(ctx, word, mine, all)
		if err != nil {
			return nil, err
		}
		add(c)
	}
	var last []ostree.Checksum
	var err error
	if target != nil {
		last = lastVersions(mine, target.Tags)
	} else {
		last, err = r.history(ctx, it)
	}
	want := len(list) + r.Deltas.Last
	for _, c := range last {
		if len(list) < want {
			add(c)
		}
	}
	return list, err
}

// deltaSource is the commit that a word names.
func (r *run) deltaSource(ctx context.Context, word string, mine []entry, all map[string]tuf.Target) (ostree.Checksum, error) {
	if n, ok := version(word); ok {
		for _, e := range mine {
			if e.version == n {
				return ostree.ParseChecksum(e.commit)
			}
		}
	}
	if t, ok := all[word]; ok {
		return ostree.ParseChecksum(t.Commit())
	}
	if c, err := ostree.ParseChecksum(word); err == nil {
		return c, nil
	}
	c, err := r.Repo.Resolve(ctx, word)
	if err != nil {
		return c, fail.As(fmt.Errorf("delta from %.80q: %w", word, err), fail.NotFound, "name a version of the hardware (v41), a target, or a commit or ref of the repo")
	}
	return c, nil
}

// lastVersions are the commits of the targets that have one of the tags, the
// newest first. Without tags all count.
func lastVersions(newestFirst []entry, tags []string) []ostree.Checksum {
	var list []ostree.Checksum
	for _, e := range newestFirst {
		if len(tags) > 0 && !slices.ContainsFunc(e.custom.Tags, func(t string) bool { return slices.Contains(tags, t) }) {
			continue
		}
		if c, err := ostree.ParseChecksum(e.commit); err == nil {
			list = append(list, c)
		}
	}
	return list
}

// history is what the remote's ref names, and the commits before the item's
// that are here.
func (r *run) history(ctx context.Context, it itemPlan) ([]ostree.Checksum, error) {
	list := []ostree.Checksum{it.previous}
	c := it.commit
	for range r.Deltas.Last {
		commit, err := ostree.LoadCommit(ctx, r.Repo, c)
		if _, missing := errors.AsType[*ostree.MissingError](err); missing || err == nil && commit.Parent == nil {
			break
		}
		if err != nil {
			return nil, explain(err, r.Repo)
		}
		c = *commit.Parent
		if local(ctx, r.Repo, c) {
			list = append(list, c)
		}
	}
	return list, nil
}

func (r *run) deltaMaker() *DeltaMaker {
	return &DeltaMaker{Repo: r.Repo, Remote: r.Remote, XZ: r.XZ, Clock: r.Clock, Progress: r.Progress, Log: r.Log}
}

// makeDeltas makes and sends the deltas, once the remote has all objects. The
// sizes go into the targets that are still to be signed.
func (r *run) makeDeltas(ctx context.Context) error {
	if r.Deltas == nil {
		return nil
	}
	r.report.Deltas, r.extra = nil, map[ostree.Checksum]CustomFields{}
	for _, to := range r.plan.commits() {
		rep, err := r.deltasTo(ctx, to)
		r.report.Deltas = append(r.report.Deltas, rep)
		if err != nil {
			return err
		}
		if rep.Stats != nil {
			field, err := json.Marshal(rep.Stats)
			if err != nil {
				return err
			}
			r.extra[to] = CustomFields{"delta-stats": field}
		}
	}
	return nil
}

// deltasTo makes the deltas to one commit, which may be that of several items.
func (r *run) deltasTo(ctx context.Context, to ostree.Checksum) (DeltaReport, error) {
	var from []ostree.Checksum
	for _, it := range r.plan.items {
		if it.commit == to {
			from = append(from, it.deltasFrom...)
		}
	}
	slices.SortFunc(from, func(a, b ostree.Checksum) int { return slices.Compare(a[:], b[:]) })
	from = slices.Compact(from)
	if !r.DryRun {
		return r.deltaMaker().Make(ctx, to, from, nil)
	}
	rep := DeltaReport{To: to}
	for _, c := range from {
		rep.Deltas = append(rep.Deltas, DeltaInfo{From: c})
	}
	return rep, nil
}

// sentDeltas says whether the remote got any.
func (r Report) sentDeltas() bool {
	return slices.ContainsFunc(r.Deltas, func(d DeltaReport) bool { return d.Sent() > 0 })
}

func bytesOpener(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

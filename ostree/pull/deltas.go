package pull

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/variant"
)

// DeltaReport says what came by static deltas.
type DeltaReport struct {
	Deltas       int   `json:"deltas"`       // that were applied, or in a dry run would be
	Parts        int   `json:"parts"`        // of them
	Bytes        int64 `json:"bytes"`        // of parts and of files that they leave out
	Uncompressed int64 `json:"uncompressed"` // of the objects
	// PartsHere and BytesHere are what of that there was already.
	PartsHere int   `json:"parts_here"`
	BytesHere int64 `json:"bytes_here"`
}

// mayUseDeltas says whether static deltas are of use in this pull at all.
func (r *run) mayUseDeltas() bool {
	if r.opt.Deltas == OnlyDeltas {
		return true
	}
	return r.opt.Deltas == DeltasIfCheaper && r.local == nil && r.repo.Mode() != ostree.ModeArchive &&
		!r.opt.CommitOnly && len(r.opt.Subpaths) == 0
}

// useDeltas applies static deltas where they are cheaper than objects. What
// they leave out, the copy that follows fetches: it walks all that each commit
// reaches, and only then is a commit no longer marked as partial.
func (r *run) useDeltas(ctx context.Context) error {
	if !r.mayUseDeltas() {
		return nil
	}
	for _, t := range r.targets {
		if t.whole || r.byCommit[t.commit][0] != t {
			continue
		}
		if err := r.useDelta(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) useDelta(ctx context.Context, t *target) error {
	s, detached, err := r.findDelta(ctx, t)
	if err != nil {
		return fmt.Errorf("static deltas to %s: %w", t.commit, err)
	}
	if s != nil && r.opt.Deltas != OnlyDeltas {
		cheaper, err := r.isCheaper(ctx, s)
		if err != nil {
			return err
		}
		if !cheaper {
			r.opt.Log.Info("objects are cheaper than the static delta", "delta", s.Name)
			s = nil
		}
	}
	if s == nil && r.opt.Deltas == OnlyDeltas {
		return fail.New(fail.NotFound, "pull without --require-static-deltas", "static deltas are required, and there are none to commit %s", t.commit)
	}
	if s == nil {
		return nil
	}
	return r.applyDelta(ctx, s, detached)
}

// findDelta finds the delta to a target that starts from what the repo holds,
// and its superblock, and meanwhile the commit's detached metadata. Where there
// is none it gives nil.
func (r *run) findDelta(ctx context.Context, t *target) (*delta.Superblock, []byte, error) {
	name, digest, err := r.chooseDelta(ctx, t)
	if err != nil || name == nil {
		return nil, nil, err
	}
	var detached []byte
	var metaErr error
	var both sync.WaitGroup
	both.Go(func() { detached, metaErr = r.detachedOf(ctx, t.commit) })
	s, err := r.superblock(ctx, *name, digest)
	both.Wait()
	if err == nil {
		err = metaErr
	}
	return s, detached, err
}

// chooseDelta gives the best delta to a target, and the digest of its
// superblock where a list gives one.
func (r *run) chooseDelta(ctx context.Context, t *target) (*delta.Name, *ostree.Checksum, error) {
	list, listed, err := r.listDeltas(ctx, t.commit)
	if err != nil {
		return nil, nil, err
	}
	if !listed {
		return r.guessDelta(t), nil, nil
	}
	best, err := r.newest(ctx, list)
	if err != nil || best != nil {
		if best == nil {
			return nil, nil, err
		}
		digest := list[*best]
		return best, &digest, nil
	}
	scratch := delta.Name{To: t.commit}
	if digest, ok := list[scratch]; ok && t.old.IsZero() {
		return &scratch, &digest, nil
	}
	return nil, nil, nil
}

// listDeltas are the deltas to a commit by the index, or else by the summary;
// listed is false where neither says anything about deltas.
func (r *run) listDeltas(ctx context.Context, to ostree.Checksum) (list delta.Index, listed bool, err error) {
	if r.sum != nil && r.sum.Deltas != nil {
		list = delta.Index{}
		for text, digest := range r.sum.Deltas {
			name, err := delta.ParseName(text)
			if err != nil {
				return nil, false, err
			}
			if name.To == to {
				list[name] = digest
			}
		}
		if len(list) > 0 || !r.sum.IndexedDeltas {
			return list, true, nil
		}
	}
	if r.sum != nil && !r.sum.IndexedDeltas {
		return nil, r.opt.CheckSummary != nil, nil
	}
	r.probed()
	data, _, err := r.remote.File(ctx, delta.IndexPath(to), limits.DeltaIndex, ostree.FileVersion{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, r.sum != nil, nil
	}
	if err != nil {
		return nil, false, err
	}
	list, err = delta.ParseIndex(to, data)
	return list, true, err
}

// newest is the delta that starts from the newest of the commits that the repo
// holds completely.
func (r *run) newest(ctx context.Context, list delta.Index) (*delta.Name, error) {
	var best *delta.Name
	var bestTime int64
	for name := range list {
		if name.Scratch() {
			continue
		}
		whole, err := r.repo.IsComplete(name.From)
		if err != nil {
			return nil, err
		}
		if !whole {
			continue
		}
		from, err := ostree.LoadCommit(ctx, r.repo, name.From)
		if err != nil {
			return nil, err
		}
		if at := from.Time.Unix(); best == nil || at > bestTime {
			best, bestTime = &name, at
		}
	}
	return best, nil
}

// guessDelta names the delta that a remote would have that lists none: from
// where the ref stands, or from scratch.
func (r *run) guessDelta(t *target) *delta.Name {
	if r.opt.CheckSummary != nil {
		return nil // one that no signed list names is not taken
	}
	name := delta.Name{To: t.commit}
	if !t.old.IsZero() {
		whole, err := r.repo.IsComplete(t.old)
		if err != nil || !whole {
			return nil
		}
		name.From = t.old
	}
	return &name
}

// superblock reads the head of a delta; nil if there is none, also where the list
// that names one is older than its removal.
func (r *run) superblock(ctx context.Context, name delta.Name, digest *ostree.Checksum) (*delta.Superblock, error) {
	r.probed()
	data, _, err := r.remote.File(ctx, name.Superblock(), limits.DeltaSuperblock, ostree.FileVersion{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if got := ostree.Checksum(sha256.Sum256(data)); digest != nil && got != *digest {
		return nil, fail.New(fail.Verification, "have the list of deltas made anew on the server: ostree summary -u",
			"static delta %s: its superblock is %s, and the list says %s", name, got, *digest)
	}
	// What a signed form says of who made it is not asked: the commit is what has
	// to be signed, and every object is held against its name.
	data, _, err = delta.Unwrap(data)
	if err != nil {
		return nil, err
	}
	s, err := delta.ParseSuperblock(data)
	if err != nil {
		return nil, err
	}
	if s.Name != name {
		return nil, fail.New(fail.Verification, "", "static delta %s: its superblock is that of %s", name, s.Name)
	}
	return s, nil
}

// detachedOf is the detached metadata that the remote has of a commit, nil if
// it has none.
func (r *run) detachedOf(ctx context.Context, c ostree.Checksum) ([]byte, error) {
	obj, err := r.src.Object(ctx, ostree.ObjectID{Sum: c, Type: ostree.TypeCommitMeta})
	var rc io.ReadCloser
	if err == nil {
		rc, _, err = obj.OpenArchive(ctx)
	}
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return fsx.ReadAll(rc, "detached metadata of commit "+c.String(), limits.DetachedMetadata)
}

// Guesses about what objects cost that come one by one: how much smaller they
// are packed, and what a request costs beside the object, in bytes.
const (
	packedShare = 0.45
	requestCost = 1000
)

// isCheaper says whether what is missing of a delta's parts is less than the
// objects that are missing would be.
func (r *run) isCheaper(ctx context.Context, s *delta.Superblock) (bool, error) {
	var parts uint64
	var objects float64
	for _, p := range s.Parts {
		ids := make([]ostree.ObjectID, p.Objects.Len())
		for i := range ids {
			ids[i] = p.Objects.At(i)
		}
		there, err := r.repo.Has(ctx, ids)
		if err != nil {
			return false, err
		}
		missing := 0
		for _, ok := range there {
			if !ok {
				missing++
			}
		}
		if missing == 0 {
			continue // it is not even opened
		}
		parts += p.Size - min(p.Size, r.repo.KeptOf(p.Sum))
		objects += float64(p.USize)*packedShare*float64(missing)/float64(len(ids)) + requestCost*float64(missing)
	}
	return float64(parts) < objects, nil
}

// applyDelta brings the objects of a delta. Where the remote has detached metadata
// of the commit that is what is judged; it comes with the copy, and nobody
// looks at that of the delta, which is not written either.
func (r *run) applyDelta(ctx context.Context, s *delta.Superblock, detached []byte) error {
	if detached != nil {
		s.Detached = variant.Value{}
	} else if s.Detached.IsValid() {
		detached = s.Detached.Data()
	}
	sizes := s.Sizes()
	r.report.Delta.Deltas++
	r.report.Delta.Parts += len(s.Parts)
	r.report.Delta.Bytes += int64(sizes.Fetch + sizes.Fallback)
	r.report.Delta.Uncompressed += int64(sizes.Unpacked + sizes.FallbackPlain)
	if r.opt.DryRun {
		return nil
	}
	check := func(commit []byte, _ variant.Value) error {
		return r.checkCommit(ctx, s.Name.To, commit, detached)
	}
	part := func(ctx context.Context, i int, at ostree.Place) (*ostree.Rest, error) {
		return r.remote.Stream(ctx, s.PartPath(i), at)
	}
	// Objects that are in no part come with the copy, many at once.
	later := func(context.Context, ostree.Session, []ostree.ObjectID) error { return nil }
	_, err := delta.ApplyFrom(ctx, r.repo, s, part, delta.ApplyOptions{
		Check: check, CheckFile: r.opt.CheckFile, Fetch: later, LeavePartial: true, Progress: r.opt.Progress, Log: r.opt.Log,
	})
	if err != nil {
		return err
	}
	r.loaded[ostree.ObjectID{Sum: s.Name.To, Type: ostree.TypeCommit}] = s.Commit
	r.loaded[ostree.ObjectID{Sum: s.Name.To, Type: ostree.TypeCommitMeta}] = detached
	return nil
}

// probed counts a question for something that may be missing.
func (r *run) probed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Probes++
}

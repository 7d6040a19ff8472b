package offline

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/otactl/otactl/ostree"
)

// clockSlack is how far a clock may be behind a commit before it is called
// wrong. Build machines and workstations differ by minutes, not by days.
const clockSlack = 24 * time.Hour

// content verifies the commit of every target, object by object.
func (v *verifier) content(ctx context.Context, targets []boundTarget) error {
	repo, err := openArchive(ctx, v.bundle.files, dirRepo)
	if err != nil {
		v.found.bad(RuleRepo, dirRepo, "%v", err)
		return nil
	}
	seen := &recorder{ids: map[ostree.ObjectID]bool{}}
	done := map[ostree.Checksum]bool{}
	for _, t := range targets {
		commit, err := ostree.ParseChecksum(t.target.Commit())
		if err != nil {
			v.found.bad(RuleTargets, metadataPath("targets.json"), "target %s: %v", t.name, err)
			continue
		}
		if done[commit] {
			continue
		}
		done[commit] = true
		if err := v.commit(ctx, repo, seen, commit); err != nil {
			return err
		}
	}
	v.partials(done)
	v.unreferenced(seen)
	return nil
}

func (v *verifier) commit(ctx context.Context, repo *archive, seen *recorder, commit ostree.Checksum) error {
	if c, err := ostree.LoadCommit(ctx, repo, commit); err == nil && c.Time.After(v.opt.Now.Add(clockSlack)) {
		v.found.bad(RuleClock, repo.path(ostree.ObjectID{Sum: commit, Type: ostree.TypeCommit}),
			"was made at %s, which is after the clock's %s: no expiry can be judged",
			c.Time.Format(time.RFC3339), v.opt.Now.Format(time.RFC3339))
	}
	rep, err := ostree.Verify(ctx, repo, commit, ostree.VerifyOptions{
		Jobs: v.opt.Jobs, KeepOn: true, Progress: v.opt.Progress, Seen: seen.add,
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v.report.Objects += rep.Objects
	v.report.Bytes += rep.Bytes
	if err != nil && len(rep.Problems) == 0 {
		rep.Problems = []error{err}
	}
	for _, p := range rep.Problems {
		v.objectProblem(repo, commit, p)
	}
	detached := ostree.ObjectID{Sum: commit, Type: ostree.TypeCommitMeta}
	if _, there := v.inv.objects[detached]; there {
		seen.add(detached)
		v.found.warn(RuleObject, repo.path(detached), "no checksum covers it; a device that has some for this commit keeps its own")
	}
	return nil
}

// objectProblem records what is wrong with an object, at its file.
func (v *verifier) objectProblem(repo *archive, commit ostree.Checksum, err error) {
	id := ostree.ObjectID{Sum: commit, Type: ostree.TypeCommit}
	if e, ok := errors.AsType[*ostree.CorruptError](err); ok {
		v.found.bad(RuleObject, repo.path(e.ID), "corrupt: %s", e.Why)
		return
	}
	if e, ok := errors.AsType[*ostree.MissingError](err); ok {
		v.found.bad(RuleObject, repo.path(e.ID), "missing")
		return
	}
	v.found.bad(RuleObject, repo.path(id), "%v", err)
}

// partials refuses markers that say that a commit may lack objects: a device
// would pull such a commit only in part.
func (v *verifier) partials(commits map[ostree.Checksum]bool) {
	for _, marker := range v.inv.partial {
		ours := false
		for c := range commits {
			ours = ours || marker == partialMarker(c)
		}
		if ours {
			v.found.bad(RuleRepo, dirRepo+"/"+marker, "marks the commit as partial")
		} else {
			v.found.warn(RuleRepo, dirRepo+"/"+marker, "marks a commit as partial that is none of the targets")
		}
	}
}

// unreferenced counts the objects that no target needs: what is left of
// earlier targets.
func (v *verifier) unreferenced(seen *recorder) {
	var n, size int64
	for id, length := range v.inv.objects {
		if seen.ids[id] {
			continue
		}
		n++
		size += length
	}
	if n > 0 {
		v.found.warn(RuleFiles, dirRepo+"/objects", "%d objects (%d bytes) belong to none of the targets; they were not verified", n, size)
	}
}

// recorder remembers which objects a target reaches.
type recorder struct {
	mu  sync.Mutex
	ids map[ostree.ObjectID]bool
}

func (r *recorder) add(id ostree.ObjectID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[id] = true
}

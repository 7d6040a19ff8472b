package offline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// clockSlack is how far a clock may be behind a commit before it is called
// wrong. Build machines and workstations differ by minutes, not by days.
const clockSlack = 24 * time.Hour

// content verifies the commits of all targets, object by object; what they
// share is read once.
func (v *verifier) content(ctx context.Context, targets []boundTarget) error {
	repo, err := openArchive(ctx, v.bundle.files, dirRepo)
	if err != nil {
		v.found.bad(RuleRepo, dirRepo, "%v", err)
		return nil
	}
	commits := v.commits(targets)
	seen := &recorder{objects: v.inv.objects}
	whole := slices.DeleteFunc(slices.Clone(commits), v.deltaOnly)
	for _, commit := range whole {
		v.commitClock(ctx, repo, commit)
	}
	rep, err := ostree.VerifyAll(ctx, repo, whole, ostree.VerifyOptions{
		Jobs: v.opt.Jobs, KeepOn: true, Progress: v.opt.Progress, Seen: seen.add, Turns: v.turns,
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	v.report.Objects, v.report.Bytes = rep.Objects, rep.Bytes
	if err != nil && len(rep.Problems) == 0 {
		rep.Problems = []error{err}
	}
	for _, p := range rep.Problems {
		v.objectProblem(repo, p)
	}
	for _, commit := range whole {
		v.detached(repo, seen, commit)
	}
	v.partials(commits)
	v.seen = seen
	return nil
}

// commits are those of the targets, each once.
func (v *verifier) commits(targets []boundTarget) []ostree.Checksum {
	var commits []ostree.Checksum
	for _, t := range targets {
		commit, err := ostree.ParseChecksum(t.target.Commit())
		if err != nil {
			v.found.bad(RuleTargets, metadataPath(tuf.TargetsFile), "target %s: %v", t.name, err)
			continue
		}
		if !slices.Contains(commits, commit) {
			commits = append(commits, commit)
		}
	}
	return commits
}

// commitClock finds a clock that is behind the making of a commit.
func (v *verifier) commitClock(ctx context.Context, repo *archive, commit ostree.Checksum) {
	c, err := ostree.LoadCommit(ctx, repo, commit)
	if err == nil && c.Time.After(v.opt.Now.Add(clockSlack)) {
		v.found.bad(RuleClock, repo.path(ostree.ObjectID{Sum: commit, Type: ostree.TypeCommit}),
			"was made at %s, which is after the clock's %s: no expiry can be judged",
			c.Time.Format(time.RFC3339), v.opt.Now.Format(time.RFC3339))
	}
}

func (v *verifier) detached(repo *archive, seen *recorder, commit ostree.Checksum) {
	id := ostree.ObjectID{Sum: commit, Type: ostree.TypeCommitMeta}
	if _, there := v.inv.objects[id]; there {
		seen.add(id)
		v.found.warn(RuleObject, repo.path(id), remedyNone, "no checksum covers it; a device that has some for this commit keeps its own")
	}
}

// objectProblem records what is wrong with an object, at its file.
func (v *verifier) objectProblem(repo *archive, err error) {
	if e, ok := errors.AsType[*ostree.CorruptError](err); ok {
		v.found.bad(RuleObject, repo.path(e.ID), "corrupt: %s", e.Why)
		return
	}
	if e, ok := errors.AsType[*ostree.MissingError](err); ok {
		v.found.bad(RuleObject, repo.path(e.ID), "missing")
		return
	}
	v.found.bad(RuleObject, dirRepo, "%v", err)
}

// partials refuses markers that say that a commit may lack objects: a device
// would pull such a commit only in part.
func (v *verifier) partials(commits []ostree.Checksum) {
	for _, marker := range v.inv.partial {
		ours := false
		for _, c := range commits {
			ours = ours || marker == partialMarker(c)
		}
		if ours {
			v.found.bad(RuleRepo, dirRepo+"/"+marker, "marks the commit as partial")
		} else {
			v.found.warn(RuleRepo, dirRepo+"/"+marker, remedyNone, "marks a commit as partial that is none of the targets")
		}
	}
}

// unreferenced counts the objects that no target needs: what is left of
// earlier targets.
func (v *verifier) unreferenced() {
	if v.seen == nil {
		return // there is no repo
	}
	var n, size int64
	for _, o := range v.inv.objects {
		if !o.reached {
			n++
			size += o.size
		}
	}
	if n > 0 {
		v.found.warn(RuleFiles, dirRepo+"/objects", remedyPrune, "%d objects (%d bytes) belong to none of the targets; they were not verified", n, size)
	}
}

// recorder notes in the inventory which objects a target reaches: of those there
// are as many as a bundle holds.
type recorder struct {
	mu      sync.Mutex
	objects map[ostree.ObjectID]stored
}

func (r *recorder) add(id ostree.ObjectID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o, there := r.objects[id]; there && !o.reached {
		o.reached = true
		r.objects[id] = o
	}
}

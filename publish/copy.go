package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
)

// copy sends what the commits reach and the remote has not, in one session.
func (r *run) copy(ctx context.Context, fullCheck bool) error {
	fullCheck = fullCheck || r.Remote.Traits().AskAll
	commits := r.plan.pending(fullCheck)
	if len(commits) == 0 {
		return nil
	}
	if err := faults.At(r.Faults, "publish.copy"); err != nil {
		return err
	}
	opt := ostree.CopyOptions{
		Jobs: r.Jobs, Known: r.plan.known, FullCheck: fullCheck, DryRun: r.DryRun,
		CommitOnly: !fullCheck && r.plan.onlySignatures(), MergeDetached: sign.Update,
		Progress: r.Progress, Log: r.Log, Faults: r.Faults,
	}
	var dst ostree.Store = r.Remote
	if fullCheck {
		opt.Known = nil
	} else if t := r.Remote.Traits(); !r.DryRun && t.OneByOne && !t.Bulk {
		dst = newGuessing(r.Remote, len(r.plan.known) > 0)
	}
	rep, err := ostree.CopyAll(ctx, dst, r.Repo, commits, opt)
	r.count(rep, dst)
	if err != nil {
		return explain(err, r.Repo)
	}
	if opt.CommitOnly {
		return nil
	}
	if rep.Present == 0 && rep.Detached == 0 && r.report.New == rep.Objects {
		r.report.Objects, r.report.Total = rep.Objects, r.report.Bytes // what was sent is all there is
		return nil
	}
	return r.measure(ctx, commits)
}

// count takes over what Copy says, corrected by what the remote said.
func (r *run) count(rep ostree.CopyReport, dst ostree.Store) {
	r.report.New += rep.Copied
	r.report.Metadata += rep.Metadata
	r.report.Bytes += rep.Bytes
	r.report.Asked += rep.Asked
	if g, ok := dst.(*guessing); ok {
		r.report.Asked += int(g.asked.Load()) - rep.Asked
	}
	if c, ok := r.Remote.(ostree.Tallying); ok && !r.DryRun {
		sent := c.Tally()
		r.report.New, r.report.Bytes = int(sent.Stored-r.before.Stored), sent.Bytes-r.before.Bytes
	}
}

// measure counts what the commits reach, so that the report can say what was
// saved. Bytes are known where the repo keeps the archive form.
func (r *run) measure(ctx context.Context, commits []ostree.Checksum) error {
	objects, total := 0, int64(0)
	err := ostree.Closures(ctx, r.Repo, commits, func(id ostree.ObjectID) error {
		n, err := archivedSize(r.Repo, id)
		objects++
		total += n
		return err
	})
	if err != nil {
		return explain(err, r.Repo)
	}
	signed, err := r.Repo.Has(ctx, detachedOf(commits))
	if err != nil {
		return explain(err, r.Repo)
	}
	for _, there := range signed {
		if there {
			objects++
		}
	}
	r.report.Objects, r.report.Total = objects, total
	r.report.Present = max(0, r.report.Objects-r.report.New)
	return nil
}

// detachedOf is the detached metadata of commits, which goes along with them.
func detachedOf(commits []ostree.Checksum) []ostree.ObjectID {
	ids := make([]ostree.ObjectID, len(commits))
	for i, c := range commits {
		ids[i] = ostree.ObjectID{Sum: c, Type: ostree.TypeCommitMeta}
	}
	return ids
}

// archivedSize is how long an object is in archive form, and 0 where the repo
// keeps another one.
func archivedSize(repo *ostree.Repo, id ostree.ObjectID) (int64, error) {
	if repo.Mode() != ostree.ModeArchive {
		return 0, nil
	}
	st, err := os.Lstat(filepath.Join(repo.Path(), filepath.FromSlash(id.ArchivePath())))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, &ostree.MissingError{ID: id, Where: repo.Path()}
	}
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// explain says what to do about a damaged local repo.
func explain(err error, repo *ostree.Repo) error {
	if _, ok := errors.AsType[*ostree.CorruptError](err); ok {
		return fail.As(fmt.Errorf("local repo %s: %w", repo.Path(), err), fail.Verification, "run ostree fsck on it, then build the commit again")
	}
	if _, ok := errors.AsType[*ostree.MissingError](err); ok {
		return fail.As(fmt.Errorf("local repo %s: %w", repo.Path(), err), fail.Verification, "pull or build the commit again; it is not complete")
	}
	if at, ok := errors.AsType[*fs.PathError](err); ok && strings.HasPrefix(at.Path, repo.Path()) {
		return fail.Hint(fmt.Errorf("local repo %s: %w", repo.Path(), err), "look at its disk and permissions, then run ostree fsck on it")
	}
	return err
}

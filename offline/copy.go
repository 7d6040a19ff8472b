package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/ostree"
)

// content brings the commit's closure into the bundle's repo and points a ref
// at it, so that the real ostree program finds it as well.
func (b *builder) content(ctx context.Context) error {
	src, err := b.source(ctx)
	if err != nil {
		return err
	}
	if err := b.haveOthers(ctx); err != nil {
		return err
	}
	if err := b.room(ctx, src); err != nil || b.opt.DryRun {
		return err
	}
	if err := faults.At(b.opt.Faults, FaultContent); err != nil {
		return err
	}
	dir, err := b.repoDir()
	if err != nil {
		return err
	}
	repo, err := ostree.CreateRepo(dir, ostree.ModeArchive)
	if err != nil {
		return fmt.Errorf("%s: %w", dirRepo, err)
	}
	rep, err := ostree.Copy(ctx, repo, src, b.commit, b.copyOptions(false))
	if err != nil {
		return fmt.Errorf("copy commit %s: %w", short(b.commit.String()), err)
	}
	b.counted(rep)
	if err := faults.At(b.opt.Faults, FaultRef); err != nil {
		return err
	}
	return repo.SetRef(ctx, refName(b.opt.Target, b.commit), b.commit, nil)
}

func (b *builder) copyOptions(dryRun bool) ostree.CopyOptions {
	return ostree.CopyOptions{Jobs: b.opt.Jobs, DryRun: dryRun, Progress: b.opt.Progress, Log: b.opt.Log, Faults: b.opt.Faults}
}

func (b *builder) counted(rep ostree.CopyReport) {
	b.report.Objects, b.report.Copied, b.report.Present, b.report.Bytes = rep.Objects, rep.Copied, rep.Present, rep.Bytes
}

// source is where the objects come from; it has the commit, or the error says
// what to do.
func (b *builder) source(ctx context.Context) (ostree.Source, error) {
	src := b.opt.RepoSource
	if src == nil {
		var err error
		if src, err = b.backend.Objects(ctx); err != nil {
			return nil, err
		}
	}
	_, err := ostree.LoadCommit(ctx, src, b.commit)
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return nil, fail.As(fmt.Errorf("commit of target %s: %w", b.opt.Target, err), fail.NotFound,
			"publish the commit, or name a repo that has it with --ostree-repo-source")
	}
	return src, err
}

// haveContent wants the commits of all targets to be in the bundle already.
// A folder without any repo is let through: its metadata alone was asked for.
func (b *builder) haveContent(ctx context.Context) error {
	if !b.old.hasRepo {
		b.opt.Log.Warn("the bundle has no content", "dir", b.dst)
		return nil
	}
	if err := b.haveOthers(ctx); err != nil {
		return err
	}
	return b.haveCommit(ctx, b.opt.Target, b.commit)
}

// haveOthers wants the commits of the other targets in the bundle, as the new
// metadata names them, to be there.
func (b *builder) haveOthers(ctx context.Context) error {
	others, err := b.otherCommits()
	if err != nil {
		return err
	}
	for name, commit := range others {
		if err := b.haveCommit(ctx, name, commit); err != nil {
			return err
		}
	}
	return nil
}

// haveCommit wants commit to be in the bundle and not marked partial.
func (b *builder) haveCommit(ctx context.Context, target string, commit ostree.Checksum) error {
	repo, err := openArchive(ctx, b.root, dirRepo)
	if err != nil {
		return err
	}
	have, err := repo.Has(ctx, []ostree.ObjectID{{Sum: commit, Type: ostree.TypeCommit}})
	if err != nil {
		return err
	}
	partial, err := repo.partial(commit)
	if err != nil {
		return err
	}
	if !have[0] || partial {
		return fail.New(fail.Conflict, "build that target into the bundle first, without --tuf-only",
			"commit %s of target %s is not in the bundle, or only in part", short(commit.String()), target)
	}
	return nil
}

// room finds out what has to be copied, and whether the medium has space for
// it.
func (b *builder) room(ctx context.Context, src ostree.Source) error {
	b.report.Free = freeSpace(b.existingDir())
	dst, err := b.present(ctx)
	if err != nil {
		return err
	}
	rep, err := ostree.Copy(ctx, dst, src, b.commit, b.copyOptions(true))
	if err != nil {
		return fmt.Errorf("plan the copy of commit %s: %w", short(b.commit.String()), err)
	}
	b.counted(rep)
	if b.report.Free >= 0 && rep.Bytes > b.report.Free {
		return fail.New(fail.NoSpace, "free some space on the medium, or take a larger one",
			"%d bytes to be written, %d bytes free", rep.Bytes, b.report.Free)
	}
	return nil
}

// refName is a ref for a target's commit: the target's name where that is a
// ref and a file name everywhere, else one made of the commit.
func refName(target string, commit ostree.Checksum) string {
	if plainName.MatchString(target) {
		return target
	}
	return "target-" + commit.String()[:16]
}

// plainName matches names that FAT keeps as they are.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_]([-._A-Za-z0-9]{0,198}[A-Za-z0-9_])?$`)

// present is what the bundle holds already, for a plan.
func (b *builder) present(context.Context) (ostree.Store, error) {
	if !b.old.hasRepo {
		return nothing{}, nil
	}
	dir, err := b.repoDir()
	if err != nil {
		return nil, err
	}
	repo, err := ostree.OpenRepo(dir)
	if errors.Is(err, ostree.ErrNotARepo) {
		return nothing{}, nil // a run was cut off before the repo was made
	}
	return repo, err
}

// existingDir is the folder of the bundle, or the nearest one above it that is
// there: it is on the same medium.
func (b *builder) existingDir() string {
	dir, err := filepath.Abs(b.dst)
	if err != nil {
		return b.dst
	}
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

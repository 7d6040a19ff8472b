package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// objects brings the commit's closure into the bundle's repo and points a ref
// at it, so that the real ostree program finds it as well.
func (b *builder) objects(ctx context.Context) error {
	if err := faults.At(b.opt.Faults, FaultContent); err != nil {
		return err
	}
	repo, err := b.openRepo()
	if err != nil || b.opt.DeltaOnly {
		return err
	}
	if err := b.recheck(ctx, repo); err != nil {
		return err
	}
	bring := b.copyClosure
	if b.repoTar != nil {
		bring = b.unpackRepo
	}
	if err := bring(ctx, repo); err != nil {
		return err
	}
	if err := b.mendOthers(ctx, repo); err != nil {
		return err
	}
	if err := faults.At(b.opt.Faults, FaultRef); err != nil {
		return err
	}
	// Programs that copy folders may leave out the empty ones.
	if err := b.folder.Root().MkdirAll(path.Join(dirRepo, "refs/heads"), 0o755); err != nil {
		return err
	}
	return repo.SetRef(ctx, refName(b.opt.Target), b.commit, nil)
}

// copyClosure copies the commit. What was cut off, or was damaged and is gone,
// leaves gaps below what is there: the presence of one object says nothing about
// another.
func (b *builder) copyClosure(ctx context.Context, repo *ostree.Repo) error {
	opt := b.copyOptions(false)
	opt.FullCheck = true
	rep, err := ostree.Copy(ctx, repo, b.source, b.commit, opt)
	if err == nil {
		b.counted(rep)
	}
	return err
}

// openRepo opens the bundle's repo, or makes it. Content may fill the medium,
// but for what the metadata needs that comes after it.
func (b *builder) openRepo() (*ostree.Repo, error) {
	dir, err := b.repoDir()
	if err == nil {
		err = inPlace(b.folder)
	}
	if err != nil {
		return nil, err
	}
	repo, err := ostree.CreateRepoWith(dir, ostree.ModeArchive, ostree.CreateOptions{FillDisk: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dirRepo, err)
	}
	repo.KeepFree(uint64(b.reserve()))
	return repo, nil
}

// mendOthers sees to it that the commits of the other targets are whole: they
// may have lost what was damaged. What is missing is fetched like all else.
func (b *builder) mendOthers(ctx context.Context, repo *ostree.Repo) error {
	opt := b.copyOptions(false)
	opt.FullCheck = true
	others, err := b.otherCommits()
	if err != nil {
		return err
	}
	for name, commit := range others {
		if b.byDelta[commit] {
			continue
		}
		if err := hasAll(ctx, repo, commit); err == nil {
			continue
		} else if _, missing := errors.AsType[*ostree.MissingError](err); !missing {
			return err
		}
		b.opt.Log.Warn("objects of another target were damaged and are fetched again", "target", name)
		rep, err := ostree.Copy(ctx, repo, b.source, commit, opt)
		if err != nil {
			return fail.Hint(fmt.Errorf("mend the content of target %s: %w", name, err), "build that target into the bundle again, or remove it from the bundle")
		}
		b.report.Copied += rep.Copied
		b.report.Bytes += rep.Bytes
	}
	return nil
}

// hasAll wants everything that commit reaches to be in repo; it reads the
// directories only.
func hasAll(ctx context.Context, repo *ostree.Repo, commit ostree.Checksum) error {
	return ostree.Closure(ctx, repo, commit, func(id ostree.ObjectID) error { return hasOne(ctx, repo, id) })
}

func hasOne(ctx context.Context, repo *ostree.Repo, id ostree.ObjectID) error {
	have, err := repo.Has(ctx, []ostree.ObjectID{id})
	if err == nil && !have[0] {
		err = &ostree.MissingError{ID: id, Where: dirRepo}
	}
	return err
}

// mendRepo writes a config anew that a power cut left empty. One that says
// something else than ours belongs to a repo that is not a bundle's.
func (b *builder) mendRepo() error {
	dir, err := b.repoDir()
	if err != nil {
		return err
	}
	name := path.Join(dirRepo, "config")
	config, err := medium.ReadFile(b.folder, name, limits.RepoConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // made with the repo
	}
	if err != nil {
		return err
	}
	if len(bytes.Trim(config, "\x00")) > 0 {
		if err := checkConfig(config); err != nil {
			return fail.As(fmt.Errorf("%s: %w", name, err), fail.Conflict, "take another folder, or remove "+dirRepo+" to have it made anew")
		}
		return nil
	}
	if err := b.folder.Root().Remove(name); err != nil {
		return err
	}
	_, err = ostree.CreateRepoWith(dir, ostree.ModeArchive, ostree.CreateOptions{FillDisk: true})
	return err
}

func (b *builder) copyOptions(dryRun bool) ostree.CopyOptions {
	opt := ostree.CopyOptions{Jobs: b.opt.Jobs, DryRun: dryRun, Log: b.opt.Log}
	if !dryRun {
		opt.Progress, opt.Faults = b.opt.Progress, b.opt.Faults
	}
	return opt
}

func (b *builder) counted(rep ostree.CopyReport) {
	b.report.Objects, b.report.Copied, b.report.Present, b.report.Bytes = rep.Objects, rep.Copied, rep.Present, rep.Bytes
}

// findSource finds where the objects come from; it has the commit, or the error
// says what to do.
func (b *builder) findSource(ctx context.Context) error {
	b.source = b.opt.RepoSource
	if b.source == nil {
		var err error
		if b.source, err = b.backend.Objects(ctx); err != nil {
			return b.orArtifact(ctx, err)
		}
	}
	_, err := ostree.LoadCommit(ctx, b.source, b.commit)
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		err = fail.As(fmt.Errorf("commit of target %s: %w", b.opt.Target, err), fail.NotFound,
			"publish the commit, or name a repo that has it with --ostree-repo-source")
	}
	if err != nil {
		return b.orArtifact(ctx, err)
	}
	return nil
}

// haveContent wants the commits of all targets to be in the bundle already.
// A folder without any repo is let through: its metadata alone was asked for.
func (b *builder) haveContent(ctx context.Context) error {
	if !b.old.hasRepo {
		if b.opt.DryRun && b.opt.Archive != "" {
			return nil // it may be in the archive, which a dry run doesn't unpack
		}
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

// haveCommit wants commit to be in the bundle and not marked partial, or a
// delta that leads to it.
func (b *builder) haveCommit(ctx context.Context, target string, commit ostree.Checksum) error {
	repo, err := openArchive(ctx, b.folder, dirRepo)
	if err != nil {
		return err
	}
	have, err := repo.whole(ctx, commit)
	if err == nil && !have {
		have, err = b.haveDelta(ctx, commit)
		b.byDelta[commit] = have
	}
	if err != nil {
		return err
	}
	if !have {
		return fail.New(fail.Conflict, "build that target into the bundle first, without --tuf-only",
			"commit %s of target %s is not in the bundle, or only in part", short(commit.String()), target)
	}
	return nil
}

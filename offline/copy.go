package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"

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
	dir, err := b.repoDir()
	if err != nil {
		return err
	}
	repo, err := ostree.CreateRepoWith(dir, ostree.ModeArchive, ostree.CreateOptions{FillDisk: true})
	if err != nil {
		return fmt.Errorf("%s: %w", dirRepo, err)
	}
	if err := b.copy(ctx, repo, b.source); err != nil {
		return fmt.Errorf("copy commit %s: %w", short(b.commit.String()), err)
	}
	if err := faults.At(b.opt.Faults, FaultRef); err != nil {
		return err
	}
	// Programs that copy folders may leave out the empty ones.
	if err := b.folder.Root().MkdirAll(path.Join(dirRepo, "refs/heads"), 0o755); err != nil {
		return err
	}
	return repo.SetRef(ctx, refName(b.opt.Target, b.commit), b.commit, nil)
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

// copy moves the closure. What was there already may have suffered since it
// was written: it is read again, and what is bad is fetched anew.
func (b *builder) copy(ctx context.Context, repo *ostree.Repo, src ostree.Source) error {
	opt := b.copyOptions(false)
	rep, err := ostree.Copy(ctx, repo, src, b.commit, opt)
	if err != nil {
		return err
	}
	b.counted(rep)
	opt.FullCheck = true
	// A bad dirtree hides what is below it, so each round may find more.
	for round := 0; rep.Present > 0 && round < limits.TreeDepth; round++ {
		bad, err := b.removeBad(ctx)
		if bad == 0 || err != nil {
			return err
		}
		b.opt.Log.Warn("objects on the medium were damaged and are fetched again", "objects", bad)
		again, err := ostree.Copy(ctx, repo, src, b.commit, opt)
		if err != nil {
			return err
		}
		b.report.Copied += again.Copied
		b.report.Bytes += again.Bytes
	}
	return nil
}

// removeBad reads every object of the commit in the bundle, removes those that
// are not what their names say, and counts these and the missing ones.
func (b *builder) removeBad(ctx context.Context) (int, error) {
	repo, err := openArchive(ctx, b.folder, dirRepo)
	if err != nil {
		return 0, err
	}
	rep, err := ostree.Verify(ctx, repo, b.commit, ostree.VerifyOptions{Jobs: b.opt.Jobs, KeepOn: true, Progress: b.opt.Progress})
	if err != nil && len(rep.Problems) == 0 {
		return 0, err
	}
	for _, p := range rep.Problems {
		if e, ok := errors.AsType[*ostree.CorruptError](p); ok {
			if err := b.folder.Root().RemoveAll(repo.path(e.ID)); err != nil {
				return 0, err
			}
		}
	}
	return len(rep.Problems), nil
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
			return err
		}
	}
	_, err := ostree.LoadCommit(ctx, b.source, b.commit)
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return fail.As(fmt.Errorf("commit of target %s: %w", b.opt.Target, err), fail.NotFound,
			"publish the commit, or name a repo that has it with --ostree-repo-source")
	}
	return err
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
	repo, err := openArchive(ctx, b.folder, dirRepo)
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

// planObjects finds out what has to be copied. Over a network that takes a
// question for each object, as long as copying it: then only a dry run asks, and
// a full medium is met while writing.
func (b *builder) planObjects(ctx context.Context) error {
	if _, local := b.source.(*ostree.Repo); !local && !b.opt.DryRun {
		return nil
	}
	dst, err := b.present(ctx)
	if err != nil {
		return err
	}
	rep, err := ostree.Copy(ctx, dst, b.source, b.commit, b.copyOptions(true))
	if err != nil {
		return fmt.Errorf("plan the copy of commit %s: %w", short(b.commit.String()), err)
	}
	b.counted(rep)
	b.need += rep.Bytes
	return nil
}

// room refuses a medium that has no space for what the parts of the content
// said that they need.
func (b *builder) room(context.Context) error {
	b.report.Free = medium.FreeSpace(b.existingDir())
	if b.report.Free >= 0 && b.need > b.report.Free {
		return fail.New(fail.NoSpace, "free some space on the medium, or take a larger one",
			"%d bytes to be written, %d bytes free", b.need, b.report.Free)
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

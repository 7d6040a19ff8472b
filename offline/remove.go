package offline

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// RemoveReport says what Remove did.
type RemoveReport struct {
	Dir     string   `json:"bundle"`
	Removed []string `json:"removed"`
	Targets []string `json:"targets"` // that are left
	Missing int      `json:"missing_signatures"`
	DryRun  bool     `json:"dry_run"`
	// Pruned is what went with the targets; nil in a dry run.
	Pruned *PruneReport `json:"pruned,omitempty"`
}

// Remove takes targets out of the bundle in dir, and what only they needed. The
// list of targets is signed, so the backend makes it anew for those that are
// left: their metadata comes first, and then the content goes. Where the bundle
// lacks what that metadata names, all stays as it is. opt says what Build's says of
// the tag, type, expiry, roots and clock.
func Remove(ctx context.Context, backend Backend, dir string, names []string, opt BuildOptions) (*RemoveReport, error) {
	b := newBuilder(backend, dir, opt)
	defer b.close()
	rep, err := b.remove(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", dir, b.aboutMedium(err))
	}
	return rep, nil
}

func (b *builder) remove(ctx context.Context, names []string) (*RemoveReport, error) {
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	if b.old.bundle == nil {
		return nil, missing(tuf.ErrNotFound)
	}
	rest, err := without(b.old.bundle.Targets, names)
	if err != nil {
		return nil, err
	}
	b.opt.AllowMultiple = true
	if err := b.old.allows(b.opt); err != nil {
		return nil, err
	}
	if err := b.listAnew(ctx, rest); err != nil {
		return nil, err
	}
	if err := b.haveRest(ctx); err != nil {
		return nil, err
	}
	rep := &RemoveReport{Dir: b.dst, Removed: names, Targets: rest, Missing: b.meta.missing, DryRun: b.opt.DryRun}
	if b.opt.DryRun {
		return rep, nil
	}
	if err := b.metadata(ctx); err != nil {
		return nil, err
	}
	if err := b.provenance(ctx); err != nil {
		return nil, err
	}
	if rep.Pruned, err = pruneFolder(ctx, b.folder, b.dst, PruneOptions{Now: b.opt.Now}); err != nil {
		return nil, fmt.Errorf("the new list is in place, but what nobody needs stays: %w", errors.Join(err, b.folder.SyncVolume()))
	}
	return rep, nil
}

// haveRest wants what the new metadata names to be in the bundle: a target may be
// another commit by now than it was when it was built.
func (b *builder) haveRest(ctx context.Context) error {
	b.opt.Target = "" // none is being built: all are others
	if b.old.hasRepo {
		if err := b.haveOthers(ctx); err != nil {
			return err
		}
	}
	return b.haveApps(ctx)
}

// without is what is left of targets when names go; each has to be among them,
// and some have to be left.
func without(targets, names []string) ([]string, error) {
	for _, name := range names {
		if !slices.Contains(targets, name) {
			return nil, fail.New(fail.NotFound, "otactl targets offline-update show lists its targets", "target %.200q is not in it", name)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(targets), func(t string) bool { return slices.Contains(names, t) })
	if len(rest) == 0 {
		return nil, fail.New(fail.Conflict, "delete the folder instead", "no target would be left")
	}
	return rest, nil
}

// listAnew has the backend make a new list, one target after the other.
func (b *builder) listAnew(ctx context.Context, targets []string) error {
	b.old.file, b.old.bundle = nil, nil
	for _, name := range targets {
		b.opt.Target = name
		if err := b.fetchMeta(ctx); err != nil {
			return err
		}
		b.old.bundle = b.meta.bundle
		b.old.file = b.meta.signed[len(b.meta.signed)-1].data
	}
	return nil
}

// removeWhole removes a file or folder. That of an app is moved aside first,
// since one that has lost its uri and nothing else stops devices.
func removeWhole(folder *medium.Folder, name string) error {
	if path.Dir(path.Dir(name)) != path.Join(dirApps, dirApps) {
		return folder.Root().RemoveAll(name)
	}
	aside := path.Join(dirApps, "tmp", "removed")
	if err := folder.Root().MkdirAll(path.Dir(aside), 0o755); err != nil {
		return err
	}
	if err := folder.Root().RemoveAll(aside); err != nil {
		return err
	}
	if err := folder.Root().Rename(name, aside); err != nil {
		return err
	}
	_ = folder.Root().Remove(path.Dir(name)) // if it was the last one in it
	return folder.Root().RemoveAll(path.Dir(aside))
}

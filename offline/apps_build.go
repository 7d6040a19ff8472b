package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/offline/apps"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// FaultApps is hit before the apps are copied.
const FaultApps = "bundle.apps"

// appPlan is which apps a bundle has to hold, and where they come from.
type appPlan struct {
	arch string   // of the target's device, as images call it; empty is any
	uris []string // of the apps, by their names
	kept []keptApp
	// short is why the first of them cannot be made of what is at hand; nil
	// when all can.
	short error
}

// chooseApps finds out which of the target's apps the bundle has to hold: all
// that the target promises for offline updates.
func (b *builder) chooseApps(custom tuf.Custom) error {
	b.app.arch = apps.Architecture(custom.Arch)
	b.report.Apps = []string{}
	b.report.AppsDisabled = len(custom.Apps) > 0 && custom.FetchedApps.None()
	wanted := requiredApps(custom)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if b.opt.NoApps {
			b.report.AppsLeftOut = append(b.report.AppsLeftOut, name)
			continue
		}
		ref, err := apps.ParseRef(wanted[name].URI)
		if err == nil && ref.Name() != name {
			err = fail.New(fail.Verification, "publish the target again", "its URI names the app %s", ref.Name())
		}
		if err != nil {
			return fmt.Errorf("target %s: app %.80q: %w", b.opt.Target, name, err)
		}
		if b.opt.TUFOnly && !b.hasFolder(ref) {
			b.report.AppsLeftOut = append(b.report.AppsLeftOut, name)
			continue
		}
		b.app.uris = append(b.app.uris, ref.Text)
		b.report.Apps = append(b.report.Apps, name)
	}
	return nil
}

// hasFolder says whether the bundle that is there has the folder of an app.
func (b *builder) hasFolder(app apps.Ref) bool {
	return b.folder != nil && isFolder(b.folder, path.Join(dirApps, app.Dir()))
}

// requiredApps are the apps that an offline update of a target carries.
func requiredApps(c tuf.Custom) map[string]tuf.App {
	listed := maps.Clone(c.Apps)
	maps.DeleteFunc(listed, func(name string, _ tuf.App) bool { return !c.FetchedApps.Has(name) })
	return listed
}

// appSources is where blobs are looked for, the source that was named before the
// bundle, in which they may be damaged: what is good in it is kept in any case.
func (b *builder) appSources(bundle apps.Blobs) apps.Layered {
	var from apps.Layered
	if b.opt.AppsSource != nil {
		from = append(from, b.opt.AppsSource)
	}
	if bundle != nil {
		from = append(from, bundle)
	}
	return from
}

// planApps finds out what has to be copied. The manifests say how long
// everything is.
func (b *builder) planApps(ctx context.Context) error {
	var there apps.Blobs
	if b.folder != nil {
		there = apps.NewStore(b.folder, dirApps)
	}
	volume := medium.VolumeOf(b.existingDir())
	planned := map[apps.Digest]bool{}
	for _, uri := range b.app.uris {
		app, err := apps.Closure(ctx, b.appSources(there), uri, b.app.arch)
		if errors.Is(err, fs.ErrNotExist) || fail.ClassOf(err) == fail.Verification {
			b.app.short = err
			return b.planAppArtifact(ctx)
		}
		if err != nil {
			return err
		}
		for _, blob := range app.Blobs {
			if blob.Size > volume.MaxFile {
				return fail.New(fail.NoSpace, hintLarge, "app %s: blob %s has %d bytes, and a file on this medium at most %d", app.Name(), blob.Digest, blob.Size, volume.MaxFile)
			}
			if !planned[blob.Digest] && !holds(there, blob) {
				b.wants(volume.Takes(blob.Size), blob.Size)
			}
			planned[blob.Digest] = true
		}
		if !b.hasFolder(app.Ref) {
			b.wants(app.FolderSize(volume.Takes), app.FolderSize(medium.Volume{}.Takes))
		}
	}
	b.report.AppBlobs = len(planned)
	return nil
}

func holds(store apps.Blobs, blob apps.Blob) bool {
	if store == nil {
		return false
	}
	size, err := store.Stat(blob.Digest)
	return err == nil && size == blob.Size
}

// planAppArtifact is for apps that are not at hand: the CI may keep them.
func (b *builder) planAppArtifact(ctx context.Context) error {
	size, ok, err := b.appsArtifactSize(ctx)
	if fail.ClassOf(err) == fail.NotFound {
		return noApps(fmt.Errorf("%w; nor is there an artifact of the CI: %w", b.app.short, err))
	}
	if err != nil {
		return err
	}
	if !ok {
		return noApps(b.app.short)
	}
	others, err := b.othersBlobs(ctx)
	if err != nil {
		return err
	}
	return b.planTar(size, dirBlobs, func(name string) bool { return others[name] })
}

// othersBlobs are the files of the blobs that apps of the bundle's other targets
// need, as far as these are there.
func (b *builder) othersBlobs(ctx context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	if b.folder == nil {
		return names, nil
	}
	store := apps.NewStore(b.folder, dirApps)
	for _, target := range b.meta.bundle.Targets {
		if target == b.opt.Target {
			continue
		}
		_, custom, err := b.meta.target(target)
		if err != nil {
			return nil, err
		}
		for _, app := range requiredApps(custom) {
			closure, err := apps.Closure(ctx, store, app.URI, apps.Architecture(custom.Arch))
			if err != nil {
				continue // left out, or damaged
			}
			for _, blob := range closure.Blobs {
				names[store.Name(blob.Digest)] = true
			}
		}
	}
	return names, ctx.Err()
}

// noApps says what to do about apps that are not whole.
func noApps(err error) error {
	class := fail.ClassOf(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		class = fail.NotFound
	case class != fail.Verification:
		return err
	}
	return fail.As(err, class, "name a store that has all of it with --apps-source DIR, or leave the apps out with --no-apps")
}

// apps brings the target's apps into the bundle, whole or not at all, and looks
// after those that stay.
func (b *builder) apps(ctx context.Context) error {
	if len(b.app.uris)+len(b.app.kept) == 0 {
		return nil
	}
	if err := faults.At(b.opt.Faults, FaultApps); err != nil {
		return err
	}
	w, err := apps.NewWriter(b.folder, dirApps)
	if err != nil {
		return err
	}
	w.Faults, w.Room = b.opt.Faults, b.roomFor
	if err := b.recheckBlobs(ctx, w); err != nil {
		return err
	}
	if b.app.short != nil {
		if _, err := b.appsArtifact(ctx, w); err != nil {
			return b.stays(err, w.Done().Written, "blobs")
		}
	}
	w.Task = progress.Start(b.opt.Progress, "packing apps", progress.Bytes, 0)
	defer w.Task.Done()
	var packed []*apps.App
	for _, uri := range b.app.uris {
		app, err := b.pack(ctx, w, uri, b.app.arch)
		if err != nil {
			return noApps(err)
		}
		packed = append(packed, app)
	}
	kept, mended, err := b.keepApps(ctx, w)
	if err != nil {
		return err
	}
	if err := w.Discard(slices.Concat(packed, kept)); err != nil {
		return err
	}
	done := w.Done()
	done.Written -= mended
	b.countApps(packed, done)
	return w.Close()
}

func (b *builder) countApps(packed []*apps.App, done apps.Done) {
	needed := map[apps.Digest]bool{}
	for _, app := range packed {
		for _, blob := range app.Blobs {
			needed[blob.Digest] = true
		}
	}
	b.report.AppBlobs, b.report.AppsCopied = len(needed), done.Written
	b.report.AppsPresent, b.report.AppBytes = len(needed)-done.Written, done.Bytes
}

// roomFor leaves room on the medium for what comes after the apps.
func (b *builder) roomFor(n int64) error {
	v := medium.VolumeOf(b.dst)
	if v.Free >= 0 && v.Takes(n) > v.Free-b.reserve() {
		return fail.New(fail.NoSpace, "free some space on the medium, or take a larger one, and run the same command again",
			"%d bytes to be written, %d bytes free", n, v.Free)
	}
	return nil
}

// pack copies one app and lays out its folder.
func (b *builder) pack(ctx context.Context, w *apps.Writer, uri, arch string) (*apps.App, error) {
	from := b.appSources(w.Blobs())
	if b.app.short != nil { // what the CI kept lies in the bundle now, and the other source was of no use
		slices.Reverse(from)
	}
	app, err := apps.Closure(ctx, from, uri, arch)
	if err != nil {
		return nil, err
	}
	jobs, stop := errgroup.WithContext(ctx)
	jobs.SetLimit(b.readers())
	for _, blob := range app.Blobs {
		w.Task.Grow(blob.Size)
		jobs.Go(func() error {
			if err := w.Take(stop, from, blob); err != nil {
				return fmt.Errorf("app %s: %w", app.Name(), err)
			}
			return nil
		})
	}
	if err := jobs.Wait(); err != nil {
		return nil, err
	}
	return w.Complete(ctx, uri, arch)
}

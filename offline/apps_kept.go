package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/apps"
	"github.com/otactl/otactl/tuf"
)

// keptApp is an app that is in the bundle for a target whose apps this build does
// not bring: another one, or its own with NoApps or TUFOnly.
type keptApp struct {
	target, uri, arch string
}

// haveApps finds the apps that stay. Of a target there have to be all, as the new
// metadata names them, or none.
func (b *builder) haveApps(context.Context) error {
	if b.folder == nil {
		return nil
	}
	for _, target := range b.meta.bundle.Targets {
		if target == b.opt.Target && !b.opt.NoApps && !b.opt.TUFOnly {
			continue
		}
		_, custom, err := b.meta.target(target)
		if err != nil {
			return err
		}
		kept, err := b.appsThere(target, custom)
		if err != nil {
			return err
		}
		b.app.kept = append(b.app.kept, kept...)
	}
	return nil
}

func (b *builder) appsThere(target string, custom tuf.Custom) ([]keptApp, error) {
	wanted := requiredApps(custom)
	var there []keptApp
	lacks := ""
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		ref, err := apps.ParseRef(wanted[name].URI)
		if err != nil || !b.hasFolder(ref) && !b.hasManifest(ref) {
			lacks = name
			continue
		}
		there = append(there, keptApp{target, ref.Text, apps.Architecture(custom.Arch)})
	}
	if len(there) > 0 && lacks != "" {
		return nil, fail.New(fail.Conflict, "build that target into the bundle with its apps, or take an empty folder",
			"app %.80q of target %s is not in the bundle, and others of its apps are: devices take all or none", lacks, target)
	}
	return there, nil
}

// hasManifest says whether the bundle that is there has the manifest of an app.
func (b *builder) hasManifest(app apps.Ref) bool {
	_, err := apps.NewStore(b.folder, dirApps).Stat(app.Digest)
	return err == nil
}

// keepApps sees to it that the apps that stay are whole: what is damaged is taken
// from the source that was named, if that has it. It says how many blobs it wrote.
func (b *builder) keepApps(ctx context.Context, w *apps.Writer) (whole []*apps.App, written int, err error) {
	before, task := w.Done().Written, w.Task
	for _, k := range b.app.kept {
		w.Task = nil // of what is read here nobody has told it
		app, err := w.Complete(ctx, k.uri, k.arch)
		w.Task = task
		if isBadApp(err) && b.opt.AppsSource != nil {
			b.opt.Log.Warn("an app of another target is damaged and taken anew", "target", k.target, "why", err)
			app, err = b.pack(ctx, w, k.uri, k.arch)
		}
		if isBadApp(err) {
			err = fail.As(err, fail.Conflict, "build that target into the bundle again: what was damaged of its apps is made good then")
		}
		if err != nil {
			return nil, 0, fmt.Errorf("target %s: %w", k.target, err)
		}
		whole = append(whole, app)
	}
	return whole, w.Done().Written - before, nil
}

// isBadApp says of an error that it is about the bytes of an app, and not about
// reading or writing them.
func isBadApp(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || fail.ClassOf(err) == fail.Verification
}

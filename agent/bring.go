package agent

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// bring brings a commit into the sysroot's repo: by a static delta from what is
// there, if src has one, else, or where that is bad, by its objects.
func (a *Agent) bring(ctx context.Context, src Source, dst *ostree.Repo, commit ostree.Checksum) error {
	objects, err := src.Objects(ctx)
	if err != nil {
		return err
	}
	done, derr := a.bringByDelta(ctx, src, dst, objects, commit)
	if done || ctx.Err() != nil {
		return derr
	}
	report, err := ostree.Copy(ctx, dst, objects, commit, ostree.CopyOptions{
		Jobs: src.Rules().Jobs, KeepDetached: true, Progress: a.progress, Log: a.log, Faults: a.faults,
	})
	if err != nil && derr != nil {
		return fmt.Errorf("%w; and without a delta: %w", derr, err)
	}
	if err == nil {
		a.log.InfoContext(ctx, "objects were copied", "objects", report.Copied, "bytes", report.Bytes)
	}
	return err
}

// bringByDelta tries the deltas of src. It is not done where there is none; the
// error is that of the last one that was tried.
func (a *Agent) bringByDelta(ctx context.Context, src Source, dst *ostree.Repo, objects ostree.Source, commit ostree.Checksum) (done bool, err error) {
	whole, err := dst.IsComplete(commit)
	if err != nil || whole {
		return false, err
	}
	list, err := src.Deltas(ctx, commit)
	if err != nil {
		a.log.WarnContext(ctx, "static deltas can't be read", "err", err)
		return false, err
	}
	for _, d := range list {
		if err = a.applyDelta(ctx, dst, objects, d); err == nil {
			a.log.InfoContext(ctx, "a static delta was applied", "delta", d.Name, "bytes", d.Bytes)
			return true, nil
		}
		if ctx.Err() != nil {
			return false, err
		}
		a.log.WarnContext(ctx, "a static delta is of no use", "delta", d.Name, "err", err)
	}
	return false, err
}

// applyDelta makes the objects of one delta in the sysroot's repo. Objects that
// it leaves out come from the source's repo. The commit counts as there once all
// that it reaches is.
func (a *Agent) applyDelta(ctx context.Context, dst *ostree.Repo, objects ostree.Source, d offline.Delta) error {
	f, err := d.Open(delta.Scratch{Dir: filepath.Join(dst.Path(), "tmp"), Room: dst.RoomFor})
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = delta.Apply(ctx, dst, f.Superblock, d.Part, delta.ApplyOptions{
		Fetch: delta.FetchFrom(objects), KeepDetached: true, Progress: a.progress, Log: a.log,
	})
	return err
}

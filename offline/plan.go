package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/otactl/otactl/internal/fail"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// want adds up what is going to be written to the medium, in whole clusters:
// most objects are smaller than one.
type want struct {
	dst    ostree.Store // what the bundle holds already
	volume medium.Volume
	rep    ostree.CopyReport

	mu    sync.Mutex
	bytes int64
	plain int64 // without what clusters add
	large error // of the first that no file of the medium can hold
}

// add counts one object; it is called from many goroutines.
func (w *want) add(id ostree.ObjectID, size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += w.volume.Takes(size)
	w.plain += size
	if size > w.volume.MaxFile && w.large == nil {
		w.large = fail.New(fail.NoSpace, hintLarge, "object %s has %d bytes, and a file on this medium at most %d", id, size, w.volume.MaxFile)
	}
}

// listed counts one object of a list, unless it is there.
func (w *want) listed(ctx context.Context, id ostree.ObjectID, size int64) error {
	have, err := w.dst.Has(ctx, []ostree.ObjectID{id})
	if err != nil {
		return err
	}
	w.rep.Objects++
	if have[0] {
		w.rep.Present++
		return nil
	}
	w.rep.Copied++
	w.rep.Bytes += size
	w.add(id, size)
	return nil
}

// planObjects finds out what has to be copied: by the first that knows the
// sizes. Where none does, a medium that is too small is met while writing.
func (b *builder) planObjects(ctx context.Context) error {
	if b.repoTar != nil {
		return b.planRepoTar(ctx) // what is in it shows when it is unpacked
	}
	dst, err := b.present()
	if err != nil || b.opt.DeltaOnly {
		return err
	}
	for _, count := range []func(context.Context, *want) (known bool, err error){b.commitSizes, b.sourceSizes, b.eachSize} {
		w := &want{dst: dst, volume: medium.VolumeOf(b.existingDir())}
		known, err := count(ctx, w)
		if err == nil && known {
			err = w.large
		}
		if err != nil {
			return fmt.Errorf("plan the copy of commit %s: %w", short(b.commit.String()), err)
		}
		if known {
			b.counted(w.rep)
			b.wants(w.bytes, w.plain)
			return nil
		}
	}
	return nil
}

// commitSizes counts by the list of sizes that a commit may carry.
func (b *builder) commitSizes(ctx context.Context, w *want) (known bool, err error) {
	commit, err := ostree.LoadCommit(ctx, b.source, b.commit)
	if err != nil {
		return false, err
	}
	listed, ok := commit.Metadata.Lookup(ostree.KeySizes)
	if !ok {
		return false, nil
	}
	sizes, err := ostree.ParseSizes(listed)
	if err != nil {
		b.opt.Log.Info("the commit's list of sizes is of no use", "why", err)
		return false, nil
	}
	for _, s := range sizes {
		// No disk holds more, and all of them together still are a number.
		if err := w.listed(ctx, s.ID, int64(min(s.Archived, 1<<40))); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sourceSizes counts by what the source says of all objects in one answer. It
// is a plan: one that breaks off costs no more than that there is none.
func (b *builder) sourceSizes(ctx context.Context, w *want) (known bool, err error) {
	sizer, ok := b.source.(ostree.Sizer)
	if !ok {
		return false, nil
	}
	var failed error
	err = sizer.Sizes(ctx, b.commit, func(id ostree.ObjectID, size int64) error {
		failed = w.listed(ctx, id, size)
		return failed
	})
	switch {
	case err == nil:
		return true, nil
	case failed != nil:
		return false, failed
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case !errors.Is(err, errors.ErrUnsupported):
		b.opt.Log.Warn("the sizes of what is to be copied are not known", "why", err)
	}
	return false, nil
}

// eachSize looks at each object. Over a network that takes as long as copying
// it, so that only a dry run does.
func (b *builder) eachSize(ctx context.Context, w *want) (known bool, err error) {
	if _, local := b.source.(*ostree.Repo); !local && !b.opt.DryRun {
		return false, nil
	}
	opt := b.copyOptions(true)
	opt.Planned, opt.FullCheck = w.add, true // as the copy itself looks
	w.rep, err = ostree.Copy(ctx, w.dst, b.source, b.commit, opt)
	return err == nil, err
}

// wants notes what a part of the content is going to take: in the folder, and in
// an archive of it.
func (b *builder) wants(folder, archive int64) {
	b.need += folder
	b.packed += archive
}

// planArchive refuses an archive that can't lie where it is to be made, and has
// it counted if that is where the folder lies.
func (b *builder) planArchive(ctx context.Context) error {
	if b.opt.Archive == "" {
		return nil
	}
	n, err := b.archiveRoom(ctx)
	if err != nil {
		return err
	}
	if medium.Together(filepath.Dir(b.opt.Archive), b.existingDir()) {
		b.need += n
	}
	return ota.Fits(b.opt.Archive, n)
}

// room refuses a medium that has no space for what the parts of the content
// said that they need, for the metadata, and for the archive that is to be made
// of it all.
func (b *builder) room(context.Context) error {
	need, free := b.need+b.reserve(), medium.VolumeOf(b.existingDir()).Free
	b.report.Free, b.report.Need = free, need
	if free >= 0 && need > free {
		return fail.New(fail.NoSpace, "free some space on the medium, or take a larger one", "%d bytes to be written, %d bytes free", need, free)
	}
	return nil
}

// archiveRoom is what the archive takes: objects and blobs are compressed
// already, so that it is as long as all that it is made of. That stays until the
// archive is complete. Of objects that make room for deltas nothing is counted,
// though other targets may keep some.
func (b *builder) archiveRoom(ctx context.Context) (int64, error) {
	n := b.packed
	for _, f := range b.meta.files() {
		n += int64(len(f.data))
	}
	if b.folder == nil {
		return n, nil
	}
	there, err := contentOf(ctx, b.folder)
	for _, f := range there {
		replaced := strings.HasPrefix(f.name, dirMetadata+"/") || b.opt.DeltaOnly && strings.HasPrefix(f.name, dirRepo+"/objects/")
		if !replaced {
			n += f.size
		}
	}
	return n, err
}

// reserve is what stays free for what comes after the content: the metadata,
// beside that which it replaces, and the folders that objects lie in.
func (b *builder) reserve() int64 {
	const fans, others = 256, 32 // folders of objects; refs, state, tuf and such
	v := medium.VolumeOf(b.existingDir())
	n := (fans + others) * v.Cluster
	for _, f := range b.meta.files() {
		n += v.Takes(int64(len(f.data)))
	}
	return n
}

// present is what the bundle holds already, for a plan.
func (b *builder) present() (ostree.Store, error) {
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
func (b *builder) existingDir() string { return nearest(b.dst) }

// nearest is path, or the nearest folder above it that is there.
func nearest(path string) string {
	dir, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

package offline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// want adds up what is going to be written to the medium, in whole clusters:
// most objects are smaller than one.
type want struct {
	volume medium.Volume

	mu    sync.Mutex
	bytes int64
	large error // of the first that no file of the medium can hold
}

// add counts one object; it is called from many goroutines.
func (w *want) add(id ostree.ObjectID, size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes += w.volume.Takes(size)
	if size > w.volume.MaxFile && w.large == nil {
		w.large = fail.New(fail.NoSpace, hintLarge, "object %s has %d bytes, and a file on this medium at most %d", id, size, w.volume.MaxFile)
	}
}

// planObjects finds out what has to be copied. Over a network that takes a
// question for each object, as long as copying it, unless the commit lists the
// sizes: then only a dry run asks, and a medium that is too small is met while
// writing.
func (b *builder) planObjects(ctx context.Context) error {
	if b.repoTar != nil {
		return nil // what is in it shows when it is unpacked
	}
	dst, err := b.present()
	if err != nil || b.opt.DeltaOnly {
		return err
	}
	w := &want{volume: medium.VolumeOf(b.existingDir())}
	rep, known, err := b.listedSizes(ctx, dst, w)
	_, local := b.source.(*ostree.Repo)
	if err == nil && !known && (local || b.opt.DryRun) {
		opt := b.copyOptions(true)
		opt.Planned = w.add
		rep, err = ostree.Copy(ctx, dst, b.source, b.commit, opt)
	}
	if err == nil {
		err = w.large
	}
	if err != nil {
		return fmt.Errorf("plan the copy of commit %s: %w", short(b.commit.String()), err)
	}
	b.counted(rep)
	b.need += w.bytes
	return nil
}

// listedSizes plans by the list of sizes that a commit may carry. It says
// nothing where there is none.
func (b *builder) listedSizes(ctx context.Context, dst ostree.Source, w *want) (rep ostree.CopyReport, known bool, err error) {
	commit, err := ostree.LoadCommit(ctx, b.source, b.commit)
	if err != nil {
		return rep, false, err
	}
	listed, ok := commit.Metadata.Lookup(ostree.KeySizes)
	if !ok {
		return rep, false, nil
	}
	sizes, err := ostree.ParseSizes(listed)
	if err != nil {
		b.opt.Log.Info("the commit's list of sizes is of no use", "why", err)
		return rep, false, nil
	}
	ids := make([]ostree.ObjectID, len(sizes))
	for i, s := range sizes {
		ids[i] = s.ID
	}
	have, err := dst.Has(ctx, ids)
	if err != nil {
		return rep, false, err
	}
	rep.Objects = len(sizes)
	for i, s := range sizes {
		if have[i] {
			rep.Present++
			continue
		}
		size := int64(min(s.Archived, 1<<50)) // that no disk holds; more would not add up
		w.add(s.ID, size)
		rep.Copied++
		rep.Bytes += size
	}
	return rep, true, nil
}

// room refuses a medium that has no space for what the parts of the content
// said that they need, and for the metadata.
func (b *builder) room(context.Context) error {
	b.report.Free = medium.VolumeOf(b.existingDir()).Free
	b.report.Need = b.need + b.reserve()
	if b.report.Free >= 0 && b.report.Need > b.report.Free {
		return fail.New(fail.NoSpace, "free some space on the medium, or take a larger one",
			"%d bytes to be written, %d bytes free", b.report.Need, b.report.Free)
	}
	return nil
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

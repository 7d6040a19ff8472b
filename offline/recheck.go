package offline

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/offline/apps"
	"github.com/otactl/otactl/ostree"
)

// markFile says that all objects of the bundle's repo were written, or read
// again, by this machine since the medium was mounted. It is there while a build
// brings content, so that the next one after a kill need not read all of it
// again; whoever takes the medium out makes it void. Nothing else trusts it.
const markFile = dirRepo + "/tmp/otactl-written"

// markBlobs says the same of the blobs of apps that a Writer believes.
const markBlobs = dirRepo + "/tmp/otactl-blobs"

// recheckBlobs is recheck for the blobs of apps.
func (b *builder) recheckBlobs(ctx context.Context, w *apps.Writer) error {
	if b.folder.Marked(markBlobs) {
		w.Believe()
		return nil
	}
	if err := b.folder.Unmark(markBlobs); err != nil {
		return err
	}
	w.Task = progress.Start(b.opt.Progress, "reading the apps that are there", progress.Bytes, 0)
	defer w.Task.Done()
	bad, err := w.Recheck(ctx, b.readers())
	if err != nil {
		return err
	}
	if bad > 0 {
		b.opt.Log.Warn("blobs of apps on the medium were damaged and are gone; those that the target needs are fetched again", "blobs", bad)
	}
	return b.folder.Mark(markBlobs)
}

// recheck reads every object that lies in the repo, of whichever commit, and
// removes those that are not what their names say: they may have suffered since
// they were written.
func (b *builder) recheck(ctx context.Context, repo *ostree.Repo) error {
	if b.folder.Marked(markFile) {
		return nil
	}
	if err := b.folder.Unmark(markFile); err != nil {
		return err
	}
	// What a killed process of this boot had staged is read as well.
	if err := repo.TakeOver(ctx); err != nil {
		return err
	}
	bad, err := b.removeBad(ctx, repo)
	if err != nil {
		return err
	}
	if bad > 0 {
		b.opt.Log.Warn("objects on the medium were damaged and are fetched again", "objects", bad)
	}
	return b.folder.Mark(markFile)
}

// removeBad removes the objects that are bad, and counts them.
func (b *builder) removeBad(ctx context.Context, repo *ostree.Repo) (int, error) {
	there, err := openArchive(ctx, b.folder, dirRepo)
	if err != nil {
		return 0, err
	}
	task := progress.Start(b.opt.Progress, "reading what is there", progress.Count, 0)
	defer task.Done()
	workers, ctx := errgroup.WithContext(ctx)
	ids := make(chan ostree.ObjectID, 256)
	workers.Go(func() error {
		defer close(ids)
		return repo.ListObjects(ctx, func(id ostree.ObjectID) error {
			task.Grow(1)
			select {
			case ids <- id:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	var bad atomic.Int64
	for range b.readers() {
		workers.Go(func() error {
			for id := range ids {
				ok, err := b.good(ctx, there, id)
				if err != nil {
					return err
				}
				if !ok {
					bad.Add(1)
				}
				task.Add(1)
			}
			return nil
		})
	}
	err = workers.Wait()
	return int(bad.Load()), err
}

func (b *builder) readers() int {
	if b.opt.Jobs > 0 {
		return b.opt.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// good reads one object, and removes it unless it is good.
func (b *builder) good(ctx context.Context, there *archive, id ostree.ObjectID) (bool, error) {
	obj, err := there.Object(ctx, id)
	if err == nil {
		err = ostree.VerifyObject(ctx, obj)
	}
	_, corrupt := errors.AsType[*ostree.CorruptError](err)
	_, missing := errors.AsType[*ostree.MissingError](err)
	switch {
	case err == nil, missing:
		return true, nil
	case corrupt, errors.Is(err, syscall.EIO): // a sector that is bad may hold no other object
		return false, b.folder.Root().RemoveAll(there.path(id))
	}
	return false, err
}

// tidy removes what only an interrupted build needs: the marks, so that the next
// build reads all of it again, and what runs before this one left.
func (b *builder) tidy(context.Context) error {
	const tmp = dirRepo + "/tmp"
	left, err := b.folder.ReadDir(tmp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range left {
		err = errors.Join(err, b.folder.Root().RemoveAll(path.Join(tmp, e.Name())))
	}
	return err
}

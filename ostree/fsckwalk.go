package ostree

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/progress"
)

// fsckWalk reads all that commits reach, on many workers: whoever reads a
// dirtree hands on what it names, so that nobody waits for a walk to be done.
type fsckWalk struct {
	*fsck
	task   progress.Task
	before *fsckWalk // what that one verified has only to be there still; or nil

	mu   sync.Mutex
	wake *sync.Cond
	seen map[ObjectID]bool // and verified
	// Directories first: they are what makes work for others.
	dirs, files []ObjectID
	busy        int
	stopped     bool
	verified    int
}

// newFsckWalk reads what commits reach, or goes on where the walk before ended.
func newFsckWalk(f *fsck, commits []Checksum, before *fsckWalk) *fsckWalk {
	f.stopped, f.bad = false, nil
	w := &fsckWalk{fsck: f, seen: map[ObjectID]bool{}, before: before,
		task: progress.Start(f.opt.Progress, "verifying objects", progress.Count, 0)}
	w.wake = sync.NewCond(&w.mu)
	for _, c := range commits {
		w.add(ObjectID{c, TypeCommit})
	}
	return w
}

// add queues an object that was not seen yet; w.mu is held, or no worker runs.
func (w *fsckWalk) add(id ObjectID) {
	if _, ok := w.seen[id]; ok {
		return
	}
	w.seen[id] = false
	w.task.Grow(1)
	if id.Type == TypeFile || id.Type == TypeCommitMeta {
		w.files = append(w.files, id)
	} else {
		w.dirs = append(w.dirs, id)
	}
}

func (w *fsckWalk) run(ctx context.Context) error {
	defer w.task.Done()
	jobs := w.opt.Jobs
	if jobs < 1 {
		jobs = runtime.GOMAXPROCS(0)
	}
	g, gctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(gctx, w.stop)
	defer stop()
	for range jobs {
		g.Go(func() error {
			defer w.stop() // the first to fail, or all work is done
			return w.work(gctx)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (w *fsckWalk) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.wake.Broadcast()
}

func (w *fsckWalk) work(ctx context.Context) error {
	for {
		id, ok := w.next()
		if !ok {
			return ctx.Err()
		}
		err := w.step(ctx, id)
		w.task.Add(1)
		w.done()
		if err != nil {
			return err
		}
	}
}

// next waits for an object to read; false is the end.
func (w *fsckWalk) next() (id ObjectID, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.dirs)+len(w.files) == 0 && w.busy > 0 && !w.stopped {
		w.wake.Wait()
	}
	from := &w.dirs
	if len(w.dirs) == 0 {
		from = &w.files
	}
	if len(*from) == 0 || w.stopped {
		return id, false
	}
	id = (*from)[len(*from)-1]
	*from = (*from)[:len(*from)-1]
	w.busy++
	return id, true
}

func (w *fsckWalk) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	w.wake.Broadcast()
}

// step reads one object, and adds what it names.
func (w *fsckWalk) step(ctx context.Context, id ObjectID) error {
	err := ctx.Err()
	switch {
	case err != nil:
		return err
	case id.Type == TypeCommit:
		err = w.commit(ctx, id.Sum)
	case id.Type == TypeDirTree:
		err = w.dirTree(ctx, id.Sum)
	case w.before != nil && w.before.seen[id]:
		err = w.there(id)
	default:
		err = w.read(ctx, id)
	}
	if err == nil {
		w.mu.Lock()
		w.seen[id] = true
		w.verified++
		w.mu.Unlock()
	}
	return w.object(id, err)
}

// there says whether an object that was verified is still there.
func (f *fsck) there(id ObjectID) error {
	there, err := f.repo.hasOrParent(id)
	if err == nil && !there {
		err = &MissingError{ID: id, Where: f.repo.path}
	}
	return err
}

func (f *fsck) read(ctx context.Context, id ObjectID) error {
	obj, err := f.repo.Object(ctx, id)
	if err != nil {
		return err
	}
	return VerifyObject(ctx, obj)
}

// commit reads a commit, and its detached metadata if it has some.
func (w *fsckWalk) commit(ctx context.Context, sum Checksum) error {
	c, err := LoadCommit(ctx, w.repo, sum)
	if err != nil {
		return err
	}
	signed, err := w.repo.hasOrParent(ObjectID{sum, TypeCommitMeta})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if signed {
		w.add(ObjectID{sum, TypeCommitMeta})
	}
	w.add(ObjectID{c.Meta, TypeDirMeta})
	w.add(ObjectID{c.Tree, TypeDirTree})
	return nil
}

// dirTree reads one. How deep it lies doesn't matter, since each is met once: what
// reaches too deep to be checked out is no damage.
func (w *fsckWalk) dirTree(ctx context.Context, sum Checksum) error {
	tree, err := LoadDirTree(ctx, w.repo, sum)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	tree.children(w.add)
	w.wake.Broadcast()
	return nil
}

package apps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/offline/medium"
)

const (
	dirViews = "apps"
	// dirTemp holds what is being written. It lies beside the rest, so that
	// each thing comes into its place by one rename.
	dirTemp = "tmp"
)

// The fault points of a Writer.
const (
	FaultBlob = "apps.blob" // a blob is written and verified, and has no name yet
	FaultView = "apps.view" // the folder of an app is written, and not in its place
)

// large is from how many bytes on a blob is on the medium before it has its name,
// so that the next run may know that it is good. A smaller one is read sooner than
// it is synced.
const large = 1 << 20

// Writer writes apps into a bundle. Its methods are safe for concurrent use.
// Nothing that it wrote is durable before Close, large blobs aside.
type Writer struct {
	// Room, when not nil, is asked before n bytes are written.
	Room func(n int64) error
	// Task, when not nil, is told of the bytes of blobs that were read or
	// written.
	Task progress.Task
	// Faults, when not nil, may stop it at its fault points.
	Faults faults.Injector

	folder *medium.Folder
	dir    string
	store  Store

	believes bool // large blobs that are there

	mu     sync.Mutex
	good   map[Digest]int64 // read and verified in this run, with their sizes
	ours   map[Digest]bool  // written in this run
	serial int
	done   Done
}

// Done counts what a Writer did.
type Done struct {
	Written int   // blobs
	Bytes   int64 // of those, and of what is laid out beside them
}

// NewWriter opens dir of the bundle, made where it is not there yet. What an
// interrupted run was writing goes.
func NewWriter(folder *medium.Folder, dir string) (*Writer, error) {
	w := &Writer{
		folder: folder, dir: dir, store: NewStore(folder, dir),
		good: map[Digest]int64{}, ours: map[Digest]bool{},
	}
	for _, d := range []string{dirBlobs, dirViews} {
		if err := w.makeDir(path.Join(dir, d)); err != nil {
			return nil, err
		}
	}
	if err := folder.Root().RemoveAll(w.temp("")); err != nil {
		return nil, medium.Cause(err)
	}
	return w, w.makeDir(w.temp(""))
}

func (w *Writer) temp(name string) string { return path.Join(w.dir, dirTemp, name) }

// makeDir makes a folder and those above it. None of them may be a link.
func (w *Writer) makeDir(name string) error {
	at := ""
	for part := range strings.SplitSeq(name, "/") {
		at = path.Join(at, part)
		err := w.folder.Root().Mkdir(at, 0o755)
		if err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make %s: %w", at, medium.Cause(err))
		}
		if st, err := w.folder.Stat(at); err != nil || !st.IsDir() {
			return fail.New(fail.Conflict, "a bundle has no links: remove it or take another folder", "%s is not a folder", at)
		}
	}
	return nil
}

// Blobs are those in the bundle.
func (w *Writer) Blobs() Blobs { return w.store }

// Done is what was done so far.
func (w *Writer) Done() Done {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}

// Believe takes the large blobs that are there for good, unread. It is for a
// medium of which nobody else had hold since a Writer called Recheck.
func (w *Writer) Believe() { w.believes = true }

// Recheck reads the large blobs that are there, jobs at once, whichever app they
// are of. It removes those that are not what their names say, and counts them.
func (w *Writer) Recheck(ctx context.Context, jobs int) (bad int, err error) {
	entries, err := w.folder.ReadDir(path.Join(w.dir, dirBlobs))
	if err != nil {
		return 0, err
	}
	var removed atomic.Int64
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(jobs)
	for _, e := range entries {
		d, err := ParseDigest("sha256:" + e.Name())
		if err != nil {
			continue // no blob
		}
		size, err := w.store.Stat(d)
		if err != nil || size < large {
			continue // looked at when it is needed
		}
		if w.Task != nil {
			w.Task.Grow(size)
		}
		work.Go(func() error {
			good, err := w.Has(ctx, d, size)
			if good || err != nil {
				return err
			}
			removed.Add(1)
			return w.folder.Root().Remove(w.store.Name(d))
		})
	}
	err = work.Wait()
	return int(removed.Load()), err
}

// Has reads the blob in the bundle, once in a run, and says whether it is there
// and good.
func (w *Writer) Has(ctx context.Context, d Digest, size int64) (bool, error) {
	if w.knows(d, size) {
		return true, nil
	}
	var err error
	good := w.believes && size >= large && holds(w.store, d, size)
	if good {
		w.count(size)
	} else {
		good, err = intact(ctx, w.store, d, size, w.counter())
	}
	if good {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.good[d] = size
	}
	return good, err
}

// holds says whether there is a blob of that size, and nothing of its bytes.
func holds(in Blobs, d Digest, size int64) bool {
	there, err := in.Stat(d)
	return err == nil && there == size
}

// knows says that the blob was found good in this run.
func (w *Writer) knows(d Digest, size int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.good[d]
	return ok && known == size
}

// count tells the task of bytes of a blob that need not be read.
func (w *Writer) count(n int64) {
	if w.Task != nil {
		w.Task.Add(n)
	}
}

// counter passes on to the task how much is written to it.
func (w *Writer) counter() io.Writer {
	if w.Task == nil {
		return io.Discard
	}
	return counted{w.Task}
}

type counted struct{ task progress.Task }

func (c counted) Write(p []byte) (int, error) {
	c.task.Add(int64(len(p)))
	return len(p), nil
}

// PutBlob writes size bytes of r as the blob that digest names. They are
// verified before the blob has its name; r is not read when the blob is there
// and good.
func (w *Writer) PutBlob(ctx context.Context, digest string, size int64, r io.Reader) error {
	d, err := ParseDigest(digest)
	if err != nil {
		return err
	}
	if size < 0 || size > limits.AppBlob {
		return malformed("blob %s: a size of %d bytes", d, size)
	}
	if good, err := w.Has(ctx, d, size); good || err != nil {
		return err
	}
	return w.put(ctx, d, size, r)
}

// put writes a blob that is not there, or not good.
func (w *Writer) put(ctx context.Context, d Digest, size int64, r io.Reader) error {
	w.mu.Lock()
	w.serial++
	temp := w.temp("blob-" + strconv.Itoa(w.serial))
	w.mu.Unlock()
	if err := w.fill(ctx, temp, d, size, r); err != nil {
		_ = w.folder.Root().Remove(temp) // the next run removes it otherwise
		return err
	}
	if err := faults.At(w.Faults, FaultBlob); err != nil {
		return err
	}
	if err := w.place(temp, w.store.Name(d)); err != nil {
		return fmt.Errorf("blob %s: %w", d, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.good[d], w.ours[d] = size, true
	w.done.Written++
	w.done.Bytes += size
	return nil
}

// Take puts a blob that a Closure found, read from another store.
func (w *Writer) Take(ctx context.Context, from Blobs, b Blob) error {
	if w.knows(b.Digest, b.Size) {
		w.count(b.Size)
		return nil
	}
	if good, err := w.Has(ctx, b.Digest, b.Size); good || err != nil {
		return err
	}
	f, err := from.Open(b.Digest)
	if err != nil {
		return fmt.Errorf("blob %s: %w", b.Digest, err)
	}
	defer f.Close()
	return w.put(ctx, b.Digest, b.Size, f)
}

// fill writes a new file and verifies what comes.
func (w *Writer) fill(ctx context.Context, name string, d Digest, size int64, r io.Reader) error {
	if w.Room != nil {
		if err := w.Room(size); err != nil {
			return fmt.Errorf("blob %s: %w", d, err)
		}
	}
	f, err := w.folder.Root().OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("blob %s: %w", d, err)
	}
	durable := w.folder.SyncFile
	if size >= large {
		durable = (*os.File).Sync
	}
	err = errors.Join(verify(ctx, r, d, size, io.MultiWriter(f, w.counter())), durable(f), f.Close())
	if _, named := errors.AsType[*CorruptError](err); named || err == nil {
		return err
	}
	return fmt.Errorf("blob %s: %w", d, err)
}

// place renames a file or a folder that was written to where it belongs. What is
// there is moved aside whole and then removed: an app's folder that has lost a
// part of itself stops devices.
func (w *Writer) place(temp, name string) error {
	root := w.folder.Root()
	aside := temp + ".old"
	err := root.Rename(name, aside)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.Rename(temp, name); err != nil {
		return err
	}
	return root.RemoveAll(aside)
}

// Complete wants all blobs of an app to be in the bundle and good, and lays
// out the folder of the app. See Closure for arch and the error.
func (w *Writer) Complete(ctx context.Context, uri, arch string) (*App, error) {
	app, err := Closure(ctx, w.store, uri, arch)
	if err != nil {
		return nil, err
	}
	for _, b := range app.Blobs {
		good, err := w.Has(ctx, b.Digest, b.Size)
		if err == nil && !good {
			err = corrupt(b.Digest, "its bytes have another checksum")
		}
		if err != nil {
			return nil, fmt.Errorf("app %s: %w", app.Name(), err)
		}
	}
	if err := w.view(ctx, app); err != nil {
		return nil, fmt.Errorf("app %s: lay out its folder: %w", app.Name(), err)
	}
	return app, nil
}

// Discard removes the blobs that this run wrote and that none of apps needs.
func (w *Writer) Discard(apps []*App) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range apps {
		for _, b := range a.Blobs {
			delete(w.ours, b.Digest)
		}
	}
	for d := range w.ours {
		if err := w.folder.Root().Remove(w.store.Name(d)); err != nil {
			return err
		}
		w.done.Written--
		w.done.Bytes -= w.good[d]
		delete(w.good, d)
	}
	clear(w.ours)
	return nil
}

// Close makes what was written durable.
func (w *Writer) Close() error {
	if err := w.folder.Root().RemoveAll(w.temp("")); err != nil {
		return err
	}
	for _, dir := range []string{dirBlobs, dirViews, "."} {
		if err := w.folder.SyncFolder(path.Join(w.dir, dir)); err != nil {
			return err
		}
	}
	return w.folder.SyncVolume()
}

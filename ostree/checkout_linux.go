package ostree

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/progress"
)

// treeReader writes one checkout. The walk is by one goroutine, files are
// written by others; a directory gets its metadata when all in it is done.
type treeReader struct {
	src    Source
	opt    CheckoutOptions
	ctx    context.Context
	files  *errgroup.Group
	task   progress.Task
	xattrs bool // extended attributes are written
	links  *linker
	metas  map[Checksum]*DirMeta
	unfolding

	mu     sync.Mutex
	report CheckoutReport
}

func checkoutEntry(ctx context.Context, src Source, entry *Entry, dest string, opt CheckoutOptions) (CheckoutReport, error) {
	if entry.IsDir() && opt.skips("/") {
		return CheckoutReport{}, nil
	}
	if opt.Jobs < 1 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	files, fctx := errgroup.WithContext(ctx)
	files.SetLimit(opt.Jobs)
	r := &treeReader{src: src, opt: opt, ctx: fctx, files: files, metas: map[Checksum]*DirMeta{}, xattrs: !opt.UserMode, unfolding: unfolding{most: opt.most},
		task: progress.Start(opt.Progress, "writing files", progress.Count, 0)}
	if repo, ok := src.(*Repo); ok && repo.cfg().noXattrs {
		r.xattrs = false
	}
	defer r.task.Done()
	dest = filepath.Clean(dest)
	_, err := os.Lstat(dest)
	switch {
	case err == nil && opt.Overwrite == OverwriteNone && entry.IsDir():
		return r.report, fail.As(ErrExists, fail.Conflict, "choose another place, remove it, or give --union")
	case err == nil:
		return r.into(entry, dest)
	case !errors.Is(err, os.ErrNotExist):
		return r.report, err
	}
	return r.beside(entry, dest)
}

// into adds to a directory that exists.
func (r *treeReader) into(entry *Entry, dest string) (CheckoutReport, error) {
	fd, err := unix.Open(dest, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return r.report, &os.PathError{Op: "open", Path: dest, Err: err}
	}
	if err := r.tree(fd, entry, false); err != nil {
		return r.report, err
	}
	return r.report, r.sync(dest)
}

// beside builds a new directory next to dest and then renames it to dest.
func (r *treeReader) beside(entry *Entry, dest string) (report CheckoutReport, err error) {
	work := filepath.Join(filepath.Dir(dest), workName(filepath.Base(dest)))
	if err := os.Mkdir(work, 0o700); err != nil {
		return report, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(work))
		}
	}()
	fd, err := unix.Open(work, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return report, err
	}
	if err := r.tree(fd, entry, entry.IsDir()); err != nil {
		return report, err
	}
	if err := r.sync(work); err != nil {
		return report, err
	}
	if err := renameNew(work, dest); err != nil {
		return report, err
	}
	if !r.opt.Sync {
		return r.report, nil
	}
	return r.report, fsx.SyncDir(filepath.Dir(dest))
}

// workName is what a checkout is called until it gets its name: one that shows
// where it belongs, as far as that is not too long for the file system.
func workName(base string) string {
	const most = 200 // bytes, of the 255 of a name
	if len(base) > most {
		base = strings.ToValidUTF8(base[:most], "")
	}
	return "." + base + ".checkout-" + rand.Text()[:12]
}

// discard removes what there is of a checkout that failed. A folder that was
// done may be closed to its owner too.
func discard(work string) error {
	err := os.RemoveAll(work)
	if errors.Is(err, fs.ErrPermission) {
		err = errors.Join(reopen(unix.AT_FDCWD, work), os.RemoveAll(work))
	}
	return err
}

// tree fills the directory fd, which it closes, and waits for all work.
func (r *treeReader) tree(fd int, entry *Entry, fresh bool) error {
	var finish error
	var once sync.Once
	top := newFolder(fd, "/", nil)
	top.failed = func(err error) { once.Do(func() { finish = err }) }
	r.links = newLinker(r, fd)
	var err error
	if entry.IsDir() {
		err = r.dir(top, entry.Tree, entry.Meta, fresh, 1)
	} else {
		r.start(top, []TreeFile{{path.Base(entry.Path), entry.Sum}}, fresh)
		top.release()
	}
	if ferr := r.files.Wait(); ferr != nil {
		return ferr // a failed file stops the walk, so it is the cause
	}
	return errors.Join(err, finish)
}

// dir fills an open directory. When it is fresh nobody else has anything in it,
// and it gets the metadata that was committed, after all that is in it.
func (r *treeReader) dir(f *folder, tree, meta Checksum, fresh bool, depth int) error {
	defer f.release()
	if err := errors.Join(r.ctx.Err(), checkDepth(tree, depth)); err != nil {
		return err
	}
	m, err := r.dirMeta(meta)
	if err != nil {
		return err
	}
	t, err := LoadDirTree(r.ctx, r.src, tree)
	if err != nil {
		return err
	}
	if err := r.in(tree, t); err != nil {
		return err
	}
	if fresh {
		f.finish = func(fd int) error { return r.dress(fd, m) }
	}
	files, err := r.orders(f, t.Files, fresh)
	if err != nil {
		return err
	}
	r.task.Grow(int64(len(files)))
	for len(files) > 0 {
		n := min(len(files), handful)
		r.start(f, files[:n], fresh)
		files = files[n:]
	}
	for _, e := range t.Dirs {
		below := path.Join(f.path, e.Name)
		if r.opt.skipsDir(below) {
			continue
		}
		sub, isNew, err := r.subdir(f, e.Name, below)
		if err != nil {
			return fmt.Errorf("%s: %w", below, err)
		}
		if err := r.dir(sub, e.Tree, e.Meta, isNew, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// dirMeta reads a dirmeta, once: most directories share a few.
func (r *treeReader) dirMeta(sum Checksum) (*DirMeta, error) {
	if m := r.metas[sum]; m != nil {
		return m, nil
	}
	m, err := LoadDirMeta(r.ctx, r.src, sum)
	if err == nil {
		r.metas[sum] = m
	}
	return m, err
}

// subdir makes a directory or opens the one that is there.
func (r *treeReader) subdir(f *folder, name, below string) (sub *folder, fresh bool, err error) {
	err = unix.Mkdirat(f.fd, name, 0o700)
	if err != nil && (err != unix.EEXIST || r.opt.Overwrite == OverwriteNone) {
		return nil, false, err
	}
	fresh = err == nil
	fd, err := openFolder(f.fd, name)
	if err == unix.ENOTDIR || err == unix.ELOOP {
		return nil, false, fmt.Errorf("%w and is no directory", ErrExists)
	}
	if err != nil {
		return nil, false, err
	}
	if fresh {
		r.report.Dirs++ // by the walk alone
	}
	return newFolder(fd, below, f), fresh, nil
}

// dress is the last that happens to a directory.
func (r *treeReader) dress(fd int, m *DirMeta) error {
	if !r.opt.UserMode {
		if err := checkOwner(m.UID, m.GID); err != nil {
			return err
		}
		if err := unix.Fchown(fd, int(m.UID), int(m.GID)); err != nil {
			return fmt.Errorf("owner: %w", err)
		}
	}
	if r.xattrs {
		if err := setXattrs(m.Xattrs, func(n string, v []byte) error { return unix.Fsetxattr(fd, n, v, 0) }); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, r.opt.dirMode(m.Mode)); err != nil {
		return fmt.Errorf("mode: %w", err)
	}
	return epoch(fd)
}

func setXattrs(attrs []Xattr, set func(string, []byte) error) error {
	for _, a := range attrs {
		if err := set(a.Name, a.Value); err != nil {
			return fmt.Errorf("attribute %s: %w", a.Name, err)
		}
	}
	return nil
}

// start hands files to a worker.
func (r *treeReader) start(f *folder, list []TreeFile, fresh bool) {
	f.hold()
	r.files.Go(func() error {
		defer f.release()
		var report CheckoutReport
		for _, e := range list {
			if err := r.place(f, e.Name, e.Sum, fresh, &report); err != nil {
				return fmt.Errorf("%s: %w", path.Join(f.path, e.Name), err)
			}
			r.task.Add(1)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.report.Files += report.Files
		r.report.Linked += report.Linked
		r.report.Symlinks += report.Symlinks
		r.report.Bytes += report.Bytes
		return nil
	})
}

// place puts one file or symlink where it belongs. In a directory that others
// see it has a temporary name until it is complete.
func (r *treeReader) place(f *folder, name string, sum Checksum, fresh bool, report *CheckoutReport) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if hidden, ok := r.overlayWhiteout(name); ok {
		return r.device(f, hidden, sum)
	}
	if fresh {
		return r.create(f, name, sum, report)
	}
	var st unix.Stat_t
	switch err := unix.Fstatat(f.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); {
	case err == unix.ENOENT:
	case err != nil:
		return err
	case r.opt.Overwrite == OverwriteAdd:
		return nil
	case r.opt.Overwrite == OverwriteIdentical:
		return r.same(f, name, &st, sum)
	case r.opt.Overwrite == OverwriteNone:
		return ErrExists
	case st.Mode&modeType == modeDir && !r.opt.Whiteouts:
		return fmt.Errorf("%w and is a directory", ErrExists)
	}
	temp := tempName()
	if err := r.create(f, temp, sum, report); err != nil {
		return err
	}
	return r.replace(f, temp, name, st.Mode&modeType == modeDir)
}

// sync makes all that was written below dir durable at once.
func (r *treeReader) sync(dir string) error {
	if !r.opt.Sync {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(syncDisk(d), d.Close())
}

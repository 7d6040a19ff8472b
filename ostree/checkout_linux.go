package ostree

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
)

// treeReader writes one checkout. The walk is by one goroutine, files are
// written by others; a directory gets its metadata when all in it is done.
type treeReader struct {
	src   Source
	opt   CheckoutOptions
	ctx   context.Context
	files *errgroup.Group
	task  progress.Task

	mu     sync.Mutex
	report CheckoutReport
}

func checkoutEntry(ctx context.Context, src Source, entry *Entry, dest string, opt CheckoutOptions) (CheckoutReport, error) {
	if opt.Jobs < 1 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	files, fctx := errgroup.WithContext(ctx)
	files.SetLimit(opt.Jobs)
	r := &treeReader{src: src, opt: opt, ctx: fctx, files: files,
		task: progress.Start(opt.Progress, "writing files", progress.Count, 0)}
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
		return r.report, err
	}
	if err := r.tree(fd, entry, false); err != nil {
		return r.report, err
	}
	return r.report, syncTree(dest)
}

// beside builds a new directory next to dest and then renames it to dest.
func (r *treeReader) beside(entry *Entry, dest string) (report CheckoutReport, err error) {
	work := filepath.Join(filepath.Dir(dest), "."+filepath.Base(dest)+".checkout-"+rand.Text()[:12])
	if err := os.Mkdir(work, 0o700); err != nil {
		return report, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(work))
		}
	}()
	fd, err := unix.Open(work, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return report, err
	}
	if err := r.tree(fd, entry, entry.IsDir()); err != nil {
		return report, err
	}
	if err := syncTree(work); err != nil {
		return report, err
	}
	if err := renameNew(work, dest); err != nil {
		return report, err
	}
	return r.report, fsx.SyncDir(filepath.Dir(dest))
}

// tree fills the directory fd, which it closes, and waits for all work.
func (r *treeReader) tree(fd int, entry *Entry, fresh bool) error {
	var finish error
	var once sync.Once
	top := newFolder(fd, "/", nil)
	top.failed = func(err error) { once.Do(func() { finish = err }) }
	var err error
	if entry.IsDir() {
		err = r.dir(top, entry.Tree, entry.Meta, fresh, 1)
	} else {
		r.file(top, path.Base(entry.Path), entry.Sum, fresh)
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
	if depth > limits.TreeDepth {
		return fmt.Errorf("%s: directories nest deeper than %d", f.path, limits.TreeDepth)
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	m, err := LoadDirMeta(r.ctx, r.src, meta)
	if err != nil {
		return err
	}
	t, err := LoadDirTree(r.ctx, r.src, tree)
	if err != nil {
		return err
	}
	if fresh {
		f.finish = func(fd int) error { return r.dirMeta(fd, m) }
	}
	r.task.Grow(int64(len(t.Files)))
	for _, e := range t.Files {
		r.file(f, e.Name, e.Sum, fresh)
	}
	for _, e := range t.Dirs {
		sub, isNew, err := r.subdir(f, e.Name)
		if err != nil {
			return fmt.Errorf("%s: %w", path.Join(f.path, e.Name), err)
		}
		if err := r.dir(sub, e.Tree, e.Meta, isNew, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// subdir makes a directory or opens the one that is there.
func (r *treeReader) subdir(f *folder, name string) (sub *folder, fresh bool, err error) {
	if err := checkName(name); err != nil {
		return nil, false, err
	}
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
		r.mu.Lock()
		r.report.Dirs++
		r.mu.Unlock()
	}
	return newFolder(fd, path.Join(f.path, name), f), fresh, nil
}

// dirMeta is the last that happens to a directory.
func (r *treeReader) dirMeta(fd int, m *DirMeta) error {
	if !r.opt.UserMode {
		if err := checkOwner(m.UID, m.GID); err != nil {
			return err
		}
		if err := unix.Fchown(fd, int(m.UID), int(m.GID)); err != nil {
			return fmt.Errorf("owner: %w", err)
		}
		if err := setXattrs(m.Xattrs, func(n string, v []byte) error { return unix.Fsetxattr(fd, n, v, 0) }); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, m.Mode&modePerm); err != nil {
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

// file hands a file to a worker.
func (r *treeReader) file(f *folder, name string, sum Checksum, fresh bool) {
	f.hold()
	r.files.Go(func() error {
		defer f.release()
		defer r.task.Add(1)
		if err := r.writeFile(f, name, sum, fresh); err != nil {
			return fmt.Errorf("%s: %w", path.Join(f.path, name), err)
		}
		return nil
	})
}

// writeFile puts one file or symlink in place. In a directory that others see
// it has a temporary name until it is complete.
func (r *treeReader) writeFile(f *folder, name string, sum Checksum, fresh bool) error {
	if err := errors.Join(r.ctx.Err(), checkName(name)); err != nil {
		return err
	}
	if fresh {
		return r.create(f, name, sum)
	}
	if r.opt.Overwrite != OverwriteFiles {
		var st unix.Stat_t
		err := unix.Fstatat(f.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil && r.opt.Overwrite == OverwriteAdd {
			return nil
		}
		if err == nil {
			return ErrExists
		}
	}
	temp := ".otactl-" + rand.Text()
	if err := r.create(f, temp, sum); err != nil {
		return err
	}
	if err := unix.Renameat(f.fd, temp, f.fd, name); err != nil {
		return errors.Join(err, unix.Unlinkat(f.fd, temp, 0))
	}
	return nil
}

// create makes a new file or symlink, verified and with its metadata, or
// leaves nothing.
func (r *treeReader) create(f *folder, name string, sum Checksum) error {
	obj, err := r.src.Object(r.ctx, ObjectID{Sum: sum, Type: TypeFile})
	if err != nil {
		return err
	}
	h, payload, err := obj.OpenFile(r.ctx)
	if err != nil {
		return err
	}
	defer payload.Close()
	if h.IsSymlink() {
		err = r.createLink(f, name, obj.ID(), h, payload)
	} else {
		err = r.createRegular(f, name, obj.ID(), h, payload)
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.IsSymlink() {
		r.report.Symlinks++
		return nil
	}
	r.report.Files++
	r.report.Bytes += int64(h.Size)
	return nil
}

func (r *treeReader) createLink(f *folder, name string, id ObjectID, h *FileHeader, payload io.Reader) error {
	if _, err := hashPayload(r.ctx, id, h, payload, io.Discard); err != nil {
		return err
	}
	if err := unix.Symlinkat(h.Target, f.fd, name); err != nil {
		return err
	}
	if r.opt.UserMode {
		return nil
	}
	err := checkOwner(h.UID, h.GID)
	if err == nil {
		err = unix.Fchownat(f.fd, name, int(h.UID), int(h.GID), unix.AT_SYMLINK_NOFOLLOW)
	}
	if err == nil {
		link := f.linkPath(name)
		err = setXattrs(h.Xattrs, func(n string, v []byte) error { return unix.Lsetxattr(link, n, v, 0) })
	}
	if err != nil {
		return errors.Join(err, unix.Unlinkat(f.fd, name, 0))
	}
	return nil
}

func (r *treeReader) createRegular(f *folder, name string, id ObjectID, h *FileHeader, payload io.Reader) error {
	fd, err := retry(func() (int, error) {
		return unix.Openat(f.fd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	})
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), path.Join(f.path, name))
	_, err = hashPayload(r.ctx, id, h, payload, file)
	if err == nil {
		err = r.fileMeta(fd, h)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, unix.Unlinkat(f.fd, name, 0))
	}
	return nil
}

// fileMeta comes after the content proved right. The mode is last, since a
// change of owner or attributes clears the setuid bit.
func (r *treeReader) fileMeta(fd int, h *FileHeader) error {
	if !r.opt.UserMode {
		if err := checkOwner(h.UID, h.GID); err != nil {
			return err
		}
		if err := unix.Fchown(fd, int(h.UID), int(h.GID)); err != nil {
			return fmt.Errorf("owner: %w", err)
		}
		if err := setXattrs(h.Xattrs, func(n string, v []byte) error { return unix.Fsetxattr(fd, n, v, 0) }); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, r.opt.fileMode(h.Mode)); err != nil {
		return fmt.Errorf("mode: %w", err)
	}
	return epoch(fd)
}

// syncTree makes all that was written below dir durable at once.
func syncTree(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(syncDisk(d), d.Close())
}

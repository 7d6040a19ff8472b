package ostree

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
)

// inMemory is up to which size a file is read once and kept; a larger one is
// read again when the repo does not have it.
const inMemory = 1 << 20

// treeWriter walks one tree. The walk is by one goroutine, files are read and
// stored by others, directories are stored when all files are.
type treeWriter struct {
	repo    *Repo
	session Session
	opt     TreeOptions
	ctx     context.Context
	files   *errgroup.Group
	task    progress.Task

	mu     sync.Mutex
	report TreeReport
	seen   map[ObjectID]bool // metadata counted already
}

// growing is a directory whose files may still be under way.
type growing struct {
	tree DirTree
	meta Checksum
	dirs []*growing // in the order of tree.Dirs
}

func commitTree(ctx context.Context, repo *Repo, session Session, dir string, opt TreeOptions) (TreeReport, error) {
	if opt.Jobs < 1 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return TreeReport{}, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	files, fctx := errgroup.WithContext(ctx)
	files.SetLimit(opt.Jobs)
	w := &treeWriter{repo: repo, session: session, opt: opt, ctx: fctx, files: files, seen: map[ObjectID]bool{},
		task: progress.Start(opt.Progress, "reading files", progress.Count, 0)}
	defer w.task.Done()
	root, err := w.scan(newFolder(fd, "/", nil), 1)
	if ferr := files.Wait(); ferr != nil {
		return TreeReport{}, ferr // a failed file stops the walk, so it is the cause
	}
	if err != nil {
		return TreeReport{}, err
	}
	w.ctx = ctx
	w.report.Meta = root.meta
	w.report.Tree, err = w.store(root)
	return w.report, err
}

// scan lists a directory, starts work on its files and descends.
func (w *treeWriter) scan(f *folder, depth int) (*growing, error) {
	defer f.release()
	if depth > limits.TreeDepth {
		return nil, fmt.Errorf("%s: directories nest deeper than %d", f.path, limits.TreeDepth)
	}
	b, err := w.dirMeta(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	names, err := f.names()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	w.task.Grow(int64(len(names)))
	// The slices are made in one piece: workers write to their elements.
	b.tree.Files = make([]TreeFile, 0, len(names))
	for _, name := range names {
		if err := w.entry(f, b, name, depth); err != nil {
			return nil, fmt.Errorf("%s: %w", path.Join(f.path, name), err)
		}
	}
	return b, nil
}

func (w *treeWriter) entry(f *folder, b *growing, name string, depth int) error {
	if err := errors.Join(w.ctx.Err(), checkName(name)); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(f.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	switch st.Mode & modeType {
	case modeDir:
		fd, err := openFolder(f.fd, name)
		if err != nil {
			return err
		}
		sub, err := w.scan(newFolder(fd, path.Join(f.path, name), f), depth+1)
		if err != nil {
			return err
		}
		b.tree.Dirs = append(b.tree.Dirs, TreeDir{Name: name})
		b.dirs = append(b.dirs, sub)
		w.task.Add(1)
	case modeRegular, modeSymlink:
		b.tree.Files = append(b.tree.Files, TreeFile{Name: name})
		entry := &b.tree.Files[len(b.tree.Files)-1]
		f.hold()
		w.files.Go(func() error {
			defer f.release()
			defer w.task.Add(1)
			sum, err := w.file(f, name, &st)
			if err != nil {
				return fmt.Errorf("%s: %w", path.Join(f.path, name), err)
			}
			entry.Sum = sum
			return nil
		})
	default:
		return errors.New("neither a file, a directory nor a symlink, which is all that OSTree holds")
	}
	return nil
}

func (w *treeWriter) dirMeta(f *folder) (*growing, error) {
	var st unix.Stat_t
	if err := unix.Fstat(f.fd, &st); err != nil {
		return nil, err
	}
	m := &DirMeta{Mode: w.opt.mode(st.Mode)}
	m.UID, m.GID = w.opt.owner(st.Uid, st.Gid)
	if w.opt.wantXattrs() {
		attrs, err := fdXattrs(f.fd)
		if err != nil {
			return nil, err
		}
		m.Xattrs = attrs
	}
	data, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	sum, err := w.metadata(TypeDirMeta, data)
	return &growing{meta: sum}, err
}

// store writes a directory after what is in it and returns its checksum.
func (w *treeWriter) store(b *growing) (Checksum, error) {
	for i, sub := range b.dirs {
		sum, err := w.store(sub)
		if err != nil {
			return Checksum{}, err
		}
		b.tree.Dirs[i].Tree, b.tree.Dirs[i].Meta = sum, sub.meta
	}
	data, err := b.tree.Marshal()
	if err != nil {
		return Checksum{}, err
	}
	return w.metadata(TypeDirTree, data)
}

// metadata stores an object unless this walk or the repo has it.
func (w *treeWriter) metadata(t ObjectType, data []byte) (Checksum, error) {
	id := ObjectID{Sum: sha256.Sum256(data), Type: t}
	w.mu.Lock()
	again := w.seen[id]
	w.seen[id] = true
	w.report.Metadata++
	w.mu.Unlock()
	if again {
		return id.Sum, nil
	}
	wrote, err := w.put(id, func() Object { return NewMetadata(t, data) })
	if wrote {
		w.mu.Lock()
		w.report.MetadataWritten++
		w.mu.Unlock()
	}
	return id.Sum, err
}

func (w *treeWriter) put(id ObjectID, obj func() Object) (wrote bool, err error) {
	has, err := w.repo.Has(w.ctx, []ObjectID{id})
	if err != nil || has[0] {
		return false, err
	}
	return true, w.session.Put(w.ctx, obj())
}

// file stores a regular file or a symlink.
func (w *treeWriter) file(f *folder, name string, st *unix.Stat_t) (Checksum, error) {
	h := &FileHeader{Mode: w.opt.mode(st.Mode)}
	h.UID, h.GID = w.opt.owner(st.Uid, st.Gid)
	if h.IsSymlink() {
		return w.symlink(f, name, h)
	}
	fd, err := retry(func() (int, error) {
		return unix.Openat(f.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return Checksum{}, err
	}
	file := os.NewFile(uintptr(fd), path.Join(f.path, name))
	defer file.Close()
	var now unix.Stat_t
	if err := unix.Fstat(fd, &now); err != nil {
		return Checksum{}, err
	}
	if now.Dev != st.Dev || now.Ino != st.Ino || now.Mode != st.Mode {
		return Checksum{}, errors.New("was replaced while it was read")
	}
	h.Size = uint64(now.Size)
	if w.opt.wantXattrs() {
		if h.Xattrs, err = fdXattrs(fd); err != nil {
			return Checksum{}, err
		}
	}
	return w.regular(file, h)
}

func (w *treeWriter) regular(file *os.File, h *FileHeader) (Checksum, error) {
	payload := func() io.Reader { return io.NewSectionReader(file, 0, int64(h.Size)) }
	if h.Size <= inMemory {
		data := make([]byte, h.Size)
		if _, err := io.ReadFull(file, data); err != nil {
			return Checksum{}, fmt.Errorf("changed while it was read: %w", err)
		}
		payload = func() io.Reader { return bytes.NewReader(data) }
	}
	return w.content(h, payload)
}

func (w *treeWriter) symlink(f *folder, name string, h *FileHeader) (Checksum, error) {
	buf := make([]byte, limits.SymlinkTarget+1)
	n, err := retry(func() (int, error) { return unix.Readlinkat(f.fd, name, buf) })
	if err != nil {
		return Checksum{}, err
	}
	if n > limits.SymlinkTarget {
		return Checksum{}, fmt.Errorf("link target is longer than %d bytes", limits.SymlinkTarget)
	}
	h.Target = string(buf[:n])
	if w.opt.wantXattrs() {
		if h.Xattrs, err = linkXattrs(f.linkPath(name)); err != nil {
			return Checksum{}, err
		}
	}
	return w.content(h, func() io.Reader { return bytes.NewReader(nil) })
}

func (w *treeWriter) content(h *FileHeader, payload func() io.Reader) (Checksum, error) {
	sum, err := ContentChecksum(h, payload())
	if err != nil {
		return Checksum{}, err
	}
	wrote, err := w.put(ObjectID{Sum: sum, Type: TypeFile}, func() Object {
		return NewFile(sum, h, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(payload()), nil })
	})
	if err != nil {
		return Checksum{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.Content++
	if wrote {
		w.report.ContentWritten++
		w.report.BytesWritten += int64(h.Size)
	}
	return sum, nil
}

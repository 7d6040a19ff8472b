package ostree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
)

// handful is how many files one goroutine takes at a time.
const handful = 32

// dirWalk walks one directory on disk. The walk is by one goroutine, files are
// read and stored by others, directories are stored when all files are.
type dirWalk struct {
	b     *TreeBuilder
	ctx   context.Context
	files *errgroup.Group
	task  progress.Task
	tmp   unix.Stat_t // the repo's folder tmp
}

// isTmp says whether a folder is the repo's own tmp. A tree may hold the repo
// that it is committed to; what is staged there just now is not part of it, and
// the folder is committed as an empty one.
func (w *dirWalk) isTmp(f *folder) bool {
	var st unix.Stat_t
	return unix.Fstat(f.fd, &st) == nil && st.Ino == w.tmp.Ino && st.Dev == w.tmp.Dev
}

// work is a file that waits to be read.
type work struct {
	name  string
	path  string // in the tree; "" when nobody asks for it
	entry *leaf
	taken *taken // nil when it is not consumed
}

// Dir lays the directory dir over what is there. See CommitTree.
func (b *TreeBuilder) Dir(dir string) error {
	if err := b.addDir(dir); err != nil {
		return fmt.Errorf("commit %s: %w", dir, err)
	}
	return nil
}

func (b *TreeBuilder) addDir(dir string) error {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opendir(%s): %w", dir, err)
	}
	f := newFolder(fd, "/", nil)
	src, err := b.source(dir, fd)
	if err != nil {
		f.release()
		return err
	}
	if b.opt.Links != LinksIgnored && b.links == nil {
		if b.links, err = indexLinks(b.ctx, b.repo); err != nil {
			f.release()
			return err
		}
	}
	at, err := b.base()
	if err != nil {
		f.release()
		return err
	}
	task := progress.Start(b.opt.Progress, "reading files", progress.Count, 0)
	defer task.Done()
	return b.parallel(func(ctx context.Context, files *errgroup.Group) error {
		w := &dirWalk{b: b, ctx: ctx, files: files, task: task}
		_ = unix.Stat(path.Join(b.repo.path, "tmp"), &w.tmp) // without it there is nothing to leave out
		return w.dir(f, at, cmp.Or(b.prefix, "/"), src, 1)
	})
}

// dir lists a directory, starts work on its files and descends.
func (w *dirWalk) dir(f *folder, at *branch, name string, src *consumed, depth int) error {
	defer f.release()
	if depth > limits.TreeDepth {
		return fmt.Errorf("%s: directories nest deeper than %d", f.path, limits.TreeDepth)
	}
	if err := w.meta(f, at, name, src); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if err := w.b.expand(at); err != nil || w.isTmp(f) {
		return err
	}
	list, err := f.entries()
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	src.expect(len(list))
	w.task.Grow(int64(len(list)))
	var hand []work
	for _, e := range list {
		if err := w.entry(f, at, name, e, src, depth, &hand); err != nil {
			return fmt.Errorf("%s: %w", path.Join(f.path, e.name), err)
		}
		if len(hand) == handful {
			w.start(f, hand)
			hand = nil
		}
	}
	w.start(f, hand)
	return nil
}

func (w *dirWalk) entry(f *folder, at *branch, dir string, e dirEntry, src *consumed, depth int, hand *[]work) error {
	if err := errors.Join(w.ctx.Err(), checkName(e.name)); err != nil {
		return err
	}
	below := ""
	if w.b.filter.named() || e.kind == modeDir {
		below = path.Join(dir, e.name)
	}
	if w.b.filter.skips(below) {
		return src.skip(f.fd, e)
	}
	switch e.kind {
	case modeDir:
		fd, err := openFolder(f.fd, e.name)
		if err != nil {
			return err
		}
		sub, err := at.dir(e.name)
		if err != nil {
			_ = unix.Close(fd)
			return err
		}
		w.task.Add(1)
		return w.dir(newFolder(fd, path.Join(f.path, e.name), f), sub, below, src.below(e.name), depth+1)
	case modeRegular, modeSymlink:
		entry, err := at.file(e.name)
		if err != nil {
			return err
		}
		*hand = append(*hand, work{e.name, below, entry, src.note(e.name)})
		return nil
	}
	return errors.New("neither a file, a directory nor a symlink, which is all that OSTree holds")
}

// start hands files of one folder to a worker.
func (w *dirWalk) start(f *folder, hand []work) {
	if len(hand) == 0 {
		return
	}
	f.hold()
	w.files.Go(func() error {
		defer f.release()
		for _, one := range hand {
			if err := w.ctx.Err(); err != nil {
				return err
			}
			sum, err := w.file(f, one)
			if err != nil {
				return fmt.Errorf("%s: %w", path.Join(f.path, one.name), err)
			}
			one.entry.sum = sum
			w.task.Add(1)
		}
		return nil
	})
}

func (w *dirWalk) meta(f *folder, at *branch, name string, src *consumed) error {
	var st unix.Stat_t
	if err := unix.Fstat(f.fd, &st); err != nil {
		return err
	}
	if err := w.b.spared.check(&st); err != nil {
		return err
	}
	src.saw(&st)
	h := &FileHeader{UID: st.Uid, GID: st.Gid, Mode: st.Mode}
	if !w.b.filter.noXattrs {
		var err error
		if h.Xattrs, err = fdXattrs(f.fd); err != nil {
			return err
		}
	}
	return w.b.dirMeta(at, h, name)
}

// file stores a regular file or a symlink, whichever it is by now.
func (w *dirWalk) file(f *folder, one work) (Checksum, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(f.fd, one.name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	})
	if err == unix.ELOOP {
		return w.symlink(f, one)
	}
	if err != nil {
		return Checksum{}, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Checksum{}, err
	}
	if st.Mode&modeType != modeRegular {
		return Checksum{}, errors.New("was replaced while it was read")
	}
	if err := w.b.spared.check(&st); err != nil {
		return Checksum{}, err
	}
	one.taken.saw(&st)
	h := &FileHeader{UID: st.Uid, GID: st.Gid, Mode: st.Mode}
	known, err := w.b.links.find(w.ctx, &st)
	switch {
	case err != nil:
		return Checksum{}, err
	case known != nil && w.b.opt.Links == LinksTrusted:
		w.b.hit()
		w.b.count(0, false)
		return known.sum, nil
	case known != nil:
		h = known.header
	case !w.b.filter.noXattrs:
		if h.Xattrs, err = fdXattrs(fd); err != nil {
			return Checksum{}, err
		}
	}
	w.b.filter.change(h, one.path)
	h.Size = uint64(st.Size)
	sum, err := w.regular(fd, h)
	if err == nil && known != nil && known.sum == sum {
		w.b.hit()
	}
	return sum, err
}

// contents are the buffers of files that are read whole.
var contents = sync.Pool{New: func() any { b := make([]byte, 0, 64<<10); return &b }}

func (w *dirWalk) regular(fd int, h *FileHeader) (Checksum, error) {
	if h.Size > inMemory {
		read := func() io.Reader { return &stream{fd: fd, left: int64(h.Size)} }
		sum, err := ContentChecksum(h, read())
		if err != nil {
			return sum, err
		}
		obj := &plainFile{sum: sum, header: h, open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(read()), nil
		}}
		return sum, w.b.put(w.ctx, obj, h.Size)
	}
	buf := contents.Get().(*[]byte)
	defer contents.Put(buf)
	if uint64(cap(*buf)) < h.Size {
		*buf = make([]byte, h.Size)
	}
	data := (*buf)[:h.Size]
	if _, err := io.ReadFull(&stream{fd: fd, left: int64(h.Size)}, data); err != nil {
		return Checksum{}, err
	}
	return w.inMemory(h, data)
}

// inMemory stores a file whose content is in hand. data is the caller's again
// when it returns.
func (w *dirWalk) inMemory(h *FileHeader, data []byte) (Checksum, error) {
	sum, err := contentSum(h, data)
	if err != nil {
		return sum, err
	}
	return sum, w.b.put(w.ctx, &plainFile{sum: sum, header: h, data: data}, h.Size)
}

func (w *dirWalk) symlink(f *folder, one work) (Checksum, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(f.fd, one.name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return Checksum{}, err
	}
	one.taken.saw(&st)
	var buf [limits.SymlinkTarget + 1]byte
	n, err := retry(func() (int, error) { return unix.Readlinkat(f.fd, one.name, buf[:]) })
	if err != nil {
		return Checksum{}, err
	}
	if n > limits.SymlinkTarget {
		return Checksum{}, fmt.Errorf("link target is longer than %d bytes", limits.SymlinkTarget)
	}
	h := &FileHeader{UID: st.Uid, GID: st.Gid, Mode: st.Mode, Target: string(buf[:n])}
	if !w.b.filter.noXattrs {
		if h.Xattrs, err = linkXattrs(f.linkPath(one.name)); err != nil {
			return Checksum{}, err
		}
	}
	w.b.filter.change(h, one.path)
	return w.inMemory(h, nil)
}

// stream reads an open file from its start, without the file that os would
// make of it.
type stream struct {
	fd   int
	at   int64
	left int64
}

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.left)]
	n, err := retry(func() (int, error) { return unix.Pread(s.fd, p, s.at) })
	if err != nil {
		return 0, err
	}
	if n == 0 && len(p) > 0 {
		return 0, fmt.Errorf("changed while it was read: %w", io.ErrUnexpectedEOF)
	}
	s.at, s.left = s.at+int64(n), s.left-int64(n)
	return n, nil
}

// contentSum is ContentChecksum for content that is in memory.
func contentSum(h *FileHeader, data []byte) (Checksum, error) {
	sum, err := startContent(h)
	if err != nil {
		return Checksum{}, err
	}
	sum.Write(data)
	return finish(sum), nil
}

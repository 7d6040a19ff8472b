package ostree

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
)

// TarOptions say how TreeBuilder.Tar takes an archive.
type TarOptions struct {
	// Autocreate makes directories that the archive has something in but no
	// member for, with mode 0755 and the owner of what it was made for, before
	// the options.
	Autocreate bool
	// Rename, if set, changes the path of each member, and that of the file
	// that a hard link names. Paths have no leading slash, and one at the end where
	// the archive has it, as most have it for directories; the root is "".
	Rename func(path string) string
}

// Tar lays what an archive holds over what is there: tar, with hard links,
// symlinks and extended attributes, or cpio (newc and odc), plain or packed
// with gzip, bzip2 or zstd. Names stay inside the tree: one with ".." is
// refused, nothing follows a link, a leading slash means the root. Devices and
// pipes are an error.
func (b *TreeBuilder) Tar(r io.Reader, opt TarOptions) error {
	archive, err := openArchive(r)
	if err != nil {
		return err
	}
	t := &tarWalk{b: b, opt: opt, inodes: map[string]*leaf{}, links: map[*leaf]*hardLink{},
		task: progress.Start(b.opt.Progress, "reading the archive", progress.Count, 0)}
	defer t.task.Done()
	err = b.parallel(func(ctx context.Context, files *errgroup.Group) error {
		t.ctx, t.files = ctx, files
		return t.read(archive)
	})
	if err != nil {
		return err
	}
	if opt.Autocreate { // an empty archive has an empty root
		if _, err := b.under(strings.TrimPrefix(b.prefix, "/"), plainDir(0, 0)); err != nil {
			return err
		}
	}
	return t.join()
}

// member is a file of an archive.
type member struct {
	name   string
	header FileHeader // Mode has the file type; Size is that of body
	body   io.Reader
	link   string // the other name of a hard link
	inode  string // what hard links to one file share in a cpio; "" for none
}

// archive gives one member after the other, and io.EOF after the last.
type archive interface{ next() (*member, error) }

// tarWalk is one archive on its way into a tree.
type tarWalk struct {
	b     *TreeBuilder
	opt   TarOptions
	ctx   context.Context
	files *errgroup.Group
	task  progress.Task

	inodes map[string]*leaf    // of a cpio: the file that has the content
	links  map[*leaf]*hardLink // to be resolved when all is read
	order  []*leaf             // the keys of links as they came
}

func (t *tarWalk) read(a archive) error {
	for {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		m, err := a.next()
		if err == io.EOF {
			return nil
		}
		if err = cmp.Or(err, t.b.another()); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		if err := t.member(m); err != nil {
			return fmt.Errorf("archive member %.200q: %w", m.name, err)
		}
		t.task.Add(1)
	}
}

// path makes the path of a member, or of what a hard link names, into one
// below the root of the tree; "" is the root itself.
func (t *tarWalk) path(name string) (string, error) {
	clean, err := cleanMember(name)
	if err != nil || t.opt.Rename == nil {
		return t.below(clean), err
	}
	if clean != "" && strings.HasSuffix(name, "/") {
		clean += "/"
	}
	clean, err = cleanMember(t.opt.Rename(clean))
	return t.below(clean), err
}

func (t *tarWalk) below(clean string) string {
	return strings.TrimPrefix(path.Join(t.b.prefix, clean), "/")
}

// cleanMember takes the leading slash, empty parts and "." off a name, and
// refuses any other part that cannot be a file's name.
func cleanMember(name string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." {
			continue
		}
		if err := checkName(part); err != nil {
			return "", err
		}
		if parts = append(parts, part); len(parts) > limits.TreeDepth {
			return "", badFormat("its path is deeper than %d", limits.TreeDepth)
		}
	}
	return strings.Join(parts, "/"), nil
}

func (t *tarWalk) member(m *member) error {
	name, err := t.path(m.name)
	if err != nil {
		return err
	}
	if t.skipped(name) {
		return nil
	}
	kind := m.header.Mode & modeType
	switch {
	case m.link != "":
		return t.hardLink(m, name)
	case kind == modeDir:
		return t.dir(m, name)
	case kind == modeRegular || kind == modeSymlink:
		return t.file(m, name)
	}
	return errors.New("neither a file, a directory nor a link, which is all that OSTree holds")
}

// skipped says whether a path or one above it is on the skip list.
func (t *tarWalk) skipped(name string) bool {
	if t.b.filter.Skip == nil {
		return false
	}
	for i := range len(name) + 1 {
		if (i == len(name) || name[i] == '/') && t.b.filter.skips("/"+name[:i]) {
			return true
		}
	}
	return false
}

func (t *tarWalk) dir(m *member, name string) error {
	at := t.b.root
	if name != "" {
		parent, err := t.parent(m, name)
		if err != nil {
			return err
		}
		if at, err = parent.dir(path.Base(name)); err != nil {
			return err
		}
	}
	return t.b.dirMeta(at, &m.header, "/"+name)
}

// parent is the directory that a member is in.
func (t *tarWalk) parent(m *member, name string) (*branch, error) {
	var made *FileHeader
	if t.opt.Autocreate {
		made = plainDir(m.header.UID, m.header.GID)
	}
	dir, _ := path.Split(name)
	return t.b.under(strings.TrimSuffix(dir, "/"), made)
}

// place makes the entry of a file.
func (t *tarWalk) place(m *member, name string) (*leaf, error) {
	if name == "" {
		return nil, errors.New("the root of a tree is a directory")
	}
	parent, err := t.parent(m, name)
	if err != nil {
		return nil, err
	}
	return parent.file(path.Base(name))
}

func (t *tarWalk) file(m *member, name string) error {
	entry, err := t.place(m, name)
	if err != nil {
		return err
	}
	h := m.header
	t.b.filter.change(&h, "/"+name)
	if m.inode != "" && h.Size == 0 && !h.IsSymlink() {
		// In a cpio the content comes with the last name of a file.
		t.later(entry, &hardLink{at: name, cpio: &cpioName{m.inode, h}})
		return nil
	}
	if m.inode != "" {
		t.inodes[m.inode] = entry
	}
	open, err := t.keep(m.body, h.Size)
	if err != nil {
		return err
	}
	t.store(entry, &h, name, open)
	return nil
}

// store hands a file to a worker.
func (t *tarWalk) store(entry *leaf, h *FileHeader, name string, kept *kept) {
	t.files.Go(func() error {
		defer kept.close()
		sum, err := t.b.content(t.ctx, h, kept.reader(), func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(kept.reader()), nil
		})
		if err != nil {
			return fmt.Errorf("archive member %.200q: %w", name, err)
		}
		entry.sum = sum
		return nil
	})
}

// kept is the content of a member, in memory or in a file that goes with it.
type kept struct {
	data []byte
	file *os.File
	size int64
}

func (k *kept) reader() io.Reader {
	if k.file == nil {
		return bytes.NewReader(k.data)
	}
	return io.NewSectionReader(k.file, 0, k.size)
}

func (k *kept) close() {
	if k.file != nil {
		_ = k.file.Close()
		_ = os.Remove(k.file.Name())
	}
}

// keep reads a member's content: it is needed once for its name and once more
// to be written, and an archive can't be read twice.
func (t *tarWalk) keep(r io.Reader, size uint64) (*kept, error) {
	if size <= inMemory {
		data := make([]byte, size)
		_, err := io.ReadFull(r, data)
		return &kept{data: data}, short(err)
	}
	over, err := t.b.hold(size)
	if err != nil {
		return nil, err
	}
	defer over()
	f, err := os.CreateTemp(filepath.Join(t.b.repo.path, "tmp"), "otactl-member-")
	if err != nil {
		return nil, err
	}
	n, err := copyTo(t.ctx, f, io.LimitReader(r, int64(size)))
	if err == nil && uint64(n) < size {
		err = io.ErrUnexpectedEOF
	}
	_ = os.Remove(f.Name()) // where an open file cannot go, close sees to it
	k := &kept{file: f, size: n}
	if err != nil {
		k.close()
		return nil, fullDisk(short(err), t.b.repo.path)
	}
	return k, nil
}

func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return badFormat("the archive ends too early")
	}
	return err
}

package ostree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// source remembers that fd, the folder called dir, is consumed: nil when it is
// not. It refuses one that holds the repo.
func (b *TreeBuilder) source(dir string, fd int) (*consumed, error) {
	if !b.opt.Consume {
		return nil, nil
	}
	if err := spare(b.repo, fd); err != nil {
		return nil, err
	}
	b.spared = sparedOf(b.repo)
	held, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	from := &emptied{dir: dir, open: os.NewFile(uintptr(held), dir), top: &consumed{}, not: b.spared}
	b.report.sources = append(b.report.sources, from)
	return from.top, nil
}

// RemoveSources removes what BuildTree took with TreeOptions.Consume, or left
// out of it, and the folders themselves. Call it when the commit is made: until
// then nothing is lost if the machine goes down. What came into a folder since
// stays, and so does the folder; that is an error, which keeps nothing else from
// going. A folder that was given by a name that can't be removed, such as "." or
// that of a mount, stays and is empty. Whoever moves a folder and puts something
// in its place loses what was read, and nothing of what is there now.
//
// It may be called again, for what stayed, until Close.
func (r *TreeReport) RemoveSources(ctx context.Context) error {
	s := &sweep{ctx: ctx}
	for _, from := range r.sources {
		s.not = from.not
		s.note(from.dir, s.source(from))
	}
	if err := s.err(); err != nil {
		return fmt.Errorf("consume %w", err)
	}
	return nil
}

// sweep removes files and folders, and goes on past those that it can't remove.
type sweep struct {
	ctx   context.Context
	not   spared
	stay  int
	first error // of those that stay
}

func (s *sweep) note(path string, err error) {
	if err == nil || err == unix.ENOENT {
		return
	}
	if s.stay++; s.first == nil {
		s.first = fmt.Errorf("%s: %w", path, err)
	}
}

func (s *sweep) err() error {
	if s.stay < 2 {
		return s.first
	}
	return fmt.Errorf("%w, and %d more that can't be removed", s.first, s.stay-1)
}

func (s *sweep) source(from *emptied) error {
	fd := int(from.open.Fd())
	defer runtime.KeepAlive(from.open)
	if !s.empty(fd, from.dir, from.top) {
		return nil
	}
	switch err := drop(from.dir, fd); err {
	case unix.EINVAL, unix.EBUSY, unix.ENOTDIR:
		// ".", a mount, and a symlink: all that was stored is gone.
		return nil
	case unix.ENOTEMPTY:
		return s.occupied(fd)
	default:
		return err
	}
}

// drop removes the empty folder fd by its name, if it still has that name. The
// parent is held meanwhile, so that the name is looked up and removed in one
// place.
func drop(dir string, fd int) error {
	parent, name := path.Split(strings.TrimRight(dir, "/"))
	at, err := unix.Open(cmp.Or(parent, "."), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	name = cmp.Or(name, "/")
	var named, read unix.Stat_t
	if err := unix.Fstatat(at, name, &named, 0); err != nil {
		return err
	}
	if err := unix.Fstat(fd, &read); err != nil {
		return err
	}
	if inodeOf(&named) != inodeOf(&read) {
		return errMoved
	}
	return unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
}

var (
	errMoved   = errors.New("is not the folder any more that was read")
	errChanged = errors.New("was changed or replaced after it was read, and stays")
)

// saw notes which folder it is.
func (c *consumed) saw(st *unix.Stat_t) {
	if c != nil {
		c.self = inodeOf(st)
	}
}

// check says whether the open folder is the one that was read, and may go.
func (s *sweep) check(fd int, c *consumed) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if c.self != (inode{}) && inodeOf(&st) != c.self {
		return errMoved
	}
	return s.not.check(&st)
}

// skip remembers what the skip list leaves out of the open folder fd.
func (c *consumed) skip(fd int, e dirEntry) error {
	var st unix.Stat_t
	if c == nil {
		return nil
	}
	err := unix.Fstatat(fd, e.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == unix.ENOENT {
		return nil
	}
	c.leave(e.name, inodeOf(&st), e.kind == modeDir)
	return err
}

// saw notes how a file is before it is read, so that no change is missed.
func (f *taken) saw(st *unix.Stat_t) {
	if f == nil {
		return
	}
	f.ino, f.size, f.linked = st.Ino, uint32(st.Size), st.Nlink > 1
	f.time = f.changed(st)
}

func (f *taken) changed(st *unix.Stat_t) int64 {
	if f.linked {
		return st.Mtim.Nano()
	}
	return st.Ctim.Nano()
}

// remove removes a file from the open folder fd, if it is as it was read.
func (f *taken) remove(fd int) error {
	if f.unread {
		return unix.Unlinkat(fd, f.name, 0)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(fd, f.name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Ino != f.ino || uint32(st.Size) != f.size || f.changed(&st) != f.time {
		return errChanged
	}
	return unix.Unlinkat(fd, f.name, 0)
}

// occupied is the error of a folder that something came into. One that is empty
// has none: the name "..", say, is never removed.
func (s *sweep) occupied(fd int) error {
	fd, err := openFolder(fd, ".") // lists from the start
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	list, err := listEntries(fd)
	if err == nil && len(list) > 0 {
		err = unix.ENOTEMPTY
	}
	return err
}

// empty removes what is known of an open folder, and says whether all that is
// gone.
func (s *sweep) empty(fd int, at string, c *consumed) bool {
	before := s.stay
	if err := s.ctx.Err(); err != nil {
		s.note(at, err)
		return false
	}
	for i := range c.files {
		f := &c.files[i]
		s.note(path.Join(at, f.name), f.remove(fd))
	}
	for name, sub := range c.dirs {
		below := path.Join(at, name)
		s.note(below, s.folder(fd, below, sub))
	}
	return s.stay == before
}

// folder removes a folder and what is known of it. Its error is about the folder
// itself.
func (s *sweep) folder(parent int, at string, c *consumed) error {
	name := path.Base(at)
	fd, err := openFolder(parent, name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := s.check(fd, c); err != nil {
		return err
	}
	if c.whole {
		if c, err = everything(fd); err != nil {
			return err
		}
	}
	if !s.empty(fd, at, c) {
		return nil
	}
	return unix.Unlinkat(parent, name, unix.AT_REMOVEDIR)
}

// removeFolder removes a folder and all that is in it, if it is there.
func removeFolder(ctx context.Context, parent int, name string) error {
	s := &sweep{ctx: ctx}
	s.note(name, s.folder(parent, name, &consumed{whole: true}))
	return s.err()
}

// emptyFolder removes all that is in an open folder, which it lists.
func emptyFolder(ctx context.Context, fd int) error {
	all, err := everything(fd)
	if err != nil {
		return err
	}
	s := &sweep{ctx: ctx}
	s.empty(fd, "", all)
	return s.err()
}

func everything(fd int) (*consumed, error) {
	list, err := listEntries(fd)
	c := &consumed{}
	for _, e := range list {
		c.leave(e.name, inode{}, e.kind == modeDir)
	}
	return c, err
}

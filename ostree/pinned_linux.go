package ostree

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// pinned is a symlink or device that was just made, by a handle on itself: in a
// folder that others may write its name may soon be another thing's.
type pinned int

// pin gets hold of what was made under a name. Anything of another kind,
// or with a second name, was put in its place.
func pin(at int, name string, kind func(*unix.Stat_t) bool) (pinned, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	if err == nil && (st.Nlink > 1 || !kind(&st)) {
		err = errors.New("somebody put another thing in its place")
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return pinned(fd), nil
}

func (p pinned) close() error { return unix.Close(int(p)) }

// path names the thing itself, for the calls that take no such handle: they
// follow it there, and not on to where a symlink leads.
func (p pinned) path() string { return fmt.Sprintf("/proc/self/fd/%d", int(p)) }

// dressPinned gives it owner and attributes, as far as the checkout has them.
func (r *treeReader) dressPinned(p pinned, h *FileHeader) error {
	if r.opt.UserMode {
		return nil
	}
	if err := checkOwner(h.UID, h.GID); err != nil {
		return err
	}
	if !r.xattrs {
		return p.dress(h.UID, h.GID, nil)
	}
	return p.dress(h.UID, h.GID, h.Xattrs)
}

// dress gives it owner and attributes.
func (p pinned) dress(uid, gid uint32, attrs []Xattr) error {
	if err := unix.Fchownat(int(p), "", int(uid), int(gid), unix.AT_EMPTY_PATH); err != nil {
		return fmt.Errorf("owner: %w", err)
	}
	if len(attrs) == 0 {
		return nil
	}
	path := p.path()
	return setXattrs(attrs, func(name string, v []byte) error { return unix.Setxattr(path, name, v, 0) })
}

func isSymlink(st *unix.Stat_t) bool { return st.Mode&modeType == modeSymlink }

func isWhiteout(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0 }

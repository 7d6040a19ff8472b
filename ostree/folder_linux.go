package ostree

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// folder is an open directory, shared by those who work on what is in it. Its
// last user finishes and closes it, and so its parent's share. Holding the
// handle rather than a path keeps a walk inside the tree whatever else moves.
type folder struct {
	fd     int
	path   string // for messages only
	parent *folder
	users  atomic.Int32
	// finish is called before the close, when nobody works below any more.
	finish func(fd int) error
	failed func(error)
}

// newFolder takes over fd and has one user.
func newFolder(fd int, path string, parent *folder) *folder {
	f := &folder{fd: fd, path: path, parent: parent}
	if parent != nil {
		parent.users.Add(1)
		f.failed = parent.failed
	}
	f.users.Store(1)
	return f
}

func (f *folder) hold() { f.users.Add(1) }

func (f *folder) release() {
	if f.users.Add(-1) > 0 {
		return
	}
	if f.finish != nil {
		if err := f.finish(f.fd); err != nil {
			f.failed(fmt.Errorf("%s: %w", f.path, err))
		}
	}
	_ = unix.Close(f.fd)
	if f.parent != nil {
		f.parent.release()
	}
}

// openFolder opens the directory called name in at. It follows no link.
func openFolder(at int, name string) (int, error) {
	return retry(func() (int, error) {
		return unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
}

// reopen gives the owner of a folder, and of all below it, the rights to empty it.
func reopen(at int, name string) error {
	handle, err := unix.Openat(at, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	err = unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", handle), 0o700)
	if err = errors.Join(err, unix.Close(handle)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fd, err := openFolder(at, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	list, err := listEntries(fd)
	for _, e := range list {
		if e.kind == modeDir {
			err = errors.Join(err, reopen(fd, e.name))
		}
	}
	return errors.Join(err, unix.Close(fd))
}

// dirEntry is a name in a folder, and the kind of thing it was when it was
// listed: modeRegular, modeSymlink, modeDir, or 0 for anything else.
type dirEntry struct {
	name string
	kind uint32
	ino  uint64
}

// entries lists what is in the folder, in no order. It is called once: it reads
// through the folder's own handle.
func (f *folder) entries() ([]dirEntry, error) { return listEntries(f.fd) }

func listEntries(fd int) ([]dirEntry, error) {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	var list []dirEntry
	for {
		n, err := retry(func() (int, error) { return unix.Getdents(fd, buf[:]) })
		if err != nil || n <= 0 {
			return list, err
		}
		for rest := buf[:n]; len(rest) >= direntName; {
			size := int(binary.NativeEndian.Uint16(rest[16:]))
			if size < direntName || size > len(rest) {
				return list, errors.New("the kernel lists what cannot be read")
			}
			name, _, _ := bytes.Cut(rest[direntName:size], []byte{0})
			if string(name) != "." && string(name) != ".." {
				e := dirEntry{string(name), uint32(rest[18]) << 12, binary.NativeEndian.Uint64(rest)}
				if e.kind == 0 {
					e.kind = kindOf(fd, e.name)
				}
				list = append(list, e)
			}
			rest = rest[size:]
		}
	}
}

// direntName is where the name begins in what getdents gives: after inode (8
// bytes), offset (8), length (2) and type (1).
const direntName = 19

// kindOf is for file systems whose lists don't tell.
func kindOf(fd int, name string) uint32 {
	var st unix.Stat_t
	if err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return modeRegular // it is gone, or will say why when it is opened
	}
	return st.Mode & modeType
}

func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// linkPath names a file in the folder for the calls that take no handle. The
// kernel resolves all but the last part from the open handle.
func (f *folder) linkPath(name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", f.fd, name)
}

// treeXattrs reads what a commit keeps of a file's extended attributes, through
// the calls for a handle or for a path whose last part is not followed.
// libostree leaves out those without a value, and ids must agree.
func treeXattrs(list func([]byte) (int, error), get func(string, []byte) (int, error)) ([]Xattr, error) {
	all, err := readXattrs(list, get)
	return slices.DeleteFunc(all, func(x Xattr) bool { return len(x.Value) == 0 }), err
}

func fdXattrs(fd int) ([]Xattr, error) {
	return treeXattrs(func(b []byte) (int, error) { return unix.Flistxattr(fd, b) },
		func(name string, b []byte) (int, error) { return unix.Fgetxattr(fd, name, b) })
}

func linkXattrs(path string) ([]Xattr, error) {
	return treeXattrs(func(b []byte) (int, error) { return unix.Llistxattr(path, b) },
		func(name string, b []byte) (int, error) { return unix.Lgetxattr(path, name, b) })
}

package ostree

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/limits"
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

// names lists what is in the folder, in no order.
func (f *folder) names() ([]string, error) {
	fd, err := openFolder(f.fd, ".")
	if err != nil {
		return nil, err
	}
	d := os.NewFile(uintptr(fd), f.path)
	names, err := d.Readdirnames(-1)
	return names, errors.Join(err, d.Close())
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

// xattrs reads extended attributes through list and get, which are the calls
// for a handle or for a path whose last part is not followed.
func xattrs(list func([]byte) (int, error), get func(string, []byte) (int, error)) ([]Xattr, error) {
	buf, err := sized(list)
	if err != nil || len(buf) == 0 {
		if err == unix.ENOTSUP {
			err = nil
		}
		return nil, err
	}
	var attrs []Xattr
	for start, i := 0, 0; i < len(buf); i++ {
		if buf[i] != 0 {
			continue
		}
		name := string(buf[start:i])
		start = i + 1
		value, err := sized(func(b []byte) (int, error) { return get(name, b) })
		if err == unix.ENODATA { // removed since it was listed
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		if len(value) == 0 { // libostree leaves these out, and ids must agree
			continue
		}
		attrs = append(attrs, Xattr{Name: name, Value: value})
	}
	return attrs, nil
}

// sized calls read with no buffer for the length and again with one, until it
// fits.
func sized(read func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := retry(func() (int, error) { return read(nil) })
		if err != nil || n == 0 {
			return nil, err
		}
		if n > limits.FileHeader {
			return nil, fmt.Errorf("%d bytes of attributes, %d are allowed", n, limits.FileHeader)
		}
		buf := make([]byte, n)
		n, err = retry(func() (int, error) { return read(buf) })
		if err == nil {
			return buf[:n], nil
		}
		if err != unix.ERANGE {
			return nil, err
		}
	}
}

func fdXattrs(fd int) ([]Xattr, error) {
	return xattrs(func(b []byte) (int, error) { return unix.Flistxattr(fd, b) },
		func(name string, b []byte) (int, error) { return unix.Fgetxattr(fd, name, b) })
}

func linkXattrs(path string) ([]Xattr, error) {
	return xattrs(func(b []byte) (int, error) { return unix.Llistxattr(path, b) },
		func(name string, b []byte) (int, error) { return unix.Lgetxattr(path, name, b) })
}

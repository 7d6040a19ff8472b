package ostree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

// userMeta is the xattr in which a bare-user repo keeps a file's header. Its
// value has the form of a dirmeta, with a file's mode.
const userMeta = "user.ostreemeta"

// openBare reads a file as a bare repo stores it: owner, mode and xattrs are
// the file's own.
func (o *repoObject) openBare() (*FileHeader, io.ReadCloser, error) {
	path := o.location()
	f, size, err := o.open()
	if errors.Is(err, unix.ELOOP) {
		return o.openBareLink(path)
	}
	if err != nil {
		return nil, nil, err
	}
	fd := f.fd
	h := o.headerOf(&f.st)
	h.Size = uint64(size)
	h.Xattrs, err = o.xattrs(
		func(b []byte) (int, error) { return unix.Flistxattr(fd, b) },
		func(name string, b []byte) (int, error) { return unix.Fgetxattr(fd, name, b) })
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("object %s: %w", o.id, err), f.Close())
	}
	return o.checked(h, f)
}

// headerOf is what the file itself says of owner and mode, which in a
// bare-user-only repo is nothing of the owner.
func (o *repoObject) headerOf(st *unix.Stat_t) *FileHeader {
	h := &FileHeader{UID: st.Uid, GID: st.Gid, Mode: st.Mode}
	if o.repo.mode == ModeBareUserOnly {
		h.UID, h.GID = 0, 0
	}
	return h
}

// xattrs are those of the file, through the calls given, or where else the
// repo's mode keeps them.
func (o *repoObject) xattrs(list func([]byte) (int, error), get func(string, []byte) (int, error)) ([]Xattr, error) {
	switch {
	case o.repo.mode == ModeBareUserOnly, o.repo.cfg().noXattrs:
		return nil, nil
	case o.repo.mode == ModeBareSplitXattrs:
		return o.splitXattrs()
	}
	return readXattrs(list, get)
}

func (o *repoObject) openBareLink(path string) (*FileHeader, io.ReadCloser, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return nil, nil, fmt.Errorf("object %s: %w", o.id, &os.PathError{Op: "lstat", Path: path, Err: err})
	}
	target, err := os.Readlink(path)
	if err != nil {
		return nil, nil, fmt.Errorf("object %s: %w", o.id, err)
	}
	h := o.headerOf(&st)
	h.Target = target
	h.Xattrs, err = o.xattrs(
		func(b []byte) (int, error) { return unix.Llistxattr(path, b) },
		func(name string, b []byte) (int, error) { return unix.Lgetxattr(path, name, b) })
	if err != nil {
		return nil, nil, fmt.Errorf("object %s: %w", o.id, err)
	}
	return o.checked(h, empty())
}

// PathXattrs are the xattrs of the file or symlink at path, sorted by name. A
// file system without xattrs has none.
func PathXattrs(path string) ([]Xattr, error) {
	list, err := readXattrs(
		func(b []byte) (int, error) { return unix.Llistxattr(path, b) },
		func(name string, b []byte) (int, error) { return unix.Lgetxattr(path, name, b) })
	if err != nil {
		return nil, fmt.Errorf("xattrs of %s: %w", path, err)
	}
	sortXattrs(list)
	return list, nil
}

func readXattrs(list func([]byte) (int, error), get func(string, []byte) (int, error)) ([]Xattr, error) {
	names, err := xattrBytes(list)
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil || len(names) == 0 {
		return nil, err
	}
	var xattrs []Xattr
	for name := range bytes.SplitSeq(bytes.TrimSuffix(names, []byte{0}), []byte{0}) {
		value, err := xattrBytes(func(b []byte) (int, error) { return get(string(name), b) })
		if errors.Is(err, unix.ENODATA) {
			continue // removed since it was listed
		}
		if err != nil {
			return nil, fmt.Errorf("xattr %s: %w", name, err)
		}
		xattrs = append(xattrs, Xattr{Name: string(name), Value: value})
	}
	return xattrs, nil
}

// xattrBytes calls get with a buffer that is large enough; the kernel caps it at
// 64 KiB.
func xattrBytes(get func([]byte) (int, error)) ([]byte, error) {
	var small [256]byte
	n, err := get(small[:])
	if err == nil {
		return append(make([]byte, 0, n), small[:n]...), nil
	}
	if !errors.Is(err, unix.ERANGE) {
		return nil, err
	}
	buf := make([]byte, maxXattrValue)
	n, err = get(buf)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(buf[:n]), nil
}

// openBareUser reads a file as a bare-user repo stores it: the header is in an
// xattr, and a symlink is a regular file that holds the target.
func (o *repoObject) openBareUser() (*FileHeader, io.ReadCloser, error) {
	f, size, err := o.open()
	if err != nil {
		return nil, nil, err
	}
	h, err := userHeader(f.fd)
	if err != nil {
		return nil, nil, errors.Join(asCorrupt(o.id, o.location(), err), f.Close())
	}
	if !h.IsSymlink() {
		h.Size = uint64(size)
		return o.checked(h, f)
	}
	target, err := io.ReadAll(io.LimitReader(f, limits.SymlinkTarget+2))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, err
	}
	h.Target = string(bytes.TrimSuffix(target, []byte{0}))
	return o.checked(h, empty())
}

func userHeader(fd int) (*FileHeader, error) {
	raw, err := xattrBytes(func(b []byte) (int, error) { return unix.Fgetxattr(fd, userMeta, b) })
	if errors.Is(err, unix.ENODATA) {
		return nil, badFormat("xattr %s is missing", userMeta)
	}
	if err != nil {
		return nil, fmt.Errorf("xattr %s: %w", userMeta, err)
	}
	v, err := variant.Parse(dirMetaType, raw)
	if err != nil {
		return nil, badFormat("xattr %s is not in normal form: %v", userMeta, err)
	}
	xattrs, err := parseXattrs(v.At(3))
	return &FileHeader{UID: v.At(0).BigUint32(), GID: v.At(1).BigUint32(), Mode: v.At(2).BigUint32(), Xattrs: xattrs}, err
}

// dress gives a file in the stage the owner, xattrs, mode and times that a
// repo of this mode keeps on disk. Its content was verified before, so nothing
// runs under an owner or mode that is not its own.
func (r *Repo) dress(f *os.File, h *FileHeader) error {
	fd := int(f.Fd())
	switch r.mode {
	case ModeBareUser:
		return dressUser(fd, h)
	case ModeBareUserOnly:
		if err := unix.Fchmod(fd, h.Mode&modePerm); err != nil {
			return os.NewSyscallError("chmod", err)
		}
		return epoch(fd)
	}
	if err := unix.Fchown(fd, int(h.UID), int(h.GID)); err != nil {
		return os.NewSyscallError("chown", err)
	}
	for _, x := range h.Xattrs {
		if err := unix.Fsetxattr(fd, x.Name, x.Value, 0); err != nil {
			return fmt.Errorf("set xattr %s: %w", x.Name, err)
		}
	}
	// After chown, which takes away setuid and file capabilities.
	if err := unix.Fchmod(fd, h.Mode&modePerm); err != nil {
		return os.NewSyscallError("chmod", err)
	}
	return epoch(fd)
}

func dressUser(fd int, h *FileHeader) error {
	v := variant.Tuple(dirMetaType, variant.BigUint32(h.UID), variant.BigUint32(h.GID),
		variant.BigUint32(h.Mode), xattrsValue(h.Xattrs))
	if err := unix.Fsetxattr(fd, userMeta, v.Data(), 0); err != nil {
		return fmt.Errorf("set xattr %s: %w", userMeta, err)
	}
	mode := uint32(0o644)
	if !h.IsSymlink() {
		mode = h.Mode&0o775 | 0o400
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		return os.NewSyscallError("chmod", err)
	}
	return epoch(fd)
}

// epoch sets the times to 1970, as libostree does: a checkout that links to
// the object must not depend on when it was stored.
func epoch(fd int) error {
	return os.NewSyscallError("futimes", unix.Futimes(fd, make([]unix.Timeval, 2)))
}

// stageLink makes a symlink in the stage of a repo that has links.
func (r *Repo) stageLink(path string, h *FileHeader) error {
	if err := os.Symlink(h.Target, path); err != nil {
		return err
	}
	if r.mode == ModeBareUserOnly {
		return nil
	}
	p, err := pin(unix.AT_FDCWD, path, isSymlink)
	if err != nil {
		return err
	}
	return errors.Join(p.dress(h.UID, h.GID, h.Xattrs), p.close())
}

package ostree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/limits"
)

// create makes a new file or symlink, linked, or verified and with its
// metadata, or leaves nothing.
func (r *treeReader) create(f *folder, name string, sum Checksum, report *CheckoutReport) error {
	obj, err := r.src.Object(r.ctx, ObjectID{Sum: sum, Type: TypeFile})
	if err != nil {
		return err
	}
	linked, err := r.links.link(f, name, obj)
	if err == nil && !linked {
		linked, err = r.links.fill(f, name, obj)
	}
	if err != nil {
		return err
	}
	if linked {
		report.Files++
		report.Linked++
		return nil
	}
	return r.copy(f, name, obj, report)
}

func (r *treeReader) copy(f *folder, name string, obj Object, report *CheckoutReport) error {
	h, payload, err := obj.OpenFile(r.ctx)
	if err != nil {
		return err
	}
	defer payload.Close()
	if h.IsSymlink() {
		report.Symlinks++
		return r.createLink(f, name, obj.ID(), h, payload)
	}
	if err := r.links.needed(obj.ID(), h); err != nil {
		return err
	}
	report.Files++
	report.Bytes += int64(h.Size)
	return r.createRegular(f.fd, name, path.Join(f.path, name), obj.ID(), h, payload)
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
	if err := r.finishLink(f, name, h); err != nil {
		return errors.Join(err, unix.Unlinkat(f.fd, name, 0))
	}
	return nil
}

func (r *treeReader) finishLink(f *folder, name string, h *FileHeader) error {
	p, err := pin(f.fd, name, isSymlink)
	if err != nil {
		return err
	}
	return errors.Join(r.dressPinned(p, h), p.close())
}

// createRegular makes a file in the open folder at; shown is for messages.
func (r *treeReader) createRegular(at int, name, shown string, id ObjectID, h *FileHeader, payload io.Reader) error {
	fd, err := retry(func() (int, error) {
		return unix.Openat(at, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	})
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), shown)
	_, err = hashPayload(r.ctx, id, h, payload, file)
	if err == nil {
		err = r.fileMeta(fd, h)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, unix.Unlinkat(at, name, 0))
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
	}
	if r.xattrs {
		if err := setXattrs(h.Xattrs, func(n string, v []byte) error { return unix.Fsetxattr(fd, n, v, 0) }); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, r.opt.fileMode(h.Mode)); err != nil {
		return fmt.Errorf("mode: %w", err)
	}
	return epoch(fd)
}

// same is nil if what is there, as st says, is what would be written.
func (r *treeReader) same(f *folder, name string, st *unix.Stat_t, sum Checksum) error {
	differs := fmt.Errorf("%w and is not the same", ErrExists)
	obj, err := r.src.Object(r.ctx, ObjectID{Sum: sum, Type: TypeFile})
	if err != nil || r.links.isLink(st, obj) {
		return err
	}
	h, payload, err := obj.OpenFile(r.ctx)
	if err != nil {
		return err
	}
	defer payload.Close()
	if st.Mode&modeType != h.Mode&modeType || !r.opt.UserMode && (st.Uid != h.UID || st.Gid != h.GID) {
		return differs
	}
	if h.IsSymlink() {
		var buf [limits.SymlinkTarget + 1]byte
		n, err := unix.Readlinkat(f.fd, name, buf[:])
		if err == nil && string(buf[:n]) != h.Target {
			err = differs
		}
		return err
	}
	if mode := st.Mode & modePerm; uint64(st.Size) != h.Size || mode != r.opt.fileMode(h.Mode) && !r.links.hasMode(mode, obj, h) {
		return differs
	}
	return r.sameContent(f, name, h, payload, differs)
}

func (r *treeReader) sameContent(f *folder, name string, h *FileHeader, payload io.Reader, differs error) error {
	fd, err := retry(func() (int, error) {
		return unix.Openat(f.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if r.xattrs {
		attrs, err := fdXattrs(fd)
		if err != nil {
			return err
		}
		sortXattrs(attrs)
		if !sameXattrs(attrs, h.Xattrs) {
			return differs
		}
	}
	there := &stream{fd: fd, left: int64(h.Size)}
	ours, theirs := buffers.Get().(*[bufferSize]byte), buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(ours)
	defer buffers.Put(theirs)
	for {
		n, err := io.ReadFull(payload, ours[:])
		if n > 0 {
			if _, err := io.ReadFull(there, theirs[:n]); err != nil {
				return err
			}
			if !bytes.Equal(ours[:n], theirs[:n]) {
				return differs
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return r.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

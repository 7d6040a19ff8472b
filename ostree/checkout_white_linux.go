package ostree

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Names that are orders, as Docker's layers and ostree commits of overlays have
// them.
const (
	whiteoutPrefix = ".wh."
	whiteoutOpaque = ".wh..wh..opq"
	overlayPrefix  = ".ostree-wh."
)

// orders carries out the whiteouts among files, and gives the files to be
// written: without those, and without what is on the skip list.
func (r *treeReader) orders(f *folder, files []TreeFile, fresh bool) ([]TreeFile, error) {
	if !r.opt.Whiteouts && r.opt.Skip == nil {
		return files, nil
	}
	left := make([]TreeFile, 0, len(files))
	for _, e := range files {
		switch hidden, white := strings.CutPrefix(e.Name, whiteoutPrefix); {
		case r.opt.skips(path.Join(f.path, e.Name)):
		case !r.opt.Whiteouts || !white:
			left = append(left, e)
		case fresh:
		case e.Name == whiteoutOpaque:
			if err := r.clear(f); err != nil {
				return nil, fmt.Errorf("%s: %w", path.Join(f.path, e.Name), err)
			}
		default:
			if err := r.hide(f, hidden); err != nil {
				return nil, fmt.Errorf("%s: %w", path.Join(f.path, e.Name), err)
			}
		}
	}
	return left, nil
}

// hide removes a name, if it is there, and all below it.
func (r *treeReader) hide(f *folder, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	err := unix.Unlinkat(f.fd, name, 0)
	if err == unix.EISDIR || err == unix.EPERM {
		err = removeFolder(r.ctx, f.fd, name)
	}
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// clear removes all that is in a folder.
func (r *treeReader) clear(f *folder) error {
	fd, err := openFolder(f.fd, ".") // lists from the start, whoever listed before
	if err != nil {
		return err
	}
	return errors.Join(emptyFolder(r.ctx, fd), unix.Close(fd))
}

// overlayWhiteout says what name hides in an overlay.
func (r *treeReader) overlayWhiteout(name string) (hidden string, ok bool) {
	if !r.opt.OverlayWhiteouts {
		return "", false
	}
	return strings.CutPrefix(name, overlayPrefix)
}

// device puts a whiteout of an overlay file system in place of what it hides,
// once it is whole.
func (r *treeReader) device(f *folder, name string, sum Checksum) error {
	if err := checkName(name); err != nil {
		return err
	}
	var st unix.Stat_t
	switch err := unix.Fstatat(f.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); {
	case err == unix.ENOENT:
	case err != nil:
		return err
	case r.opt.Overwrite == OverwriteAdd, r.opt.Overwrite == OverwriteIdentical && isWhiteout(&st):
		return nil
	case r.opt.Overwrite != OverwriteFiles:
		return fmt.Errorf("whiteout device: %w", unix.EEXIST)
	}
	h, err := Stat(r.ctx, r.src, &Entry{Sum: sum})
	if err != nil {
		return err
	}
	temp := tempName()
	if err := r.createDevice(f, temp, h); err != nil {
		return err
	}
	if r.opt.Overwrite == OverwriteFiles {
		return r.replace(f, temp, name, st.Mode&modeType == modeDir)
	}
	err = renameFree(f, temp, name)
	if err == unix.EEXIST && r.opt.Overwrite == OverwriteAdd {
		err = nil
	}
	return dropTemp(f, temp, err)
}

// createDevice makes a whiteout, with the metadata of the file that stands for
// it, or leaves nothing.
func (r *treeReader) createDevice(f *folder, name string, h *FileHeader) error {
	if err := unix.Mknodat(f.fd, name, unix.S_IFCHR|0o600, 0); err != nil {
		return fmt.Errorf("whiteout device: %w", err)
	}
	if err := r.finishDevice(f, name, h); err != nil {
		return errors.Join(err, unix.Unlinkat(f.fd, name, 0))
	}
	return nil
}

func (r *treeReader) finishDevice(f *folder, name string, h *FileHeader) error {
	p, err := pin(f.fd, name, isWhiteout)
	if err != nil {
		return err
	}
	err = r.dressPinned(p, h)
	if err == nil {
		err = unix.Chmod(p.path(), h.Mode&0o777)
	}
	return errors.Join(err, p.close())
}

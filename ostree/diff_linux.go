package ostree

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

func (s diskSide) disk(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

func (s diskSide) children(ctx context.Context, dir diffNode) (map[string]diffNode, error) {
	list, err := os.ReadDir(s.disk(dir.path))
	if err != nil {
		return nil, err
	}
	nodes := make(map[string]diffNode, len(list))
	for _, d := range list {
		if nodes[d.Name()], err = s.node(ctx, path.Join(dir.path, d.Name())); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// node reads a file to its end, since nothing else tells what it is.
func (s diskSide) node(ctx context.Context, name string) (diffNode, error) {
	h, err := s.header(name)
	if err != nil {
		return diffNode{}, errors.Join(ctx.Err(), err)
	}
	n := diffNode{path: name, dir: h.Mode&modeType == modeDir}
	if n.dir {
		meta := DirMeta{UID: h.UID, GID: h.GID, Mode: h.Mode, Xattrs: h.Xattrs}
		data, err := meta.Marshal()
		if err != nil {
			return n, fmt.Errorf("%s: %w", s.disk(name), err)
		}
		n.sum = sha256.Sum256(data)
		return n, ctx.Err()
	}
	if n.sum, err = s.content(ctx, name, h); err != nil {
		return n, fmt.Errorf("%s: %w", s.disk(name), err)
	}
	return n, nil
}

// header is what a commit of the file would hold.
func (s diskSide) header(name string) (*FileHeader, error) {
	file := s.disk(name)
	st, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	h := &FileHeader{UID: sys.Uid, GID: sys.Gid, Mode: sys.Mode}
	switch h.Mode & modeType {
	case modeDir, modeRegular:
	case modeSymlink:
		if h.Target, err = os.Readlink(file); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%s: neither a file, a directory nor a symlink, which is all that OSTree holds", file)
	}
	if s.opt.UID != nil {
		h.UID = *s.opt.UID
	}
	if s.opt.GID != nil {
		h.GID = *s.opt.GID
	}
	if !s.opt.NoXattrs {
		if h.Xattrs, err = linkXattrs(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return h, nil
}

func (s diskSide) content(ctx context.Context, name string, h *FileHeader) (Checksum, error) {
	if h.IsSymlink() {
		return ContentChecksum(h, nil)
	}
	f, err := os.OpenFile(s.disk(name), os.O_RDONLY|noFollow|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Checksum{}, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return Checksum{}, errors.Join(err, errors.New("was replaced while it was read"))
	}
	sum, err := startContent(h)
	if err != nil {
		return Checksum{}, err
	}
	if _, err := copyTo(ctx, sum, f); err != nil {
		return Checksum{}, err
	}
	return finish(sum), nil
}

package ostree

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// ExportOptions tune Export. The zero value works.
type ExportOptions struct {
	Subpath  string // of the commit; its content is the archive's, not its name
	Prefix   string // put before each name as it is: "rootfs/"
	NoXattrs bool
}

// Export writes the tree of a commit as a tar archive, in which all times are
// the commit's. Every file is verified as it is written: one that is corrupt
// ends the archive in the middle. Extended attributes are pax records, as GNU
// tar keeps them.
func Export(ctx context.Context, src Source, commit Checksum, w io.Writer, opt ExportOptions) error {
	c, err := LoadCommit(ctx, src, commit)
	if err != nil {
		return err
	}
	from, err := Lookup(ctx, src, commit, opt.Subpath)
	if err != nil {
		return err
	}
	x := &exporter{ctx: ctx, src: src, out: tar.NewWriter(w), opt: opt, from: from, time: c.Time}
	if err := WalkTree(ctx, src, from, x.entry); err != nil {
		return err
	}
	return x.out.Close()
}

type exporter struct {
	ctx  context.Context
	src  Source
	out  *tar.Writer
	opt  ExportOptions
	from *Entry
	time time.Time
}

func (x *exporter) entry(e *Entry) error {
	if e.IsDir() {
		return x.dir(e)
	}
	obj, err := x.src.Object(x.ctx, ObjectID{e.Sum, TypeFile})
	if err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	h, payload, err := obj.OpenFile(x.ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", e.Path, asCorrupt(obj.ID(), "", err))
	}
	defer payload.Close()
	out := x.header(e, h)
	switch {
	case h.IsSymlink():
		out.Typeflag, out.Linkname = tar.TypeSymlink, h.Target
	default:
		out.Typeflag, out.Size = tar.TypeReg, int64(h.Size)
	}
	if err := x.out.WriteHeader(out); err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	if _, err := hashPayload(x.ctx, obj.ID(), h, payload, x.out); err != nil {
		return fmt.Errorf("%s: %w", e.Path, placed(obj, err))
	}
	return nil
}

func (x *exporter) dir(e *Entry) error {
	h, err := Stat(x.ctx, x.src, e)
	if err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	out := x.header(e, h)
	out.Typeflag = tar.TypeDir
	out.Name = strings.TrimSuffix(out.Name, "/") + "/"
	if out.Name == "/" && x.opt.Prefix == "" {
		out.Name = "./"
	}
	if err := x.out.WriteHeader(out); err != nil {
		return fmt.Errorf("%s: %w", e.Path, err)
	}
	return nil
}

// header is what all kinds of entries have.
func (x *exporter) header(e *Entry, h *FileHeader) *tar.Header {
	name := strings.TrimPrefix(strings.TrimPrefix(e.Path, x.from.Path), "/")
	if !x.from.IsDir() {
		name = path.Base(e.Path)
	}
	out := &tar.Header{
		Name: x.opt.Prefix + name, Mode: int64(h.Mode & modePerm), Uid: int(h.UID), Gid: int(h.GID), ModTime: x.time,
		PAXRecords: map[string]string{},
	}
	for _, a := range h.Xattrs {
		if !x.opt.NoXattrs {
			out.PAXRecords["SCHILY.xattr."+a.Name] = string(a.Value)
		}
	}
	return out
}

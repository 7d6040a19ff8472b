package delta

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// made is an object of the new commit and how it gets into a part.
type made struct {
	id     ostree.ObjectID
	header *ostree.FileHeader // of a file
	size   int64              // of a file's payload, or of metadata
	plan   plan
	source ostree.Checksum // unless it is taken whole
	spooled
}

// spooled is where in the spool the bytes for the blob lie.
type spooled struct{ at, n int64 }

// inBlob is how many bytes the object takes in the blob.
func (m *made) inBlob() int64 {
	switch {
	case m.plan.way != whole:
		return 32 + m.plan.blob
	case m.header != nil && m.header.IsSymlink():
		return int64(len(m.header.Target))
	}
	return m.size
}

// draft is a part that is being put together: all of it but the bytes of the
// blob, which are fetched when it is packed.
type draft struct {
	table  []byte
	ops    []byte
	modes  []variant.Value
	xattrs []variant.Value
	blob   []chunk
	blobN  int64
	usize  uint64

	modeAt  map[[3]uint32]uint64
	xattrAt map[string]uint64
}

// chunk is a stretch of the blob: bytes, a stretch of the spool, or an object.
type chunk struct {
	mem  []byte
	from spooled
	obj  *made
}

func newDraft() *draft {
	return &draft{modeAt: map[[3]uint32]uint64{}, xattrAt: map[string]uint64{}}
}

// size is about how long the payload will be.
func (d *draft) size() int64 {
	return d.blobN + int64(len(d.ops)) + 12*int64(len(d.modes)) + int64(len(d.table))
}

// add appends an object.
func (d *draft) add(m *made) {
	d.table = append(append(d.table, byte(m.id.Type)), m.id.Sum[:]...)
	offset := uint64(d.blobN)
	switch {
	case m.header == nil:
		d.op(opSplice, uint64(m.size), offset)
		d.put(chunk{obj: m}, m.size)
		d.usize += uint64(m.size)
	case m.header.IsSymlink():
		d.op(opSplice, d.mode(m.header), d.attrs(m.header), uint64(len(m.header.Target)), offset)
		d.put(chunk{mem: []byte(m.header.Target)}, int64(len(m.header.Target)))
	case m.plan.way == whole:
		d.op(opSplice, d.mode(m.header), d.attrs(m.header), uint64(m.size), offset)
		d.put(chunk{obj: m}, m.size)
		d.usize += uint64(m.size)
	default:
		d.put(chunk{mem: m.source[:]}, 32)
		d.usize += uint64(m.size)
		d.op(opOpen, d.mode(m.header), d.attrs(m.header), uint64(m.size))
		d.piecewise(m, offset)
		d.op(opClose)
		d.put(chunk{from: m.spooled}, m.n)
	}
}

// piecewise writes the operations of a file that is made from an old one, whose
// name is in the blob at source, with the file's own bytes behind it.
func (d *draft) piecewise(m *made, source uint64) {
	at := uint64(d.blobN)
	if m.plan.way == patch {
		d.op(opSource, source)
		d.op(opPatch, at, uint64(m.plan.blob))
		return
	}
	reading := false
	for _, s := range m.plan.steps {
		switch {
		case s.old >= 0 && !reading:
			d.op(opSource, source)
			reading = true
		case s.old < 0 && reading:
			d.op(opRelease)
			reading = false
		}
		if s.old >= 0 {
			d.op(opWrite, uint64(s.n), uint64(s.old))
			continue
		}
		d.op(opWrite, uint64(s.n), at)
		at += uint64(s.n)
	}
}

func (d *draft) op(code byte, args ...uint64) {
	d.ops = append(d.ops, code)
	for _, a := range args {
		d.ops = binary.AppendUvarint(d.ops, a)
	}
}

func (d *draft) put(c chunk, n int64) {
	if n > 0 {
		d.blob = append(d.blob, c)
		d.blobN += n
	}
}

func (d *draft) mode(h *ostree.FileHeader) uint64 {
	key := [3]uint32{h.UID, h.GID, h.Mode}
	i, ok := d.modeAt[key]
	if !ok {
		i = uint64(len(d.modes))
		d.modeAt[key] = i
		d.modes = append(d.modes, variant.Tuple(modeType, variant.BigUint32(h.UID), variant.BigUint32(h.GID), variant.BigUint32(h.Mode)))
	}
	return i
}

func (d *draft) attrs(h *ostree.FileHeader) uint64 {
	items := make([]variant.Value, len(h.Xattrs))
	for k, x := range h.Xattrs {
		items[k] = variant.Tuple(xattrType, variant.Bytes(append([]byte(x.Name), 0)), variant.Bytes(x.Value))
	}
	v := variant.Array(xattrType, items...)
	i, ok := d.xattrAt[string(v.Data())]
	if !ok {
		i = uint64(len(d.xattrs))
		d.xattrAt[string(v.Data())] = i
		d.xattrs = append(d.xattrs, v)
	}
	return i
}

var (
	modeType      = variant.MustType("(uuu)")
	xattrType     = variant.MustType("(ayay)")
	xattrListType = variant.MustType("a(ayay)")
)

// write writes the payload: modes, xattrs, blob, operations, and the end
// offsets of the first three in reverse.
func (d *draft) write(ctx context.Context, w io.Writer, src ostree.Source, spool io.ReaderAt) error {
	modes := variant.Array(modeType, d.modes...).Data()
	xattrs := variant.Array(xattrListType, d.xattrs...).Data()
	if _, err := w.Write(append(modes[:len(modes):len(modes)], xattrs...)); err != nil {
		return err
	}
	for _, c := range d.blob {
		if err := c.write(ctx, w, src, spool); err != nil {
			return err
		}
	}
	ends := []uint64{uint64(len(modes)), uint64(len(modes) + len(xattrs)), uint64(int64(len(modes)+len(xattrs)) + d.blobN)}
	tail := append([]byte(nil), d.ops...)
	body := ends[2] + uint64(len(d.ops))
	width := uint64(1)
	for offsetWidth(body+3*width) > width {
		width *= 2
	}
	for i := range ends {
		tail = append(tail, binary.LittleEndian.AppendUint64(nil, ends[2-i])[:width]...)
	}
	_, err := w.Write(tail)
	return err
}

func (c *chunk) write(ctx context.Context, w io.Writer, src ostree.Source, spool io.ReaderAt) error {
	if c.obj != nil {
		return c.obj.write(ctx, w, src)
	}
	if c.mem != nil {
		_, err := w.Write(c.mem)
		return err
	}
	n, err := io.Copy(w, io.NewSectionReader(spool, c.from.at, c.from.n))
	if err == nil && n != c.from.n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// write writes the object as it is in the repo, and checks it on the way.
func (m *made) write(ctx context.Context, w io.Writer, src ostree.Source) error {
	obj, err := src.Object(ctx, m.id)
	if err != nil {
		return err
	}
	if m.header == nil {
		rc, _, err := obj.OpenArchive(ctx)
		if err != nil {
			return err
		}
		return errors.Join(m.copy(w, rc), rc.Close())
	}
	h, rc, err := obj.OpenFile(ctx)
	if err != nil {
		return err
	}
	got, err := ostree.ContentChecksum(h, &cancellable{ctx, io.TeeReader(rc, w)})
	if err = errors.Join(err, rc.Close()); err != nil {
		return fmt.Errorf("object %s: %w", m.id, err)
	}
	if got != m.id.Sum || int64(h.Size) != m.size {
		return &ostree.CorruptError{ID: m.id, Why: "checksum is " + got.String()}
	}
	return nil
}

func (m *made) copy(w io.Writer, r io.Reader) error {
	n, err := io.Copy(w, io.LimitReader(r, m.size+1))
	if err == nil && n != m.size {
		err = &ostree.CorruptError{ID: m.id, Why: "its length changed"}
	}
	return err
}

package ostree

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// NewMetadata is an object over its bytes, which the caller must not change;
// its name is their SHA-256.
func NewMetadata(t ObjectType, data []byte) Object {
	return &metadataObject{ObjectID{sha256.Sum256(data), t}, data}
}

// NewNamedMetadata is an object over bytes that have their name from somewhere
// else: detached metadata, tombstones, and what came from outside and is yet
// to be verified.
func NewNamedMetadata(id ObjectID, data []byte) Object { return &metadataObject{id, data} }

type metadataObject struct {
	id   ObjectID
	data []byte
}

func (o *metadataObject) ID() ObjectID { return o.id }

func (o *metadataObject) OpenArchive(context.Context) (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(o.data)), int64(len(o.data)), nil
}

func (o *metadataObject) OpenFile(context.Context) (*FileHeader, io.ReadCloser, error) {
	return nil, nil, notAFile(o.id)
}

func (o *metadataObject) archived() bool { return true }

func notAFile(id ObjectID) error { return fmt.Errorf("object %s: not a file object", id) }

// archived is an object whose OpenArchive gives bytes that exist somewhere,
// and compresses nothing.
type archived interface{ archived() bool }

func isArchived(o Object) bool {
	a, ok := o.(archived)
	return ok && a.archived()
}

// NewFile is a file object over its header and an opener of its plain payload.
// A symlink's payload is empty and open may be nil.
func NewFile(sum Checksum, h *FileHeader, open func(ctx context.Context) (io.ReadCloser, error)) Object {
	return &plainFile{sum: sum, header: h, open: open}
}

type plainFile struct {
	sum    Checksum
	header *FileHeader
	open   func(ctx context.Context) (io.ReadCloser, error)
	// data is the payload when open is nil; sum was made of it.
	data []byte
}

func (o *plainFile) ID() ObjectID { return ObjectID{o.sum, TypeFile} }

func (o *plainFile) OpenFile(ctx context.Context) (*FileHeader, io.ReadCloser, error) {
	if o.header.IsSymlink() || o.open == nil {
		return o.header, io.NopCloser(bytes.NewReader(o.data)), nil
	}
	payload, err := o.open(ctx)
	return o.header, payload, err
}

func (o *plainFile) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	return compressed(ctx, o)
}

// compressed is the archive form of an object that is stored plain.
func compressed(ctx context.Context, o Object) (io.ReadCloser, int64, error) {
	h, payload, err := o.OpenFile(ctx)
	if err != nil {
		return nil, 0, err
	}
	z, err := newFilezReader(h, payload)
	if err != nil {
		return nil, 0, errors.Join(err, payload.Close())
	}
	return z, -1, nil
}

// NewArchived is an object over an opener of its archive form; the length is
// -1 if it is not known.
func NewArchived(id ObjectID, open func(ctx context.Context) (io.ReadCloser, int64, error)) Object {
	return &archivedObject{id, open}
}

type archivedObject struct {
	id   ObjectID
	open func(ctx context.Context) (io.ReadCloser, int64, error)
}

func (o *archivedObject) ID() ObjectID   { return o.id }
func (o *archivedObject) archived() bool { return true }

func (o *archivedObject) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	return o.open(ctx)
}

func (o *archivedObject) OpenFile(ctx context.Context) (*FileHeader, io.ReadCloser, error) {
	if o.id.Type != TypeFile {
		return nil, nil, notAFile(o.id)
	}
	rc, _, err := o.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	return inflated(o.id, "", rc)
}

// inflated reads a file out of its archive form, which it takes over. What is
// wrong with the bytes is a *CorruptError.
func inflated(id ObjectID, where string, rc io.ReadCloser) (*FileHeader, io.ReadCloser, error) {
	h, payload, err := ReadFilez(rc)
	if err != nil {
		return nil, nil, errors.Join(asCorrupt(id, where, err), rc.Close())
	}
	return h, &inflatedPayload{payload, rc, id, where}, nil
}

type inflatedPayload struct {
	io.ReadCloser
	below io.Closer
	id    ObjectID
	where string
}

func (p *inflatedPayload) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		err = asCorrupt(p.id, p.where, err)
	}
	return n, err
}

func (p *inflatedPayload) Close() error {
	return errors.Join(p.ReadCloser.Close(), p.below.Close())
}

// asCorrupt names the object whose bytes a format error is about. Any other
// error stays as it is.
func asCorrupt(id ObjectID, where string, err error) error {
	if bad, ok := errors.AsType[*formatError](err); ok {
		return &CorruptError{ID: id, Where: where, Why: bad.why}
	}
	return err
}

// ContentChecksum is the id of a file object: header and payload, which may be
// nil for a symlink. It reads payload to its end and ignores h.Size.
func ContentChecksum(h *FileHeader, payload io.Reader) (Checksum, error) {
	sum, err := startContent(h)
	if err != nil {
		return Checksum{}, err
	}
	if payload != nil {
		if _, err := copyTo(context.Background(), sum, payload); err != nil {
			return Checksum{}, err
		}
	}
	return finish(sum), nil
}

// startContent is a hash that has seen the header of a content object.
func startContent(h *FileHeader) (hash.Hash, error) {
	header, err := h.Marshal()
	if err != nil {
		return nil, err
	}
	frame, err := framed(header)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	sum.Write(frame)
	return sum, nil
}

func finish(sum hash.Hash) Checksum {
	var c Checksum
	sum.Sum(c[:0])
	return c
}

package ostreehub

import (
	"archive/tar"
	"bytes"
	"context"
	"hash"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// crcRecord is the PAX record that carries a file's CRC32C.
const crcRecord = "FIO.ostree.CRC"

func header(path string, size int64, crc uint32) *tar.Header {
	return &tar.Header{
		Typeflag: tar.TypeReg, Name: "./" + path, Size: size, Mode: 0o644, Format: tar.FormatPAX,
		PAXRecords: map[string]string{crcRecord: strconv.FormatUint(uint64(crc), 10)},
	}
}

// packRoom is how long a tar may become before it is full and closed.
const packRoom = packBytes + inMemory + 8<<10

// pack is a tar of small objects on its way to become full.
type pack struct {
	buf   bytes.Buffer
	tar   *tar.Writer
	ids   []ostree.ObjectID
	bytes int64 // of the objects
	lease httpx.Lease
}

func newPack() *pack {
	p := new(pack)
	p.buf.Grow(packRoom)
	p.tar = tar.NewWriter(&p.buf)
	return p
}

func (p *pack) add(id ostree.ObjectID, data []byte, crc uint32) error {
	if err := p.tar.WriteHeader(header(id.ArchivePath(), int64(len(data)), crc)); err != nil {
		return err
	}
	if _, err := p.tar.Write(data); err != nil {
		return err
	}
	p.ids = append(p.ids, id)
	p.bytes += int64(len(data))
	return nil
}

func (p *pack) full() bool { return len(p.ids) >= packObjects || p.buf.Len() >= packBytes }

// close ends the tar.
func (p *pack) close() error { return p.tar.Close() }

// body is the closed tar, to be sent.
func (p *pack) body(context.Context) (io.ReadCloser, int64, error) {
	return p.lease.Body(io.NopCloser(bytes.NewReader(p.buf.Bytes()))), int64(p.buf.Len()), nil
}

// next is an empty pack once this one was taken. It has the same memory, unless
// one huge object made that grow or an attempt that was given up still reads it.
func (p *pack) next() *pack {
	if p.buf.Cap() > 2*packRoom || !p.lease.Over() {
		return newPack()
	}
	p.buf.Reset()
	p.tar = tar.NewWriter(&p.buf)
	p.ids, p.bytes = p.ids[:0], 0
	return p
}

// single is a tar of one file, which is read as it is sent. It must be what was
// announced: size bytes with that checksum.
func single(path string, size int64, crc uint32, open func(context.Context) (io.ReadCloser, int64, error)) (body, error) {
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(header(path, size, crc)); err != nil {
		return nil, err
	}
	const block = 512
	tail := make([]byte, (block-size%block)%block+2*block)
	return func(ctx context.Context) (io.ReadCloser, int64, error) {
		r, n, err := open(ctx)
		if err != nil {
			return nil, 0, err
		}
		if n != size {
			_ = r.Close()
			return nil, 0, changed(path)
		}
		content := &announced{r: io.LimitReader(r, size+1), path: path, size: size, crc: crc, sum: crc32.New(castagnoli())}
		all := io.MultiReader(bytes.NewReader(head.Bytes()), content, bytes.NewReader(tail))
		return struct {
			io.Reader
			io.Closer
		}{all, r}, int64(head.Len()) + size + int64(len(tail)), nil
	}, nil
}

// announced fails where what is read is not what the header of the tar said.
type announced struct {
	r    io.Reader
	path string
	size int64
	crc  uint32
	sum  hash.Hash32
}

func (a *announced) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	_, _ = a.sum.Write(p[:n]) // a hash never fails
	a.size -= int64(n)
	if a.size < 0 || err == io.EOF && (a.size != 0 || a.sum.Sum32() != a.crc) {
		return 0, changed(a.path)
	}
	return n, err
}

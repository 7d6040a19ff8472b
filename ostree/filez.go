package ostree

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"sync"

	"github.com/otactl/otactl/internal/inflate"
	"github.com/otactl/otactl/internal/limits"
)

// bufferSize is the unit in which payloads move, in bytes.
const bufferSize = 64 << 10

// The pools below are the package's only shared state: an inflater or deflater
// costs more to make than most objects cost to read, and ReadFilez is called
// from places that share nothing else. What comes out of a pool is reset
// before use, so no byte travels from one object to another.
var (
	inflaters = sync.Pool{New: func() any { return new(inflate.Reader) }}
	buffers   = sync.Pool{New: func() any { return new([bufferSize]byte) }}
)

// ReadFilez reads the header of a file in archive form from r. payload
// inflates; it ends in an error unless the stream is exactly as long as the
// header says and r ends with it. Closing payload does not close r.
//
// An error of r comes back as it is; anything else says what is wrong with the
// bytes.
func ReadFilez(r io.Reader) (h *FileHeader, payload io.ReadCloser, err error) {
	inf := inflaters.Get().(*inflate.Reader)
	z := &filez{inf: inf, src: &source{r: r}}
	inf.Reset(z.src)
	if h, err = readFramedHeader(inf); err != nil {
		err = z.explain(err)
		_ = z.Close()
		return nil, nil, err
	}
	z.left, z.src.most = h.Size, mostPacked(h.Size)
	z.plain = h.IsSymlink()
	return h, z, nil
}

// readFramedHeader reads length, four zero bytes, and the header they frame.
func readFramedHeader(r *inflate.Reader) (*FileHeader, error) {
	var frame [8]byte
	if err := r.Before(frame[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(frame[:4])
	if n == 0 || n > limits.FileHeader {
		return nil, badFormat("header of %d bytes, want 1 to %d", n, limits.FileHeader)
	}
	if binary.BigEndian.Uint32(frame[4:]) != 0 {
		return nil, badFormat("padding after the header's length is not zero")
	}
	header := make([]byte, n)
	if err := r.Before(header); err != nil {
		return nil, err
	}
	return parseFilezHeader(header)
}

// source remembers an error of reading, which says nothing about the bytes, and
// ends what goes on for longer than any compressor would.
type source struct {
	r    io.Reader
	read uint64
	most uint64 // how much may be read; 0 while only the header is
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.most > 0 && s.read > s.most {
		return 0, badFormat("goes on after %d bytes, far more than its payload needs", s.read)
	}
	n, err := s.r.Read(p)
	s.read += uint64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// mostPacked is how long the archive form of a payload may be. A deflate stream
// may hold blocks of nothing without end; one that no compressor makes must
// not fill the disk of whoever stores what arrives.
func mostPacked(payload uint64) uint64 {
	const slack = limits.FileHeader + 1<<20
	if payload > (math.MaxUint64-slack)/2 {
		return math.MaxUint64
	}
	return 2*payload + slack
}

// filez is the payload of a file in archive form.
type filez struct {
	inf   *inflate.Reader // nil once closed
	src   *source
	left  uint64 // uncompressed bytes still to come
	plain bool   // a symlink: no stream follows
	err   error  // sticky
}

// explain tells a failure of the source from one of the bytes.
func (z *filez) explain(err error) error {
	switch {
	case z.src.err != nil:
		return z.src.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return badFormat("ends too early")
	case errors.Is(err, inflate.ErrCorrupt):
		return badFormat("%v", err)
	}
	return err
}

// Read gives the inflated bytes.
func (z *filez) Read(p []byte) (int, error) {
	if z.err != nil || len(p) == 0 {
		return 0, z.err
	}
	if z.inf == nil {
		return 0, errors.New("read of a closed object")
	}
	if z.plain {
		z.err = z.end()
		return 0, z.err
	}
	n, err := z.inf.Read(p)
	if uint64(n) > z.left {
		n, err = int(z.left), badFormat("payload is longer than the header says")
	}
	z.left -= uint64(n)
	switch {
	case err == io.EOF && z.left > 0:
		z.err = badFormat("payload is %d bytes shorter than the header says", z.left)
	case err == io.EOF:
		z.err = z.end()
	case err != nil:
		z.err = z.explain(err)
	}
	return n, z.err
}

// end is io.EOF if nothing follows.
func (z *filez) end() error {
	more, err := z.inf.More()
	switch {
	case more:
		return badFormat("bytes follow after its end")
	case err != nil:
		return z.explain(err)
	}
	return io.EOF
}

// Close gives the decompressor back.
func (z *filez) Close() error {
	if z.inf != nil {
		z.inf.Reset(nil)
		inflaters.Put(z.inf)
		z.inf = nil
	}
	return nil
}

// copyTo moves r to w through a pooled buffer, and stops when ctx ends.
func copyTo(ctx context.Context, w io.Writer, r io.Reader) (int64, error) {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	var total int64
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, err := r.Read(buf[:])
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return total, werr
			}
			total += int64(n)
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

package ostree

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// deflateLevel is libostree's default. Another level changes no object's name.
const deflateLevel = 6

// deflaters are pools by level; see inflaters for why there is a pool.
var deflaters = [deflateMost + 1]sync.Pool{}

// deflateMost is the highest level.
const deflateMost = 9

// deflater is a pooled compressor, with the buffer through which it writes: it
// makes a few hundred bytes at a time.
type deflater struct {
	w     *flate.Writer
	out   *bufio.Writer
	level int
}

// newDeflater compresses to the writer to, to which frame goes first. The level
// is one that zlib knows, 1 to 9.
func newDeflater(to io.Writer, frame []byte, level int) (*deflater, error) {
	d, ok := deflaters[level].Get().(*deflater)
	if !ok {
		out := bufio.NewWriterSize(io.Discard, bufferSize)
		w, err := flate.NewWriter(out, level)
		if err != nil {
			return nil, err
		}
		d = &deflater{w, out, level}
	}
	d.out.Reset(to)
	d.w.Reset(d.out)
	_, err := d.out.Write(frame)
	return d, err
}

func (d *deflater) Write(p []byte) (int, error) { return d.w.Write(p) }

// finish ends the stream and gives the compressor back.
func (d *deflater) finish() error {
	err := errors.Join(d.w.Close(), d.out.Flush())
	d.release()
	return err
}

func (d *deflater) release() {
	d.out.Reset(io.Discard)
	d.w.Reset(d.out)
	deflaters[d.level].Put(d)
}

// filezReader is the archive form of a file, compressed while it is read.
type filezReader struct {
	payload io.ReadCloser
	out     bytes.Buffer
	deflate *deflater // nil once the stream is finished
	err     error
}

// newFilezReader takes over payload.
func newFilezReader(h *FileHeader, payload io.ReadCloser) (*filezReader, error) {
	header, err := h.marshalFilez()
	if err != nil {
		return nil, err
	}
	frame, err := framed(header)
	if err != nil {
		return nil, err
	}
	z := &filezReader{payload: payload}
	switch {
	case h.IsSymlink():
		z.out.Write(frame)
		return z, nil
	case h.Size <= tinyPayload:
		data, err := io.ReadAll(io.LimitReader(payload, tinyPayload+1))
		if err != nil {
			return nil, err
		}
		z.out.Write(append(frame, tinyDeflate(data)...))
		return z, nil
	}
	z.deflate, err = newDeflater(&z.out, frame, deflateLevel)
	return z, err
}

func (z *filezReader) Read(p []byte) (int, error) {
	for z.out.Len() == 0 && z.deflate != nil && z.err == nil {
		z.err = z.step()
	}
	if z.out.Len() > 0 {
		return z.out.Read(p)
	}
	if z.err != nil {
		return 0, z.err
	}
	return 0, io.EOF
}

// step compresses one buffer full.
func (z *filezReader) step() error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	n, err := z.payload.Read(buf[:])
	if n > 0 {
		if _, err := z.deflate.Write(buf[:n]); err != nil {
			return err
		}
	}
	if err == io.EOF {
		err = z.deflate.finish()
		z.deflate = nil
	}
	return err
}

func (z *filezReader) Close() error {
	if z.deflate != nil {
		z.deflate.release()
		z.deflate = nil
	}
	return z.payload.Close()
}

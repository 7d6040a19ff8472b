package ostree

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// deflateLevel is libostree's default. Another level changes no object's name.
const deflateLevel = 6

// deflaters: see inflaters for why there is a pool.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, deflateLevel)
	if err != nil {
		return err // the level is a constant in range: not reached
	}
	return w
}}

// deflater is a pooled compressor.
type deflater struct{ w *flate.Writer }

func newDeflater(to io.Writer) (*deflater, error) {
	switch w := deflaters.Get().(type) {
	case *flate.Writer:
		w.Reset(to)
		return &deflater{w}, nil
	case error:
		return nil, w
	}
	return nil, io.ErrClosedPipe
}

func (d *deflater) Write(p []byte) (int, error) { return d.w.Write(p) }

// finish ends the stream and gives the compressor back.
func (d *deflater) finish() error {
	err := d.w.Close()
	d.release()
	return err
}

func (d *deflater) release() {
	if d.w != nil {
		d.w.Reset(io.Discard)
		deflaters.Put(d.w)
		d.w = nil
	}
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
	z.out.Write(frame)
	if !h.IsSymlink() {
		z.deflate, err = newDeflater(&z.out)
	}
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

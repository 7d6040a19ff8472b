package delta

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// oldWindow is how much of the old file is read at once, in bytes.
const oldWindow = 64 << 10

// farthest is how far from the old file's start a patch may get, or move at
// once; sums of two such numbers and a piece still fit.
const farthest = 1 << 61

// patched is the file that a bsdiff stream makes of an old one. A stream is a
// row of three numbers of 8 bytes each, how many bytes to add to the old file's,
// how many to take as they are, and how far to move in the old file after that,
// each followed by the bytes.
type patched struct {
	patch *bufio.Reader
	old   *window
	left  int64 // of the new file
	add   int64 // left of this piece
	extra int64
	seek  int64
	pos   int64 // in the old file
	err   error
}

// newPatched reads the stream from patch and makes a file of size bytes.
func newPatched(patch io.Reader, old io.ReaderAt, oldSize, size int64) *patched {
	return &patched{patch: bufio.NewReaderSize(patch, 16<<10), old: &window{at: old, size: oldSize}, left: size}
}

func (p *patched) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && p.err == nil {
		k, err := p.step(b[n:])
		n += k
		p.err = err
	}
	if n > 0 {
		return n, nil
	}
	if len(b) == 0 {
		return 0, nil
	}
	return 0, p.err
}

// step gives some bytes of one piece, or goes on to the next piece.
func (p *patched) step(b []byte) (int, error) {
	switch {
	case p.add > 0:
		return p.addOld(b)
	case p.extra > 0:
		return p.take(b)
	case p.left == 0:
		return 0, p.end()
	}
	return 0, p.control()
}

func (p *patched) control() error {
	var head [24]byte
	if _, err := io.ReadFull(p.patch, head[:]); err != nil {
		return p.short(err)
	}
	add, extra, seek := number(head[:8]), number(head[8:16]), number(head[16:])
	if add < 0 || extra < 0 || add > math.MaxInt32 || extra > math.MaxInt32 {
		return bad("patch has a piece of %d and %d bytes", add, extra)
	}
	if add+extra > p.left {
		return bad("patch has a piece of %d bytes, only %d are left of the file", add+extra, p.left)
	}
	p.pos += p.seek
	p.add, p.extra, p.seek = add, extra, seek
	if p.pos < -farthest || p.pos > farthest || seek < -farthest || seek > farthest {
		return bad("patch moves %d bytes in the old file, to %d", seek, p.pos)
	}
	return nil
}

// number reads a sign and 63 bits, the lowest byte first.
func number(b []byte) int64 {
	n := binary.LittleEndian.Uint64(b)
	v := int64(n &^ (1 << 63))
	if n>>63 == 1 {
		return -v
	}
	return v
}

// addOld gives the sum of patch and old file.
func (p *patched) addOld(b []byte) (int, error) {
	b = b[:min(int64(len(b)), p.add, oldWindow)]
	if _, err := io.ReadFull(p.patch, b); err != nil {
		return 0, p.short(err)
	}
	if err := p.old.addTo(b, p.pos); err != nil {
		return 0, err
	}
	n := int64(len(b))
	p.pos += n
	p.add -= n
	p.left -= n
	return len(b), nil
}

func (p *patched) take(b []byte) (int, error) {
	b = b[:min(int64(len(b)), p.extra)]
	if _, err := io.ReadFull(p.patch, b); err != nil {
		return 0, p.short(err)
	}
	p.extra -= int64(len(b))
	p.left -= int64(len(b))
	return len(b), nil
}

func (p *patched) end() error {
	switch _, err := p.patch.ReadByte(); {
	case err == nil:
		return bad("patch goes on after the file's end")
	case err != io.EOF:
		return err
	}
	return io.EOF
}

func (p *patched) short(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return bad("patch ends %d bytes before the file", p.left)
	}
	return err
}

// window reads an old file here and there, a piece at a time.
type window struct {
	at   io.ReaderAt
	size int64
	buf  []byte
	from int64
}

// addTo adds the bytes from pos on to b; outside of the file they are zeros.
func (w *window) addTo(b []byte, pos int64) error {
	if pos < 0 {
		skip := int64(len(b))
		if pos > -skip {
			skip = -pos
		}
		b, pos = b[skip:], pos+skip
	}
	for len(b) > 0 && pos < w.size {
		if pos < w.from || pos >= w.from+int64(len(w.buf)) {
			if err := w.load(pos); err != nil {
				return err
			}
		}
		old := w.buf[pos-w.from:]
		n := min(len(b), len(old))
		add(b[:n], old[:n])
		b, pos = b[n:], pos+int64(n)
	}
	return nil
}

func (w *window) load(pos int64) error {
	if w.buf == nil {
		w.buf = make([]byte, 0, min(w.size, oldWindow))
	}
	n, err := w.at.ReadAt(w.buf[:min(w.size-pos, int64(cap(w.buf)))], pos)
	if n == 0 {
		return errors.Join(err, errors.New("the old file became shorter"))
	}
	w.buf, w.from = w.buf[:n], pos
	return nil
}

// add adds old to b, byte by byte, eight at a time: the highest bit of each is
// added apart, so that no carry gets into the next.
func add(b, old []byte) {
	const high = 0x8080808080808080
	for len(b) >= 8 && len(old) >= 8 {
		x, y := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(old)
		binary.LittleEndian.PutUint64(b, (x&^high+y&^high)^(x^y)&high)
		b, old = b[8:], old[8:]
	}
	for i := range b {
		b[i] += old[i]
	}
}

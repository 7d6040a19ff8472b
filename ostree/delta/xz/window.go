package xz

import "io"

// growStep is by how much a window grows at least, in bytes.
const growStep = 64 << 10

// window is a ring of the last bytes given out. It is written through from the
// start to its end and then from the start again; what was written is passed on
// before it is overwritten, and at the end of each chunk.
type window struct {
	buf   []byte // the ring as far as it is needed yet
	size  int    // what it may grow to: dictionary or output
	pos   int    // where the next byte goes
	sent  int    // buf[sent:pos] is not passed on yet
	total uint64 // bytes since the last reset
	out   *sink
}

// open makes the window ready for a block.
func (w *window) open(out *sink, size int) {
	w.out, w.size = out, max(size, 1)
	w.buf = w.buf[:0]
	w.reset()
}

// reset forgets the dictionary; the caller has flushed.
func (w *window) reset() {
	w.total = 0
	w.pos, w.sent = 0, 0
}

// turn makes room when pos is at the end of buf: a larger buffer, or the start
// of the ring.
func (w *window) turn() error {
	if len(w.buf) < w.size {
		w.grow()
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.pos, w.sent = 0, 0
	return nil
}

// grow doubles the buffer, up to the window's size. It grows only before the
// ring has closed, so what is in it stays where it is.
func (w *window) grow() {
	n := min(max(2*len(w.buf), growStep), w.size)
	if n > cap(w.buf) {
		w.buf = regrow(w.buf, n, w.size)
	}
	w.buf = w.buf[:n]
}

func (w *window) free() {
	release(w.buf)
	w.buf = nil
}

// flush passes on what was not yet.
func (w *window) flush() error {
	if w.sent == w.pos {
		return nil
	}
	_, err := w.out.Write(w.buf[w.sent:w.pos])
	w.sent = w.pos
	return err
}

// last is the byte before, zero at the start.
func (w *window) last() byte {
	switch {
	case w.total == 0:
		return 0
	case w.pos == 0:
		return w.buf[len(w.buf)-1]
	}
	return w.buf[w.pos-1]
}

// at is the byte dist+1 back, zero if there is none.
func (w *window) at(dist uint32) byte {
	i := w.pos - 1 - int(dist)
	if i < 0 {
		i += len(w.buf)
	}
	if i < 0 || uint64(dist) >= w.total {
		return 0
	}
	return w.buf[i]
}

// match copies n bytes from dist+1 back.
func (w *window) match(dist uint32, n int) error {
	if uint64(dist) >= w.total || uint64(dist) >= uint64(w.size) {
		return corrupt("match reaches back behind the start")
	}
	back := int(dist) + 1
	for n > 0 {
		if w.pos == len(w.buf) {
			if err := w.turn(); err != nil {
				return err
			}
		}
		from, to := w.pos-back, w.pos
		room := len(w.buf) - to
		if from < 0 {
			from += len(w.buf)
			room = min(room, len(w.buf)-from)
		}
		k := min(n, room)
		if back >= k || from > to {
			copy(w.buf[to:to+k], w.buf[from:from+k])
		} else {
			repeat(w.buf[from:to+k], back)
		}
		w.pos += k
		w.total += uint64(k)
		n -= k
	}
	return nil
}

// repeat fills b after its first n bytes with these, again and again.
func repeat(b []byte, n int) {
	for n < len(b) {
		n += copy(b[n:], b[:n])
	}
}

// copyFrom takes n bytes as they are.
func (w *window) copyFrom(r io.Reader, n int) error {
	for n > 0 {
		if w.pos == len(w.buf) {
			if err := w.turn(); err != nil {
				return err
			}
		}
		k := min(n, len(w.buf)-w.pos)
		if _, err := io.ReadFull(r, w.buf[w.pos:w.pos+k]); err != nil {
			return err
		}
		w.pos += k
		w.total += uint64(k)
		n -= k
	}
	return w.flush()
}

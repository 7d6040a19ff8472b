package ostree

import "math/bits"

// tinyPayload is up to how many bytes a payload is compressed by tinyDeflate:
// the compressor for the others stores what is so short, with a frame around
// it that is longer than most such files.
const tinyPayload = 128

// tinyDeflate is a raw deflate stream of data in one block with the fixed
// codes of RFC 1951, or in a stored one where that is shorter.
func tinyDeflate(data []byte) []byte {
	w := &bitWriter{out: make([]byte, 0, len(data)+8)}
	w.add(0b011, 3) // the last block, with fixed codes
	for at := 0; at < len(data); {
		length, distance := tinyMatch(data, at)
		if length > 0 && at+1 < len(data) { // a literal and a longer match after it may be better
			if next, _ := tinyMatch(data, at+1); next > length {
				length = 0
			}
		}
		if length == 0 {
			w.symbol(int(data[at]))
			at++
			continue
		}
		w.length(length)
		w.distance(distance)
		at += length
	}
	w.symbol(endOfBlock)
	w.flush()
	if stored := 5 + len(data); stored < len(w.out) {
		n := uint16(len(data))
		return append([]byte{1, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}, data...)
	}
	return w.out
}

// tinyMatch finds the longest earlier run that data goes on with at a place,
// the nearest if there are several; 0 if none has 3 bytes.
func tinyMatch(data []byte, at int) (length, distance int) {
	for from := at - 1; from >= 0; from-- {
		n := 0
		for at+n < len(data) && data[from+n] == data[at+n] {
			n++
		}
		if n >= 3 && n > length {
			length, distance = n, at-from
		}
	}
	return length, distance
}

const endOfBlock = 256

// bitWriter packs codes from the lowest bit of a byte on.
type bitWriter struct {
	out  []byte
	bits uint32
	n    uint
}

func (w *bitWriter) add(value uint32, n uint) {
	w.bits |= value << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
	}
}

func (w *bitWriter) flush() {
	if w.n > 0 {
		w.add(0, 8-w.n)
	}
}

// code adds a Huffman code, which comes highest bit first.
func (w *bitWriter) code(value uint32, n uint) { w.add(bits.Reverse32(value)>>(32-n), n) }

// symbol adds a literal, the end of the block, or the code of a length.
func (w *bitWriter) symbol(s int) {
	switch {
	case s < 144:
		w.code(0x30+uint32(s), 8)
	case s < 256:
		w.code(0x190+uint32(s-144), 9)
	case s < 280:
		w.code(uint32(s-256), 7)
	default:
		w.code(0xc0+uint32(s-280), 8)
	}
}

// length adds the length of a match, of at most tinyPayload bytes: up to 10 each
// has a code, then 4 codes share each number of extra bits.
func (w *bitWriter) length(n int) {
	if n <= 10 {
		w.symbol(254 + n)
		return
	}
	extra := bits.Len(uint(n-3)) - 3
	w.symbol(257 + extra*4 + (n-3)>>extra)
	w.add(uint32(n-3)&(1<<extra-1), uint(extra))
}

// distance adds how far back a match is: up to 4 each has a code, then 2 codes
// share each number of extra bits.
func (w *bitWriter) distance(n int) {
	if n <= 4 {
		w.code(uint32(n-1), 5)
		return
	}
	extra := bits.Len(uint(n-1)) - 2
	w.code(uint32(extra*2+(n-1)>>extra), 5)
	w.add(uint32(n-1)&(1<<extra-1), uint(extra))
}

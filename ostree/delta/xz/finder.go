package xz

import (
	"encoding/binary"
	"math/bits"
)

const (
	maxMatch = 273
	// depth is how many places with the same four bytes are looked at, and nice
	// the length that ends the search.
	depth = 64
	nice  = 96
)

// match is a length and how far back it is found, less one.
type match struct {
	length int
	dist   uint32
}

// finder finds earlier places of what comes next in a buffer, by hashes of
// two, three and four bytes. The table of heads holds positions plus one; chains
// lead from a position to the one before with the same four bytes.
type finder struct {
	buf     []byte
	pos     int // what is found next
	dict    int
	mask    int // of chains
	shift   uint
	heads2  []int32
	heads3  []int32
	heads4  []int32
	chains  []int32
	matches []match
}

const hash3Bits = 16

func newFinder(dict, size int) *finder {
	width := max(bits.Len(uint(min(dict, max(size, 1))-1)), 12)
	return &finder{
		dict: dict, mask: 1<<width - 1, shift: uint(32 - min(width, 20)),
		heads2: make([]int32, 1<<16), heads3: make([]int32, 1<<hash3Bits), heads4: make([]int32, 1<<min(width, 20)),
		chains: make([]int32, 1<<width),
	}
}

// slide forgets the first n bytes of the buffer.
func (f *finder) slide(n int) {
	copy(f.buf, f.buf[n:])
	f.buf = f.buf[:len(f.buf)-n]
	f.pos -= n
	for _, t := range [][]int32{f.heads2, f.heads3, f.heads4, f.chains} {
		for i, p := range t {
			t[i] = max(p-int32(n), 0)
		}
	}
}

// hashes are where the bytes from pos on stand in the tables of heads.
func (f *finder) hashes() (h2, h3, h4 uint32) {
	x := binary.LittleEndian.Uint32(f.buf[f.pos:])
	return x & 0xffff, (x << 8) * 0x9e3779b1 >> (32 - hash3Bits), x * 0x9e3779b1 >> f.shift
}

// skip passes over n bytes.
func (f *finder) skip(n int) {
	for range n {
		if f.pos+4 <= len(f.buf) {
			h2, h3, h4 := f.hashes()
			p := int32(f.pos + 1)
			f.chains[f.pos&f.mask] = f.heads4[h4]
			f.heads2[h2], f.heads3[h3], f.heads4[h4] = p, p, p
		}
		f.pos++
	}
}

// find gives the nearest place for each length that can be had, longer ones
// later, and goes on by one byte.
func (f *finder) find() []match {
	f.matches = f.matches[:0]
	at := f.pos
	f.pos++
	if at+4 > len(f.buf) {
		return nil
	}
	f.pos = at
	h2, h3, h4 := f.hashes()
	f.pos++
	p2, p3, p := f.heads2[h2], f.heads3[h3], f.heads4[h4]
	f.chains[at&f.mask] = p
	f.heads2[h2], f.heads3[h3], f.heads4[h4] = int32(at+1), int32(at+1), int32(at+1)
	best := f.try(at, int(p2)-1, 1)
	if p3 != p2 {
		best = f.try(at, int(p3)-1, best)
	}
	for n := depth; n > 0 && p > 0 && best < nice; n-- {
		from := int(p) - 1
		if at-from > f.dict || at-from > f.mask {
			break
		}
		best = f.try(at, from, best)
		p = f.chains[from&f.mask]
	}
	return f.matches
}

// try looks how long the match at from is, and notes it if it is longer than
// best.
func (f *finder) try(at, from, best int) int {
	if from < 0 || at-from > f.dict {
		return best
	}
	end := min(len(f.buf), at+maxMatch)
	if at+best >= end || f.buf[from+best] != f.buf[at+best] {
		return best
	}
	n := common(f.buf[from:], f.buf[at:end])
	if n <= best {
		return best
	}
	f.matches = append(f.matches, match{n, uint32(at - from - 1)})
	return n
}

// common is how many bytes of b are the same in a, which is longer.
func common(a, b []byte) int {
	n := len(b)
	a = a[:n]
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

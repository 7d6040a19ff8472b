package xz

// rangeEncoder writes bits into a chunk.
type rangeEncoder struct {
	out     []byte
	low     uint64
	rng     uint32
	cache   byte
	pending int // bytes that wait for a carry: cache, and 0xff behind it
}

func (e *rangeEncoder) reset() {
	e.out = e.out[:0]
	e.low, e.rng, e.cache, e.pending = 0, 0xffffffff, 0, 1
}

// size is how long the chunk would be if it ended now.
func (e *rangeEncoder) size() int { return len(e.out) + e.pending + 4 }

func (e *rangeEncoder) shift() {
	if e.low < 0xff000000 || e.low > 0xffffffff {
		carry := byte(e.low >> 32)
		for ; e.pending > 0; e.pending-- {
			e.out = append(e.out, e.cache+carry)
			e.cache = 0xff
		}
		e.cache = byte(e.low >> 24)
	}
	e.pending++
	e.low = e.low << 8 & 0xffffffff
}

// finish writes what is left.
func (e *rangeEncoder) finish() {
	for range 5 {
		e.shift()
	}
}

func (e *rangeEncoder) bit(p *uint16, b uint32) {
	v := uint32(*p)
	bound := (e.rng >> probBits) * v
	if b == 0 {
		e.rng = bound
		*p = uint16(v + (1<<probBits-v)>>probMove)
	} else {
		e.low += uint64(bound)
		e.rng -= bound
		*p = uint16(v - v>>probMove)
	}
	for e.rng < topValue {
		e.rng <<= 8
		e.shift()
	}
}

// tree writes the n bits of a symbol, the highest first.
func (e *rangeEncoder) tree(p []uint16, n, symbol uint32) {
	at := uint32(1)
	for i := n; i > 0; i-- {
		b := symbol >> (i - 1) & 1
		e.bit(&p[at], b)
		at = at<<1 | b
	}
}

// reverse writes n bits, the lowest first.
func (e *rangeEncoder) reverse(p []uint16, n, symbol uint32) {
	at := uint32(1)
	for range n {
		b := symbol & 1
		symbol >>= 1
		e.bit(&p[at], b)
		at = at<<1 | b
	}
}

// direct writes n bits that have no model.
func (e *rangeEncoder) direct(n, value uint32) {
	for i := n; i > 0; i-- {
		e.rng >>= 1
		if value>>(i-1)&1 == 1 {
			e.low += uint64(e.rng)
		}
		for e.rng < topValue {
			e.rng <<= 8
			e.shift()
		}
	}
}

// matched writes a byte that follows a match, where the byte at the match's
// distance is a hint.
func (e *rangeEncoder) matched(p *[litSize]uint16, symbol, hint uint32) {
	offset, at := uint32(0x100), uint32(1)
	for i := range uint32(8) {
		side := hint << (i + 1) & offset
		b := symbol >> (7 - i) & 1
		e.bit(&p[offset+side+at], b)
		at = at<<1 | b
		if b == 1 {
			offset &= side
		} else {
			offset &^= side
		}
	}
}

// length writes a match length, less minMatch.
func (e *rangeEncoder) length(l *lengths, pos, n uint32) {
	switch {
	case n < 8:
		e.bit(&l.choice, 0)
		e.tree(l.low[pos][:], 3, n)
	case n < 16:
		e.bit(&l.choice, 1)
		e.bit(&l.choice2, 0)
		e.tree(l.mid[pos][:], 3, n-8)
	default:
		e.bit(&l.choice, 1)
		e.bit(&l.choice2, 1)
		e.tree(l.high[:], 8, n-16)
	}
}

package xz

// maxPacked is the most an LZMA2 chunk holds, packed, in bytes.
const maxPacked = 1 << 16

// rangeDecoder takes bits off one chunk. Reading past the chunk's end gives
// bytes that mean nothing; the reader of the chunk sees it by the position.
type rangeDecoder struct {
	in   [maxPacked]byte
	pos  uint32
	rng  uint32
	code uint32
}

// start takes the first five bytes of a chunk.
func (d *rangeDecoder) start() bool {
	d.rng = 0xffffffff
	d.code = uint32(d.in[1])<<24 | uint32(d.in[2])<<16 | uint32(d.in[3])<<8 | uint32(d.in[4])
	d.pos = 5
	return d.in[0] == 0
}

// bit takes one bit by model p.
func (d *rangeDecoder) bit(p *uint16) uint32 {
	rng, code := d.rng, d.code
	if rng < topValue {
		rng <<= 8
		code = code<<8 | uint32(d.in[uint16(d.pos)])
		d.pos++
	}
	v := uint32(*p)
	bound := (rng >> probBits) * v
	if code < bound {
		d.rng, d.code = bound, code
		*p = uint16(v + (1<<probBits-v)>>probMove)
		return 0
	}
	d.rng, d.code = rng-bound, code-bound
	*p = uint16(v - v>>probMove)
	return 1
}

// tree takes bits of a tree of models, from its root on, until the symbol has
// reached limit, a power of two.
func (d *rangeDecoder) tree(p []uint16, limit uint32) uint32 {
	rng, code, pos := d.rng, d.code, d.pos
	symbol := uint32(1)
	for symbol < limit && symbol < uint32(len(p)) {
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(d.in[uint16(pos)])
			pos++
		}
		v := uint32(p[symbol])
		bound := (rng >> probBits) * v
		if code < bound {
			rng = bound
			p[symbol] = uint16(v + (1<<probBits-v)>>probMove)
			symbol <<= 1
		} else {
			rng -= bound
			code -= bound
			p[symbol] = uint16(v - v>>probMove)
			symbol = symbol<<1 | 1
		}
	}
	d.rng, d.code, d.pos = rng, code, pos
	return symbol - limit
}

// literal takes a byte. Where a patch or packed data is unpacked its bits are as
// good as random, so it takes them without a jump that the processor would guess
// wrong, and reads the models of both bits that may follow before it knows which.
func (d *rangeDecoder) literal(p *[litSize]uint16) byte {
	rng, code, pos := d.rng, d.code, d.pos
	symbol, v := uint32(1), uint32(p[1])
	for range 8 {
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(d.in[uint16(pos)])
			pos++
		}
		at := symbol & 0xff
		v0, v1 := uint32(p[2*at]), uint32(p[2*at+1])
		bound := (rng >> probBits) * v
		zero := below(code, bound)
		p[at] = learn(v, zero)
		rng = rng - bound + (2*bound-rng)&zero
		code = code - bound + bound&zero
		symbol = symbol<<1 + 1 + zero
		v = v1 + (v0-v1)&zero
	}
	d.rng, d.code, d.pos = rng, code, pos
	return byte(symbol)
}

// below is all ones if a < b, else 0.
func below(a, b uint32) uint32 { return uint32((uint64(a) - uint64(b)) >> 32) }

// learn moves model v towards the bit that came: zero is all ones for 0.
func learn(v, zero uint32) uint16 {
	const most = 1<<probBits - (1<<probMove - 1) // rounds as the step away from 0 does
	return uint16(v - uint32((int32(v)-int32(zero&most))>>probMove))
}

// matched takes a byte that follows a match, where the byte at the match's
// distance is a hint. It jumps as little as literal does.
func (d *rangeDecoder) matched(p *[litSize]uint16, hint byte) byte {
	rng, code, pos := d.rng, d.code, d.pos
	symbol, offset, match := uint32(1), uint32(0x100), uint32(hint)
	for range 8 {
		match <<= 1
		side := match & offset
		i := offset + side + symbol
		if i >= litSize {
			break // cannot be
		}
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(d.in[uint16(pos)])
			pos++
		}
		v := uint32(p[i])
		bound := (rng >> probBits) * v
		zero := below(code, bound)
		p[i] = learn(v, zero)
		rng = rng - bound + (2*bound-rng)&zero
		code = code - bound + bound&zero
		symbol = symbol<<1 + 1 + zero
		offset &= side ^ zero
	}
	d.rng, d.code, d.pos = rng, code, pos
	return byte(symbol)
}

// reverse takes n bits of a tree, the lowest first. p begins at the tree's
// root, which is model 1.
func (d *rangeDecoder) reverse(p []uint16, n uint32) uint32 {
	symbol, value := uint32(1), uint32(0)
	for i := range n {
		if symbol >= uint32(len(p)) {
			break // cannot be
		}
		b := d.bit(&p[symbol])
		symbol = symbol<<1 | b
		value |= b << i
	}
	return value
}

// direct takes n bits that have no model.
func (d *rangeDecoder) direct(n uint32) uint32 {
	rng, code, pos := d.rng, d.code, d.pos
	value := uint32(0)
	for range n {
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(d.in[uint16(pos)])
			pos++
		}
		rng >>= 1
		code -= rng
		mask := 0 - code>>31 // all ones if code went below zero
		code += rng & mask
		value = value<<1 + mask + 1
	}
	d.rng, d.code, d.pos = rng, code, pos
	return value
}

// length takes a match length, less minMatch.
func (d *rangeDecoder) length(l *lengths, pos uint32) uint32 {
	switch {
	case d.bit(&l.choice) == 0:
		return d.tree(l.low[pos][:], 8)
	case d.bit(&l.choice2) == 0:
		return 8 + d.tree(l.mid[pos][:], 8)
	}
	return 16 + d.tree(l.high[:], 256)
}

// end says whether a chunk of size bytes ended where it should, with nothing
// left over.
func (d *rangeDecoder) end(size uint32) bool {
	if d.rng < topValue {
		d.rng <<= 8
		d.code = d.code<<8 | uint32(d.in[uint16(d.pos)])
		d.pos++
	}
	return d.pos == size && d.code == 0
}

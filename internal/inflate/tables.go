package inflate

import "math/bits"

// Entries of a decoding table. The lowest byte is how many bits the code takes
// with the bits that follow it and belong to it, so that both are dropped at
// once; the next six bits are how many the code takes alone. Entry 0 stands for
// no code.
const (
	dropMask   = 0x3f
	codeShift  = 8
	codeMask   = 0x3f
	endOfBlock = 1 << 14 // nothing follows in this block
	subtable   = 1 << 15 // value is where it begins, and the code's bits those that it takes
	valueShift = 16      // a byte, the base of a length or distance, or a place
	valueMask  = 0x7fff
	literal    = 1 << 31 // value is a byte
)

const (
	maxBits  = 15      // of a code
	litBits  = 11      // of the table that is looked at first, for lengths and literals
	distBits = 8       // the same for distances
	preBits  = 7       // for the lengths of codes; no code of these is longer
	litSize  = 1 << 12 // more than any code with litBits can fill: 2342
	distSize = 1 << 9  // more than any code with distBits can fill: 402
	maxLit   = 286     // of literals and lengths that may be used
	maxDist  = 30      // of distances
)

// order is in which the lengths of the codes for lengths come.
var order = [19]byte{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// litEntry is the entry for a symbol of the first code, with the bits that follow it.
func litEntry(sym int) uint32 {
	switch {
	case sym < 256:
		return literal | uint32(sym)<<valueShift
	case sym == 256:
		return endOfBlock
	case sym < 265:
		return uint32(sym-257+3) << valueShift
	case sym < 285:
		extra := uint32(sym-261) / 4
		return extra | (uint32(4+(sym-261)%4)<<extra+3)<<valueShift
	case sym == 285:
		return 258 << valueShift
	}
	return 0
}

// distEntry is the same for a distance.
func distEntry(sym int) uint32 {
	switch {
	case sym < 4:
		return uint32(sym+1) << valueShift
	case sym < maxDist:
		extra := uint32(sym-2) / 2
		return extra | (uint32(2+sym%2)<<extra+1)<<valueShift
	}
	return 0
}

// preEntry is the same for the length of a code.
func preEntry(sym int) uint32 { return literal | uint32(sym)<<valueShift }

// build fills table for the canonical code with the given lengths, of which
// 0 is no code. It is false if they are those of no code: every string of bits
// must begin with exactly one, except that there may be no code at all, or one
// alone with one bit.
func build(table []uint32, first int, lengths []uint8, entry func(int) uint32) bool {
	var count [maxBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	clear(table)
	longest, left := 0, 1
	for n := 1; n <= maxBits; n++ {
		left = left*2 - count[n]
		if left < 0 {
			return false
		}
		if count[n] > 0 {
			longest = n
		}
	}
	alone := longest == 1 && count[1] == 1
	if longest > 0 && left > 0 && !alone {
		return false
	}
	// Symbols in the order of their codes.
	var next [maxBits + 2]int
	for n := 1; n <= maxBits; n++ {
		next[n+1] = next[n] + count[n]
	}
	var sorted [288]uint16
	for sym, n := range lengths {
		if n > 0 {
			sorted[next[n]] = uint16(sym)
			next[n]++
		}
	}
	place(table, first, &count, sorted[:len(lengths)-count[0]], entry)
	return true
}

// place gives each code its entries: in the first table those of all strings
// of bits that begin with it, for longer ones a subtable.
func place(table []uint32, first int, count *[maxBits + 1]int, sorted []uint16, entry func(int) uint32) {
	code, at := 0, 0
	end, prefix, sub, start := 1<<first, -1, 0, 0
	for n := 1; n <= maxBits; n++ {
		code <<= 1
		for k := range count[n] {
			e := entry(int(sorted[at]))
			at++
			reversed := int(bits.Reverse16(uint16(code)) >> (16 - n))
			code++
			if n <= first {
				fill(table[:1<<first], reversed, 1<<n, e, n)
				continue
			}
			if low := reversed & (1<<first - 1); low != prefix {
				prefix, start = low, end
				sub = subtableBits(n-first, first, count, k)
				end += 1 << sub
				table[low] = uint32(first) | uint32(sub)<<codeShift | subtable | uint32(start)<<valueShift
			}
			fill(table[start:start+1<<sub], reversed>>first, 1<<(n-first), e, n-first)
		}
	}
}

func fill(table []uint32, from, step int, e uint32, length int) {
	if e != 0 { // else a symbol that no stream may use
		e += uint32(length) | uint32(length)<<codeShift
	}
	for i := from; i < len(table); i += step {
		table[i] = e
	}
}

// subtableBits is how many bits a subtable needs whose first code has bits more
// than the first table; k codes of that length came before it.
func subtableBits(bits, first int, count *[maxBits + 1]int, k int) int {
	left := 1<<bits - (count[first+bits] - k)
	for left > 0 && first+bits < maxBits {
		bits++
		left = left*2 - count[first+bits]
	}
	return bits
}

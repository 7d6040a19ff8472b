package tarball

// bitString is a run of bits, the first in the highest bit of the first byte. Those
// after n in the last byte are zero.
type bitString struct {
	data []byte
	n    int
}

// add appends count bits of src, beginning at bit from.
func (b *bitString) add(src []byte, from, count int) {
	src = src[from/8:]
	skip := uint(from % 8)
	fill := uint(b.n % 8) // bits used in the last byte of data
	for done := 0; done < count; done += 8 {
		i := done / 8
		c := src[i] << skip
		if skip > 0 && i+1 < len(src) {
			c |= src[i+1] >> (8 - skip)
		}
		left := uint(min(8, count-done))
		c &= 0xff << (8 - left)
		if fill == 0 {
			b.data = append(b.data, c)
			continue
		}
		b.data[len(b.data)-1] |= c >> fill
		if left > 8-fill {
			b.data = append(b.data, c<<(8-fill))
		}
	}
	b.n += count
}

// number appends the low count bits of v, the highest first.
func (b *bitString) number(v uint64, count int) {
	var raw [8]byte
	v <<= 64 - uint(count)
	for i := range raw {
		raw[i] = byte(v >> (56 - 8*uint(i)))
	}
	b.add(raw[:], 0, count)
}

// bitsAt reads count bits, at most 57, beginning at bit from.
func bitsAt(src []byte, from, count int) uint64 {
	var v uint64
	for i := range 8 {
		v <<= 8
		if at := from/8 + i; at < len(src) {
			v |= uint64(src[at])
		}
	}
	return v << uint(from%8) >> (64 - uint(count))
}

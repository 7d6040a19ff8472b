package inflate

import "encoding/binary"

// compressed inflates until a chunk is full or the block ends.
func (r *Reader) compressed() error {
	for r.op < window+chunk {
		if r.end-r.at < atATime {
			r.load()
		}
		if r.end-r.at >= atATime {
			done, err := r.fast()
			if done || err != nil {
				return err
			}
			continue
		}
		if done, err := r.slow(); done || err != nil {
			return err
		}
	}
	return nil
}

// slow inflates one symbol near the end of the input.
func (r *Reader) slow() (done bool, err error) {
	e, err := r.symbol(r.lit[:], litBits)
	if err != nil {
		return false, err
	}
	switch {
	case e&literal != 0:
		r.out[r.op] = byte(e >> valueShift)
		r.op++
		return false, nil
	case e&endOfBlock != 0:
		r.block = nil
		return true, nil
	}
	length, err := r.value(e)
	if err != nil {
		return false, err
	}
	if e, err = r.symbol(r.dist[:], distBits); err != nil {
		return false, err
	}
	distance, err := r.value(e)
	if err != nil {
		return false, err
	}
	if distance > r.op-r.start {
		return false, ErrCorrupt
	}
	for range length {
		r.out[r.op] = r.out[r.op-distance]
		r.op++
	}
	return false, nil
}

// symbol reads one code, without the bits that follow it.
func (r *Reader) symbol(table []uint32, first uint) (uint32, error) {
	r.top()
	e := table[r.bits&(1<<first-1)]
	n := uint(e >> codeShift & codeMask)
	if e&subtable != 0 {
		at := e>>valueShift + uint32(r.bits>>first)&(1<<n-1)
		e = table[at]
		n = first + uint(e>>codeShift&codeMask)
	}
	switch {
	case n > r.nbits, e == 0 && r.nbits < maxBits:
		return 0, r.ended()
	case e == 0:
		return 0, ErrCorrupt
	}
	r.drop(n)
	return e, nil
}

// value reads the bits that follow a code, and gives what both stand for.
func (r *Reader) value(e uint32) (int, error) {
	n := uint(e&dropMask - e>>codeShift&codeMask)
	if err := r.need(n); err != nil {
		return 0, err
	}
	value := int(e>>valueShift) + int(r.bits&(1<<n-1))
	r.drop(n)
	return value, nil
}

// fast inflates while there is enough input for a whole round.
func (r *Reader) fast() (done bool, err error) {
	in, at, out, op := r.in[:r.end], r.at, r.out[:], r.op
	bits, nbits := r.bits, r.nbits
	lit, dist := &r.lit, &r.dist
	for at+atATime <= len(in) && op < window+chunk {
		bits |= binary.LittleEndian.Uint64(in[at:]) << (nbits & 63)
		at += int(63-nbits) >> 3
		nbits |= 56
		e := lit[bits&(1<<litBits-1)]
		if e >= literal {
			bits >>= e & dropMask
			nbits -= uint(e & dropMask)
			out[op] = byte(e >> valueShift)
			op++
			if e = lit[bits&(1<<litBits-1)]; e >= literal {
				bits >>= e & dropMask
				nbits -= uint(e & dropMask)
				out[op] = byte(e >> valueShift)
				op++
				if e = lit[bits&(1<<litBits-1)]; e >= literal {
					bits >>= e & dropMask
					nbits -= uint(e & dropMask)
					out[op] = byte(e >> valueShift)
					op++
					continue
				}
			}
		}
		if e&subtable != 0 {
			bits >>= litBits
			nbits -= litBits
			e = lit[(e>>valueShift+uint32(bits)&(1<<(e>>codeShift&codeMask)-1))&(litSize-1)]
			if e >= literal {
				bits >>= e & dropMask
				nbits -= uint(e & dropMask)
				out[op] = byte(e >> valueShift)
				op++
				continue
			}
		}
		length := int(e>>valueShift) + int(bits&(1<<(e&dropMask)-1)>>(e>>codeShift&codeMask))
		bits >>= e & dropMask
		nbits -= uint(e & dropMask)
		if e&endOfBlock != 0 {
			done, r.block = true, nil
			break
		}
		if e == 0 {
			err = ErrCorrupt
			break
		}

		bits |= binary.LittleEndian.Uint64(in[at:]) << (nbits & 63)
		at += int(63-nbits) >> 3
		nbits |= 56
		e = dist[bits&(1<<distBits-1)]
		if e&subtable != 0 {
			bits >>= distBits
			nbits -= distBits
			e = dist[(e>>valueShift+uint32(bits)&(1<<(e>>codeShift&codeMask)-1))&(distSize-1)]
		}
		distance := int(e>>valueShift) + int(bits&(1<<(e&dropMask)-1)>>(e>>codeShift&codeMask))
		bits >>= e & dropMask
		nbits -= uint(e & dropMask)
		if e == 0 || distance > op-r.start {
			err = ErrCorrupt
			break
		}
		if distance >= word {
			from, end := op-distance, op+length
			*(*[word]byte)(out[op:]) = [word]byte(out[from:])
			for op += word; op < end; op += word {
				from += word
				*(*[word]byte)(out[op:]) = [word]byte(out[from:])
			}
			op = end
			continue
		}
		op = near(out, op, distance, length)
	}
	r.at, r.op, r.bits, r.nbits = at, op, bits, nbits
	return done, err
}

// near repeats length bytes from distance bytes ago, which is less than a word.
// It may write up to a word too many, which the next ones overwrite.
func near(out []byte, op, distance, length int) int {
	end, from := op+length, op-distance
	if distance == 1 {
		eight := uint64(out[from]) * 0x0101010101010101
		for ; op < end; op += 8 {
			binary.LittleEndian.PutUint64(out[op:], eight)
		}
		return end
	}
	if distance >= 8 {
		for ; op < end; op += 8 {
			binary.LittleEndian.PutUint64(out[op:], binary.LittleEndian.Uint64(out[from:]))
			from += 8
		}
		return end
	}
	for ; op < end; op++ {
		out[op] = out[from]
		from++
	}
	return end
}

package xz

// chunk unpacks n bytes out of the chunk that the range decoder holds.
func (d *Decoder) chunk(n int) error {
	w, m, rc := &d.window, &d.models, &d.rc
	state, reps := d.state&15, d.reps
	for n > 0 {
		if w.pos == len(w.buf) {
			if err := w.turn(); err != nil {
				return err
			}
		}
		pos := uint32(w.total) & d.pbMask & (maxPos - 1)
		if rc.bit(&m.isMatch[state%states][pos]) == 0 {
			d.literal(state, reps[0])
			state = afterLiteral[state%states]
			n--
			continue
		}
		var length uint32
		switch {
		case rc.bit(&m.isRep[state%states]) == 0:
			length = rc.length(&m.match, pos)
			reps[3], reps[2], reps[1] = reps[2], reps[1], reps[0]
			reps[0] = d.distance(length)
			state = afterMatch[state%states]
		case rc.bit(&m.isRepG0[state%states]) == 0:
			if rc.bit(&m.isRep0Long[state%states][pos]) == 0 {
				state = afterShortRep[state%states]
				if err := w.match(reps[0], 1); err != nil {
					return err
				}
				n--
				continue
			}
			length = rc.length(&m.rep, pos)
			state = afterRep[state%states]
		default:
			d.older(state, &reps)
			length = rc.length(&m.rep, pos)
			state = afterRep[state%states]
		}
		length += minMatch
		if int(length) > n {
			return corrupt("match is longer than its chunk")
		}
		if err := w.match(reps[0], int(length)); err != nil {
			return err
		}
		n -= int(length)
	}
	d.state, d.reps = state, reps
	return nil
}

// older moves the distance before the last one, or one before that, to the
// front.
func (d *Decoder) older(state uint8, reps *[4]uint32) {
	m, rc := &d.models, &d.rc
	i := 1
	if rc.bit(&m.isRepG1[state%states]) == 1 {
		i = 2 + int(rc.bit(&m.isRepG2[state%states]))
	}
	dist := reps[i]
	copy(reps[1:i+1], reps[:i])
	reps[0] = dist
}

func (d *Decoder) literal(state uint8, rep uint32) {
	w := &d.window
	low := uint32(w.total) & d.lpMask
	p := &d.models.literal[(low<<d.lc|uint32(w.last())>>(8-d.lc))%maxLit]
	var b byte
	if state < 7 {
		b = d.rc.literal(p)
	} else {
		b = d.rc.matched(p, w.at(rep))
	}
	w.buf[w.pos] = b
	w.pos++
	w.total++
}

// distance takes a distance, less one.
func (d *Decoder) distance(length uint32) uint32 {
	rc, m := &d.rc, &d.models
	slot := rc.tree(m.slot[min(length, 3)][:], 64)
	if slot < startSlot {
		return slot
	}
	bits := slot>>1 - 1
	dist := (2 | slot&1) << bits
	if slot < fullSlot {
		return dist + rc.reverse(m.special[dist-slot:], bits)
	}
	dist += rc.direct(bits-4) << 4
	return dist + rc.reverse(m.align[:], 4)
}

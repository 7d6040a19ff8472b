package xz

import "math/bits"

// symbol writes what stands at a position of the buffer, and says how many
// bytes that was. total is the position by which the models are chosen.
func (e *encoder) symbol(at int, total uint32) int {
	ch := e.choose.next(&e.reps)
	pos := total & (1<<posBits - 1)
	m, rc := &e.models, &e.rc
	switch {
	case ch.rep < 0 && ch.length == 1:
		rc.bit(&m.isMatch[e.state][pos], 0)
		e.literal(at)
		e.state = afterLiteral[e.state]
	case ch.rep < 0:
		rc.bit(&m.isMatch[e.state][pos], 1)
		rc.bit(&m.isRep[e.state], 0)
		rc.length(&m.match, pos, uint32(ch.length-minMatch))
		e.distance(ch.dist, uint32(ch.length-minMatch))
		e.reps = [4]uint32{ch.dist, e.reps[0], e.reps[1], e.reps[2]}
		e.state = afterMatch[e.state]
	default:
		rc.bit(&m.isMatch[e.state][pos], 1)
		rc.bit(&m.isRep[e.state], 1)
		e.repetition(ch, pos)
	}
	return ch.length
}

func (e *encoder) literal(at int) {
	buf := e.choose.buf
	before := uint32(0)
	if at > 0 {
		before = uint32(buf[at-1])
	}
	p := &e.models.literal[before>>(8-litContext)]
	if e.state < 7 {
		e.rc.tree(p[:], 8, uint32(buf[at]))
		return
	}
	e.rc.matched(p, uint32(buf[at]), uint32(buf[at-int(e.reps[0])-1]))
}

func (e *encoder) repetition(ch choice, pos uint32) {
	m, rc := &e.models, &e.rc
	if ch.rep == 0 {
		rc.bit(&m.isRepG0[e.state], 0)
		if ch.length == 1 {
			rc.bit(&m.isRep0Long[e.state][pos], 0)
			e.state = afterShortRep[e.state]
			return
		}
		rc.bit(&m.isRep0Long[e.state][pos], 1)
	} else {
		rc.bit(&m.isRepG0[e.state], 1)
		if ch.rep == 1 {
			rc.bit(&m.isRepG1[e.state], 0)
		} else {
			rc.bit(&m.isRepG1[e.state], 1)
			rc.bit(&m.isRepG2[e.state], uint32(ch.rep-2))
		}
		dist := e.reps[ch.rep]
		copy(e.reps[1:ch.rep+1], e.reps[:ch.rep])
		e.reps[0] = dist
	}
	rc.length(&m.rep, pos, uint32(ch.length-minMatch))
	e.state = afterRep[e.state]
}

// distance writes a distance, less one.
func (e *encoder) distance(dist, length uint32) {
	m, rc := &e.models, &e.rc
	slot := dist
	if dist >= startSlot {
		n := uint32(bits.Len32(dist)) - 1
		slot = n<<1 | dist>>(n-1)&1
	}
	rc.tree(m.slot[min(length, 3)][:], 6, slot)
	if slot < startSlot {
		return
	}
	n := slot>>1 - 1
	first := (2 | slot&1) << n
	if slot < fullSlot {
		rc.reverse(m.special[first-slot:], n, dist-first)
		return
	}
	rc.direct(n-4, (dist-first)>>4)
	rc.reverse(m.align[:], 4, dist&15)
}

package xz

// choice is what is written next: a literal with length 1 and rep -1, a match
// with rep -1, or a repetition of one of the last distances.
type choice struct {
	length int
	rep    int // 0 to 3, or -1
	dist   uint32
}

// chooser looks one byte ahead before it takes a match.
type chooser struct {
	*finder
	ahead []match // what was found at the position that is written next
	have  bool
	spare []match
}

// longestOf is the longest of matches, shortened if one byte less is found much
// nearer.
func longestOf(list []match) match {
	if len(list) == 0 {
		return match{}
	}
	best := list[len(list)-1]
	for i := len(list) - 2; i >= 0; i-- {
		m := list[i]
		if m.length+1 != best.length || best.dist>>7 <= m.dist {
			break
		}
		best = m
	}
	if best.length == 2 && best.dist >= 0x80 {
		return match{} // costs more than two literals
	}
	return best
}

// look finds the matches at the position that is written next, and says where
// that is.
func (c *chooser) look() (int, []match) {
	if !c.have {
		c.ahead = append(c.spare[:0], c.find()...)
		c.spare = c.ahead
		c.have = true
	}
	return c.pos - 1, c.ahead
}

// reps is the longest repetition at a position.
func (c *chooser) reps(at int, reps *[4]uint32) (rep, length int) {
	end := min(len(c.buf), at+maxMatch)
	for i, d := range reps {
		from := at - int(d) - 1
		if from < 0 {
			continue
		}
		if n := common(c.buf[from:], c.buf[at:end]); n > length {
			rep, length = i, n
		}
	}
	return rep, length
}

// next decides what is written next.
func (c *chooser) next(reps *[4]uint32) choice {
	at, list := c.look()
	rep, repLength := c.reps(at, reps)
	if repLength >= nice {
		return c.take(choice{repLength, rep, 0})
	}
	m := longestOf(list)
	if m.length >= nice {
		return c.take(choice{m.length, -1, m.dist})
	}
	if repLength >= minMatch && (repLength+1 >= m.length || repLength+2 >= m.length && m.dist >= 1<<9 || repLength+3 >= m.length && m.dist >= 1<<15) {
		return c.take(choice{repLength, rep, 0})
	}
	if m.length < minMatch {
		if from := at - int(reps[0]) - 1; from >= 0 && c.buf[from] == c.buf[at] {
			return c.take(choice{1, 0, 0})
		}
		return c.take(choice{1, -1, 0})
	}
	// Is what comes one byte later better?
	current := m
	c.have = false
	_, list = c.look()
	next := longestOf(list)
	wait := next.length >= minMatch && (next.length >= current.length && next.dist < current.dist ||
		next.length == current.length+1 && !muchFarther(next.dist, current.dist) ||
		next.length > current.length+1 ||
		next.length+1 >= current.length && current.length >= 3 && muchFarther(current.dist, next.dist))
	if _, n := c.reps(at+1, reps); !wait && n >= minMatch && n >= current.length-1 {
		wait = true
	}
	if wait {
		return choice{1, -1, 0}
	}
	c.have = false
	c.skip(current.length - 2)
	return choice{current.length, -1, current.dist}
}

// muchFarther says whether a is so much farther than b that a byte more is not
// worth it.
func muchFarther(a, b uint32) bool { return b < a>>7 }

// take goes on behind a choice at the position that was looked at.
func (c *chooser) take(ch choice) choice {
	c.have = false
	c.skip(ch.length - 1)
	return ch
}

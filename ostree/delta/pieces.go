package delta

import "slices"

// piece is a part of a new file: add bytes that are much like those of the old
// file from old on, and then extra bytes that are not in it.
type piece struct {
	old, add, extra int
}

// betterBy is how many bytes a match elsewhere must explain beyond those that
// going on in the old file explains.
const betterBy = 8

// pieces cuts a new file into pieces that follow one another in it.
func (m *matcher) pieces(new []byte) []piece {
	c := &cutter{matcher: m, new: new}
	scan := 0
	for scan < len(new) {
		next, from := c.anchor(scan)
		c.cut(next, from)
		scan = next + c.matched
	}
	c.cut(len(new), 0)
	if len(c.out) > 0 && c.out[0].old > 0 { // a patch begins at the old file's start
		c.out = slices.Insert(c.out, 0, piece{})
	}
	return c.out
}

// cutter remembers the anchor before: the place where new and old file were
// last seen to be the same.
type cutter struct {
	*matcher
	new     []byte
	out     []piece
	start   int // of what is not cut yet, in the new file
	from    int // the place in the old file that goes with start
	matched int // of the last anchor
}

// anchor finds the next place from scan on where the new file is found again in
// the old one elsewhere than by going on from the anchor before; the new file's
// end if there is none.
func (c *cutter) anchor(scan int) (next, from int) {
	shift := c.from - c.start
	for at := scan; at < len(c.new); {
		if p := at + shift; p >= 0 && p < len(c.old) {
			if n := common(c.new[at:], c.old[p:]); n > 0 {
				at += n
				continue
			}
		}
		pos, n := c.longest(c.new, at, at+shift)
		if n > 0 && pos != at+shift {
			// Bytes before may belong to the match too: the index knows only some
			// places.
			back := 0
			for at-back > scan && pos-back > 0 && c.new[at-back-1] == c.old[pos-back-1] {
				back++
			}
			if n+back > c.score(at-back, n+back)+betterBy {
				c.matched = n + back
				return at - back, pos - back
			}
		}
		at++
	}
	c.matched = 0
	return len(c.new), 0
}

// score is how many of n bytes from at on are the same when going on from the
// anchor before.
func (c *cutter) score(at, n int) int {
	p := at + c.from - c.start
	if p < 0 {
		n, at, p = n+p, at-p, 0
	}
	n = min(n, len(c.old)-p, len(c.new)-at)
	same := 0
	for i := range max(n, 0) {
		if c.old[p+i] == c.new[at+i] {
			same++
		}
	}
	return same
}

// cut ends the piece that begins at start where the next anchor begins: the
// anchor before is followed forwards and the next one backwards as long as more
// bytes are the same than not.
func (c *cutter) cut(next, from int) {
	forward := c.forward(next)
	backward := 0
	if next < len(c.new) {
		backward = c.backward(next, from)
	}
	if over := c.start + forward - (next - backward); over > 0 {
		keep := c.split(next, from, over, forward, backward)
		forward += keep - over
		backward -= keep
	}
	if n := next - backward - c.start; n > 0 {
		c.out = append(c.out, piece{c.from, forward, n - forward})
	}
	c.start, c.from = next-backward, from-backward
}

// forward is how far the anchor before reaches up to next.
func (c *cutter) forward(next int) int {
	same, best, length := 0, 0, 0
	most := min(next-c.start, len(c.old)-c.from)
	for i := range most {
		if c.old[c.from+i] == c.new[c.start+i] {
			same++
		}
		if 2*same-(i+1) > 2*best-length {
			best, length = same, i+1
		}
	}
	return length
}

// backward is how far the next anchor reaches back.
func (c *cutter) backward(next, from int) int {
	same, best, length := 0, 0, 0
	most := min(next-c.start, from)
	for i := 1; i <= most; i++ {
		if c.old[from-i] == c.new[next-i] {
			same++
		}
		if 2*same-i > 2*best-length {
			best, length = same, i
		}
	}
	return length
}

// split shares over bytes that both anchors reach: how many of them go to the
// one before.
func (c *cutter) split(next, from, over, forward, backward int) int {
	gain, best, keep := 0, 0, 0
	for i := range over {
		at := c.start + forward - over + i
		if c.new[at] == c.old[c.from+forward-over+i] {
			gain++
		}
		if c.new[at] == c.old[from-backward+i] {
			gain--
		}
		if gain > best {
			best, keep = gain, i+1
		}
	}
	return keep
}

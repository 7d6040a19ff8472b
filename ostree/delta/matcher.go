package delta

import (
	"encoding/binary"
	"math/bits"
)

// The matcher looks for where bytes of a new file stand in an old one. It
// remembers the places of windows of the old file, every few bytes, by a hash
// of what is in them.
const (
	windowSize = 12
	// maxTries is how many places with the same hash are looked at.
	maxTries = 24
	// goodMatch ends the search for a longer one, maxLook is how far a match is
	// followed, in bytes.
	goodMatch = 4 << 10
	maxLook   = 64 << 10
)

// matcher is used for one pair of files after the other; its tables stay.
type matcher struct {
	old    []byte
	step   int
	shift  uint
	heads  []int32 // by hash: number of a window, plus one
	chains []int32 // by number of a window: the one before with that hash, plus one
}

// indexCost is how many bytes the tables for an old file of size bytes take.
func indexCost(size int) int { return 12 * (size/stepFor(size) + 1) }

// stepFor is how many bytes apart the windows are, so that the tables stay
// below about 24 MiB.
func stepFor(size int) int {
	step := 4
	for size/step > 2<<20 {
		step *= 2
	}
	return step
}

// index reads the old file.
func (m *matcher) index(old []byte) {
	m.old, m.step = old, stepFor(len(old))
	n := len(old)/m.step + 1
	width := max(bits.Len(uint(n)), 8)
	m.shift = uint(64 - width)
	m.heads = resize(m.heads, 1<<width)
	clear(m.heads)
	m.chains = resize(m.chains, n)
	var last uint64
	for at := 0; at+windowSize <= len(old); at += m.step {
		h := hashAt(old, at)
		if h == last && at > 0 && run(old, at, m.step) {
			continue // in a long run of the same bytes one place is as good as another
		}
		last = h
		slot, i := h>>m.shift, at/m.step
		m.chains[i] = m.heads[slot]
		m.heads[slot] = int32(i + 1)
	}
}

// run says whether the window at repeats the one a step before.
func run(b []byte, at, step int) bool {
	return string(b[at-step:at-step+windowSize]) == string(b[at:at+windowSize])
}

func resize(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}

func hashAt(b []byte, at int) uint64 {
	w := b[at : at+windowSize : at+windowSize]
	x := binary.LittleEndian.Uint64(w)
	y := uint64(binary.LittleEndian.Uint32(w[8:]))
	return (x*0x9e3779b97f4a7c15 ^ bits.RotateLeft64(y*0xc2b2ae3d27d4eb4f, 31)) * 0x9fb21c651e98df25
}

// longest finds the longest match of new[at:] in the old file among the places
// that the index knows, the one nearest to near if there are several. from is
// its place; n is 0 if there is none.
func (m *matcher) longest(new []byte, at, near int) (from, n int) {
	if at+windowSize > len(new) {
		return 0, 0
	}
	tries := maxTries
	new = new[:min(len(new), at+maxLook)]
	for i := m.heads[hashAt(new, at)>>m.shift]; i > 0 && tries > 0; i = m.chains[i-1] {
		tries--
		pos := int(i-1) * m.step
		if n > 0 && (pos+n >= len(m.old) || at+n >= len(new) || m.old[pos+n] != new[at+n]) {
			continue
		}
		k := common(m.old[pos:], new[at:])
		if k < windowSize {
			continue
		}
		if k > n || k == n && away(pos, near) < away(from, near) {
			from, n = pos, k
		}
		if n >= goodMatch {
			break
		}
	}
	return from, n
}

func away(a, b int) int { return max(a, b) - min(a, b) }

// common is how many bytes a and b have in common at their start.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
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

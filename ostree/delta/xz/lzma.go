package xz

// The numbers of LZMA.
const (
	probInit  = 1 << 10
	probBits  = 11
	probMove  = 5
	topValue  = 1 << 24
	states    = 12
	maxPos    = 16 // 1 << the largest pb
	litSize   = 0x300
	maxLit    = 16 // 1 << the largest lc+lp of LZMA2
	minMatch  = 2
	startSlot = 4  // distances below it are slots themselves
	fullSlot  = 14 // slots from it on have direct bits
)

// lengths are the models of a match length.
type lengths struct {
	choice, choice2 uint16
	low, mid        [maxPos][8]uint16
	high            [256]uint16
}

func (l *lengths) reset() {
	l.choice, l.choice2 = probInit, probInit
	for i := range l.low {
		fill(l.low[i][:])
		fill(l.mid[i][:])
	}
	fill(l.high[:])
}

// models are all adaptive probabilities, of reader and writer alike.
type models struct {
	isMatch    [states][maxPos]uint16
	isRep      [states]uint16
	isRepG0    [states]uint16
	isRepG1    [states]uint16
	isRepG2    [states]uint16
	isRep0Long [states][maxPos]uint16
	slot       [4][64]uint16
	special    [128]uint16 // reverse trees of the slots 4 to 13
	align      [16]uint16
	match, rep lengths
	literal    [maxLit][litSize]uint16
}

func (m *models) reset() {
	for i := range states {
		fill(m.isMatch[i][:])
		fill(m.isRep0Long[i][:])
	}
	for _, p := range [][]uint16{m.isRep[:], m.isRepG0[:], m.isRepG1[:], m.isRepG2[:], m.special[:], m.align[:]} {
		fill(p)
	}
	for i := range m.slot {
		fill(m.slot[i][:])
	}
	m.match.reset()
	m.rep.reset()
	for i := range m.literal {
		fill(m.literal[i][:])
	}
}

func fill(p []uint16) {
	for i := range p {
		p[i] = probInit
	}
}

// The states after a literal, match, rep and short rep.
var (
	afterLiteral  = [states]uint8{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5}
	afterMatch    = [states]uint8{7, 7, 7, 7, 7, 7, 7, 10, 10, 10, 10, 10}
	afterRep      = [states]uint8{8, 8, 8, 8, 8, 8, 8, 11, 11, 11, 11, 11}
	afterShortRep = [states]uint8{9, 9, 9, 9, 9, 9, 9, 11, 11, 11, 11, 11}
)

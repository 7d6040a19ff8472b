package delta

import (
	"encoding/binary"
)

// How a file is written in a part.
type way int

const (
	whole  way = iota // out of the blob
	copied            // pieces of the old file and of the blob
	patch             // bsdiff
)

// literal is a range of the new file that goes into the blob.
type literal struct{ at, n int }

// step is one w operation: from the old file, or, with old negative, the next
// bytes of the blob.
type step struct {
	old int64 // -1: from the blob
	n   int64
}

// Rough costs after compression, in bytes, by which a way is chosen.
const (
	costCopy    = 7.0  // a w with its place in the old file
	costSwitch  = 7.0  // the R and r around a w of the blob
	costPiece   = 9.0  // the three numbers of a bsdiff piece
	costChange  = 2.5  // a byte of a bsdiff piece that is not the same
	costPerByte = 5e-4 // a byte of bsdiff that is the same; it costs time too
	// shortRun is up to how many bytes that are the same go into the blob, since
	// to copy them costs more.
	shortRun = 24
	// poor is which share of a file has to go into the blob for it not to be
	// worth an old file: it then compresses better as a whole.
	poor = 0.9
)

// plan is how a new file is made from an old one.
type plan struct {
	way      way
	steps    []step    // for copied
	literals []literal // for copied: what goes into the blob, in this order
	pieces   []piece   // for patch
	blob     int64     // bytes it takes in the blob, without the source's name
	pays     bool      // cheaper than the whole file, as far as can be told
}

// choose makes the cheapest of both ways out of the pieces of a file.
func choose(old, new []byte, pieces []piece, mayPatch bool) plan {
	c := copySteps(old, new, pieces)
	changed, extra := 0, 0
	at := 0
	for _, p := range pieces {
		for i := range p.add {
			if old[p.old+i] != new[at+i] {
				changed++
			}
		}
		extra += p.extra
		at += p.add + p.extra
	}
	fresh := 0
	for _, l := range c.literals {
		fresh += l.n
	}
	copyCost := float64(len(c.steps))*costCopy + float64(len(c.literals))*costSwitch + float64(fresh)
	patchCost := float64(len(pieces))*costPiece + float64(changed)*costChange + float64(extra) + float64(len(new))*costPerByte
	if mayPatch && patchCost < copyCost {
		return plan{way: patch, pieces: pieces, blob: int64(24*len(pieces) + len(new)), pays: patchCost < poor*float64(len(new))}
	}
	c.pays = copyCost < poor*float64(len(new))
	return c
}

// copySteps writes a file as copies of what is the same, and the rest.
func copySteps(old, new []byte, pieces []piece) plan {
	b := copyPlan{}
	at := 0
	for _, p := range pieces {
		for i := 0; i < p.add; {
			n := common(old[p.old+i:p.old+p.add], new[at+i:at+p.add])
			b.same(p.old+i, at+i, n)
			i += n
			if i < p.add {
				b.fresh(at+i, 1)
				i++
			}
		}
		at += p.add
		b.fresh(at, p.extra)
		at += p.extra
	}
	return b.finish()
}

// copyPlan puts steps together; runs next to one another become one.
type copyPlan struct {
	plan
	litAt, litN int // of the literal under way
}

func (b *copyPlan) same(old, at, n int) {
	if n <= shortRun {
		b.fresh(at, n)
		return
	}
	b.flush()
	b.copy(int64(old), int64(n))
}

// copy appends bytes of the old file.
func (p *plan) copy(old, n int64) {
	if k := len(p.steps); k > 0 && p.steps[k-1].old >= 0 && p.steps[k-1].old+p.steps[k-1].n == old {
		p.steps[k-1].n += n
		return
	}
	p.steps = append(p.steps, step{old, n})
}

// take appends the next n bytes of the blob.
func (p *plan) take(n int64) {
	p.blob += n
	if k := len(p.steps); k > 0 && p.steps[k-1].old < 0 {
		p.steps[k-1].n += n
		return
	}
	p.steps = append(p.steps, step{-1, n})
}

func (b *copyPlan) fresh(at, n int) {
	if n == 0 {
		return
	}
	if b.litN == 0 {
		b.litAt = at
	}
	b.litN += n
}

func (b *copyPlan) flush() {
	if b.litN == 0 {
		return
	}
	b.take(int64(b.litN))
	b.literals = append(b.literals, literal{b.litAt, b.litN})
	b.litN = 0
}

func (b *copyPlan) finish() plan {
	b.flush()
	b.way = copied
	return b.plan
}

// appendPatch writes pieces as a bsdiff stream.
func appendPatch(out, old, new []byte, pieces []piece) []byte {
	at := 0
	for i, p := range pieces {
		seek := 0
		if i+1 < len(pieces) {
			seek = pieces[i+1].old - p.old - p.add
		}
		out = appendNumber(out, int64(p.add))
		out = appendNumber(out, int64(p.extra))
		out = appendNumber(out, int64(seek))
		from := len(out)
		out = append(out, new[at:at+p.add+p.extra]...)
		subtract(out[from:from+p.add], old[p.old:p.old+p.add])
		at += p.add + p.extra
	}
	return out
}

func appendNumber(out []byte, n int64) []byte {
	u := uint64(n)
	if n < 0 {
		u = uint64(-n) | 1<<63
	}
	return binary.LittleEndian.AppendUint64(out, u)
}

func subtract(b, old []byte) {
	for i := range b {
		b[i] -= old[i]
	}
}

package delta

import (
	"bufio"
	"bytes"
	"io"
	"math/bits"
)

// The chunk finder is for files that are too large to hold in memory, and for
// deltas without bsdiff. It remembers the blocks of the old file by a hash that
// rolls, and looks for them at every byte of the new one.
const (
	minBlock  = 512
	maxBlocks = 1 << 19
	// rollBy is the base of the hash.
	rollBy = 0x9e3779b97f4a7c15
	// chunkBuffer is how much of either file is held at once, in blocks.
	chunkBuffer = 64 << 10
)

// blocks are the blocks of an old file.
type blocks struct {
	old    io.ReaderAt
	size   int64
	length int // of a block
	hashes []uint64
	table  []int32 // by hash: number of a block, plus one; the first there
	shift  uint
	scrap  []byte
}

// readBlocks hashes the blocks of an old file.
func readBlocks(old io.ReaderAt, size int64) (*blocks, error) {
	b := &blocks{old: old, size: size, length: minBlock}
	for size/int64(b.length) > maxBlocks {
		b.length *= 2
	}
	n := int(size / int64(b.length))
	width := max(bits.Len(uint(2*n)), 8)
	b.shift = uint(64 - width)
	b.table = make([]int32, 1<<width)
	b.hashes = make([]uint64, 0, n)
	block := make([]byte, b.length)
	in := bufio.NewReaderSize(io.NewSectionReader(old, 0, size), 256<<10)
	for i := range n {
		if _, err := io.ReadFull(in, block); err != nil {
			return nil, err
		}
		h := rollingHash(block)
		b.hashes = append(b.hashes, h)
		b.enter(h, i)
	}
	b.scrap = make([]byte, max(b.length, chunkBuffer))
	return b, nil
}

func rollingHash(block []byte) uint64 {
	var h uint64
	for _, c := range block {
		h = h*rollBy + uint64(c) + 1
	}
	return h
}

func mix(h uint64) uint64 { return (h ^ h>>29) * 0xbf58476d1ce4e5b9 }

// enter notes a block in the next free slot; one of many that are the same is
// enough.
func (b *blocks) enter(h uint64, i int) {
	mask := len(b.table) - 1
	for slot := int(mix(h) >> b.shift); ; slot = (slot + 1) & mask {
		at := b.table[slot]
		if at == 0 {
			b.table[slot] = int32(i + 1)
			return
		}
		if b.hashes[at-1] == h {
			return
		}
	}
}

// find is the number of a block with this hash, -1 if there is none.
func (b *blocks) find(h uint64) int {
	mask := len(b.table) - 1
	for slot := int(mix(h) >> b.shift); ; slot = (slot + 1) & mask {
		at := b.table[slot]
		if at == 0 {
			return -1
		}
		if b.hashes[at-1] == h {
			return int(at - 1)
		}
	}
}

// read fills p from off on, as far as the old file goes.
func (b *blocks) read(p []byte, off int64) ([]byte, error) {
	p = p[:min(int64(len(p)), b.size-off)]
	if len(p) == 0 {
		return p, nil
	}
	n, err := b.old.ReadAt(p, off)
	if n == len(p) {
		err = nil
	}
	return p[:n], err
}

// copies writes a new file as copies of the old one and literals, which go to
// lits in the order of the steps.
func (b *blocks) copies(new io.Reader, lits io.Writer) (plan, error) {
	c := &chunker{blocks: b, in: bufio.NewReaderSize(new, 2*max(chunkBuffer, b.length)), lits: bufio.NewWriter(lits)}
	if err := c.run(); err != nil {
		return plan{}, err
	}
	if err := c.lits.Flush(); err != nil {
		return plan{}, err
	}
	c.plan.way = copied
	return c.plan, nil
}

type chunker struct {
	*blocks
	plan plan
	in   *bufio.Reader
	lits *bufio.Writer
}

func (c *chunker) run() error {
	var last uint64 = 1 // rollBy to the power of a block's length
	for range c.length {
		last *= rollBy
	}
	for {
		view, err := c.in.Peek(c.in.Size())
		if err != nil && err != io.EOF {
			return err
		}
		if len(view) < c.length {
			return c.literal(view)
		}
		if err := c.scan(view, last); err != nil {
			return err
		}
	}
}

// scan looks for a block in view. What comes before one, or all that can't be
// the start of one, is a literal.
func (c *chunker) scan(view []byte, last uint64) error {
	h := rollingHash(view[:c.length])
	for at := 0; ; at++ {
		if i := c.find(h); i >= 0 {
			ok, err := c.same(view[at:at+c.length], i)
			if err != nil {
				return err
			}
			if ok {
				if err := c.literal(view[:at]); err != nil {
					return err
				}
				return c.follow(int64(i) * int64(c.length))
			}
		}
		if at+c.length == len(view) {
			return c.literal(view[:at+1])
		}
		h = h*rollBy + uint64(view[at+c.length]) + 1 - last*(uint64(view[at])+1)
	}
}

func (c *chunker) same(block []byte, i int) (bool, error) {
	old, err := c.read(c.scrap[:c.length], int64(i)*int64(c.length))
	return bytes.Equal(old, block), err
}

// follow copies from off on, as long as both files are the same.
func (c *chunker) follow(off int64) error {
	for {
		view, err := c.in.Peek(min(c.in.Size(), chunkBuffer))
		if err != nil && err != io.EOF {
			return err
		}
		old, err := c.read(c.scrap[:min(len(view), len(c.scrap))], off)
		if err != nil {
			return err
		}
		n := common(old, view)
		if n > 0 {
			c.plan.copy(off, int64(n))
		}
		if _, err := c.in.Discard(n); err != nil {
			return err
		}
		off += int64(n)
		if n == 0 || n < len(view) {
			return nil
		}
	}
}

// literal takes the next bytes of the new file as they are.
func (c *chunker) literal(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	n := int64(len(b))
	if _, err := c.lits.Write(b); err != nil {
		return err
	}
	if _, err := c.in.Discard(len(b)); err != nil {
		return err
	}
	c.plan.take(n)
	return nil
}

// Package inflate reads raw deflate streams (RFC 1951), about twice as fast as
// the libraries: it looks at eight bytes of input at a time, takes up to three
// literals per look, and copies matches by words. Most of the time that goes
// into verifying an archive repo goes into this.
//
// It trusts no byte: a stream that no compressor makes is an error, and it
// never reads or keeps more than its buffers hold. What it refuses is what
// compress/flate refuses; a fuzz test holds the two against each other.
package inflate

import (
	"errors"
	"io"
)

const (
	window  = 32 << 10 // how far back a distance reaches
	chunk   = 64 << 10 // how much is inflated at a time
	word    = 16       // bytes of a match that are copied at once
	slack   = 3 + 258 + word
	inSize  = 64 << 10
	unread  = 8  // bytes behind the place in the input that may be given back
	atATime = 16 // bytes of input for one round: two looks
)

// ErrCorrupt says that a stream is not deflate.
var ErrCorrupt = errors.New("not a deflate stream")

// Reader inflates one stream after the other. Make it with new, and Reset it.
type Reader struct {
	src    io.Reader
	srcErr error // how src ended
	in     [inSize]byte
	at     int // in[at:end] is not looked at yet
	end    int

	bits  uint64 // the next bits of the stream, from the lowest
	nbits uint   // how many of them count

	out   [window + chunk + slack]byte
	start int // out[start:op] is what may be copied from
	given int // out[given:op] was not read yet
	op    int
	err   error

	block  func(*Reader) error // goes on with the block under way; nil is between two
	stored int                 // bytes to come in a stored block
	last   bool                // the block under way is the last one

	lit     [litSize]uint32
	dist    [distSize]uint32
	pre     [1 << preBits]uint32
	lengths [maxLit + 2 + 32]uint8
}

// Reset begins with the stream that src holds. It reads src ahead.
func (r *Reader) Reset(src io.Reader) {
	r.src, r.srcErr, r.at, r.end = src, nil, unread, unread
	r.bits, r.nbits = 0, 0
	r.start, r.given, r.op = window, window, window
	r.err, r.block, r.last = nil, nil, false
}

// Read gives inflated bytes. The error at the end of the stream is io.EOF, also
// when src goes on; io.ErrUnexpectedEOF says that src ended first. An error of
// src comes back as it is.
func (r *Reader) Read(p []byte) (int, error) {
	for r.given == r.op && r.err == nil && len(p) > 0 {
		r.fill()
	}
	if r.given == r.op {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, r.err
	}
	n := copy(p, r.out[r.given:r.op])
	r.given += n
	return n, nil
}

// Before fills p with what stands before the stream. As io.ReadFull, it gives
// io.EOF for nothing and io.ErrUnexpectedEOF for too little.
func (r *Reader) Before(p []byte) error {
	n := 0
	for n < len(p) {
		if r.at == r.end {
			r.load()
		}
		if r.at == r.end {
			if n == 0 {
				return r.srcErr
			}
			return r.ended()
		}
		k := copy(p[n:], r.in[r.at:r.end])
		n, r.at = n+k, r.at+k
	}
	return nil
}

// More says whether src goes on after the end of the stream, once Read has
// given io.EOF.
func (r *Reader) More() (bool, error) {
	r.giveBack()
	for r.at == r.end && r.srcErr == nil {
		r.load()
	}
	if r.at < r.end {
		return true, nil
	}
	if r.srcErr == io.EOF {
		return false, nil
	}
	return false, r.srcErr
}

// fill inflates until there is a chunk, or the stream ends. All before was
// read.
func (r *Reader) fill() {
	if moved := r.op - window; moved > 0 {
		copy(r.out[:window], r.out[moved:r.op])
		r.start = max(0, r.start-moved)
		r.given, r.op = window, window
	}
	for r.err == nil && r.op < window+chunk {
		if r.block != nil {
			r.err = r.block(r)
			continue
		}
		if r.last {
			r.err = io.EOF
			return
		}
		r.err = r.begin()
	}
}

// begin reads the head of a block.
func (r *Reader) begin() error {
	if err := r.need(3); err != nil {
		return err
	}
	r.last = r.bits&1 != 0
	kind := r.bits >> 1 & 3
	r.drop(3)
	switch kind {
	case 0:
		return r.beginStored()
	case 1:
		r.fixed()
	case 2:
		if err := r.dynamic(); err != nil {
			return err
		}
	default:
		return ErrCorrupt
	}
	r.block = (*Reader).compressed
	return nil
}

// load reads more of src; it keeps what may be given back.
func (r *Reader) load() {
	if r.srcErr != nil {
		return
	}
	from := max(0, r.at-unread)
	r.end = copy(r.in[:], r.in[from:r.end])
	r.at -= from
	for range 100 {
		n, err := r.src.Read(r.in[r.end:])
		r.end += n
		if r.srcErr = err; n > 0 || err != nil {
			return
		}
	}
	r.srcErr = io.ErrNoProgress
}

// need sees that n bits are there, n up to 48.
func (r *Reader) need(n uint) error {
	if r.nbits < n {
		r.top()
	}
	if r.nbits >= n {
		return nil
	}
	return r.ended()
}

// top takes as many whole bytes into bits as fit, reading on if it must.
func (r *Reader) top() {
	for r.nbits <= 56 {
		for r.at == r.end {
			if r.srcErr != nil {
				return
			}
			r.load()
		}
		r.bits &= 1<<r.nbits - 1
		r.bits |= uint64(r.in[r.at]) << r.nbits
		r.at++
		r.nbits += 8
	}
}

// ended is the error for a stream that is cut off.
func (r *Reader) ended() error {
	if r.srcErr == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return r.srcErr
}

func (r *Reader) drop(n uint) {
	r.bits >>= n
	r.nbits -= n
}

// giveBack returns whole bytes that were taken into bits and not used. There
// are at most 7: that many are kept.
func (r *Reader) giveBack() {
	r.at -= int(r.nbits / 8)
	r.bits, r.nbits = 0, 0
}

func (r *Reader) beginStored() error {
	r.giveBack()
	if err := r.need(32); err != nil {
		return err
	}
	size, check := uint16(r.bits), uint16(r.bits>>16)
	if size != ^check {
		return ErrCorrupt
	}
	r.drop(32)
	r.giveBack()
	r.stored, r.block = int(size), (*Reader).copyStored
	return nil
}

func (r *Reader) copyStored() error {
	for r.stored > 0 {
		if r.at == r.end {
			r.load()
			if r.at == r.end && r.srcErr != nil {
				return r.ended()
			}
		}
		n := min(r.stored, r.end-r.at, window+chunk-r.op)
		copy(r.out[r.op:r.op+n], r.in[r.at:r.at+n])
		r.at, r.op, r.stored = r.at+n, r.op+n, r.stored-n
		if r.op == window+chunk {
			return nil
		}
	}
	r.block = nil
	return nil
}

// fixed sets the code that needs no table in the stream. It has symbols that no
// stream may use.
func (r *Reader) fixed() {
	lengths := r.lengths[:288]
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	build(r.lit[:], litBits, lengths, litEntry)
	for i := range 32 {
		lengths[i] = 5
	}
	build(r.dist[:], distBits, lengths[:32], distEntry)
}

// dynamic reads the codes of a block.
func (r *Reader) dynamic() error {
	if err := r.need(14); err != nil {
		return err
	}
	lits, dists, pres := int(r.bits&31)+257, int(r.bits>>5&31)+1, int(r.bits>>10&15)+4
	r.drop(14)
	if lits > maxLit || dists > maxDist {
		return ErrCorrupt
	}
	var pre [19]uint8
	for _, sym := range order[:pres] {
		if err := r.need(3); err != nil {
			return err
		}
		pre[sym] = uint8(r.bits & 7)
		r.drop(3)
	}
	if !build(r.pre[:], preBits, pre[:], preEntry) {
		return ErrCorrupt
	}
	all := r.lengths[:lits+dists]
	if err := r.readLengths(all); err != nil {
		return err
	}
	if !build(r.lit[:], litBits, all[:lits], litEntry) || !build(r.dist[:], distBits, all[lits:], distEntry) {
		return ErrCorrupt
	}
	return nil
}

func (r *Reader) readLengths(all []uint8) error {
	for i := 0; i < len(all); {
		r.top()
		e := r.pre[r.bits&(1<<preBits-1)]
		n := uint(e & dropMask)
		switch {
		case e == 0 && r.nbits >= preBits:
			return ErrCorrupt
		case e == 0 || n > r.nbits:
			return r.ended()
		}
		r.drop(n)
		sym := e >> valueShift & valueMask
		if sym < 16 {
			all[i] = uint8(sym)
			i++
			continue
		}
		if err := r.repeat(all, &i, sym); err != nil {
			return err
		}
	}
	return nil
}

// repeat is for the symbols that stand for several lengths.
func (r *Reader) repeat(all []uint8, i *int, sym uint32) error {
	extra, base, value := uint(2), 3, uint8(0)
	switch {
	case sym == 16 && *i == 0:
		return ErrCorrupt
	case sym == 16:
		value = all[*i-1]
	case sym == 17:
		extra = 3
	default:
		extra, base = 7, 11
	}
	if err := r.need(extra); err != nil {
		return err
	}
	n := base + int(r.bits&(1<<extra-1))
	r.drop(extra)
	if n > len(all)-*i {
		return ErrCorrupt
	}
	for range n {
		all[*i] = value
		*i++
	}
	return nil
}

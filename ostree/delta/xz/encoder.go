package xz

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math/bits"
)

const (
	litContext = 3 // lc
	posBits    = 2 // pb
	// maxPlain is the most a chunk holds, unpacked; chunkSlack what one symbol
	// may add to a packed chunk at most.
	maxPlain   = 1 << 21
	chunkSlack = 64
	// maxStored is the most a chunk holds that is not packed.
	maxStored = 1 << 16
)

// Encode packs what r gives into a stream with a dictionary of dict bytes, a
// power of two. It needs about 6 times as much memory.
func Encode(w io.Writer, r io.Reader, dict int) error {
	if dict < 4<<10 || dict > 1<<29 || bits.OnesCount(uint(dict)) != 1 {
		return errors.New("xz: dictionary is not a power of two between 4 KiB and 512 MiB")
	}
	e := &encoder{w: w, r: r, dict: dict}
	return e.stream()
}

type encoder struct {
	w    io.Writer
	r    io.Reader
	dict int

	plain  uint64 // bytes taken from r
	packed uint64 // bytes of the block
	eof    bool

	choose chooser
	models models
	rc     rangeEncoder
	state  uint8
	reps   [4]uint32
	begun  bool // a chunk was written
	props  bool // properties were written
	fresh  bool // the decoder's state is what a reset makes of it
	start  int  // of the chunk, in the buffer
}

// stream writes header, block, index and footer.
func (e *encoder) stream() error {
	head := []byte(headerMagic + "\x00\x04")
	head = binary.LittleEndian.AppendUint32(head, crc32.ChecksumIEEE(head[6:]))
	// A header of 12 bytes: its size, no flags, LZMA2 with one property.
	block := []byte{2, 0, filterLZMA, 1, dictByte(e.dict), 0, 0, 0}
	block = binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(block))
	if _, err := e.w.Write(append(head, block...)); err != nil {
		return err
	}
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	e.r = io.TeeReader(e.r, sum)
	if err := e.block(); err != nil {
		return err
	}
	tail := make([]byte, (4-e.packed%4)%4)
	tail = binary.LittleEndian.AppendUint64(tail, sum.Sum64())
	index := []byte{0, 1}
	index = binary.AppendUvarint(index, uint64(len(block))+e.packed+8)
	index = binary.AppendUvarint(index, e.plain)
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	index = binary.LittleEndian.AppendUint32(index, crc32.ChecksumIEEE(index))
	foot := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1))
	foot = append(foot, 0, 4)
	tail = append(tail, index...)
	tail = binary.LittleEndian.AppendUint32(tail, crc32.ChecksumIEEE(foot))
	tail = append(append(tail, foot...), footerMagic...)
	_, err := e.w.Write(tail)
	return err
}

// dictByte is how a block's header says a dictionary that is a power of two.
func dictByte(dict int) byte { return byte(2 * (bits.TrailingZeros(uint(dict)) - 12)) }

// block writes the chunks.
func (e *encoder) block() error {
	e.choose.finder = newFinder(e.dict, e.dict)
	e.choose.buf = make([]byte, 0, 64<<10)
	e.fresh = true
	e.models.reset()
	for {
		if err := e.fill(); err != nil {
			return err
		}
		if e.start == len(e.choose.buf) {
			break
		}
		if err := e.chunk(); err != nil {
			return err
		}
	}
	e.packed++
	_, err := e.w.Write([]byte{0})
	return err
}

// fill sees to it that the buffer holds a whole chunk and what a match may look
// at behind it, unless the input ends before.
func (e *encoder) fill() error {
	const ahead = maxPlain + 2*maxMatch
	f := e.choose.finder
	if e.eof || len(f.buf)-e.start >= ahead {
		return nil
	}
	// The chains, and the models, go by positions in the buffer.
	if drop := (e.start - e.dict) &^ f.mask; drop >= e.dict {
		f.slide(drop)
		e.start -= drop
	}
	for !e.eof && len(f.buf)-e.start < ahead {
		if len(f.buf) == cap(f.buf) {
			grown := make([]byte, len(f.buf), min(2*cap(f.buf), 2*e.dict+2*ahead))
			copy(grown, f.buf)
			f.buf = grown
		}
		n, err := e.r.Read(f.buf[len(f.buf):cap(f.buf)])
		f.buf = f.buf[:len(f.buf)+n]
		e.plain += uint64(n)
		if err == io.EOF {
			e.eof = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// chunk writes one chunk, packed if that makes it shorter.
func (e *encoder) chunk() error {
	if !e.fresh {
		e.models.reset()
		e.state, e.reps = 0, [4]uint32{}
	}
	e.rc.reset()
	n := 0
	for e.rc.size() < maxPacked-chunkSlack && n <= maxPlain-maxMatch && e.start+n < len(e.choose.buf) {
		n += e.symbol(e.start+n, uint32(e.start+n))
	}
	e.rc.finish()
	body := e.rc.out
	if len(body) >= n {
		return e.store(n)
	}
	control := byte(0x80)
	switch {
	case !e.begun:
		control = 0xe0
	case !e.props:
		control = 0xc0
	case !e.fresh:
		control = 0xa0
	}
	head := []byte{control | byte((n-1)>>16), byte((n - 1) >> 8), byte(n - 1), byte((len(body) - 1) >> 8), byte(len(body) - 1)}
	if control >= 0xc0 {
		head = append(head, (posBits*5+0)*9+litContext)
	}
	e.begun, e.props, e.fresh = true, true, true
	e.start += n
	return e.write(head, body)
}

// store writes n bytes as they are. The models have seen them and the decoder's
// have not.
func (e *encoder) store(n int) error {
	e.fresh = false
	for n > 0 {
		k := min(n, maxStored)
		control := byte(2)
		if !e.begun {
			control = 1
		}
		e.begun = true
		head := []byte{control, byte((k - 1) >> 8), byte(k - 1)}
		if err := e.write(head, e.choose.buf[e.start:e.start+k]); err != nil {
			return err
		}
		e.start += k
		n -= k
	}
	return nil
}

func (e *encoder) write(parts ...[]byte) error {
	for _, p := range parts {
		e.packed += uint64(len(p))
		if _, err := e.w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

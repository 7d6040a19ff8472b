package tarball

import (
	"errors"
	"fmt"
	"io"

	"github.com/otactl/otactl/internal/limits"
)

// The 48 bits that begin a block of a bzip2 file and the end of its stream,
// wherever in a byte they begin.
const (
	blockMagic = 0x314159265359
	endMagic   = 0x177245385090
	magicBits  = 48
	magicMask  = 1<<magicBits - 1
	crcBits    = 32
)

// block is one block of a bzip2 file, as a bzip2 file of its own.
type block struct {
	file []byte
	n    int // bits of the block, from its magic on; before it is the header
	// last says that its stream ends after it, with this checksum.
	last bool
	sum  uint32
}

const headerBits = 32

// newBlock makes a block of count bits of src, beginning at from; buffer is
// used if it is long enough.
func newBlock(level byte, buffer, src []byte, from, count int) *block {
	if need := count/8 + 16; cap(buffer) < need {
		buffer = make([]byte, 0, need)
	}
	file := bitString{data: buffer[:0]}
	file.add([]byte{'B', 'Z', 'h', level}, 0, headerBits)
	file.add(src, from, count)
	file.number(endMagic, magicBits)
	file.number(bitsAt(src, from+magicBits, crcBits), crcBits)
	return &block{file: file.data, n: count}
}

// crc is the checksum that the block claims.
func (b *block) crc() uint32 { return uint32(bitsAt(b.file, headerBits+magicBits, crcBits)) }

// with is the block that b and the next one are together, if what looked like
// the beginning of the next one was part of its data.
func (b *block) with(next *block) *block {
	both := bitString{data: make([]byte, 0, len(b.file)+len(next.file))}
	both.add(b.file, headerBits, b.n)
	both.add(next.file, headerBits, next.n)
	joined := newBlock(b.file[3], nil, both.data, 0, both.n)
	joined.last, joined.sum = next.last, next.sum
	return joined
}

// splitter cuts a bzip2 file into blocks by looking for their beginnings, which
// takes a hundredth of the time of unpacking them. Once in many terabytes, data
// looks like a beginning; with mends that.
type splitter struct {
	r     io.Reader
	buf   []byte
	eof   bool
	level byte
	start int // bit of buf at which the block begins; before the first one -1
	from  int // byte of buf up to which was looked for the next magic
	// before are the bytes that can stand before the one in which a magic ends.
	before [256]bool
	free   <-chan []byte // buffers of blocks that are done with
}

func newSplitter(r io.Reader, free <-chan []byte) *splitter {
	s := &splitter{r: r, free: free}
	for _, magic := range []uint64{blockMagic, endMagic} {
		for after := range 8 {
			s.before[byte(magic>>(8-after))] = true
		}
	}
	return s
}

var errNoEnd = errors.New("a bzip2 stream is cut off, or something follows it")

// next is the next block; io.EOF after the last one.
func (s *splitter) next() (*block, error) {
	if s.level == 0 {
		start, level, err := s.header(0)
		if err != nil {
			return nil, err
		}
		s.enter(start, level)
	}
	if s.start < 0 {
		return nil, io.EOF
	}
	for {
		at, magic, err := s.find()
		if err != nil {
			return nil, err
		}
		if magic == blockMagic {
			b := s.cut(at)
			s.begin(at)
			return b, nil
		}
		b, ok, err := s.ended(at)
		if ok || err != nil {
			return b, err
		}
	}
}

// begin makes the bit at the beginning of the next block.
func (s *splitter) begin(at int) {
	s.buf = s.buf[:copy(s.buf, s.buf[at/8:])]
	s.start = at % 8
	s.from = 6 // the byte in which a magic after this one ends, at the earliest
}

// cut makes a block of what is before the bit at.
func (s *splitter) cut(at int) *block {
	var buffer []byte
	select {
	case buffer = <-s.free:
	default:
	}
	return newBlock(s.level, buffer, s.buf, s.start, at-s.start)
}

// enter goes on with the block that header found.
func (s *splitter) enter(start int, level byte) {
	s.level = level
	if s.start = start; start >= 0 {
		s.begin(start)
	}
}

// mostEmpty is how many bytes of empty streams may follow each other. All of
// them are in memory at once.
const mostEmpty = 4 << 10

// header reads what begins a stream, at byte at, and passes over streams that
// are empty. It says at which bit the stream's first block begins, -1 where the
// file ends, and changes nothing.
func (s *splitter) header(at int) (start int, level byte, err error) {
	const short, whole = 4, 4 + 6
	for last := at + mostEmpty; at < last; {
		if err := s.fill(at + whole + 4); err != nil {
			return 0, 0, err
		}
		rest := s.buf[at:]
		if len(rest) < whole || string(rest[:3]) != "BZh" || rest[3] < '1' || rest[3] > '9' {
			return 0, 0, errNoEnd
		}
		switch bitsAt(rest, 8*short, magicBits) {
		case blockMagic:
			return 8 * (at + short), rest[3], nil
		case endMagic:
		default:
			return 0, 0, errNoEnd
		}
		if at += whole + 4; len(s.buf) < at || bitsAt(rest, 8*whole, crcBits) != 0 {
			return 0, 0, errNoEnd
		}
		if err := s.fill(at + 1); err != nil {
			return 0, 0, err
		}
		if len(s.buf) == at {
			return -1, rest[3], nil
		}
	}
	return 0, 0, errEmpty
}

var errEmpty = errors.New("too many empty bzip2 streams in a row")

// ended judges what looks like the end of a stream: only if the file ends there
// too, or goes on with another stream, it is one.
func (s *splitter) ended(at int) (b *block, ok bool, err error) {
	const ahead = 4 + 6 + 4
	after := (at + magicBits + crcBits + 7) / 8
	if err := s.fill(after + ahead); err != nil {
		return nil, false, err
	}
	if len(s.buf) < after {
		return nil, false, errNoEnd
	}
	start, level := -1, s.level
	if len(s.buf) > after {
		if start, level, err = s.header(after); err != nil {
			return nil, false, ignore(err, errNoEnd)
		}
	}
	b = s.cut(at) // which is a copy: not for each thing that looks like an end
	b.last, b.sum = true, uint32(bitsAt(s.buf, at+magicBits, crcBits))
	s.enter(start, level)
	return b, true, nil
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}

// fill reads until there are n bytes, or all that the file has.
func (s *splitter) fill(n int) error {
	for !s.eof && len(s.buf) < n {
		if cap(s.buf)-len(s.buf) < 64<<10 {
			s.buf = append(make([]byte, 0, 2*cap(s.buf)+256<<10), s.buf...)
		}
		got, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+got]
		if err == io.EOF {
			s.eof = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// find looks for the next magic and returns the bit at which it begins.
func (s *splitter) find() (at int, magic uint64, err error) {
	for {
		for i := s.from; i < len(s.buf); i++ {
			if i < 7 || !s.before[s.buf[i-1]] {
				continue
			}
			if at, magic := magicEnding(s.buf, i); magic != 0 && at > s.start {
				s.from = i + 1
				return at, magic, nil
			}
		}
		s.from = len(s.buf)
		if s.eof {
			return 0, 0, errNoEnd
		}
		if len(s.buf) > limits.BzipBlock {
			return 0, 0, fmt.Errorf("a bzip2 block is longer than the %d bytes allowed", limits.BzipBlock)
		}
		if err := s.fill(len(s.buf) + 1); err != nil {
			return 0, 0, err
		}
	}
}

// magicEnding says whether a magic ends in byte i of buf, and at which bit it
// begins.
func magicEnding(buf []byte, i int) (at int, magic uint64) {
	v := bitsAt(buf, 8*(i-7), 32)<<32 | bitsAt(buf, 8*(i-3), 32)
	for after := range 8 {
		if m := v >> after & magicMask; m == blockMagic || m == endMagic {
			return 8*(i+1) - after - magicBits, m
		}
	}
	return 0, 0
}

package xz

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
)

const (
	headerMagic = "\xfd7zXZ\x00"
	footerMagic = "YZ"
	// maxRecords is how many blocks a stream may have; each is remembered until
	// the index.
	maxRecords = 1 << 16
	filterLZMA = 0x21
)

// counted counts what it hands out.
type counted struct {
	r *bufio.Reader
	n uint64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += uint64(n)
	return n, err
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// uint16 reads a big-endian number, as LZMA2 has them.
func (c *counted) uint16() (uint16, error) {
	high, err := c.ReadByte()
	if err != nil {
		return 0, err
	}
	low, err := c.ReadByte()
	return uint16(high)<<8 | uint16(low), err
}

// varint reads a number of the index or of a block's header.
func varint(r io.ByteReader) (uint64, error) {
	var n uint64
	for i := range 9 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if b == 0 && i > 0 {
				return 0, corrupt("number is longer than needed")
			}
			return n, nil
		}
	}
	return 0, corrupt("number is longer than 9 bytes")
}

// record is a block in the index.
type record struct{ unpadded, plain uint64 }

// stream unpacks a whole stream and sees to it that nothing follows.
func (d *Decoder) stream(out *sink, in *bufio.Reader, lim Limits) error {
	var head [12]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return err
	}
	if string(head[:6]) != headerMagic {
		return corrupt("does not begin like one")
	}
	if crc32.ChecksumIEEE(head[6:8]) != binary.LittleEndian.Uint32(head[8:]) {
		return corrupt("checksum of the header is wrong")
	}
	if head[6] != 0 {
		return corrupt("flags are of a kind that is not known")
	}
	var err error
	if out.sum, err = newCheck(head[7]); err != nil {
		return err
	}
	var blocks []record
	for {
		size, err := in.ReadByte()
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		if len(blocks) == maxRecords {
			return corrupt("has more than %d blocks", maxRecords)
		}
		b, err := d.block(out, in, (int(size)+1)*4, lim)
		if err != nil {
			return err
		}
		blocks = append(blocks, b)
	}
	return tail(in, blocks, head[6:8])
}

// block unpacks a block whose header has size bytes, the first of which was
// read.
func (d *Decoder) block(out *sink, in *bufio.Reader, size int, lim Limits) (record, error) {
	dict, packed, plain, err := blockHeader(in, size)
	if err != nil {
		return record{}, err
	}
	if dict > uint64(lim.Dictionary) {
		return record{}, corrupt("wants a dictionary of %d bytes, at most %d are allowed", dict, lim.Dictionary)
	}
	window := min(dict, uint64(max(out.left, 0))+1)
	if lim.Window != nil {
		if err := lim.Window(int64(window)); err != nil {
			return record{}, err
		}
	}
	d.window.open(out, int(window))
	before := out.n
	c := &counted{r: in}
	if err := d.lzma2(c); err != nil {
		return record{}, err
	}
	rec := record{uint64(size) + c.n, uint64(out.n - before)}
	if packed != nil && *packed != c.n || plain != nil && *plain != rec.plain {
		return rec, corrupt("block is not as long as its header says")
	}
	for pad := c.n; pad%4 != 0; pad++ {
		if b, err := in.ReadByte(); err != nil || b != 0 {
			return rec, orCorrupt(err, "padding is not zero")
		}
	}
	want := out.sum.sum()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(in, got); err != nil {
		return rec, err
	}
	if !bytes.Equal(got, want) {
		return rec, corrupt("checksum of a block is wrong")
	}
	rec.unpadded += uint64(len(want))
	return rec, nil
}

func orCorrupt(err error, why string) error {
	if err != nil {
		return err
	}
	return corrupt("%s", why)
}

// blockHeader reads a block's header of size bytes behind its first.
func blockHeader(in io.Reader, size int) (dict uint64, packed, plain *uint64, err error) {
	h := make([]byte, size)
	h[0] = byte(size/4 - 1)
	if _, err = io.ReadFull(in, h[1:]); err != nil {
		return 0, nil, nil, err
	}
	if crc32.ChecksumIEEE(h[:size-4]) != binary.LittleEndian.Uint32(h[size-4:]) {
		return 0, nil, nil, corrupt("checksum of a block's header is wrong")
	}
	flags, r := h[1], bytes.NewReader(h[2:size-4])
	if flags&0x3c != 0 {
		return 0, nil, nil, corrupt("block has flags of a kind that is not known")
	}
	if flags&3 != 0 {
		return 0, nil, nil, corrupt("block has %d filters, only LZMA2 alone is supported", flags&3+1)
	}
	for _, f := range []struct {
		flag byte
		to   **uint64
	}{{0x40, &packed}, {0x80, &plain}} {
		if flags&f.flag == 0 {
			continue
		}
		n, err := varint(r)
		if err != nil {
			return 0, nil, nil, err
		}
		*f.to = &n
	}
	dict, err = filter(r)
	if err != nil {
		return 0, nil, nil, err
	}
	for r.Len() > 0 {
		if b, _ := r.ReadByte(); b != 0 {
			return 0, nil, nil, corrupt("padding is not zero")
		}
	}
	return dict, packed, plain, nil
}

// filter reads the one filter of a block and gives the size of its dictionary.
func filter(r io.ByteReader) (uint64, error) {
	id, err := varint(r)
	if err != nil {
		return 0, err
	}
	if id != filterLZMA {
		return 0, corrupt("filter %#x is not supported, only LZMA2 is", id)
	}
	if n, err := varint(r); err != nil || n != 1 {
		return 0, orCorrupt(err, "LZMA2 has properties that are not one byte")
	}
	bits, err := r.ReadByte()
	switch {
	case err != nil:
		return 0, err
	case bits > 40:
		return 0, corrupt("dictionary size is %d", bits)
	case bits == 40:
		return math.MaxUint32, nil
	}
	return uint64(2|bits&1) << (bits/2 + 11), nil
}

// tail reads the index, whose first byte was read, and the footer, and holds
// them against the blocks.
func tail(in *bufio.Reader, blocks []record, flags []byte) error {
	sum := crc32.NewIEEE()
	_, _ = sum.Write([]byte{0})
	r := &hashedBytes{r: in, sum: sum, n: 1}
	n, err := varint(r)
	if err != nil {
		return err
	}
	if n != uint64(len(blocks)) {
		return corrupt("index lists %d blocks, there are %d", n, len(blocks))
	}
	for _, b := range blocks {
		unpadded, err := varint(r)
		if err != nil {
			return err
		}
		plain, err := varint(r)
		if err != nil {
			return err
		}
		if (record{unpadded, plain}) != b {
			return corrupt("index says other sizes than a block has")
		}
	}
	for r.n%4 != 0 {
		if b, err := r.ReadByte(); err != nil || b != 0 {
			return orCorrupt(err, "padding is not zero")
		}
	}
	var rest [16]byte // the index's checksum, and the footer
	if _, err := io.ReadFull(in, rest[:]); err != nil {
		return err
	}
	foot := rest[4:]
	switch {
	case binary.LittleEndian.Uint32(rest[:]) != sum.Sum32():
		return corrupt("checksum of the index is wrong")
	case binary.LittleEndian.Uint32(foot) != crc32.ChecksumIEEE(foot[4:10]):
		return corrupt("checksum of the footer is wrong")
	case (uint64(binary.LittleEndian.Uint32(foot[4:]))+1)*4 != r.n+4:
		return corrupt("footer says another size than the index has")
	case !bytes.Equal(foot[8:10], flags) || string(foot[10:]) != footerMagic:
		return corrupt("footer does not match the header")
	}
	if _, err := in.ReadByte(); err == nil {
		return corrupt("bytes follow after its end")
	} else if err != io.EOF {
		return err
	}
	return nil
}

// hashedBytes hashes and counts single bytes.
type hashedBytes struct {
	r   io.ByteReader
	sum io.Writer
	n   uint64
}

func (h *hashedBytes) ReadByte() (byte, error) {
	b, err := h.r.ReadByte()
	if err == nil {
		h.n++
		_, _ = h.sum.Write([]byte{b})
	}
	return b, err
}

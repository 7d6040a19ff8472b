package archive

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/zstd"
)

const (
	frameMagic = 0xFD2FB528
	// maxWindow caps the window that a frame may ask for.
	maxWindow = 8 << 20
	// maxBlock is the longest block of a frame.
	maxBlock = 128 << 10
	// maxPacked caps a frame as it lies in the file: what doesn't compress is
	// stored, with a few bytes for each block.
	maxPacked = frameSize + 4<<10
	// minRun is from how many zeros on a run of them is worth a block.
	minRun = 32
)

// The types of a block that are written here; zstd has one more.
const (
	blockRaw = 0
	blockRun = 1
)

// storedFrame appends to dst a frame that inflates to head, body and pad zeros,
// and compresses nothing but runs of zeros in head, and pad. What it writes
// depends on no library.
func storedFrame(dst, head, body []byte, pad int) []byte {
	const singleSegment, contentSize4 = 1 << 5, 2 << 6
	dst = binary.LittleEndian.AppendUint32(dst, frameMagic)
	dst = append(dst, singleSegment|contentSize4)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(head)+len(body)+pad))
	last := len(dst)
	block := func(kind, size int, data []byte) {
		last = len(dst)
		word := uint32(kind)<<1 | uint32(size)<<3
		dst = append(append(dst, byte(word), byte(word>>8), byte(word>>16)), data...)
	}
	for len(head) > 0 {
		plain, zeros := firstRun(head)
		if plain > 0 {
			block(blockRaw, plain, head[:plain])
		}
		if zeros > 0 {
			block(blockRun, zeros, []byte{0})
		}
		head = head[plain+zeros:]
	}
	for len(body) > 0 {
		n := min(len(body), maxBlock)
		block(blockRaw, n, body[:n])
		body = body[n:]
	}
	if pad > 0 {
		block(blockRun, pad, []byte{0})
	}
	dst[last] |= 1 // the last block
	return dst
}

// firstRun finds the first run of zeros in b that is long enough.
func firstRun(b []byte) (plain, zeros int) {
	for plain < len(b) {
		end := plain
		for end < len(b) && b[end] == 0 {
			end++
		}
		if end-plain >= minRun {
			return plain, end - plain
		}
		plain = max(end, plain+1)
	}
	return plain, 0
}

// packedFrame compresses what the frame of a member holds, or stores it where
// that gains nothing.
func packedFrame(enc *zstd.Encoder, head, body []byte, pad int) []byte {
	plain := make([]byte, 0, len(head)+len(body)+pad)
	plain = append(append(append(plain, head...), body...), make([]byte, pad)...)
	stored := storedFrame(nil, head, body, pad)
	if packed := enc.EncodeAll(plain, nil); len(packed) < len(stored)-len(stored)/16 {
		return packed
	}
	return stored
}

// newEncoder has fixed settings, so that the same members give the same file.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(pieceSize), zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
}

func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecodeAllCapLimit(true))
}

var errFrame = errors.New("damaged")

// inflate unpacks packed, which has to be one frame and nothing else, and to
// say itself that it inflates to size bytes. They go to into if it has room.
func inflate(dec *zstd.Decoder, packed, into []byte, size int) ([]byte, error) {
	if err := oneFrame(packed, size); err != nil {
		return nil, err
	}
	if cap(into) < size {
		into = make([]byte, 0, size)
	}
	plain, err := dec.DecodeAll(packed, into[:0:size])
	if err != nil || len(plain) != size {
		return nil, errFrame
	}
	return plain, nil
}

// oneFrame walks the blocks of a frame to its end, which has to be that of
// packed, so that nothing hides between frames.
func oneFrame(packed []byte, size int) error {
	var h zstd.Header
	err := h.Decode(packed)
	switch {
	case err != nil || h.Skippable || !h.HasFCS || h.DictionaryID != 0:
		return errFrame
	case h.FrameContentSize != uint64(size):
		return refuse("a frame says that it inflates to %d bytes, and should to %d", h.FrameContentSize, size)
	case h.WindowSize > maxWindow:
		return refuse("a frame wants a window of %d bytes, more than the %d allowed", h.WindowSize, maxWindow)
	}
	rest := packed[h.HeaderSize:]
	for last := false; !last; {
		if len(rest) < 3 {
			return errFrame
		}
		word := uint32(rest[0]) | uint32(rest[1])<<8 | uint32(rest[2])<<16
		last = word&1 == 1
		length := int(word >> 3)
		if word>>1&3 == blockRun {
			length = 1
		}
		if rest = rest[3:]; length > len(rest) {
			return errFrame
		}
		rest = rest[length:]
	}
	if h.HasCheckSum {
		if len(rest) < 4 {
			return errFrame
		}
		rest = rest[4:]
	}
	if len(rest) > 0 {
		return refuse("a frame is followed by %d bytes that belong to nothing", len(rest))
	}
	return nil
}

func zeros(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

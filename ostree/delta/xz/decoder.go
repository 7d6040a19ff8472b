package xz

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Limits cap what a stream may take.
type Limits struct {
	// Dictionary is the largest dictionary a stream may ask for, in bytes.
	Dictionary int64
	// Output is how much the stream may hold, unpacked, in bytes. The window
	// never grows beyond it.
	Output int64
	// Window, if set, is asked before each block whether a window of size bytes
	// may be used. It may wait until there is memory for it, and may close the
	// decoder to free its window of before.
	Window func(size int64) error
}

// Decoder unpacks streams, one after the other; its window is used again. The
// zero value is ready. Close gives the window back.
type Decoder struct {
	rc     rangeDecoder
	models models
	window window
	state  uint8
	reps   [4]uint32
	lc     uint32
	lpMask uint32
	pbMask uint32

	needDict, needState, needProps bool
}

// Close frees the window. The decoder can be used after it.
func (d *Decoder) Close() { d.window.free() }

// Decode unpacks one stream from r into w and says how many bytes it gave. r
// must end where the stream does. Errors about the stream wrap ErrCorrupt; those
// of r and w come as they are.
func (d *Decoder) Decode(w io.Writer, r io.Reader, lim Limits) (int64, error) {
	src := &source{r: r}
	in := bufio.NewReaderSize(src, 64<<10)
	out := &sink{w: w, left: lim.Output}
	err := d.stream(out, in, lim)
	switch {
	case out.err != nil:
		err = out.err
	case src.err != nil:
		err = src.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = corrupt("ends too early")
	}
	return out.n, err
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// source remembers an error that says nothing about the bytes.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// sink counts, and ends what gives more than allowed.
type sink struct {
	w    io.Writer
	n    int64
	left int64
	err  error
	sum  check
}

func (s *sink) Write(p []byte) (int, error) {
	if int64(len(p)) > s.left {
		return 0, corrupt("gives more than the %d bytes allowed", s.n+s.left)
	}
	s.sum.write(p)
	n, err := s.w.Write(p)
	s.n += int64(n)
	s.left -= int64(n)
	s.err = err
	return n, err
}

// lzma2 unpacks the chunks of a block.
func (d *Decoder) lzma2(in *counted) error {
	d.needDict, d.needState, d.needProps = true, true, true
	d.window.reset()
	for {
		control, err := in.ReadByte()
		if err != nil {
			return err
		}
		switch {
		case control == 0:
			return nil
		case control >= 0x80:
			err = d.packed(in, control)
		case control <= 2:
			err = d.plain(in, control == 1)
		default:
			return corrupt("chunk of kind %#x", control)
		}
		if err != nil {
			return err
		}
	}
}

// plain passes on a chunk that is not packed.
func (d *Decoder) plain(in *counted, reset bool) error {
	if reset {
		d.window.reset()
		d.needDict = false
	} else if d.needDict {
		return corrupt("first chunk does not reset the dictionary")
	}
	size, err := in.uint16()
	if err != nil {
		return err
	}
	return d.window.copyFrom(in, int(size)+1)
}

// packed unpacks an LZMA chunk.
func (d *Decoder) packed(in *counted, control byte) error {
	low, err := in.uint16()
	if err != nil {
		return err
	}
	unpacked := int(control&0x1f)<<16 + int(low) + 1
	size, err := in.uint16()
	if err != nil {
		return err
	}
	if err := d.prepare(in, control>>5&3); err != nil {
		return err
	}
	packed := uint32(size) + 1
	if packed < 5 {
		return corrupt("chunk of %d bytes is too short", packed)
	}
	if _, err := io.ReadFull(in, d.rc.in[:packed]); err != nil {
		return err
	}
	if !d.rc.start() {
		return corrupt("chunk does not begin with a zero byte")
	}
	if err := d.chunk(unpacked); err != nil {
		return err
	}
	if !d.rc.end(packed) {
		return corrupt("chunk does not end where it should")
	}
	return d.window.flush()
}

// prepare resets what a chunk wants reset: 1 state, 2 properties too, 3 the
// dictionary too.
func (d *Decoder) prepare(in *counted, reset byte) error {
	if reset == 3 {
		d.window.reset()
		d.needDict = false
	}
	if d.needDict {
		return corrupt("first chunk does not reset the dictionary")
	}
	if reset >= 2 {
		props, err := in.ReadByte()
		if err != nil {
			return err
		}
		if err := d.properties(props); err != nil {
			return err
		}
		d.needProps = false
	}
	if d.needProps {
		return corrupt("chunk has no properties")
	}
	if reset >= 1 {
		d.models.reset()
		d.state, d.reps = 0, [4]uint32{}
		d.needState = false
	}
	if d.needState {
		return corrupt("chunk does not reset the state")
	}
	return nil
}

func (d *Decoder) properties(p byte) error {
	if p >= 9*5*5 {
		return corrupt("properties are %d", p)
	}
	lc, lp, pb := uint32(p%9), uint32(p/9%5), uint32(p/45)
	if lc+lp > 4 {
		return corrupt("properties lc=%d lp=%d", lc, lp)
	}
	d.lc, d.lpMask, d.pbMask = lc, 1<<lp-1, 1<<pb-1
	return nil
}

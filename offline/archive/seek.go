package archive

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The seek table is a skippable frame: for each frame how long it is and what
// it inflates to, then how many there are, and a magic number at the very end.
const (
	skipMagic  = 0x184D2A5E
	seekMagic  = 0x8F92EAB1
	seekHead   = 8 // magic and length
	seekEntry  = 8
	seekFooter = 9
	// maxFrames caps a table at 16 MiB: 2 TiB in whole pieces.
	maxFrames = 2 << 20
)

// frame is one line of the seek table.
type frame struct {
	packed, plain uint32
}

// seekTable is the skippable frame for frames.
func seekTable(frames []frame) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, seekHead+seekEntry*len(frames)+seekFooter)
	b = le.AppendUint32(b, skipMagic)
	b = le.AppendUint32(b, uint32(seekEntry*len(frames)+seekFooter))
	for _, f := range frames {
		b = le.AppendUint32(le.AppendUint32(b, f.packed), f.plain)
	}
	b = le.AppendUint32(b, uint32(len(frames)))
	b = append(b, 0) // no checksums: the index has better ones
	return le.AppendUint32(b, seekMagic)
}

// readSeekTable reads the table at the end of a file of size bytes. The frames
// in it fill the file from its start to the table, none is longer than a frame
// may be, and none inflates to more.
func readSeekTable(r io.ReaderAt, size int64) ([]frame, error) {
	var footer [seekFooter]byte
	if size < seekHead+seekFooter {
		return nil, refuse("%d bytes are too few for a bundle", size)
	}
	if _, err := r.ReadAt(footer[:], size-seekFooter); err != nil {
		return nil, fmt.Errorf("read the table at its end: %w", err)
	}
	count := binary.LittleEndian.Uint32(footer[:])
	switch {
	case binary.LittleEndian.Uint32(footer[5:]) != seekMagic:
		return nil, refuse("it does not end in a table of its frames: it was cut short, something was appended, or it is no bundle")
	case footer[4] != 0:
		return nil, refuse("the table at its end has a form that no bundle has")
	case count > maxFrames:
		return nil, refuse("the table at its end names %d frames, more than the %d allowed", count, maxFrames)
	}
	table := make([]byte, seekHead+seekEntry*int64(count)+seekFooter)
	if int64(len(table)) > size {
		return nil, refuse("the table at its end is longer than the file")
	}
	if _, err := r.ReadAt(table, size-int64(len(table))); err != nil {
		return nil, fmt.Errorf("read the table at its end: %w", err)
	}
	return parseSeekTable(table, size-int64(len(table)))
}

// parseSeekTable reads a table of frames that are packed bytes long in all.
func parseSeekTable(table []byte, packed int64) ([]frame, error) {
	count := (len(table) - seekHead - seekFooter) / seekEntry
	frames := make([]frame, count)
	var sum int64
	for i := range frames {
		at := table[seekHead+i*seekEntry:]
		f := frame{binary.LittleEndian.Uint32(at), binary.LittleEndian.Uint32(at[4:])}
		if f.packed == 0 || f.packed > maxPacked || f.plain == 0 || f.plain > frameSize {
			return nil, refuse("frame %d is said to have %d bytes and to inflate to %d; that is none of a bundle", i, f.packed, f.plain)
		}
		frames[i] = f
		sum += int64(f.packed)
	}
	le := binary.LittleEndian
	whole := le.Uint32(table) == skipMagic && int(le.Uint32(table[4:])) == len(table)-seekHead
	if sum != packed || !whole {
		return nil, refuse("the table at its end is damaged, or the file was cut or has something inserted: its frames have %d bytes, and %d are there", sum, packed)
	}
	return frames, nil
}

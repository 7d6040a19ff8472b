package delta

import (
	"encoding/binary"
	"io"
	"os"
)

// rope is a serialised value too large to hold: bytes, and files that belong
// between them.
type rope struct {
	pieces []ropePiece
	size   int64
}

type ropePiece struct {
	mem  []byte
	file string
	n    int64
}

func ropeOf(b []byte) rope {
	return rope{[]ropePiece{{mem: b, n: int64(len(b))}}, int64(len(b))}
}

func ropeOfFile(path string, n int64) rope { return rope{[]ropePiece{{file: path, n: n}}, n} }

func (r *rope) append(o rope) {
	r.pieces = append(r.pieces, o.pieces...)
	r.size += o.size
}

func (r *rope) pad(align int64) {
	if n := (align - r.size%align) % align; n > 0 {
		r.append(ropeOf(make([]byte, n)))
	}
}

// WriteTo writes all of it.
func (r rope) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for _, p := range r.pieces {
		n, err := p.writeTo(w)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (p ropePiece) writeTo(w io.Writer) (int64, error) {
	if p.file == "" {
		n, err := w.Write(p.mem)
		return int64(n), err
	}
	f, err := os.Open(p.file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := io.Copy(w, io.LimitReader(f, p.n))
	if err == nil && n != p.n {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// member is an item of a container.
type member struct {
	rope
	align int64
	fixed bool // its type has a fixed size
}

// container lays members out as GVariant does: aligned, and with the end offsets
// that its kind needs, in a tuple in reverse and not for the last.
func container(members []member, tuple bool) rope {
	var r rope
	var ends []int64
	for i, m := range members {
		r.pad(m.align)
		r.append(m.rope)
		if !tuple || !m.fixed && i < len(members)-1 {
			ends = append(ends, r.size)
		}
	}
	width := int64(1)
	for int64(offsetWidth(uint64(r.size+width*int64(len(ends))))) > width {
		width *= 2
	}
	var table []byte
	for i := range ends {
		end := ends[i]
		if tuple {
			end = ends[len(ends)-1-i]
		}
		table = append(table, binary.LittleEndian.AppendUint64(nil, uint64(end))[:width]...)
	}
	r.append(ropeOf(table))
	return r
}

// entry is an entry of a dict a{sv}, with a value of type t.
func dictEntry(key string, value rope, t string) member {
	boxed := value
	boxed.pieces = append([]ropePiece(nil), value.pieces...)
	boxed.append(ropeOf(append([]byte{0}, t...)))
	key += "\x00"
	return member{container([]member{{rope: ropeOf([]byte(key)), align: 1}, {rope: boxed, align: 8}}, true), 8, false}
}

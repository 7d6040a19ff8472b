package variant

import (
	"encoding/binary"
	"math"
)

// Bool makes a value of type b.
func Bool(b bool) Value {
	if b {
		return Value{basic['b'], []byte{1}}
	}
	return Value{basic['b'], []byte{0}}
}

// Byte makes a value of type y.
func Byte(b byte) Value { return Value{basic['y'], []byte{b}} }

// Uint32 makes a value of type u.
func Uint32(n uint32) Value {
	return Value{basic['u'], binary.LittleEndian.AppendUint32(nil, n)}
}

// BigUint32 makes a value of type u whose bytes are big-endian.
func BigUint32(n uint32) Value {
	return Value{basic['u'], binary.BigEndian.AppendUint32(nil, n)}
}

// Uint64 makes a value of type t.
func Uint64(n uint64) Value {
	return Value{basic['t'], binary.LittleEndian.AppendUint64(nil, n)}
}

// BigUint64 makes a value of type t whose bytes are big-endian.
func BigUint64(n uint64) Value {
	return Value{basic['t'], binary.BigEndian.AppendUint64(nil, n)}
}

// Text makes a value of type s. The caller vouches that s is UTF-8 without a
// zero byte; Parse refuses what is not.
func Text(s string) Value { return Value{basic['s'], append([]byte(s), 0)} }

// Bytes makes a value of type ay over b, which the caller must not change.
func Bytes(b []byte) Value { return Value{byteArray, b} }

// Texts makes a value of type as.
func Texts(list ...string) Value {
	items := make([]Value, len(list))
	for i, s := range list {
		items[i] = Text(s)
	}
	return Array(basic['s'], items...)
}

// Boxed makes a value of type v around inner.
func Boxed(inner Value) Value {
	data := make([]byte, 0, len(inner.data)+1+len(inner.typ.text))
	data = append(append(data, inner.data...), 0)
	return Value{basic['v'], append(data, inner.typ.text...)}
}

// Maybe makes a value of type m: just inner, or nothing if inner is not valid.
func Maybe(elem *Type, inner Value) Value {
	t := &Type{code: 'm', elem: elem, align: elem.align, text: "m" + elem.text}
	if !inner.IsValid() {
		return Value{t, nil}
	}
	if elem.fixed > 0 {
		return Value{t, inner.data}
	}
	return Value{t, append(append([]byte(nil), inner.data...), 0)}
}

var (
	byteArray = MustType("ay")
	vardict   = MustType("a{sv}")
)

// Array makes an array of items, all of type elem.
func Array(elem *Type, items ...Value) Value {
	t := &Type{code: 'a', elem: elem, align: elem.align, text: "a" + elem.text}
	return build(t, items, elem.fixed == 0, false)
}

// Tuple makes a value of tuple or dict entry type t out of its members, which
// must be of the types that t names.
func Tuple(t *Type, items ...Value) Value {
	v := build(t, items, true, true)
	if t.fixed > 0 {
		v.data = append(v.data, make([]byte, t.fixed-len(v.data))...)
	}
	return v
}

// Entry is one key of a Dict.
type Entry struct {
	Key   string
	Value Value
}

// Dict makes a value of type a{sv}, in the order given.
func Dict(entries ...Entry) Value {
	items := make([]Value, len(entries))
	for i, e := range entries {
		items[i] = Tuple(vardict.elem, Text(e.Key), Boxed(e.Value))
	}
	return Array(vardict.elem, items...)
}

// build lays items out one after the other, aligned, with the end offsets that
// t needs: in a tuple those of variable-size members but the last, in reverse.
func build(t *Type, items []Value, framed, tuple bool) Value {
	size := 0
	for _, it := range items {
		size = alignUp(size, it.typ.align) + len(it.data)
	}
	data := make([]byte, 0, size+len(items)*2)
	var ends []int
	for i, it := range items {
		for len(data) < alignUp(len(data), it.typ.align) {
			data = append(data, 0)
		}
		data = append(data, it.data...)
		if framed && (!tuple || it.typ.fixed == 0 && i < len(items)-1) {
			ends = append(ends, len(data))
		}
	}
	width := offsetWidth(len(data), len(ends))
	for i := range ends {
		end := ends[i]
		if tuple {
			end = ends[len(ends)-1-i]
		}
		data = appendOffset(data, end, width)
	}
	return Value{t, data}
}

// offsetWidth is the fewest bytes per offset for which body and n offsets fit.
func offsetWidth(body, n int) int {
	switch {
	case body+n <= math.MaxUint8:
		return 1
	case body+n*2 <= math.MaxUint16:
		return 2
	case body+n*4 <= maxOffset32():
		return 4
	}
	return 8
}

// widthOf is the bytes per offset in a container of size bytes.
func widthOf(size int) int { return offsetWidth(size, 0) }

// maxOffset32 is the largest offset in four bytes, as far as an int holds it.
func maxOffset32() int { return int(min(uint64(math.MaxUint32), uint64(math.MaxInt))) }

func appendOffset(data []byte, n, width int) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	return append(data, b[:width]...)
}

// readOffset reads an offset; one that no int holds comes out as MaxInt, which
// is outside of every container.
func readOffset(data []byte, width int) int {
	var n uint64
	switch width {
	case 1:
		return int(data[0])
	case 2:
		return int(binary.LittleEndian.Uint16(data))
	case 4:
		n = uint64(binary.LittleEndian.Uint32(data))
	default:
		n = binary.LittleEndian.Uint64(data)
	}
	if n > math.MaxInt {
		return math.MaxInt
	}
	return int(n)
}

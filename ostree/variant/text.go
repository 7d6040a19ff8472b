package variant

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Print is the value in GVariant text format, with a type where the reader
// could not tell it, as ParseText and GLib read it.
func (v Value) Print() string {
	var b strings.Builder
	printValue(&b, v, true)
	return b.String()
}

// PrintPlain is Print without the types: for a person, not to be read back.
func (v Value) PrintPlain() string {
	var b strings.Builder
	printValue(&b, v, false)
	return b.String()
}

// printValue writes v; annotate is false for what stands beside something of
// the same type that has been annotated.
func printValue(b *strings.Builder, v Value, annotate bool) {
	switch v.typ.code {
	case 'm':
		printMaybe(b, v, annotate)
	case 'a':
		printArray(b, v, annotate)
	case '(':
		printTuple(b, v, annotate)
	case '{':
		b.WriteByte('{')
		printValue(b, v.At(0), annotate)
		b.WriteString(", ")
		printValue(b, v.At(1), annotate)
		b.WriteByte('}')
	case 'v':
		b.WriteByte('<')
		printValue(b, v.Variant(), true)
		b.WriteByte('>')
	default:
		printBasic(b, v, annotate)
	}
}

// keywords name the basic types whose values do not show their type.
var keywords = map[byte]string{'y': "byte ", 'n': "int16 ", 'q': "uint16 ", 'u': "uint32 ", 'h': "handle ",
	'x': "int64 ", 't': "uint64 ", 'o': "objectpath ", 'g': "signature "}

func printBasic(b *strings.Builder, v Value, annotate bool) {
	if annotate {
		b.WriteString(keywords[v.typ.code])
	}
	switch v.typ.code {
	case 'b':
		b.WriteString(strconv.FormatBool(v.data[0] == 1))
	case 'y':
		fmt.Fprintf(b, "0x%02x", v.data[0])
	case 'n':
		b.WriteString(strconv.FormatInt(int64(int16(binary.LittleEndian.Uint16(v.data))), 10))
	case 'q':
		b.WriteString(strconv.FormatUint(uint64(binary.LittleEndian.Uint16(v.data)), 10))
	case 'i', 'h':
		b.WriteString(strconv.FormatInt(int64(int32(binary.LittleEndian.Uint32(v.data))), 10))
	case 'u':
		b.WriteString(strconv.FormatUint(uint64(binary.LittleEndian.Uint32(v.data)), 10))
	case 'x':
		b.WriteString(strconv.FormatInt(int64(binary.LittleEndian.Uint64(v.data)), 10))
	case 't':
		b.WriteString(strconv.FormatUint(binary.LittleEndian.Uint64(v.data), 10))
	case 'd':
		b.WriteString(doubleText(math.Float64frombits(binary.LittleEndian.Uint64(v.data))))
	default:
		printText(b, v.Text())
	}
}

// doubleText has 17 digits, so that no bit is lost, and never looks like an
// integer.
func doubleText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f) && math.Signbit(f):
		return "-nan"
	case math.IsNaN(f):
		return "nan"
	}
	s := strconv.FormatFloat(f, 'g', 17, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// letters are the control characters that have a letter as their escape.
var letters = map[rune]byte{'\a': 'a', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v'}

func printText(b *strings.Builder, s string) {
	quote := '\''
	if strings.ContainsRune(s, quote) {
		quote = '"'
	}
	b.WriteRune(quote)
	for _, r := range s {
		letter, named := letters[r]
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case printable(r):
			b.WriteRune(r)
		case named:
			b.WriteByte('\\')
			b.WriteByte(letter)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
}

// printable is what GLib means by it: assigned, and neither a control nor a
// formatting character.
func printable(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Co)
}

func printMaybe(b *strings.Builder, v Value, annotate bool) {
	if annotate {
		b.WriteString("@" + v.typ.text + " ")
	}
	if v.Len() == 0 {
		b.WriteString("nothing")
		return
	}
	// A nothing inside of a just needs the word; otherwise it goes without.
	depth, inner := 0, v
	for inner.typ.code == 'm' && inner.Len() > 0 {
		depth, inner = depth+1, inner.At(0)
	}
	if inner.typ.code == 'm' {
		b.WriteString(strings.Repeat("just ", depth) + "nothing")
		return
	}
	printValue(b, inner, false)
}

func printArray(b *strings.Builder, v Value, annotate bool) {
	elem := v.typ.elem
	if elem.code == 'y' && isByteString(v.data) {
		printByteString(b, v.data[:len(v.data)-1])
		return
	}
	open, end := "[", "]"
	if elem.code == '{' {
		open, end = "{", "}"
	}
	n := v.Len()
	if n == 0 && annotate {
		b.WriteString("@" + v.typ.text + " ")
	}
	b.WriteString(open)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		item, annotate := v.element(i), annotate && i == 0
		if elem.code == '{' {
			printValue(b, item.At(0), annotate)
			b.WriteString(": ")
			item = item.At(1)
		}
		printValue(b, item, annotate)
	}
	b.WriteString(end)
}

func printTuple(b *strings.Builder, v Value, annotate bool) {
	b.WriteByte('(')
	n := v.Len()
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		printValue(b, v.At(i), annotate)
	}
	if n == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(')')
}

// isByteString says whether the only zero byte is the last.
func isByteString(data []byte) bool {
	for i, c := range data {
		if c == 0 {
			return i == len(data)-1
		}
	}
	return false
}

func printByteString(b *strings.Builder, s []byte) {
	quote := byte('\'')
	if strings.IndexByte(string(s), quote) >= 0 {
		quote = '"'
	}
	b.WriteByte('b')
	b.WriteByte(quote)
	for _, c := range s {
		letter, named := letters[rune(c)]
		switch {
		case c == '\\' || c == '"':
			b.WriteByte('\\')
			b.WriteByte(c)
		case named && c != '\a':
			b.WriteByte('\\')
			b.WriteByte(letter)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte(quote)
}

// Byteswapped is v with the bytes of every number in reverse order, those in
// nested variants too: OSTree keeps some of its numbers in big-endian, and
// shows all of them turned around.
func (v Value) Byteswapped() Value {
	switch v.typ.code {
	case 'n', 'q', 'i', 'u', 'h', 'x', 't', 'd':
		data := make([]byte, len(v.data))
		for i, c := range v.data {
			data[len(data)-1-i] = c
		}
		return Value{v.typ, data}
	case 'v':
		return Boxed(v.Variant().Byteswapped())
	case 'm':
		if v.Len() == 0 {
			return v
		}
		return Maybe(v.typ.elem, v.At(0).Byteswapped())
	case 'a':
		if v.typ.elem.code == 'y' || v.typ.elem.code == 's' {
			return v
		}
		return Array(v.typ.elem, v.swappedItems()...)
	case '(', '{':
		return Tuple(v.typ, v.swappedItems()...)
	}
	return v
}

func (v Value) swappedItems() []Value {
	items := make([]Value, v.Len())
	for i := range items {
		items[i] = v.At(i).Byteswapped()
	}
	return items
}

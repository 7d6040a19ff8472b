package variant

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// Parse takes data as a value of type t and checks all of it: bounds, padding,
// offsets, strings, nesting. Any departure from normal form is ErrMalformed.
// The value refers to data.
func Parse(t *Type, data []byte) (Value, error) {
	if err := check(t, data, 0); err != nil {
		return Value{}, err
	}
	return Value{t, data}, nil
}

// Len is the number of elements of an array, or members of a tuple or dict
// entry; of a maybe it is 0 or 1.
func (v Value) Len() int {
	switch {
	case v.typ.members != nil || v.typ.code == '(':
		return len(v.typ.members)
	case v.typ.code == 'm':
		return min(len(v.data), 1)
	case v.typ.code != 'a':
		panic(v.misuse("a container"))
	case v.typ.elem.fixed > 0:
		return len(v.data) / v.typ.elem.fixed
	}
	n, _, _ := arrayTable(v.data)
	return n
}

// At is element or member i. It panics, as indexing a slice does, if there is
// none.
func (v Value) At(i int) Value {
	if i < 0 || i >= v.Len() {
		panic(v.misuse(fmt.Sprintf("item %d", i)))
	}
	switch {
	case v.typ.code == 'a':
		return v.element(i)
	case v.typ.code == 'm':
		return Value{v.typ.elem, maybeBody(v.typ.elem, v.data)}
	}
	return v.member(i)
}

// member finds member i of a tuple or dict entry by the end offsets alone:
// Parse has checked them.
func (v Value) member(i int) Value {
	width := widthOf(len(v.data))
	start, end, nth := 0, 0, 0
	for k, m := range v.typ.members[:i+1] {
		start = alignUp(end, m.align)
		switch {
		case m.fixed > 0:
			end = start + m.fixed
		case k == len(v.typ.members)-1:
			end = len(v.data) - v.typ.offsets*width
		default:
			nth++
			end = readOffset(v.data[len(v.data)-nth*width:], width)
		}
	}
	return Value{v.typ.members[i], v.data[start:end:end]}
}

// All are the elements or members in their order. To walk through a container
// it costs less than At for each.
func (v Value) All() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.typ.code == 'a' && v.typ.elem.fixed == 0 {
			v.elements(yield)
			return
		}
		for i := range v.Len() {
			if !yield(i, v.At(i)) {
				return
			}
		}
	}
}

// elements walks an array of elements of variable size.
func (v Value) elements(yield func(int, Value) bool) {
	n, width, table := arrayTable(v.data)
	start := 0
	for i := range n {
		end := readOffset(v.data[table+i*width:], width)
		if !yield(i, Value{v.typ.elem, v.data[start:end:end]}) {
			return
		}
		start = alignUp(end, v.typ.elem.align)
	}
}

func (v Value) element(i int) Value {
	e := v.typ.elem
	if e.fixed > 0 {
		return Value{e, v.data[i*e.fixed : (i+1)*e.fixed : (i+1)*e.fixed]}
	}
	_, width, table := arrayTable(v.data)
	start := 0
	if i > 0 {
		start = alignUp(readOffset(v.data[table+(i-1)*width:], width), e.align)
	}
	end := readOffset(v.data[table+i*width:], width)
	return Value{e, v.data[start:end:end]}
}

func malformed(t *Type, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrMalformed, t, fmt.Sprintf(format, args...))
}

func check(t *Type, data []byte, depth int) error {
	if depth > maxDepth {
		return malformed(t, "nested too deep")
	}
	if t.fixed > 0 && len(data) != t.fixed {
		return malformed(t, "is %d bytes, want %d", len(data), t.fixed)
	}
	switch t.code {
	case 'b':
		if data[0] > 1 {
			return malformed(t, "boolean is %d", data[0])
		}
	case 's', 'o', 'g':
		return checkText(t, data)
	case 'v':
		body, inner, err := splitVariant(data)
		if err != nil {
			return err
		}
		return check(inner, body, depth+1)
	case 'a':
		return checkArray(t, data, depth)
	case 'm':
		return checkMaybe(t, data, depth)
	case '(', '{':
		return checkTuple(t, data, depth)
	}
	return nil
}

func checkText(t *Type, data []byte) error {
	if len(data) == 0 || data[len(data)-1] != 0 {
		return malformed(t, "string has no end")
	}
	text := data[:len(data)-1]
	if bytes.IndexByte(text, 0) >= 0 {
		return malformed(t, "string has a zero byte inside")
	}
	switch {
	case !utf8.Valid(text):
		return malformed(t, "string is not UTF-8")
	case t.code == 'o' && !isObjectPath(string(text)):
		return malformed(t, "not an object path")
	case t.code == 'g' && !isSignature(string(text)):
		return malformed(t, "not a signature")
	}
	return nil
}

func isObjectPath(s string) bool {
	if s == "/" {
		return true
	}
	if !strings.HasPrefix(s, "/") {
		return false
	}
	for part := range strings.SplitSeq(s[1:], "/") {
		if part == "" || strings.Trim(part, "_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return true
}

func isSignature(s string) bool {
	if len(s) > maxTypeLength {
		return false
	}
	for s != "" {
		_, rest, err := parseType(s, 0)
		if err != nil {
			return false
		}
		s = rest
	}
	return true
}

// splitVariant parts the bytes of a v at its last zero byte.
func splitVariant(data []byte) ([]byte, *Type, error) {
	// A type string holds no zero byte, so the last one is the separator.
	at := bytes.LastIndexByte(data, 0)
	if at < 0 {
		return nil, nil, fmt.Errorf("%w: v: no type string", ErrMalformed)
	}
	t, err := ParseType(string(data[at+1 : min(len(data), at+2+maxTypeLength)]))
	if err != nil {
		return nil, nil, err
	}
	return data[:at:at], t, nil
}

func checkMaybe(t *Type, data []byte, depth int) error {
	if len(data) == 0 {
		return nil
	}
	if t.elem.fixed == 0 && data[len(data)-1] != 0 {
		return malformed(t, "value is not followed by a zero byte")
	}
	return check(t.elem, maybeBody(t.elem, data), depth+1)
}

func maybeBody(elem *Type, data []byte) []byte {
	if elem.fixed == 0 {
		return data[: len(data)-1 : len(data)-1]
	}
	return data
}

func checkArray(t *Type, data []byte, depth int) error {
	e := t.elem
	if e.code == 'y' {
		return nil
	}
	if e.fixed > 0 {
		if len(data)%e.fixed != 0 {
			return malformed(t, "%d bytes are no whole number of elements", len(data))
		}
		for ; len(data) > 0; data = data[e.fixed:] {
			if err := check(e, data[:e.fixed], depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	n, width, table := arrayTable(data)
	if n < 0 || (n == 0) != (len(data) == 0) {
		return malformed(t, "offset table does not fit")
	}
	if offsetWidth(table, n) != width {
		return malformed(t, "offsets are wider than needed")
	}
	end := 0
	for i := range n {
		next := readOffset(data[table+i*width:], width)
		start, err := span(t, data[:table], end, next, e.align)
		if err != nil {
			return err
		}
		if err := check(e, data[start:next:next], depth+1); err != nil {
			return err
		}
		end = next
	}
	return nil
}

// arrayTable finds the offset table of an array of variable-size elements: how
// many offsets of how many bytes, and where they start. n is -1 if the data
// cannot be such an array.
func arrayTable(data []byte) (n, width, table int) {
	if len(data) == 0 {
		return 0, 1, 0
	}
	width = widthOf(len(data))
	if len(data) < width {
		return -1, width, 0
	}
	table = readOffset(data[len(data)-width:], width)
	if table < 0 || table > len(data)-width || (len(data)-table)%width != 0 {
		return -1, width, 0
	}
	return (len(data) - table) / width, width, table
}

// span checks that an item may reach from the aligned end of the one before to
// next, with zeros between, and says where it starts.
func span(t *Type, data []byte, end, next, align int) (int, error) {
	start := alignUp(end, align)
	if next < start || next > len(data) {
		return 0, malformed(t, "offset %d is outside of its container", next)
	}
	for _, b := range data[end:start] {
		if b != 0 {
			return 0, malformed(t, "padding is not zero")
		}
	}
	return start, nil
}

// checkTuple checks each member of a tuple or dict entry, and offsets and
// padding on the way.
func checkTuple(t *Type, data []byte, depth int) error {
	width := widthOf(len(data))
	body := len(data) - t.offsets*width
	if body < 0 {
		return malformed(t, "offset table does not fit")
	}
	if t.offsets > 0 && offsetWidth(body, t.offsets) != width {
		return malformed(t, "offsets are wider than needed")
	}
	end, nth := 0, 0
	for i, m := range t.members {
		var next int
		switch {
		case m.fixed > 0:
			next = alignUp(end, m.align) + m.fixed
		case i == len(t.members)-1:
			next = body
		default:
			nth++
			next = readOffset(data[len(data)-nth*width:], width)
		}
		start, err := span(t, data[:body], end, next, m.align)
		if err != nil {
			return err
		}
		if err := check(m, data[start:next:next], depth+1); err != nil {
			return err
		}
		end = next
	}
	return tail(t, data, end, body)
}

// tail checks what follows the last member: nothing, or in a tuple of fixed
// size zeros.
func tail(t *Type, data []byte, end, body int) error {
	if t.fixed == 0 && end != body {
		return malformed(t, "%d bytes too many", body-end)
	}
	for _, b := range data[end:body] {
		if b != 0 {
			return malformed(t, "padding is not zero")
		}
	}
	return nil
}

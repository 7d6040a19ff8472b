package variant

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// ParseText reads a value in GVariant text format. Where the text does not say
// a type, an integer is an int32, a number with a point a double, and text a
// string, as for GLib. What it returns is in normal form.
func ParseText(text string) (Value, error) {
	s := &scanner{text: text}
	if len(text) > maxText {
		return Value{}, s.bad(0, "%d bytes, at most %d are allowed", len(text), maxText)
	}
	t, err := s.term(0)
	if err != nil {
		return Value{}, err
	}
	if s.skip(); s.pos < len(text) {
		return Value{}, s.bad(s.pos, "expected end of input")
	}
	shape, err := s.infer(t)
	if err != nil {
		return Value{}, err
	}
	typ, err := s.settle(t, shape)
	if err != nil {
		return Value{}, err
	}
	v, err := s.build(t, typ)
	if err != nil {
		return Value{}, err
	}
	if _, err := Parse(v.typ, v.data); err != nil {
		return Value{}, s.bad(0, "%v", err)
	}
	return v, nil
}

// A shape is a type string with holes: '*' is any type, 'N' any number, 'F' a
// double if nothing else is said, 'S' any text. These letters are no types.
type shape string

// infer finds what is known of a term's type.
func (s *scanner) infer(t *term) (shape, error) {
	switch t.kind {
	case termNumber:
		if isFloat(t.word) {
			return "F", nil
		}
		return "N", nil
	case termText:
		return "S", nil
	case termBytes:
		return "ay", nil
	case termBool:
		return "b", nil
	case termVariant:
		return "v", nil
	case termNothing:
		return "m*", nil
	case termTyped:
		return shape(t.typ.text), nil
	case termJust:
		inner, err := s.infer(t.items[0])
		return "m" + inner, err
	case termArray:
		inner, err := s.common(t, 0, 1)
		return "a" + inner, err
	case termTuple:
		return s.tupleShape(t)
	}
	return s.dictShape(t)
}

func (s *scanner) tupleShape(t *term) (shape, error) {
	all := shape("(")
	for _, item := range t.items {
		inner, err := s.infer(item)
		if err != nil {
			return "", err
		}
		if all += inner; len(all) > maxTypeLength {
			return "", s.bad(t.at, "its type string is longer than %d bytes", maxTypeLength)
		}
	}
	return all + ")", nil
}

func (s *scanner) dictShape(t *term) (shape, error) {
	key, err := s.common(t, 0, 2)
	if err != nil {
		return "", err
	}
	value, err := s.common(t, 1, 2)
	if err != nil {
		return "", err
	}
	if len(key) != 1 || strings.Contains("vm(", string(key)) {
		return "", s.bad(t.at, "a dictionary's key must be of a basic type")
	}
	entry := "{" + key + value + "}"
	if t.kind == termEntry {
		return entry, nil
	}
	return "a" + entry, nil
}

// common is the shape of every step-th item.
func (s *scanner) common(t *term, from, step int) (shape, error) {
	all := shape("*")
	for i := from; i < len(t.items); i += step {
		inner, err := s.infer(t.items[i])
		if err != nil {
			return "", err
		}
		merged, ok := merge(all, inner)
		if !ok {
			return "", s.bad(t.items[i].at, "is of another type than what is beside it")
		}
		all = merged
	}
	return all, nil
}

// merge finds the one shape that both may be.
func merge(a, b shape) (shape, bool) {
	switch {
	case a == b || b == "*":
		return a, true
	case a == "*":
		return b, true
	case len(a) == 0 || len(b) == 0:
		return "", false
	case a[0] == 'm' && b[0] != 'm':
		inner, ok := merge(a[1:], b)
		return "m" + inner, ok
	case b[0] == 'm' && a[0] != 'm':
		return merge(b, a)
	}
	if len(a) == 1 && len(b) == 1 {
		return mergeBasic(a, b)
	}
	if a[0] != b[0] || !strings.ContainsRune("am({", rune(a[0])) {
		return "", false
	}
	if a[0] == 'a' || a[0] == 'm' {
		inner, ok := merge(a[1:], b[1:])
		return a[:1] + inner, ok
	}
	return mergeMembers(a, b)
}

func mergeBasic(a, b shape) (shape, bool) {
	const numbers = "ynqiuxthd"
	holes := map[shape]string{"N": numbers + "F", "F": "d", "S": "sog"}
	if strings.Contains(holes[a], string(b)) {
		return b, true
	}
	if strings.Contains(holes[b], string(a)) {
		return a, true
	}
	return "", false
}

func mergeMembers(a, b shape) (shape, bool) {
	left, right := a.members(), b.members()
	if len(left) != len(right) {
		return "", false
	}
	all := a[:1]
	for i := range left {
		one, ok := merge(left[i], right[i])
		if !ok {
			return "", false
		}
		all += one
	}
	return all + a[len(a)-1:], true
}

// members takes the shape of a tuple or dict entry apart.
func (a shape) members() []shape {
	var list []shape
	for rest := a[1 : len(a)-1]; rest != ""; {
		n := rest.first()
		list, rest = append(list, rest[:n]), rest[n:]
	}
	return list
}

// first is the length of the first complete shape.
func (a shape) first() int {
	at := 0
	for at < len(a)-1 && (a[at] == 'a' || a[at] == 'm') {
		at++
	}
	depth := 0
	for ; at < len(a); at++ {
		switch a[at] {
		case '(', '{':
			depth++
		case ')', '}':
			depth--
		}
		if depth == 0 {
			return at + 1
		}
	}
	return len(a)
}

// settle makes a type out of a shape.
func (s *scanner) settle(t *term, a shape) (*Type, error) {
	if strings.Contains(string(a), "*") {
		return nil, s.bad(t.at, "unable to infer the type: write it as in @as []")
	}
	typ, err := ParseType(strings.NewReplacer("N", "i", "F", "d", "S", "s").Replace(string(a)))
	if err != nil {
		return nil, s.bad(t.at, "%v", err)
	}
	return typ, nil
}

func isFloat(word string) bool {
	word = strings.TrimLeft(word, "+-")
	if word == "inf" || word == "nan" {
		return true
	}
	if strings.HasPrefix(word, "0x") || strings.HasPrefix(word, "0X") {
		return false
	}
	return strings.ContainsAny(word, ".eE")
}

// build serialises a term as a value of type typ.
func (s *scanner) build(t *term, typ *Type) (Value, error) {
	if t.kind == termTyped {
		inner, err := s.build(t.items[0], t.typ)
		if err != nil {
			return Value{}, err
		}
		return s.wrap(t, inner, typ)
	}
	if typ.code == 'm' {
		return s.maybe(t, typ)
	}
	switch {
	case t.kind == termNumber:
		return s.number(t, typ)
	case t.kind == termBool && typ.code == 'b':
		return Bool(t.word == "true"), nil
	case t.kind == termText && strings.IndexByte("sog", typ.code) >= 0:
		return s.string(t, typ)
	case t.kind == termBytes && typ.text == "ay":
		return byteString(t.word), nil
	case t.kind == termVariant && typ.code == 'v':
		return s.variant(t)
	case t.kind == termArray && typ.code == 'a':
		return s.array(t, typ)
	case t.kind == termTuple && typ.code == '(', t.kind == termEntry && typ.code == '{':
		return s.tuple(t, t.items, typ)
	case t.kind == termDict && typ.code == 'a' && typ.elem.code == '{':
		return s.dictionary(t, typ)
	}
	return Value{}, s.bad(t.at, "can not be a value of type %s", typ)
}

// wrap puts as many justs around a typed value as typ has more.
func (s *scanner) wrap(t *term, v Value, typ *Type) (Value, error) {
	if typ.text == v.typ.text {
		return v, nil
	}
	if typ.code != 'm' {
		return Value{}, s.bad(t.at, "can not be a value of type %s", typ)
	}
	inner, err := s.wrap(t, v, typ.elem)
	return Maybe(typ.elem, inner), err
}

func (s *scanner) maybe(t *term, typ *Type) (Value, error) {
	if t.kind == termNothing {
		return Maybe(typ.elem, Value{}), nil
	}
	if t.kind == termJust {
		t = t.items[0]
	}
	inner, err := s.build(t, typ.elem)
	if err != nil {
		return Value{}, err
	}
	return Maybe(typ.elem, inner), nil
}

func (s *scanner) variant(t *term) (Value, error) {
	shape, err := s.infer(t.items[0])
	if err != nil {
		return Value{}, err
	}
	typ, err := s.settle(t.items[0], shape)
	if err != nil {
		return Value{}, err
	}
	inner, err := s.build(t.items[0], typ)
	if err != nil {
		return Value{}, err
	}
	return Boxed(inner), nil
}

func (s *scanner) array(t *term, typ *Type) (Value, error) {
	items := make([]Value, len(t.items))
	var err error
	for i, item := range t.items {
		if items[i], err = s.build(item, typ.elem); err != nil {
			return Value{}, err
		}
	}
	return Array(typ.elem, items...), nil
}

func (s *scanner) tuple(t *term, list []*term, typ *Type) (Value, error) {
	if len(list) != len(typ.members) {
		return Value{}, s.bad(t.at, "has %d items, type %s has %d", len(list), typ, len(typ.members))
	}
	items := make([]Value, len(list))
	var err error
	for i, item := range list {
		if items[i], err = s.build(item, typ.members[i]); err != nil {
			return Value{}, err
		}
	}
	return Tuple(typ, items...), nil
}

func (s *scanner) dictionary(t *term, typ *Type) (Value, error) {
	var items []Value
	for i := 0; i < len(t.items); i += 2 {
		item, err := s.tuple(t, t.items[i:i+2], typ.elem)
		if err != nil {
			return Value{}, err
		}
		items = append(items, item)
	}
	return Array(typ.elem, items...), nil
}

func byteString(s string) Value {
	b := []byte(s)
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i] // GLib's byte strings end at the first zero
	}
	return Bytes(append(b, 0))
}

func (s *scanner) string(t *term, typ *Type) (Value, error) {
	if strings.IndexByte(t.word, 0) >= 0 || !utf8.ValidString(t.word) {
		return Value{}, s.bad(t.at, "string is not UTF-8 without zero bytes")
	}
	v := Value{typ, append([]byte(t.word), 0)}
	if err := checkText(typ, v.data); err != nil {
		return Value{}, s.bad(t.at, "%v", err)
	}
	return v, nil
}

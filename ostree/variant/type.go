package variant

import "fmt"

// The caps on types inside a value of type v. GLib stops at a depth of 128
// too; no type that OSTree uses is longer than 40 bytes.
const (
	maxDepth      = 128
	maxTypeLength = 1024
)

// Type is a complete GVariant type.
type Type struct {
	code    byte // the type character; '(' and '{' for tuple and dict entry
	elem    *Type
	members []*Type
	align   int
	fixed   int // size in bytes, 0 if it varies
	text    string
	offsets int // of a tuple: how many members need an end offset
}

// String is the type string.
func (t *Type) String() string { return t.text }

// MustType is ParseType for a type the program itself names.
func MustType(s string) *Type {
	t, err := ParseType(s)
	if err != nil {
		panic(err)
	}
	return t
}

// ParseType reads exactly one complete type.
func ParseType(s string) (*Type, error) {
	if len(s) == 1 {
		if t, ok := basic[s[0]]; ok {
			return t, nil
		}
	}
	if len(s) > maxTypeLength {
		return nil, fmt.Errorf("%w: type string of %d bytes", ErrMalformed, len(s))
	}
	t, rest, err := parseType(s, 0)
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, badType(s, "more than one complete type")
	}
	return t, nil
}

var basic = map[byte]*Type{
	'y': {code: 'y', align: 1, fixed: 1, text: "y"},
	'b': {code: 'b', align: 1, fixed: 1, text: "b"},
	'n': {code: 'n', align: 2, fixed: 2, text: "n"},
	'q': {code: 'q', align: 2, fixed: 2, text: "q"},
	'i': {code: 'i', align: 4, fixed: 4, text: "i"},
	'u': {code: 'u', align: 4, fixed: 4, text: "u"},
	'h': {code: 'h', align: 4, fixed: 4, text: "h"},
	'x': {code: 'x', align: 8, fixed: 8, text: "x"},
	't': {code: 't', align: 8, fixed: 8, text: "t"},
	'd': {code: 'd', align: 8, fixed: 8, text: "d"},
	's': {code: 's', align: 1, text: "s"},
	'o': {code: 'o', align: 1, text: "o"},
	'g': {code: 'g', align: 1, text: "g"},
	'v': {code: 'v', align: 8, text: "v"},
}

func badType(s, why string) error {
	return fmt.Errorf("%w: type %.40q: %s", ErrMalformed, s, why)
}

// parseType reads one complete type off the front of s.
func parseType(s string, depth int) (*Type, string, error) {
	if s == "" {
		return nil, "", badType(s, "ends too early")
	}
	if depth > maxDepth {
		return nil, "", badType(s, "nested too deep")
	}
	switch s[0] {
	case 'a', 'm':
		return parsePrefixed(s, depth)
	case '(':
		return parseTuple(s, depth)
	case '{':
		return parseEntry(s, depth)
	}
	if t, ok := basic[s[0]]; ok {
		return t, s[1:], nil
	}
	return nil, "", badType(s, "unknown character")
}

func parsePrefixed(s string, depth int) (*Type, string, error) {
	elem, rest, err := parseType(s[1:], depth+1)
	if err != nil {
		return nil, "", err
	}
	return &Type{code: s[0], elem: elem, align: elem.align, text: s[:len(s)-len(rest)]}, rest, nil
}

func parseTuple(s string, depth int) (*Type, string, error) {
	t := &Type{code: '('}
	rest := s[1:]
	for {
		if rest == "" {
			return nil, "", badType(s, "tuple is not closed")
		}
		if rest[0] == ')' {
			t.text = s[:len(s)-len(rest)+1]
			t.layout()
			return t, rest[1:], nil
		}
		m, after, err := parseType(rest, depth+1)
		if err != nil {
			return nil, "", err
		}
		t.members, rest = append(t.members, m), after
	}
}

func parseEntry(s string, depth int) (*Type, string, error) {
	t := &Type{code: '{'}
	rest := s[1:]
	for range 2 {
		m, after, err := parseType(rest, depth+1)
		if err != nil {
			return nil, "", err
		}
		t.members, rest = append(t.members, m), after
	}
	if rest == "" || rest[0] != '}' {
		return nil, "", badType(s, "dict entry without its end")
	}
	if _, ok := basic[t.members[0].code]; !ok || t.members[0].code == 'v' {
		return nil, "", badType(s, "dict key is not a basic type")
	}
	t.text = s[:len(s)-len(rest)+1]
	t.layout()
	return t, rest[1:], nil
}

// layout fills alignment, fixed size and the number of end offsets of a tuple
// or dict entry.
func (t *Type) layout() {
	t.align = 1
	size, fixed := 0, true
	for i, m := range t.members {
		t.align = max(t.align, m.align)
		if m.fixed == 0 {
			fixed = false
			if i < len(t.members)-1 {
				t.offsets++
			}
			continue
		}
		size = alignUp(size, m.align) + m.fixed
	}
	if fixed {
		t.fixed = max(1, alignUp(size, t.align))
	}
}

func alignUp(n, align int) int { return (n + align - 1) &^ (align - 1) }

package variant

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrText is what every error of ParseText wraps; the errors name the place in
// the text.
var ErrText = errors.New("not GVariant text")

// maxText caps a text that is parsed, in bytes.
const maxText = 1 << 20

// term is one value of a text before its type is known.
type term struct {
	kind  termKind
	at    int    // where in the text
	word  string // a number's or a string's text
	items []*term
	typ   *Type // of a termTyped
}

type termKind int

const (
	termNumber  termKind = iota // 1, 0x10, 1.5, inf
	termText                    // 'a'
	termBytes                   // b'a'
	termBool                    // true
	termTyped                   // uint32 1, @u 1: items[0] is the value
	termJust                    // just 1
	termNothing                 // nothing
	termVariant                 // <1>
	termArray                   // [1, 2]
	termTuple                   // (1, 'a')
	termDict                    // {'a': 1}: keys and values in turn
	termEntry                   // {'a', 1}
)

// scanner reads terms off a text.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) bad(at int, format string, args ...any) error {
	return fmt.Errorf("%w: at byte %d: %s", ErrText, at, fmt.Sprintf(format, args...))
}

func (s *scanner) skip() {
	for s.pos < len(s.text) && strings.IndexByte(" \t\n\r\v\f", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// peek is the next byte after white space, 0 at the end.
func (s *scanner) peek() byte {
	s.skip()
	if s.pos == len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

func (s *scanner) expect(c byte) error {
	if s.peek() != c {
		return s.bad(s.pos, "expected %q", c)
	}
	s.pos++
	return nil
}

// word takes letters, digits and what numbers are made of.
func (s *scanner) word() string {
	start := s.pos
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c != '_' && c != '-' && c != '+' && c != '.' && (c >= utf8.RuneSelf || !unicode.IsLetter(rune(c)) && !unicode.IsDigit(rune(c))) {
			break
		}
		s.pos++
	}
	return s.text[start:s.pos]
}

// term reads one value.
func (s *scanner) term(depth int) (*term, error) {
	if depth > maxDepth {
		return nil, s.bad(s.pos, "nested too deep")
	}
	c, at := s.peek(), s.pos
	switch c {
	case '[':
		return s.list(termArray, ']', depth)
	case '(':
		return s.list(termTuple, ')', depth)
	case '{':
		return s.dict(depth)
	case '<':
		s.pos++
		inner, err := s.term(depth + 1)
		if err != nil {
			return nil, err
		}
		return &term{kind: termVariant, at: at, items: []*term{inner}}, s.expect('>')
	case '\'', '"':
		text, err := s.quoted()
		return &term{kind: termText, at: at, word: text}, err
	case '@':
		return s.annotated(depth)
	}
	if c == 'b' && at+1 < len(s.text) && (s.text[at+1] == '\'' || s.text[at+1] == '"') {
		s.pos++
		text, err := s.quotedBytes()
		return &term{kind: termBytes, at: at, word: text}, err
	}
	return s.named(depth)
}

// named reads what begins with a word: a number, a keyword, a value's type.
func (s *scanner) named(depth int) (*term, error) {
	at, word := s.pos, s.word()
	t := &term{at: at, word: word}
	switch word {
	case "":
		return nil, s.bad(at, "expected a value")
	case "true", "false":
		t.kind = termBool
		return t, nil
	case "nothing":
		t.kind = termNothing
		return t, nil
	case "just":
		t.kind = termJust
	case "inf", "nan":
		return t, nil
	default:
		if c := word[0]; c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
			return t, nil
		}
		if t.typ = keywordType(word); t.typ == nil {
			return nil, s.bad(at, "unknown keyword %.40q", word)
		}
		t.kind = termTyped
	}
	inner, err := s.term(depth + 1)
	t.items = []*term{inner}
	return t, err
}

func keywordType(word string) *Type {
	code, ok := map[string]byte{"boolean": 'b', "byte": 'y', "int16": 'n', "uint16": 'q', "int32": 'i', "uint32": 'u', "handle": 'h',
		"int64": 'x', "uint64": 't', "double": 'd', "string": 's', "objectpath": 'o', "signature": 'g'}[word]
	if !ok {
		return nil
	}
	return basic[code]
}

// annotated reads @TYPE and the value.
func (s *scanner) annotated(depth int) (*term, error) {
	at := s.pos
	s.pos++
	start := s.pos
	for s.pos < len(s.text) && strings.IndexByte("abdghimnoqstuvxy(){}", s.text[s.pos]) >= 0 {
		s.pos++
	}
	typ, err := ParseType(s.text[start:s.pos])
	if err != nil {
		return nil, s.bad(at, "%v", err)
	}
	inner, err := s.term(depth + 1)
	return &term{kind: termTyped, at: at, typ: typ, items: []*term{inner}}, err
}

// list reads an array or a tuple.
func (s *scanner) list(kind termKind, end byte, depth int) (*term, error) {
	t := &term{kind: kind, at: s.pos}
	s.pos++
	commas := 0
	for s.peek() != end {
		if len(t.items) > 0 {
			if err := s.expect(','); err != nil {
				return nil, err
			}
			commas++
			if s.peek() == end && kind == termTuple && len(t.items) == 1 {
				break // a tuple of one
			}
		}
		item, err := s.term(depth + 1)
		if err != nil {
			return nil, err
		}
		t.items = append(t.items, item)
	}
	s.pos++
	if kind == termTuple && len(t.items) == 1 && commas == 0 {
		return nil, s.bad(s.pos-1, "a tuple of one item needs a comma")
	}
	return t, nil
}

// dict reads {K: V, …}, or {K, V}, which is an entry alone.
func (s *scanner) dict(depth int) (*term, error) {
	t := &term{kind: termDict, at: s.pos}
	s.pos++
	for s.peek() != '}' {
		if len(t.items) > 0 {
			if err := s.expect(','); err != nil {
				return nil, err
			}
		}
		key, err := s.term(depth + 1)
		if err != nil {
			return nil, err
		}
		colon := byte(':')
		if len(t.items) == 0 && s.peek() == ',' {
			t.kind, colon = termEntry, ','
		}
		if err := s.expect(colon); err != nil {
			return nil, err
		}
		value, err := s.term(depth + 1)
		if err != nil {
			return nil, err
		}
		t.items = append(t.items, key, value)
		if t.kind == termEntry {
			break
		}
	}
	return t, s.expect('}')
}

// quoted reads a string and resolves its escapes.
func (s *scanner) quoted() (string, error) {
	at, quote := s.pos, s.text[s.pos]
	s.pos++
	var b strings.Builder
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == quote:
			return b.String(), nil
		case c != '\\':
			b.WriteByte(c)
		default:
			if err := s.escape(&b); err != nil {
				return "", err
			}
		}
	}
	return "", s.bad(at, "string has no end")
}

// escape resolves what follows a backslash in a string.
func (s *scanner) escape(b *strings.Builder) error {
	if s.pos == len(s.text) {
		return s.bad(s.pos, "string ends in a backslash")
	}
	c := s.text[s.pos]
	s.pos++
	switch c {
	case 'u', 'U':
		digits := 4
		if c == 'U' {
			digits = 8
		}
		if s.pos+digits > len(s.text) {
			return s.bad(s.pos, "want %d hex digits", digits)
		}
		n, err := strconv.ParseUint(s.text[s.pos:s.pos+digits], 16, 32)
		if err != nil || n == 0 || !utf8.ValidRune(rune(min(n, unicode.MaxRune+1))) {
			return s.bad(s.pos, "no character has this number")
		}
		s.pos += digits
		b.WriteRune(rune(n))
	case '\n': // the string goes on in the next line
	default:
		b.WriteByte(control(c))
	}
	return nil
}

// control is the character that a letter after a backslash stands for, and any
// other as it is.
func control(letter byte) byte {
	for r, l := range letters {
		if l == letter {
			return byte(r)
		}
	}
	return letter
}

// quotedBytes reads a byte string, which has octal escapes.
func (s *scanner) quotedBytes() (string, error) {
	at, quote := s.pos, s.text[s.pos]
	s.pos++
	var b []byte
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == quote:
			return string(b), nil
		case c != '\\':
			b = append(b, c)
		case s.pos == len(s.text):
			return "", s.bad(at, "byte string has no end")
		default:
			b = append(b, s.byteEscape())
		}
	}
	return "", s.bad(at, "byte string has no end")
}

func (s *scanner) byteEscape() byte {
	if c := s.text[s.pos]; c < '0' || c > '7' {
		s.pos++
		return control(c)
	}
	n := byte(0)
	for i := 0; i < 3 && s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '7'; i++ {
		n = n*8 + s.text[s.pos] - '0'
		s.pos++
	}
	return n
}

package tuf

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/otactl/otactl/internal/limits"
)

// form is one of the ways in which peers write the characters of a string
// before they sign. They agree on all else: no white space, members sorted by
// the bytes of their names, integers only.
type form int

const (
	// formEscaped escapes control characters and all that is not ASCII, as
	// JsonCpp does for aktualizr. It is what we sign and store.
	formEscaped form = iota
	// formNewlines escapes LF, CR and TAB only, as fioctl does.
	formNewlines
	// formRaw escapes nothing but the quote and the backslash, as cjson does.
	formRaw
)

// maxInteger is the largest integer that every JSON reader holds exactly.
const maxInteger = "9007199254740991" // 2^53 - 1

// Canonical reads data as strict JSON and writes it in canonical form.
//
// Strict means that there is one way to read it: no duplicate member names, no
// number but a plain integer within ±(2^53-1), no byte order mark, no invalid
// UTF-8, no lone surrogate, no NUL, no nesting deeper than limits.SignedDepth,
// and nothing but white space after the value. All else is ErrMalformed.
func Canonical(data []byte) ([]byte, error) {
	return canonicalise(data, formEscaped)
}

func canonicalise(data []byte, f form) ([]byte, error) {
	s := scanner{in: data, out: make([]byte, 0, len(data)), form: f}
	if err := s.value(0); err != nil {
		return nil, err
	}
	s.space()
	if s.pos != len(s.in) {
		return nil, s.bad("bytes after the end of the document")
	}
	return s.out, nil
}

// scanner reads in once from front to back and writes out as it goes.
type scanner struct {
	in      []byte
	pos     int
	out     []byte
	form    form
	scratch []byte // the last string that had escapes
	lenient bool   // takes control characters in strings, which raw forms have
}

func (s *scanner) bad(why string) error {
	return refuse(ErrMalformed, "at byte %d: %s", s.pos, why)
}

func (s *scanner) space() {
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// next is the next byte after white space, or 0 at the end.
func (s *scanner) next() byte {
	s.space()
	if s.pos == len(s.in) {
		return 0
	}
	return s.in[s.pos]
}

func (s *scanner) value(depth int) error {
	if depth > limits.SignedDepth {
		return s.bad("nested too deep")
	}
	switch c := s.next(); {
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		text, err := s.text()
		if err == nil {
			s.out = appendString(s.out, text, s.form)
		}
		return err
	case c == '-' || '0' <= c && c <= '9':
		return s.integer()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.in[s.pos:], []byte(word)) {
			s.pos += len(word)
			s.out = append(s.out, word...)
			return nil
		}
	}
	return s.bad("a JSON value was expected")
}

func (s *scanner) array(depth int) error {
	s.pos++
	s.out = append(s.out, '[')
	for first := true; s.next() != ']'; first = false {
		if !first {
			if s.next() != ',' {
				return s.bad("a comma or ] was expected")
			}
			s.pos++
			s.out = append(s.out, ',')
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	s.pos++
	s.out = append(s.out, ']')
	return nil
}

// object writes the members as they come, and sorts them only if it has to: a
// file in canonical form costs nothing beyond its own length.
func (s *scanner) object(depth int) error {
	s.pos++
	start := len(s.out)
	s.out = append(s.out, '{')
	var last []byte
	sorted := true
	for n := 0; s.next() != '}'; n++ {
		if n > 0 {
			if s.next() != ',' {
				return s.bad("a comma or } was expected")
			}
			s.pos++
			s.out = append(s.out, ',')
		}
		name, err := s.name()
		if err != nil {
			return err
		}
		sorted = sorted && (n == 0 || bytes.Compare(last, name) < 0)
		last = append(last[:0], name...)
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	s.pos++
	s.out = append(s.out, '}')
	if sorted {
		return nil
	}
	return s.sort(start)
}

// name reads and writes the name of a member, colon included.
func (s *scanner) name() ([]byte, error) {
	if s.next() != '"' {
		return nil, s.bad("a member name was expected")
	}
	name, err := s.text()
	if err != nil {
		return nil, err
	}
	s.out = appendString(s.out, name, s.form)
	if s.next() != ':' {
		return nil, s.bad("a colon was expected")
	}
	s.pos++
	s.out = append(s.out, ':')
	return name, nil
}

// member is one member of an object in the output.
type member struct {
	name []byte // decoded
	text []byte // name, colon and value
}

// sort puts the members of the object that begins at start into order.
func (s *scanner) sort(start int) error {
	rest := bytes.Clone(s.out[start+1:])
	var list []member
	for len(rest) > 1 {
		n := valueLen(rest)
		name, err := s.decode(rest[:n])
		if err != nil {
			return err
		}
		n += 1 + valueLen(rest[n+1:])
		list = append(list, member{name, rest[:n]})
		rest = rest[n+1:]
	}
	slices.SortFunc(list, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	s.out = append(s.out[:start], '{')
	for i, m := range list {
		if i > 0 {
			if bytes.Equal(list[i-1].name, m.name) {
				return s.bad("an object has a member twice")
			}
			s.out = append(s.out, ',')
		}
		s.out = append(s.out, m.text...)
	}
	s.out = append(s.out, '}')
	return nil
}

// decode reads a string that was written in the scanner's form.
func (s *scanner) decode(quoted []byte) ([]byte, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	again := scanner{in: quoted, lenient: s.form != formEscaped}
	name, err := again.text()
	return bytes.Clone(name), err
}

// integer copies a number. Fractions and exponents are refused, since peers
// write them differently or not at all.
func (s *scanner) integer() error {
	begin := s.pos
	if s.in[s.pos] == '-' {
		s.pos++
	}
	digits := s.pos
	for s.pos < len(s.in) && '0' <= s.in[s.pos] && s.in[s.pos] <= '9' {
		s.pos++
	}
	n := s.in[digits:s.pos]
	switch {
	case len(n) == 0, n[0] == '0' && s.pos-begin > 1:
		return s.bad("a number is not a plain integer")
	case len(n) > len(maxInteger), len(n) == len(maxInteger) && string(n) > maxInteger:
		return s.bad("an integer is beyond 2^53-1")
	case s.pos < len(s.in) && bytes.IndexByte([]byte(".eE"), s.in[s.pos]) >= 0:
		return s.bad("a number is not an integer")
	}
	s.out = append(s.out, s.in[begin:s.pos]...)
	return nil
}

// text reads a string. What it returns is valid until the next call.
func (s *scanner) text() ([]byte, error) {
	begin := s.pos + 1
	s.pos = begin + alike(s.in[begin:])
	if s.pos < len(s.in) && s.in[s.pos] == '"' {
		s.pos++
		return s.in[begin : s.pos-1], nil
	}
	return s.slowText(begin)
}

// slowText goes on where text met something else than plain ASCII.
func (s *scanner) slowText(begin int) ([]byte, error) {
	s.scratch = append(s.scratch[:0], s.in[begin:s.pos]...)
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; {
		case c == '"':
			s.pos++
			return s.scratch, nil
		case c < 0x20 && !s.lenient:
			return nil, s.bad("a control character stands unescaped in a string")
		case c == '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
		default:
			r, size := utf8.DecodeRune(s.in[s.pos:])
			if r == utf8.RuneError && size <= 1 {
				return nil, s.bad("a string is not UTF-8")
			}
			s.scratch = append(s.scratch, s.in[s.pos:s.pos+size]...)
			s.pos += size
		}
	}
	return nil, s.bad("a string does not end")
}

func (s *scanner) escape() error {
	if s.pos+1 >= len(s.in) {
		return s.bad("a string does not end")
	}
	c := s.in[s.pos+1]
	if c == 'u' {
		return s.unicode()
	}
	i := bytes.IndexByte([]byte(`"\/bfnrt`), c)
	if i < 0 {
		return s.bad("an escape is unknown")
	}
	s.scratch = append(s.scratch, "\"\\/\b\f\n\r\t"[i])
	s.pos += 2
	return nil
}

func (s *scanner) unicode() error {
	r, ok := s.hex4(s.pos)
	if !ok {
		return s.bad(`\u is not followed by four hex digits`)
	}
	size := 6
	if utf16.IsSurrogate(r) {
		low, ok := s.hex4(s.pos + size)
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return s.bad("a surrogate stands alone")
		}
		size *= 2
	}
	if r == 0 {
		return s.bad("a string holds NUL")
	}
	s.scratch = utf8.AppendRune(s.scratch, r)
	s.pos += size
	return nil
}

// hex4 reads \uXXXX at a position.
func (s *scanner) hex4(at int) (rune, bool) {
	if at+6 > len(s.in) || s.in[at] != '\\' || s.in[at+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.in[at+2 : at+6] {
		d := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if d < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

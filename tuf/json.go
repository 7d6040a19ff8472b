package tuf

import (
	"bytes"
	"slices"

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
	canon, err := canonicalise(data, formEscaped)
	return bytes.Clone(canon), err
}

// canonicalise gives back a part of data, and no copy, where that is in the
// form already.
func canonicalise(data []byte, f form) ([]byte, error) {
	s := scanner{in: data, form: f}
	if err := s.value(0); err != nil {
		return nil, err
	}
	end := s.pos
	s.skipSpace()
	if s.pos != len(s.in) {
		return nil, s.bad("bytes after the end of the document")
	}
	if s.out == nil {
		return data[:end:end], nil
	}
	return s.out, nil
}

// scanner reads in once from front to back and writes as it goes. What has
// been written is in[:pos] to the byte for as long as out is nil: a file in
// canonical form, as most are, is read without a copy being made.
type scanner struct {
	in      []byte
	pos     int
	out     []byte
	form    form
	scratch []byte // the last string that had escapes
	encoded []byte // and what it looks like in form
}

func (s *scanner) bad(why string) error {
	return refuse(ErrMalformed, "at byte %d: %s", s.pos, why)
}

// part begins a copy: what was read up to at is kept, and what follows differs
// from what is written.
func (s *scanner) part(at int) {
	if s.out == nil {
		s.out = append(make([]byte, 0, len(s.in)), s.in[:at]...)
	}
}

// keep writes what was read since begin as it is.
func (s *scanner) keep(begin int) {
	if s.out != nil {
		s.out = append(s.out, s.in[begin:s.pos]...)
	}
}

// one reads a byte that next has seen, and keeps it.
func (s *scanner) one() {
	s.pos++
	s.keep(s.pos - 1)
}

// written is how many bytes have been written.
func (s *scanner) written() int {
	if s.out == nil {
		return s.pos
	}
	return len(s.out)
}

func (s *scanner) skipSpace() {
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
	if s.pos < len(s.in) && s.in[s.pos] > ' ' {
		return s.in[s.pos]
	}
	begin := s.pos
	if s.skipSpace(); s.pos > begin {
		s.part(begin)
	}
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
		_, _, err := s.quoted()
		return err
	case c == '-' || '0' <= c && c <= '9':
		return s.integer()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.in[s.pos:], []byte(word)) {
			s.pos += len(word)
			s.keep(s.pos - len(word))
			return nil
		}
	}
	return s.bad("a JSON value was expected")
}

func (s *scanner) array(depth int) error {
	s.one()
	for first := true; s.next() != ']'; first = false {
		if !first {
			if s.next() != ',' {
				return s.bad("a comma or ] was expected")
			}
			s.one()
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	s.one()
	return nil
}

// object writes the members as they come, and sorts them only if it has to.
func (s *scanner) object(depth int) error {
	start := s.written()
	s.one()
	var last, held []byte
	sorted := true
	for n := 0; s.next() != '}'; n++ {
		if n > 0 {
			if s.next() != ',' {
				return s.bad("a comma or } was expected")
			}
			s.one()
		}
		name, lasts, err := s.name()
		if err != nil {
			return err
		}
		sorted = sorted && (n == 0 || bytes.Compare(last, name) < 0)
		if last = name; !lasts {
			held = append(held[:0], name...)
			last = held
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	s.one()
	if sorted {
		return nil
	}
	s.part(s.pos)
	return s.sort(start)
}

// name reads and writes the name of a member, colon included.
func (s *scanner) name() (name []byte, lasts bool, err error) {
	if s.next() != '"' {
		return nil, false, s.bad("a member name was expected")
	}
	if name, lasts, err = s.quoted(); err != nil {
		return nil, false, err
	}
	if s.next() != ':' {
		return nil, false, s.bad("a colon was expected")
	}
	s.one()
	return name, lasts, nil
}

// quoted reads a string and writes it in the scanner's form. The text is valid
// until the next call, or as long as in is if it lasts.
func (s *scanner) quoted() (text []byte, lasts bool, err error) {
	begin := s.pos
	if text, lasts, err = s.text(); err != nil {
		return nil, false, err
	}
	if lasts {
		s.keep(begin)
		return text, true, nil
	}
	s.encoded = appendString(s.encoded[:0], text, s.form)
	if s.out == nil && bytes.Equal(s.encoded, s.in[begin:s.pos]) {
		return text, false, nil
	}
	s.part(begin)
	s.out = append(s.out, s.encoded...)
	return text, false, nil
}

// member is one member of an object in the output.
type member struct {
	name []byte // decoded
	text []byte // name, colon and value
}

// sort puts the members of the object that begins at start into order. Forms
// other than the escaped one are made of what is in order.
func (s *scanner) sort(start int) error {
	rest := bytes.Clone(s.out[start+1:])
	var list []member
	for len(rest) > 1 {
		n := valueLen(rest)
		name := bare(rest[:n])
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
	s.keep(begin)
	return nil
}

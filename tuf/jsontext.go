package tuf

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// appendString writes text, which is valid UTF-8 without NUL, in a form.
func appendString(out, text []byte, f form) []byte {
	out = append(out, '"')
	for len(text) > 0 {
		n := alike(text)
		out = append(out, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		r, size := utf8.DecodeRune(text)
		out = appendRune(out, r, f)
		text = text[size:]
	}
	return append(out, '"')
}

// alike is how many bytes of text every form writes as they are.
func alike(text []byte) int {
	i := 0
	for i+8 <= len(text) && !anyOdd(binary.LittleEndian.Uint64(text[i:])) {
		i += 8
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// anyOdd says whether one of eight bytes is below 0x20, above 0x7f, a quote or
// a backslash. A byte of x is below n if taking n from it borrows, and 0 if
// taking 1 does.
func anyOdd(x uint64) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := x^each*'"', x^each*'\\'
	return (x|(x-each*0x20)|(quote-each)&^quote|(slash-each)&^slash)&high != 0
}

// appendRune writes what forms differ in.
func appendRune(out []byte, r rune, f form) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(out, '\\', byte(r))
	case f == formRaw:
		return utf8.AppendRune(out, r)
	}
	if i := bytes.IndexByte([]byte("\n\r\t"), byte(r)); i >= 0 && r < 0x20 {
		return append(out, '\\', "nrt"[i])
	}
	if f == formNewlines {
		return utf8.AppendRune(out, r)
	}
	switch r {
	case '\b':
		return append(out, `\b`...)
	case '\f':
		return append(out, `\f`...)
	}
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return appendHex4(appendHex4(out, high), low)
	}
	return appendHex4(out, r)
}

func appendHex4(out []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// text reads a string. One that every form writes as it is lasts, since it is
// a part of in; what else is returned is valid until the next call.
func (s *scanner) text() (text []byte, lasts bool, err error) {
	begin := s.pos + 1
	s.pos = begin + alike(s.in[begin:])
	if s.pos < len(s.in) && s.in[s.pos] == '"' {
		s.pos++
		return s.in[begin : s.pos-1], true, nil
	}
	text, err = s.slowText(begin)
	return text, false, err
}

// slowText goes on where text met something else than plain ASCII.
func (s *scanner) slowText(begin int) ([]byte, error) {
	s.scratch = append(s.scratch[:0], s.in[begin:s.pos]...)
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; {
		case c == '"':
			s.pos++
			return s.scratch, nil
		case c < 0x20:
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
		low, _ := s.hex4(s.pos + size) // 0, which is no half of a pair, if there is none
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
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

package tuf

import (
	"bytes"
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
	for i, c := range text {
		if c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

func appendRune(out []byte, r rune, f form) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(out, '\\', byte(r))
	case 0x20 <= r && r < utf8.RuneSelf || f == formRaw:
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

package pgp

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitUser takes "Name (comment) <address>" apart as GnuPG does: of each part
// the first counts, brackets of a kind nest, and a user id that is nothing but
// an address has no name.
func splitUser(id string) (name, address string) {
	found := false
	for rest := strings.TrimLeft(id, " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		var part string
		switch rest[0] {
		case '<':
			part, rest = cutBrackets(rest, '>')
			if !found {
				address, found = part, true
			}
		case '(':
			_, rest = cutBrackets(rest, ')')
		default:
			end := strings.IndexAny(rest, "<(")
			if end < 0 {
				end = len(rest)
			}
			part, rest = rest[:end], rest[end:]
			name = cmp.Or(name, strings.TrimRight(part, " \t"))
		}
	}
	if address == "" && name == mailbox(id) {
		return "", name
	}
	return name, address
}

// cutBrackets cuts s, which begins with a bracket, behind the one that closes
// it. One that is never closed has nothing in it.
func cutBrackets(s string, closing byte) (inside, behind string) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case s[0]:
			depth++
		case closing:
			if depth--; depth == 0 {
				return s[1:i], s[i+1:]
			}
		}
	}
	return "", ""
}

// mailbox is the address of a user id in the form in which GnuPG looks keys up,
// its ASCII letters small: what stands in its first brackets, or all of it. It
// is empty for one without an address that could be one.
func mailbox(id string) string {
	box := id
	_, rest, inBrackets := strings.Cut(id, "<")
	if inBrackets {
		box, _, _ = strings.Cut(rest, ">")
		if box == rest { // they are never closed
			return ""
		}
	}
	local, domain, _ := strings.Cut(box, "@")
	switch {
	case local == "", domain == "", strings.Contains(domain, "@"), strings.Contains(domain, ".."), strings.HasSuffix(domain, "."),
		strings.ContainsFunc(box, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return ""
	case !inBrackets && (strings.Contains(local, "..") || strings.ContainsFunc(local, strangeIn(atext)) || strings.ContainsFunc(domain, strangeIn("-_."))):
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, box)
}

// atext are the marks that an address may have before its @.
const atext = "!#$%&'*+-/=?^_`{|}~."

// strangeIn says of a character that it makes a user id without brackets one
// that is no address.
func strangeIn(marks string) func(rune) bool {
	return func(r rune) bool {
		return r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(marks, r)
	}
}

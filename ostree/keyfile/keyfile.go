// Package keyfile reads and edits GLib key files, the form of a repo's config,
// of remotes.d and of a deployment's origin.
//
// A file keeps its lines: comments, blank lines, order, and what this package
// doesn't know stay as they are, byte for byte, except for the keys that are
// set or removed. It never reads a file or follows a name itself, and never
// writes a line that would read as something else than what was set.
package keyfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// File is a key file. It is not safe for concurrent edits; Clone one to edit.
type File struct {
	lines []line
	index map[slot]int // the line that decides about a key
}

// slot names a key.
type slot struct{ group, key string }

// line is one line with what it means. A key line has key set, a group line
// has only group, all others neither.
type line struct {
	raw   string // without the line feed
	group string // of a group line the group it begins, else the one it is in
	head  bool   // it is the line [group]
	key   string
	value string // as written, escapes and all
}

// New is an empty file.
func New() *File { return &File{} }

// Parse reads a key file. Of a key that is there twice the last counts, and a
// group that is there twice is one, as in GLib.
func Parse(data []byte) (*File, error) {
	f := &File{}
	if len(data) == 0 {
		return f, nil
	}
	group, inGroup := "", false
	nr := 0
	for raw := range strings.SplitSeq(string(data), "\n") {
		nr++
		l, err := parseLine(raw, group, inGroup)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", nr, err)
		}
		if l.head {
			group, inGroup = l.group, true
		}
		f.lines = append(f.lines, l)
	}
	f.reindex()
	return f, nil
}

func (f *File) reindex() {
	f.index = map[slot]int{}
	for i, l := range f.lines {
		if l.key != "" {
			f.index[slot{l.group, l.key}] = i
		}
	}
}

func parseLine(raw, group string, inGroup bool) (line, error) {
	l := line{raw: raw, group: group}
	text := strings.TrimLeft(strings.TrimSuffix(raw, "\r"), " \t\f\v\r")
	switch {
	case text == "" || text[0] == '#':
		return l, nil
	case text[0] == '[':
		name, ok := strings.CutSuffix(strings.TrimRight(text[1:], " \t"), "]")
		if !ok || !validGroup(name) {
			return l, fmt.Errorf("%.80q is no group", text)
		}
		l.group, l.head = name, true
		return l, nil
	}
	key, value, ok := strings.Cut(text, "=")
	key = strings.TrimRight(key, " \t")
	if !ok || !inGroup || !validKey(key) {
		return l, fmt.Errorf("%.80q is no key of a group", text)
	}
	l.key, l.value = key, strings.TrimLeft(value, " \t")
	return l, nil
}

func validGroup(name string) bool {
	return name != "" && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '[' || r == ']' || r < ' ' || r == 0x7f })
}

// validKey allows the locale in brackets that desktop files put behind a key.
func validKey(key string) bool {
	return key != "" && utf8.ValidString(key) && strings.Trim(key, " \t") == key && key[0] != '#' && key[0] != '[' &&
		!strings.ContainsFunc(key, func(r rune) bool { return r == '=' || r < ' ' || r == 0x7f })
}

// Bytes is the file as it is to be written.
func (f *File) Bytes() []byte {
	var b strings.Builder
	for i, l := range f.lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.raw)
	}
	return []byte(b.String())
}

// Clone is a copy that may be edited.
func (f *File) Clone() *File { return &File{slices.Clone(f.lines), maps.Clone(f.index)} }

// Groups are the groups in the order in which they first come.
func (f *File) Groups() []string {
	var groups []string
	seen := map[string]bool{}
	for _, l := range f.lines {
		if l.head && !seen[l.group] {
			seen[l.group] = true
			groups = append(groups, l.group)
		}
	}
	return groups
}

// Has says whether there is such a group, perhaps without keys.
func (f *File) Has(group string) bool {
	return slices.ContainsFunc(f.lines, func(l line) bool { return l.head && l.group == group })
}

// Keys are the keys of a group in the order in which they first come.
func (f *File) Keys(group string) []string {
	var keys []string
	seen := map[string]bool{}
	for _, l := range f.lines {
		if l.key != "" && l.group == group && !seen[l.key] {
			seen[l.key] = true
			keys = append(keys, l.key)
		}
	}
	return keys
}

// find is the line that decides about a key, or -1.
func (f *File) find(group, key string) int {
	if i, ok := f.index[slot{group, key}]; ok {
		return i
	}
	return -1
}

// Raw is a value as it is written, escapes and all.
func (f *File) Raw(group, key string) (string, bool) {
	if i := f.find(group, key); i >= 0 {
		return strings.TrimSuffix(f.lines[i].value, "\r"), true
	}
	return "", false
}

// Get is a value with its escapes resolved; an unknown escape stays as it is.
func (f *File) Get(group, key string) (string, bool) {
	v, ok := f.Raw(group, key)
	return unescape(v), ok
}

// Bool is a boolean: true, false, 1 or 0. Without the key, or with another
// value, it is without.
func (f *File) Bool(group, key string, without bool) bool {
	if v, ok := f.AsBool(group, key); ok {
		return v
	}
	return without
}

// AsBool is a boolean, and whether the key is there and is one.
func (f *File) AsBool(group, key string) (value, ok bool) {
	v, _ := f.Raw(group, key)
	switch strings.TrimRight(v, " \t\r") {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// Strings is a list, whose elements end in ";"; the last need not.
func (f *File) Strings(group, key string) ([]string, bool) {
	v, ok := f.Raw(group, key)
	if !ok {
		return nil, false
	}
	list := []string{}
	var at strings.Builder
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && i+1 < len(v) && v[i+1] == ';':
			i++
			at.WriteByte(';')
		case v[i] == '\\' && i+1 < len(v):
			at.WriteString(unescape(v[i : i+2]))
			i++
		case v[i] == ';':
			list = append(list, at.String())
			at.Reset()
		default:
			at.WriteByte(v[i])
		}
	}
	if at.Len() > 0 {
		list = append(list, at.String())
	}
	return list, true
}

// Set gives a key a value, in its place if it is there, else at the end of its
// group, which is made if need be. What a key file can't hold is an error.
func (f *File) Set(group, key, value string) error {
	if !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
		return fmt.Errorf("key %s.%s: %.80q is not UTF-8 text", group, key, value)
	}
	return f.SetRaw(group, key, escape(value))
}

// SetBool is Set of true or false.
func (f *File) SetBool(group, key string, value bool) error {
	return f.SetRaw(group, key, fmt.Sprint(value))
}

// SetStrings is Set of a list.
func (f *File) SetStrings(group, key string, list []string) error {
	var b strings.Builder
	for _, s := range list {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return fmt.Errorf("key %s.%s: %.80q is not UTF-8 text", group, key, s)
		}
		b.WriteString(strings.ReplaceAll(escape(s), ";", `\;`))
		b.WriteByte(';')
	}
	return f.SetRaw(group, key, b.String())
}

// SetRaw is Set of a value that is escaped already.
func (f *File) SetRaw(group, key, raw string) error {
	text := key + "=" + raw
	l, err := parseLine(text, group, true)
	if !validGroup(group) || !validKey(key) || err != nil || l.head || l.key != key || l.value != raw || strings.ContainsAny(raw, "\n\r") {
		return fmt.Errorf("a key file cannot hold key %.80q of group %.80q with value %.80q", key, group, raw)
	}
	if i := f.find(group, key); i >= 0 {
		f.lines[i] = l
		return nil
	}
	at := f.endOf(group)
	if at < 0 {
		at = f.addGroup(group)
	}
	f.lines = slices.Insert(f.lines, at, l)
	if at == len(f.lines)-1 {
		f.lines = append(f.lines, line{group: group}) // the last line ends in a line feed
	}
	f.reindex()
	return nil
}

// endOf is where the next key of a group belongs, -1 if there is no such group:
// behind its last line that isn't blank or a comment on the group after it.
func (f *File) endOf(group string) int {
	at := -1
	for i, l := range f.lines {
		if l.group == group && (l.head || l.key != "") {
			at = i + 1
		}
	}
	return at
}

// addGroup begins a group at the end, a blank line before it, and gives the
// place of its first key.
func (f *File) addGroup(group string) int {
	n := len(f.lines)
	if n > 0 && f.lines[n-1].raw == "" {
		n-- // the text ends in a line feed
	}
	f.lines = f.lines[:n]
	if n > 0 && strings.TrimSpace(f.lines[n-1].raw) != "" {
		f.lines = append(f.lines, line{group: f.lines[n-1].group})
	}
	f.lines = append(f.lines, line{raw: "[" + group + "]", group: group, head: true})
	return len(f.lines)
}

// Remove takes a key away wherever it is, and says whether it was there.
func (f *File) Remove(group, key string) bool {
	n := len(f.lines)
	f.lines = slices.DeleteFunc(f.lines, func(l line) bool { return key != "" && l.key == key && l.group == group })
	f.reindex()
	return len(f.lines) < n
}

// RemoveGroup takes a group and all that is in it away, with its comments, and
// says whether it was there.
func (f *File) RemoveGroup(group string) bool {
	if !f.Has(group) {
		return false
	}
	f.lines = slices.DeleteFunc(f.lines, func(l line) bool { return l.group == group })
	if n := len(f.lines); n > 0 && strings.TrimSpace(f.lines[n-1].raw) != "" {
		f.lines = append(f.lines, line{group: f.lines[n-1].group})
	}
	f.reindex()
	return true
}

// unescape resolves the escapes of a value.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\s`, " ", `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(s)
}

// escape is a value as it is written. Blanks need it at the beginning, where
// they are skipped, and at the end, so that no editor takes them away.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(s)
	text := strings.TrimLeft(s, " ")
	return strings.Repeat(`\s`, len(s)-len(text)) + text
}

package tuf

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// timeFormat is the only one that aktualizr reads: seconds, and Z.
const timeFormat = "2006-01-02T15:04:05Z"

// fields are the members of one object of a document in canonical form, by
// their exact names. (encoding/json would match names in any case.)
type fields struct {
	path string // where the object stands, for errors
	m    map[string]json.RawMessage
}

// object splits v, which is in canonical form.
func object(path string, v json.RawMessage) (fields, error) {
	f := fields{path: path}
	if !isObject(v) {
		return f, refuse(ErrMalformed, "%s is not an object", path)
	}
	f.m = map[string]json.RawMessage{}
	for w := (walk{v}); w.more(); {
		name, value := w.member()
		f.m[string(name)] = value
	}
	return f, nil
}

// pick is object with only the members asked for: what is read before its
// signature must not cost more memory than its length.
func pick(path string, v json.RawMessage, names ...string) (fields, error) {
	f := fields{path: path}
	if !isObject(v) {
		return f, refuse(ErrMalformed, "%s is not an object", path)
	}
	f.m = make(map[string]json.RawMessage, len(names))
	for w := (walk{v}); w.more(); {
		name, value := w.member()
		if slices.ContainsFunc(names, func(n string) bool { return n == string(name) }) {
			f.m[string(name)] = value
		}
	}
	return f, nil
}

func isObject(v json.RawMessage) bool { return len(v) > 0 && v[0] == '{' }

func isArray(v json.RawMessage) bool { return len(v) > 0 && v[0] == '[' }

// walk goes through an object or array in canonical form, member by member or
// element by element.
type walk struct {
	rest []byte // begins with the bracket or the comma before the next one
}

// more says whether there is another one.
func (w *walk) more() bool { return len(w.rest) > 2 }

// member is the next one of an object. The name is valid for as long as what
// is walked.
func (w *walk) member() (name []byte, value json.RawMessage) {
	n := 1 + valueLen(w.rest[1:])
	name = w.rest[1:n]
	w.rest = w.rest[n:] // the colon is like a comma
	return bare(name), w.element()
}

// element is the next one of an array.
func (w *walk) element() json.RawMessage {
	n := 1 + valueLen(w.rest[1:])
	value := w.rest[1:n:n]
	w.rest = w.rest[n:]
	return value
}

// valueLen is the length of the value that v, in canonical form, begins with.
func valueLen(v []byte) int {
	depth := 0
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			i += stringLen(v[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(v)
}

// stringLen is the length of the string that v, in canonical form, begins with.
// A backslash there escapes one byte, or four letters after a "u".
func stringLen(v []byte) int {
	for i := 1; i < len(v); i += 2 {
		if i += alike(v[i:]); i < len(v) && v[i] == '"' {
			return i + 1
		}
	}
	return len(v)
}

// bare is the text of a string in canonical form.
func bare(v []byte) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	s := scanner{in: v}
	text, _, _ := s.text() // canonical form holds no string that cannot be read
	return text
}

func unquote(v []byte) (string, error) {
	if len(v) == 0 || v[0] != '"' {
		return "", refuse(ErrMalformed, "a string was expected")
	}
	return string(bare(v)), nil
}

func (f fields) has(name string) bool { _, ok := f.m[name]; return ok }

func (f fields) at(name string) string { return f.path + "." + name }

func (f fields) object(name string) (fields, error) { return object(f.at(name), f.m[name]) }

func (f fields) text(name string) (string, error) {
	s, err := unquote(f.m[name])
	if err != nil {
		return "", refuse(ErrMalformed, "%s is not a string", f.at(name))
	}
	return s, nil
}

func (f fields) integer(name string) (int64, error) {
	n, err := strconv.ParseInt(string(f.m[name]), 10, 64)
	if err != nil {
		return 0, refuse(ErrMalformed, "%s is not an integer", f.at(name))
	}
	return n, nil
}

// version is an integer from 1 to 2^31-1: aktualizr holds it in 32 bits, and
// so does int on our smallest machines.
func (f fields) version(name string) (int, error) {
	n, err := f.integer(name)
	if err == nil && (n < 1 || n > math.MaxInt32) {
		err = refuse(ErrMalformed, "%s is not a version from 1 to 2^31-1", f.at(name))
	}
	return int(n), err
}

func (f fields) time(name string) (time.Time, error) {
	s, err := f.text(name)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(timeFormat, s)
	if err != nil || t.Format(timeFormat) != s {
		return time.Time{}, refuse(ErrMalformed, "%s is not a time such as 2027-01-31T00:00:00Z", f.at(name))
	}
	return t, nil
}

func (f fields) texts(name string) ([]string, error) {
	v := f.m[name]
	if !isArray(v) {
		return nil, refuse(ErrMalformed, "%s is not an array", f.at(name))
	}
	list := []string{}
	for w := (walk{v}); w.more(); {
		s, err := unquote(w.element())
		if err != nil {
			return nil, refuse(ErrMalformed, "%s holds something that is not a string", f.at(name))
		}
		list = append(list, s)
	}
	return list, nil
}

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
	if len(v) == 0 || v[0] != '{' {
		return f, refuse(ErrMalformed, "%s is not an object", path)
	}
	f.m = map[string]json.RawMessage{}
	err := members(v, func(name string, value json.RawMessage) error {
		f.m[name] = value
		return nil
	})
	return f, err
}

// pick is object with only the members asked for: what is read before its
// signature must not cost more memory than its length.
func pick(path string, v json.RawMessage, names ...string) (fields, error) {
	f := fields{path: path}
	if len(v) == 0 || v[0] != '{' {
		return f, refuse(ErrMalformed, "%s is not an object", path)
	}
	f.m = make(map[string]json.RawMessage, len(names))
	err := members(v, func(name string, value json.RawMessage) error {
		if slices.Contains(names, name) {
			f.m[name] = value
		}
		return nil
	})
	return f, err
}

// members calls fn for each member of v, an object in canonical form.
func members(v json.RawMessage, fn func(name string, value json.RawMessage) error) error {
	for v = v[1:]; len(v) > 1; {
		n := valueLen(v)
		name, err := unquote(v[:n])
		if err != nil {
			return err
		}
		v = v[n+1:]
		n = valueLen(v)
		if err := fn(name, v[:n:n]); err != nil {
			return err
		}
		v = v[n:]
		if v[0] == ',' {
			v = v[1:]
		}
	}
	return nil
}

// elements calls fn for each element of v, an array in canonical form.
func elements(v json.RawMessage, fn func(value json.RawMessage) error) error {
	for v = v[1:]; len(v) > 1; {
		n := valueLen(v)
		if err := fn(v[:n:n]); err != nil {
			return err
		}
		v = v[n:]
		if v[0] == ',' {
			v = v[1:]
		}
	}
	return nil
}

// valueLen is the length of the value that v, in canonical form, begins with.
func valueLen(v []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case (c == '}' || c == ']') && depth > 0:
			depth--
		case c == ',' || c == ':' || c == '}' || c == ']':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 && !quoted {
			return i + 1
		}
	}
	return len(v)
}

func unquote(v []byte) (string, error) {
	if len(v) > 1 && v[0] == '"' && bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), nil
	}
	var s string
	if len(v) == 0 || v[0] != '"' || json.Unmarshal(v, &s) != nil {
		return "", refuse(ErrMalformed, "a string was expected")
	}
	return s, nil
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
	if len(v) == 0 || v[0] != '[' {
		return nil, refuse(ErrMalformed, "%s is not an array", f.at(name))
	}
	list := []string{}
	err := elements(v, func(v json.RawMessage) error {
		s, err := unquote(v)
		if err != nil {
			return refuse(ErrMalformed, "%s holds something that is not a string", f.at(name))
		}
		list = append(list, s)
		return nil
	})
	return list, err
}

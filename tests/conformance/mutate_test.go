package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mutation is one change to one field of a file. The same one can be made to
// the file of either dialect, if it has the field.
type mutation struct {
	role string
	path string // "signed/meta/snapshot.json/version", with roles in place of key ids
	op   string
	// signed says that the role's keys sign the file as it is after the change;
	// otherwise the signatures are those from before.
	signed bool
}

func (m mutation) String() string {
	how := "tampered"
	if m.signed {
		how = "signed"
	}
	return fmt.Sprintf("%s %s: %s, %s", m.role, m.path, m.op, how)
}

// decode keeps numbers as they are written.
func decode(t testing.TB, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// step is one way down a document: the name of a member, or an index.
type step struct {
	name  string
	index int
}

// node is a value in a document, where it is and what its parent is.
type node struct {
	path  []step
	value any
}

// nodes lists every value in v, parents first.
func nodes(v any, path []step) []node {
	list := []node{{path, v}}
	switch v := v.(type) {
	case doc:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = append(list, nodes(v[name], append(slices.Clone(path), step{name: name}))...)
		}
	case []any:
		for i := range v {
			list = append(list, nodes(v[i], append(slices.Clone(path), step{index: i}))...)
		}
	}
	return list
}

// label writes a path with names that don't change from run to run.
func label(path []step, ids map[string]string) string {
	var parts []string
	for _, s := range path {
		switch {
		case s.name == "":
			parts = append(parts, strconv.Itoa(s.index))
		case ids[s.name] != "":
			parts = append(parts, ids[s.name])
		default:
			parts = append(parts, s.name)
		}
	}
	return strings.Join(parts, "/")
}

// change is what may be done to a value; do returns the document changed.
type change struct {
	op string
	do func(root any, n node) any
}

// put replaces the value at a path.
func put(v any, path []step, to func(parent any, last step) any) any {
	if len(path) == 1 {
		return to(v, path[0])
	}
	switch at := v.(type) {
	case doc:
		at[path[0].name] = put(at[path[0].name], path[1:], to)
	case []any:
		at[path[0].index] = put(at[path[0].index], path[1:], to)
	}
	return v
}

func replaced(to any) func(any, node) any {
	return func(root any, n node) any {
		return put(root, n.path, func(parent any, last step) any {
			switch at := parent.(type) {
			case doc:
				at[last.name] = to
			case []any:
				at[last.index] = to
			}
			return parent
		})
	}
}

func removed(root any, n node) any {
	return put(root, n.path, func(parent any, last step) any {
		if at, ok := parent.(doc); ok {
			delete(at, last.name)
			return at
		}
		return slices.Delete(parent.([]any), last.index, last.index+1)
	})
}

// renamed writes a member's name with a capital.
func renamed(root any, n node) any {
	return put(root, n.path, func(parent any, last step) any {
		if at, ok := parent.(doc); ok {
			at[strings.ToUpper(last.name[:1])+last.name[1:]] = at[last.name]
			delete(at, last.name)
		}
		return parent
	})
}

// changes are all that is tried on a value.
func changes(n node) []change {
	list := []change{{"delete", removed}, {"null", replaced(nil)}}
	if last := n.path[len(n.path)-1]; last.name != "" && strings.ToUpper(last.name[:1]) != last.name[:1] {
		list = append(list, change{"capital", renamed})
	}
	to := func(op string, v any) { list = append(list, change{op, replaced(v)}) }
	switch v := n.value.(type) {
	case json.Number:
		i, _ := v.Int64()
		to("plus one", json.Number(strconv.FormatInt(i+1, 10)))
		to("minus one", json.Number(strconv.FormatInt(i-1, 10)))
		for _, number := range []string{"0", "-1", "2147483647", "2147483648", "9007199254740993", "99999999999999999999", "1.5", "1.0"} {
			to(number, json.Number(number))
		}
		to("text", v.String())
	case string:
		to("empty", "")
		to("number", json.Number("7"))
		to("object", doc{})
		to("more", v+"x")
		if upper := strings.ToUpper(v); upper != v {
			to("upper", upper)
		}
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			to("past", stamp(days(-1)))
			to("now", stamp(today()))
			to("a second on", stamp(today().Add(time.Second)))
			to("fraction", at.UTC().Format("2006-01-02T15:04:05")+".5Z")
			to("offset", at.UTC().Format("2006-01-02T15:04:05")+"+00:00")
		}
	case bool:
		to("other", !v)
		to("text", strconv.FormatBool(v))
	case doc:
		to("empty", doc{})
		to("array", []any{})
		to("text", "x")
		list = append(list, change{"one more", func(root any, n node) any {
			return replaced(with(v, "x-unknown", doc{"a": json.Number("1")}))(root, n)
		}})
	case []any:
		to("empty", []any{})
		to("object", doc{})
		if len(v) > 0 {
			to("twice", append(slices.Clone(v), v[0]))
			to("null in it", append(slices.Clone(v), nil))
		}
	}
	return list
}

func with(m doc, name string, value any) doc {
	m = maps.Clone(m)
	m[name] = value
	return m
}

// mutations calls try with every mutation of a role's file, and the file.
func (r *repo) mutations(role string, try func(m mutation, file []byte)) {
	ids := map[string]string{}
	for of, keys := range r.keys {
		for i, k := range keys {
			ids[k.id] = fmt.Sprintf("<%s%d>", of, i)
		}
	}
	original := r.sign(role)
	for _, other := range topLevel() {
		if other != role {
			try(mutation{role, "signatures", "by the keys of " + other, true}, r.lang.file(r.t, r.docs[role], r.keys[other]))
		}
	}
	for _, n := range nodes(decode(r.t, original), nil)[1:] {
		for _, c := range changes(n) {
			m := mutation{role: role, path: label(n.path, ids), op: c.op}
			changed, ok := c.do(decode(r.t, original), n).(doc)
			if !ok {
				continue
			}
			try(m, encode(r.t, changed))
			if signed, ok := changed["signed"].(doc); ok && n.path[0].name == "signed" && len(n.path) > 1 {
				m.signed = true
				try(m, r.lang.file(r.t, signed, r.keys[role]))
			}
		}
	}
}

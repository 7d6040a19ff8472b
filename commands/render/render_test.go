package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
)

type view struct {
	Name  string            `json:"name"`
	Count int               `json:"count"`
	Tags  []string          `json:"tags"`
	Extra map[string]string `json:"extra,omitempty"`
}

func (v view) Table(w io.Writer) {
	Columns(w, []string{"NAME", "TAG"}, [][]string{{v.Name, v.Tags[0]}, {"ü", "b\x1b[2J"}})
}

func example() view {
	return view{Name: "lmp-1 <a>", Count: 3, Tags: []string{"yes", "1.0"}, Extra: map[string]string{"z": "", "a": "x: y"}}
}

func TestOneViewGivesEachFormat(t *testing.T) {
	cases := []struct {
		format Format
		want   string
	}{
		{Table, "NAME       TAG\nlmp-1 <a>  yes\nü          b?[2J\n"},
		{JSON, "{\n  \"name\": \"lmp-1 <a>\",\n  \"count\": 3,\n  \"tags\": [\n    \"yes\",\n    \"1.0\"\n  ],\n  \"extra\": {\n    \"a\": \"x: y\",\n    \"z\": \"\"\n  }\n}\n"},
		{YAML, "name: \"lmp-1 <a>\"\ncount: 3\ntags:\n  - \"yes\"\n  - \"1.0\"\nextra:\n  a: \"x: y\"\n  z: \"\"\n"},
	}
	for _, c := range cases {
		var out bytes.Buffer
		if err := Write(&out, c.format, example()); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.format, out.String(), c.want)
		}
	}
}

func TestFieldsAlignAndSkipWhatIsEmpty(t *testing.T) {
	var out bytes.Buffer
	Fields(&out, "name", "a", "nothing", "", "commit", "b")
	if want := "name:     a\ncommit:   b\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestAResultThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := Write(full{}, JSON, example()); err == nil {
		t.Error("a full disk went unnoticed")
	}
	if err := Write(io.Discard, "xml", example()); err == nil {
		t.Error("an unknown format went unnoticed")
	}
}

type item struct {
	Name string `json:"name"`
}

func (i item) Table(w io.Writer) { fmt.Fprintln(w, i.Name) }

// listOf gives items with these names, and then an error unless that is nil.
func listOf(end error, names ...string) List {
	return List{Key: "items", Items: func(yield func(View, error) bool) {
		for _, n := range names {
			if !yield(item{n}, nil) {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}}
}

func TestOneListGivesEachFormat(t *testing.T) {
	for format, want := range map[Format]string{
		Table: "a\nb\n",
		JSON:  "{\n  \"items\": [\n    {\n      \"name\": \"a\"\n    },\n    {\n      \"name\": \"b\"\n    }\n  ]\n}\n",
		YAML:  "items:\n  - name: a\n  - name: b\n",
	} {
		var out bytes.Buffer
		if err := WriteList(&out, format, listOf(nil, "a", "b")); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v; want %q", format, out.String(), err, want)
		}
	}
	var out bytes.Buffer
	if err := WriteList(&out, JSON, listOf(nil)); err != nil || out.String() != "{\n  \"items\": []\n}\n" {
		t.Errorf("no items: %q, %v", out.String(), err)
	}
}

func TestAnErrorInAListLeavesNoHalfOfItToPrograms(t *testing.T) {
	broken := errors.New("broken")
	for format, want := range map[Format]string{Table: "a\n", JSON: "", YAML: ""} {
		var out bytes.Buffer
		if err := WriteList(&out, format, listOf(broken, "a")); !errors.Is(err, broken) || out.String() != want {
			t.Errorf("%s: %q, %v; want %q and the error", format, out.String(), err, want)
		}
	}
}

func TestAListIsNotHeld(t *testing.T) {
	for format, each := range map[Format]int{Table: 7, JSON: 33} {
		var out bytes.Buffer
		most := 0
		err := WriteList(&out, format, List{Items: func(yield func(View, error) bool) {
			for i := range 100_000 {
				most = max(most, each*i-out.Len())
				if !yield(item{fmt.Sprintf("%06d", i)}, nil) {
					return
				}
			}
		}})
		if err != nil || out.Len() < each*100_000 {
			t.Fatalf("%s: %d bytes: %v", format, out.Len(), err)
		}
		if most > 128<<10 {
			t.Errorf("%s: %d bytes were held", format, most)
		}
	}
}

func TestALongListThatBreaksOffIsNoJSON(t *testing.T) {
	var out bytes.Buffer
	broken := errors.New("broken")
	err := WriteList(&out, JSON, listOf(broken, slices.Repeat([]string{"name"}, 10_000)...))
	if !errors.Is(err, broken) || out.Len() == 0 || json.Valid(out.Bytes()) {
		t.Errorf("%d bytes, valid: %v, %v", out.Len(), json.Valid(out.Bytes()), err)
	}
}

func TestAListEndsWhenNobodyReads(t *testing.T) {
	asked := 0
	err := WriteList(full{}, Table, List{Items: func(yield func(View, error) bool) {
		for asked < 1_000_000 && yield(item{"name"}, nil) {
			asked++
		}
	}})
	if err == nil || asked > 100_000 {
		t.Errorf("%d items were asked for: %v", asked, err)
	}
}

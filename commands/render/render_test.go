package render

import (
	"bytes"
	"errors"
	"io"
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

package tuf_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
)

func TestAmbiguousJSONIsRefused(t *testing.T) {
	cases := map[string]string{
		"empty":                     "",
		"white space only":          " \n",
		"duplicate name":            `{"a":1,"a":1}`,
		"duplicate name, unsorted":  `{"b":1,"a":1,"b":2}`,
		"duplicate name by escape":  `{"a":1,"\u0061":2}`,
		"duplicate deep down":       `{"x":[{"a":1,"a":2}]}`,
		"fraction":                  `{"version":1.0}`,
		"exponent":                  `{"version":1e3}`,
		"capital exponent":          `{"version":1E3}`,
		"fraction of nothing":       `{"version":1.}`,
		"leading zero":              `{"version":01}`,
		"minus zero":                `{"version":-0}`,
		"minus alone":               `{"version":-}`,
		"plus sign":                 `{"version":+1}`,
		"hex number":                `{"version":0x10}`,
		"2^53":                      `{"version":9007199254740992}`,
		"minus 2^53":                `{"version":-9007199254740992}`,
		"2^64":                      `{"version":18446744073709551616}`,
		"NaN":                       `{"version":NaN}`,
		"byte order mark":           "\xef\xbb\xbf{}",
		"UTF-16":                    "\xff\xfe{\x00}\x00",
		"NUL after the end":         "{}\x00",
		"NUL in a string":           "{\"a\":\"\x00\"}",
		"escaped NUL":               `{"a":"\u0000"}`,
		"escaped NUL in a name":     `{"a\u0000b":1}`,
		"raw newline in a string":   "{\"a\":\"\n\"}",
		"raw newline after é":       "{\"a\":\"é\n\"}",
		"lone high surrogate":       `{"a":"\ud800"}`,
		"lone low surrogate":        `{"a":"\udc00"}`,
		"surrogates the wrong way":  `{"a":"\udc00\ud800"}`,
		"surrogate and letter":      `{"a":"\ud800a"}`,
		"surrogate cut short":       `{"a":"\ud800\udc0"}`,
		"surrogate in UTF-8":        "{\"a\":\"\xed\xa0\x80\"}",
		"overlong UTF-8":            "{\"a\":\"\xc0\xaf\"}",
		"cut UTF-8":                 "{\"a\":\"\xc3\"}",
		"beyond Unicode":            "{\"a\":\"\xf4\x90\x80\x80\"}",
		"unknown escape":            `{"a":"\x41"}`,
		"short unicode escape":      `{"a":"\u00e"}`,
		"odd unicode escape":        `{"a":"\u00g0"}`,
		"unicode escape of spaces":  `{"a":"\u 0e9"}`,
		"string without end":        `{"a":"b`,
		"newline for its end":       "{\"a\":\"b\n}",
		"newline for a name's end":  "{\"a\n:1}",
		"duplicate name, escaped":   `{"b\"":"\"","b\"":1}`,
		"stray continuation byte":   "{\"a\":\"\x80\"}",
		"surrogate, no backslash":   `{"a":"\ud800xudc00"}`,
		"surrogate, no u":           `{"a":"\ud800\ndc00"}`,
		"unicode escape of control": "{\"a\":\"\\u00\x11\x11\"}",
		"ends in a unicode escape":  `{"a":"\u00`,
		"ends in an escape":         `{"a":"\u00e9`,
		"ends in a surrogate":       `{"a":"\ud800`,
		"ends in half a pair":       `{"a":"\ud800\`,
		"string ends in backslash":  `{"a":"b\`,
		"object without end":        `{"a":1`,
		"array without end":         `[1`,
		"trailing comma, object":    `{"a":1,}`,
		"trailing comma, array":     `[1,]`,
		"leading comma":             `[,1]`,
		"no comma":                  `[1 2]`,
		"no colon":                  `{"a" 1}`,
		"name without quotes":       `{a:1}`,
		"single quotes":             `{'a':1}`,
		"comment":                   `{/* */"a":1}`,
		"line comment":              "{\"a\":1}// x",
		"second document":           `{}{}`,
		"garbage after the end":     `{} x`,
		"vertical tab as space":     "{\v}",
		"no-break space":            "{\u00a0}",
		"word cut short":            `tru`,
		"word with a capital":       `True`,
		"undefined":                 `undefined`,
		"nested too deep":           strings.Repeat("[", 66) + strings.Repeat("]", 66),
		"ten thousand open arrays":  strings.Repeat("[", 10000),
		"ten thousand open objects": strings.Repeat(`{"a":`, 10000),
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := tuf.Canonical([]byte(in))
			if !errors.Is(err, tuf.ErrMalformed) {
				t.Errorf("got %q, %v; want ErrMalformed", out, err)
			}
		})
	}
}

func TestCanonicalFormIsTheOneOfAktualizr(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"white space", " { \"b\" :\t[ 1 , 2 ],\r\n\"a\" : null } \n", `{"a":null,"b":[1,2]}`},
		{"names sort by bytes", `{"é":1,"z":2,"Z":3,"aa":4,"a":5,"":6}`, `{"":6,"Z":3,"a":5,"aa":4,"z":2,"\u00e9":1}`},
		{"names sort by bytes and not by UTF-16", `{"\uffff":1,"\ud83d\ude00":2}`, `{"\uffff":1,"\ud83d\ude00":2}`},
		{"name that is a prefix", `{"a!":1,"a":2}`, `{"a":2,"a!":1}`},
		{"LF CR TAB", `"\u000a\u000d\u0009"`, `"\n\r\t"`},
		{"backspace and form feed", `"\u0008\u000c"`, `"\b\f"`},
		{"other control characters", `"\u0001\u001f"`, `"\u0001\u001f"`},
		{"delete is raw", "\"\\u007f\"", "\"\x7f\""},
		{"quote and backslash", `"\"\\\u0022\u005c"`, `"\"\\\"\\"`},
		{"slash and markup are raw", `"\/<>&\u003c"`, `"/<>&<"`},
		{"letters beyond ASCII", `"é\u00E9"`, `"\u00e9\u00e9"`},
		{"beyond the first plane", `"😀"`, `"\ud83d\ude00"`},
		{"line separators", `"\u2028"`, `"\u2028"`},
		{"letters whose last byte is a newline's", `"\u010a\u010d\u0109"`, `"\u010a\u010d\u0109"`},
		{"the replacement letter", "\"\xef\xbf\xbd\"", `"\ufffd"`},
		{"names with escapes", `{"z\"":"\"a","b":1}`, `{"b":1,"z\"":"\"a"}`},
		{"integers", `[0,-1,9007199254740991,-9007199254740991]`, `[0,-1,9007199254740991,-9007199254740991]`},
		{"words", `[true,false,null]`, `[true,false,null]`},
		{"empty", `{"a":{},"b":[]}`, `{"a":{},"b":[]}`},
		{"names of a prototype are names", `{"__proto__":1,"constructor":2}`, `{"__proto__":1,"constructor":2}`},
		{"deep and out of order", `{"b":{"d":1,"c":{"f":1,"e":2}},"a":[{"y":1,"x":2}]}`, `{"a":[{"x":2,"y":1}],"b":{"c":{"e":2,"f":1},"d":1}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, err := tuf.Canonical([]byte(c.in))
			if err != nil || string(out) != c.want {
				t.Fatalf("got  %s, %v\nwant %s", out, err, c.want)
			}
			again, err := tuf.Canonical(out)
			if err != nil || !bytes.Equal(again, out) {
				t.Errorf("canonical form of the canonical form: %s, %v", again, err)
			}
		})
	}
}

func TestDepthIsCountedAndNotGuessed(t *testing.T) {
	for depth, ok := range map[int]bool{1: true, 65: true, 66: false} {
		doc := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		if _, err := tuf.Canonical([]byte(doc)); (err == nil) != ok {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

func TestTheErrorSaysWhereAndWhat(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1.5}`:      "at byte 6: a number is not an integer",
		`{"a":1e5}`:      "at byte 6: a number is not an integer",
		`{"a":"\u00g0"}`: `at byte 6: \u is not followed by four hex digits`,
		`{"a":"\ud800"}`: "at byte 6: a surrogate stands alone",
		`{"a":"\u0000"}`: "at byte 6: a string holds NUL",
		"{\"a\":\"\n\"}": "at byte 6: a control character stands unescaped in a string",
	} {
		if _, err := tuf.Canonical([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", in, err, want)
		}
	}
}

// A file's cost must not grow faster than its length, whatever is in it.
func TestObjectsInWorstOrderCostNoMoreThanTheirLengthTimesDepth(t *testing.T) {
	doc := `1`
	for i := range 60 {
		doc = fmt.Sprintf(`{"b%d":%s,"a":"%s"}`, i, doc, strings.Repeat("x", 1000))
	}
	if _, err := tuf.Canonical([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	allocated := testing.AllocsPerRun(5, func() { _, _ = tuf.Canonical([]byte(doc)) })
	if allocated > 1000 {
		t.Errorf("%v allocations for %d bytes", allocated, len(doc))
	}
}

// A stranger's file is read before its signature is checked; what that costs
// must follow from its length alone.
func TestAStrangersFileCostsLittleMemory(t *testing.T) {
	var doc bytes.Buffer
	doc.WriteString(`{"signatures":[{"keyid":"","method":"","sig":""`)
	for i := range 200_000 {
		fmt.Fprintf(&doc, `,"x%06d":1`, i)
	}
	doc.WriteString(`}],"signed":{}`)
	for i := range 200_000 {
		fmt.Fprintf(&doc, `,"x%06d":1`, i)
	}
	doc.WriteString(`}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := tuf.ParseEnvelope(doc.Bytes())
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(doc.Len()); got > most {
		t.Errorf("%d bytes for a file of %d", got, doc.Len())
	}
}

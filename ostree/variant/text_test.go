package variant

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// What ostree commit --add-metadata=k=TEXT takes, and what ostree show
// --print-metadata-key=k prints then.
var texts = map[string]string{
	"1.0": "1.0", "1e300": "1.0000000000000001e+300", "1": "1", "int16 -5": "int16 -5", "[1,2]": "[1, 2]",
	"@as []": "@as []", "just 3": "@mi 3", "@mi nothing": "@mi nothing", "[just 3, nothing]": "[@mi 3, nothing]",
	"@mmi just nothing": "@mmi just nothing", "('a',)": "('a',)", "()": "()", "<1>": "<1>",
	"{'a': <1>, 'b': <'x'>}": "{'a': <1>, 'b': <'x'>}", "{1: 2}": "{1: 2}", "@a{sv} {}": "@a{sv} {}",
	"b'abc'": "b'abc'", `b'a\0b'`: "b'a'", "[byte 1, 2]": "[byte 0x01, 0x02]", `"it's"`: `"it's"`, `'q"q'`: `'q"q'`,
	`'it\'s "x"'`: `"it's \"x\""`, `'tab\t\n\u0001é\U0001F600'`: `'tab\t\n\u0001é😀'`, "0x10": "16", "010": "8",
	"0.1": "0.10000000000000001", "inf": "inf", "-inf": "-inf", "nan": "nan", "true": "true", "boolean true": "true",
	"objectpath '/a'": "objectpath '/a'", "signature 'as'": "signature 'as'", "handle 3": "handle 3",
	"@(sv) ('a', <2>)": "('a', <2>)", "[<1>, <'a'>]": "[<1>, <'a'>]", "[(1, 'a'), (2, 'b')]": "[(1, 'a'), (2, 'b')]",
	"[{'a': 1}, {}]": "[{'a': 1}, {}]", "1.5e-7": "1.4999999999999999e-07", "100000000000000000000.0": "1e+20",
	"{'a', 1}": "{'a', 1}", `b'it\'s'`: `b"it's"`, "[b'x', b'y']": "[b'x', b'y']", "[[1,2],[]]": "[[1, 2], []]",
	"byte 65": "byte 0x41", `'\177'`: "'177'", `'\v\a'`: `'\v\a'`,
	"uint64 18446744073709551615": "uint64 18446744073709551615", "-2147483648": "-2147483648", "[1, 2.0]": "[1.0, 2.0]",
	"[1, just 2]": "[@mi 1, 2]", "@y 5": "byte 0x05", "@d 5": "5.0", "@u 5": "uint32 5", " 5 ": "5", "@av [<1>]": "[<1>]",
	"[@u 1, 2]": "[uint32 1, 2]", "[1, @u 2]": "[uint32 1, 2]", "string 'x'": "'x'", "double 1": "1.0",
	"('a', [1, 2], {'k': [<true>]})": "('a', [1, 2], {'k': [<true>]})", "@ay []": "@ay []", "@a(ayay) []": "@a(ayay) []",
	"[(b'user.a', [byte 1]), (b'user.b', [])]": "[(b'user.a', [byte 0x01]), (b'user.b', [])]",
	"just nothing": "", "int64 -9223372036854775808": "int64 -9223372036854775808", "{'a': <{'b': <1>}>}": "{'a': <{'b': <1>}>}",
}

func TestTextIsReadAndPrintedAsGLibDoes(t *testing.T) {
	for in, want := range texts {
		v, err := ParseText(in)
		if want == "" {
			if err == nil {
				t.Errorf("%s is taken as %s", in, v.Print())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := v.Print(); got != want {
			t.Errorf("%s is printed as %s, want %s", in, got, want)
		}
		if _, err := Parse(v.Type(), v.Data()); err != nil {
			t.Errorf("%s is not in normal form: %v", in, err)
		}
	}
}

func TestTextThatIsNoValueIsRefused(t *testing.T) {
	deep := strings.Repeat("[", 200) + "1" + strings.Repeat("]", 200)
	for _, in := range []string{"", "[]", "nothing", "byte 'a'", "3000000000", "'a' 'b'", "[1, 'a']", "(1)", "{1: 2, 3}", "{<1>: 2}",
		"byte 256", "uint32 -1", "int16 32768", "'a", `'a\`, "b'a", `'\u00'`, `'\ud800'`, `'\u0000'`, "@zz 1", "@u 'a'", "objectpath 'a'",
		"signature 'z'", "{", "<1", "[1,]", "hello", "0b1", "1_0", "0o7", "1.5.5", "uint32 1.5", "@mu 'a'", "'\xff'", "@(ii) (1,)", deep,
		"(" + strings.Repeat("1,", 3000) + "1)", strings.Repeat(" ", maxText) + "1", "\\", "just", "@u", "-", "+", "--1"} {
		v, err := ParseText(in)
		if !errors.Is(err, ErrText) {
			t.Errorf("%.40q gives %v, %v; want an error", in, v, err)
		}
	}
}

func TestByteswapTurnsEveryNumberAround(t *testing.T) {
	for in, want := range map[string]string{
		"uint64 42":                   "uint64 3026418949592973312",
		"('a', uint32 1, [uint16 1])": "('a', uint32 16777216, [uint16 256])",
		"{'k': <int32 1>}":            "{'k': <16777216>}",
		"[byte 1, 2]":                 "[byte 0x01, 0x02]",
		"@mu 1":                       "@mu 16777216",
		"@mu nothing":                 "@mu nothing",
		"['a', 'b']":                  "['a', 'b']",
	} {
		v, err := ParseText(in)
		if err != nil {
			t.Fatal(in, err)
		}
		if got := v.Byteswapped(); got.Print() != want || !bytes.Equal(got.Byteswapped().Data(), v.Data()) {
			t.Errorf("%s becomes %s, want %s", in, got.Print(), want)
		}
	}
}

func FuzzText(f *testing.F) {
	for in := range texts {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseText(text)
		if err != nil {
			return
		}
		if _, err := Parse(v.Type(), v.Data()); err != nil {
			t.Fatalf("%q is not in normal form: %v", text, err)
		}
		printed := v.Print()
		again, err := ParseText(printed)
		if err != nil && strings.Contains(err.Error(), "bytes, at most") {
			return
		}
		if err != nil || again.Type().String() != v.Type().String() || again.Print() != printed {
			t.Fatalf("%q is printed as %q, which is %v, %v", text, printed, again, err)
		}
	})
}

// FuzzPrint: whatever is in normal form is printed as a text that means it.
func FuzzPrint(f *testing.F) {
	types := []string{"a{sv}", "(a{sv}aya(say)sstayay)", "(uuua(ayay))", "a(s(taya{sv}))", "mmv", "aas", "(ybnqiuxtdsogv)", "v", "ad"}
	for i := range types {
		f.Add(i, []byte{})
	}
	v, err := ParseText("{'a': <[(b'x', uint64 1)]>, 'b': <1.5>}")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, v.Data())
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		v, err := Parse(MustType(types[uint(i)%uint(len(types))]), data)
		if err != nil {
			return
		}
		printed := v.Print()
		again, err := ParseText(printed)
		if err != nil && strings.Contains(err.Error(), "bytes, at most") {
			return
		}
		if err != nil || again.Type().String() != v.Type().String() || again.Print() != printed {
			t.Fatalf("%x is printed as %q, which is %v, %v", data, printed, again, err)
		}
	})
}

package variant

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestParseRefusesWhatIsNotInNormalForm(t *testing.T) {
	for _, c := range []struct{ name, typ, hex string }{
		{"boolean of 2", "b", "02"},
		{"string without end", "s", "6162"},
		{"string with a zero byte inside", "s", "610062 00"},
		{"string not UTF-8", "s", "ff00"},
		{"short number", "u", "000000"},
		{"padding not zero in a tuple", "(yu)", "01000100 02000000"},
		{"tail padding not zero", "(uy)", "01000000 02 000001"},
		{"bytes after the last member", "(sy)", "6100 01 02 02"},
		{"offset past the end", "(ss)", "6100 6200 09"},
		{"offset table longer than the data", "(ssss)", "0001"},
		{"offsets descending", "as", "6100 6200 04 02"},
		{"array offset table out of bounds", "as", "ff"},
		{"variant without a type", "v", "0102"},
		{"variant with two types", "v", "00 00 7979"},
		{"variant with a bad type", "v", "00 00 5a"},
		{"array of odd length", "au", "0100000002"},
		{"object path", "o", "6100"},
		{"signature", "g", "2800"},
		{"unit is not zero", "()", "01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := hex.DecodeString(strings.ReplaceAll(c.hex, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Parse(MustType(c.typ), data); !errors.Is(err, ErrMalformed) {
				t.Errorf("Parse(%s, %x) = %v, want ErrMalformed", c.typ, data, err)
			}
		})
	}
}

func TestParseRefusesOffsetsWiderThanNeeded(t *testing.T) {
	body := append(bytes.Repeat([]byte{'x'}, 252), 0)
	wide := append(append([]byte{}, body...), 'y', 0, 253, 0, 255, 0) // 259 bytes: two-byte offsets are needed
	if _, err := Parse(MustType("as"), wide); err != nil {
		t.Errorf("two-byte offsets where one byte is too small: %v", err)
	}
	short := append(append([]byte{}, body...), 253, 0) // 255 with one, 254 would do
	if _, err := Parse(MustType("as"), short); !errors.Is(err, ErrMalformed) {
		t.Errorf("err = %v, want ErrMalformed", err)
	}
}

func TestNestingHasAnEnd(t *testing.T) {
	v := Byte(1)
	for range maxDepth + 2 {
		v = Boxed(v)
	}
	if _, err := Parse(MustType("v"), v.Data()); !errors.Is(err, ErrMalformed) {
		t.Errorf("err = %v, want ErrMalformed", err)
	}
	for _, s := range []string{strings.Repeat("a", 4000) + "y", strings.Repeat("(", 500), strings.Repeat("a", 200) + "y"} {
		if _, err := ParseType(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("type of %d characters: %v, want ErrMalformed", len(s), err)
		}
	}
}

// sample holds every kind of container, with strings on both sides of the
// sizes at which offsets grow.
func sample(long int) Value {
	dict := Dict(
		Entry{"version", Text("1.2")},
		Entry{"bindings", Texts("main", strings.Repeat("x", long))},
		Entry{"pair", Tuple(MustType("(yt)"), Byte(7), Uint64(8))},
		Entry{"maybe", Maybe(basic['s'], Text("y"))},
		Entry{"nothing", Maybe(basic['u'], Value{})},
		Entry{"just", Maybe(basic['u'], Uint32(3))},
		Entry{"yes", Bool(true)})
	return Tuple(MustType("(a{sv}ays(yu))"), dict, Bytes([]byte{1, 2, 3}), Text("end"),
		Tuple(MustType("(yu)"), Byte(1), Uint32(2)))
}

func TestWhatIsBuiltIsInNormalFormAndReadsBack(t *testing.T) {
	for _, long := range []int{0, 100, 126, 127, 128, 129, 130, 250, 65280, 65300, 65400, 65535, 70000} {
		built := sample(long)
		v, err := Parse(built.Type(), built.Data())
		if err != nil {
			t.Fatalf("long %d: %v", long, err)
		}
		list, ok := v.At(0).Lookup("bindings")
		if !ok || list.Len() != 2 || list.At(0).Text() != "main" || len(list.At(1).Text()) != long {
			t.Errorf("long %d: bindings read back as %v", long, list)
		}
		if got := v.At(2).Text(); got != "end" {
			t.Errorf("long %d: text read back as %q", long, got)
		}
		if got := v.At(3).At(1).Uint32(); got != 2 {
			t.Errorf("long %d: number read back as %d", long, got)
		}
		if again := rebuild(v); !bytes.Equal(again.Data(), built.Data()) {
			t.Errorf("long %d: serialises to other bytes", long)
		}
	}
}

// rebuild makes v anew from its leaves.
func rebuild(v Value) Value {
	switch v.typ.code {
	case 'v':
		return Boxed(rebuild(v.Variant()))
	case 'm':
		if v.Len() == 0 {
			return Maybe(v.typ.elem, Value{})
		}
		return Maybe(v.typ.elem, rebuild(v.At(0)))
	case 'a', '(', '{':
		items := make([]Value, v.Len())
		for i := range items {
			items[i] = rebuild(v.At(i))
		}
		if v.typ.code == 'a' {
			return Array(v.typ.elem, items...)
		}
		return Tuple(v.typ, items...)
	}
	return Value{v.typ, bytes.Clone(v.data)}
}

func FuzzVariant(f *testing.F) {
	f.Add("(a{sv}ays(yu))", sample(3).Data())
	f.Add("a{sv}", Dict(Entry{"a", Text("b")}).Data())
	f.Add("(sayay)", []byte("a\x00b\x02"))
	f.Add("a(ayay)", []byte{})
	f.Fuzz(func(t *testing.T, typ string, data []byte) {
		if len(data) > 4096 {
			return
		}
		tt, err := ParseType(typ)
		if err != nil {
			return
		}
		v, err := Parse(tt, data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		if again := rebuild(v); !bytes.Equal(again.Data(), data) {
			t.Fatalf("%s: %x serialises to %x", typ, data, again.Data())
		}
	})
}

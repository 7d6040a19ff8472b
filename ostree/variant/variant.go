// Package variant reads and writes the GVariant serialisation in the form
// OSTree puts on disk: little-endian, in normal form.
//
// A Value is a type and the bytes that stand for it. Parse checks the whole
// value once, against its type and the rules of normal form, so that what comes
// after needs no error at each step; the constructors write the same form, so
// serialising what was parsed gives the same bytes. A Value never repairs what
// it reads and never allocates by a length that it found in the data.
package variant

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is what every error of Parse and ParseType wraps.
var ErrMalformed = errors.New("malformed GVariant")

// Value is one serialised value. The zero Value is not valid.
type Value struct {
	typ  *Type
	data []byte
}

// Type is the value's type.
func (v Value) Type() *Type { return v.typ }

// Data is the serialised value. The caller must not change it.
func (v Value) Data() []byte { return v.data }

// IsValid says whether v holds a value.
func (v Value) IsValid() bool { return v.typ != nil }

// Byte is a value of type y.
func (v Value) Byte() byte { v.must('y'); return v.data[0] }

// Bool is a value of type b.
func (v Value) Bool() bool { v.must('b'); return v.data[0] == 1 }

// Uint32 is a value of type u in host order; OSTree often stores big-endian
// numbers in it, see BigUint32.
func (v Value) Uint32() uint32 { v.must('u'); return binary.LittleEndian.Uint32(v.data) }

// BigUint32 is a value of type u whose bytes are big-endian.
func (v Value) BigUint32() uint32 { v.must('u'); return binary.BigEndian.Uint32(v.data) }

// Uint64 is a value of type t.
func (v Value) Uint64() uint64 { v.must('t'); return binary.LittleEndian.Uint64(v.data) }

// BigUint64 is a value of type t whose bytes are big-endian.
func (v Value) BigUint64() uint64 { v.must('t'); return binary.BigEndian.Uint64(v.data) }

// Text is a value of type s, o or g.
func (v Value) Text() string {
	v.must('s', 'o', 'g')
	return string(v.data[:len(v.data)-1])
}

// Bytes is a value of type ay. The caller must not change it.
func (v Value) Bytes() []byte {
	if v.typ == nil || v.typ.code != 'a' || v.typ.elem.code != 'y' {
		panic(v.misuse("ay"))
	}
	return v.data
}

// Variant is the value inside one of type v.
func (v Value) Variant() Value {
	v.must('v')
	body, typ, err := splitVariant(v.data)
	if err != nil {
		panic("variant: Variant of a value that Parse did not see: " + err.Error())
	}
	return Value{typ, body}
}

// Lookup finds key in a value of type a{s*}; the value of a{sv} comes
// unwrapped.
func (v Value) Lookup(key string) (Value, bool) {
	for _, entry := range v.All() {
		if name := entry.At(0).data; string(name[:len(name)-1]) != key {
			continue
		}
		found := entry.At(1)
		if found.typ.code == 'v' {
			found = found.Variant()
		}
		return found, true
	}
	return Value{}, false
}

// String is for messages: the type and the length.
func (v Value) String() string {
	if v.typ == nil {
		return "no value"
	}
	return fmt.Sprintf("%s (%d bytes)", v.typ, len(v.data))
}

func (v Value) must(codes ...byte) {
	if v.typ != nil {
		for _, c := range codes {
			if v.typ.code == c {
				return
			}
		}
	}
	panic(v.misuse(string(codes)))
}

// misuse is for a programmer who asks a value for what its type, known before
// the program runs, does not hold; no input can cause it.
func (v Value) misuse(want string) string {
	return fmt.Sprintf("variant: %v asked for as %s", v, want)
}

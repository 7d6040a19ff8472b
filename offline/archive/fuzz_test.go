package archive

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"testing"
)

// FuzzArchive opens what it is given and reads all that is in it. What comes
// out is what the list has, whoever wrote the rest.
func FuzzArchive(f *testing.F) {
	f.Add(pack(f, map[string][]byte{"a": []byte("something"), "b.filez": noise(700), "z/t": bytes.Repeat([]byte("text "), 300)}))
	var forge forged
	forge.add(f, "a", []byte("abc"), nil)
	forge.add(f, "f", nil, nil)
	forge.end(f)
	f.Add(forge.file())
	f.Add(seekTable(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := New(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		defer a.Close()
		for m := range a.Members() {
			got, err := fs.ReadFile(a, m.Name)
			if err == nil && (int64(len(got)) != m.Size || m.pieces == nil && hashed(got) != m.Sum) {
				t.Fatalf("%s: %d bytes that are not as listed", m.Name, len(got))
			}
		}
	})
}

// FuzzList reads lists. One that is taken is in the one form there is.
func FuzzList(f *testing.F) {
	long := Member{Name: "l", Size: 3 << 20, pieces: make([]Sum, 3)}
	f.Add(appendMember(appendMember(nil, &Member{Name: "a/b", Size: 7}), &long))
	f.Add([]byte("1048577 00 a\n+ 00\n"))
	f.Add([]byte("3 " + string(bytes.Repeat([]byte("0"), 64)) + " tuf\n"))
	f.Fuzz(func(t *testing.T, list []byte) {
		l, err := parseList(string(list), 3)
		if err != nil {
			return
		}
		var again []byte
		for i := range l.len() {
			again = appendMember(again, l.member(i))
			if l.name(i) != l.member(i).Name {
				t.Errorf("member %d is %q and %q", i, l.name(i), l.member(i).Name)
			}
		}
		if !bytes.Equal(again, list) {
			t.Errorf("%q is read as %q", list, again)
		}
	})
}

// FuzzFrame inflates frames. One that is taken is all that it was given, and
// inflates to what was said before.
func FuzzFrame(f *testing.F) {
	enc, err := newEncoder()
	check(f, err)
	dec, err := newDecoder()
	check(f, err)
	for _, body := range [][]byte{nil, noise(300), bytes.Repeat([]byte("abc"), 500)} {
		f.Add(packedFrame(enc, make([]byte, blockSize), body, 7), uint32(blockSize+len(body)+7))
		f.Add(storedFrame(nil, make([]byte, blockSize), body, 7), uint32(blockSize+len(body)+7))
	}
	f.Fuzz(func(t *testing.T, packed []byte, size uint32) {
		size %= frameSize + 1
		plain, err := inflate(dec, packed, nil, int(size))
		if err != nil {
			return
		}
		if len(plain) != int(size) {
			t.Errorf("%d bytes, want %d", len(plain), size)
		}
		if _, err := inflate(dec, append(bytes.Clone(packed), 0), nil, int(size)); err == nil {
			t.Error("a byte more is taken as well")
		}
	})
}

// FuzzSeekTable reads tables. The frames of one that is taken fill the file.
func FuzzSeekTable(f *testing.F) {
	f.Add(seekTable([]frame{{700, 512}, {20, 1024}}), uint16(720))
	f.Add(seekTable(nil), uint16(0))
	f.Add(binary.LittleEndian.AppendUint32(make([]byte, 13), seekMagic), uint16(3))
	f.Fuzz(func(t *testing.T, table []byte, before uint16) {
		file := append(make([]byte, before), table...)
		frames, err := readSeekTable(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		sum := len(seekTable(frames))
		for _, f := range frames {
			sum += int(f.packed)
		}
		if sum != len(file) {
			t.Errorf("%d bytes of frames and table in a file of %d", sum, len(file))
		}
	})
}

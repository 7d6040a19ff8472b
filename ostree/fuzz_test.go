package ostree

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/otactl/otactl/ostree/variant"
)

// again checks that what a parser takes is written the same way.
func again(t *testing.T, data []byte, parsed interface{ Marshal() ([]byte, error) }, err error) {
	if err != nil {
		return
	}
	out, err := parsed.Marshal()
	if err != nil {
		t.Fatalf("%x was read, but cannot be written: %v", data, err)
	}
	if !bytes.Equal(out, data) {
		t.Fatalf("%x is written as %x", data, out)
	}
}

func FuzzCommit(f *testing.F) {
	data, err := testCommit(f).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCommit(data)
		again(t, data, c, err)
	})
}

func FuzzDirTree(f *testing.F) {
	data, err := testTree(f).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDirTree(data)
		again(t, data, d, err)
	})
}

func FuzzDirMeta(f *testing.F) {
	data, err := (&DirMeta{Mode: 0o40755, Xattrs: runHeader().Xattrs}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseDirMeta(data)
		again(t, data, m, err)
	})
}

func FuzzFileHeader(f *testing.F) {
	data, err := runHeader().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseFileHeader(data)
		again(t, data, h, err)
	})
}

func FuzzFilez(f *testing.F) {
	f.Add(filezBytes(f, &FileHeader{Mode: 0o100644, Size: 6}, "hello\n"))
	f.Add(filezBytes(f, &FileHeader{Mode: 0o120777, Target: "hello"}, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, payload, err := ReadFilez(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer payload.Close()
		n, err := io.Copy(io.Discard, payload)
		if uint64(n) > h.Size {
			t.Fatalf("%d bytes came where the header says %d", n, h.Size)
		}
		if err == nil && uint64(n) != h.Size {
			t.Fatalf("%d bytes came where the header says %d, and nothing was wrong", n, h.Size)
		}
	})
}

func FuzzSizes(f *testing.F) {
	f.Add(sizesValue([]ObjectSize{{ObjectID{Checksum{1}, TypeFile}, 1000, 3000}, {ObjectID{Checksum{2}, TypeDirTree}, 1, 1 << 63}}).Data())
	f.Add(variant.Array(variant.MustType("ay"), variant.Bytes(append(make([]byte, 32), 5, 6))).Data())
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := variant.Parse(variant.MustType("aay"), data)
		if err != nil {
			return
		}
		list, err := ParseSizes(v)
		if err != nil {
			return
		}
		again, err := ParseSizes(sizesValue(slices.Clone(list)))
		if err != nil || len(again) != len(list) {
			t.Fatalf("%x: %v, %v", data, again, err)
		}
	})
}

func FuzzStatOverrides(f *testing.F) {
	f.Add([]byte("+1048 /a/nested/2\n2048 /a/nested/3\n=384 /a/readable-only\n=0x1ff /y\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseStatOverrides(data)
		if err != nil {
			return
		}
		for path, o := range s.left {
			if o.mode&^modePerm != 0 || path[0] != '/' {
				t.Fatalf("%q gives %q %o", data, path, o.mode)
			}
		}
	})
}

package tarball

import (
	"bytes"
	"compress/bzip2"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/mholt/archiver/v4"
)

// unpacked reads a bzip2 file in parallel.
func unpacked(t testing.TB, data []byte) ([]byte, error) {
	t.Helper()
	r, err := parallelBzip2(bytes.NewReader(data), Options{Jobs: 3})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if cerr := r.Close(); cerr != nil {
		t.Fatal(cerr)
	}
	return got, err
}

// random is incompressible, as most files of a repo are.
func random(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

func TestBlocksInParallelGiveWhatOneStreamGives(t *testing.T) {
	noise := random(1 << 20)
	var streams []byte
	for level := 1; level <= 9; level += 4 {
		streams = append(streams, packWith(t, archiver.Bz2{CompressionLevel: level}, noise[:300_000+level])...)
		streams = append(streams, packWith(t, archiver.Bz2{CompressionLevel: level}, nil)...)
	}
	for name, data := range map[string][]byte{
		"empty": packWith(t, archiver.Bz2{}, nil), "one byte": packWith(t, archiver.Bz2{}, []byte("x")),
		"small blocks": packWith(t, archiver.Bz2{CompressionLevel: 1}, noise),
		"runs":         packWith(t, archiver.Bz2{CompressionLevel: 9}, append(bytes.Repeat([]byte{7}, 5<<20), noise[:1000]...)),
		"streams":      streams,
	} {
		want, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpacked(t, data)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %d bytes, want %d", name, err, len(got), len(want))
		}
	}
}

func TestDamagedBzip2IsNoticed(t *testing.T) {
	data := packWith(t, archiver.Bz2{CompressionLevel: 1}, random(120_000))
	for at := range 60 {
		bad := bytes.Clone(data)
		i := at * len(data) / 60
		bad[i] ^= 1 << (at % 8)
		if got, err := unpacked(t, bad); err == nil && i < len(data)-1 {
			t.Errorf("bit %d of byte %d flipped: %d bytes without an error", at%8, i, len(got))
		}
	}
}

// Blocks are put back together where their data looked like the beginning of
// another one.
func TestABlockThatLooksLikeTwoIsPutTogether(t *testing.T) {
	data := packWith(t, archiver.Bz2{CompressionLevel: 1}, random(150_000))
	in := newSplitter(bytes.NewReader(data))
	whole, err := in.next()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{48, 81, 1000, 12345, whole.bits.n - 49} {
		first, second := &block{level: whole.level}, &block{level: whole.level}
		first.bits.add(whole.bits.data, 0, at)
		second.bits.add(whole.bits.data, at, whole.bits.n-at)
		joined := first.with(second)
		if joined.bits.n != whole.bits.n || !bytes.Equal(joined.bits.data, whole.bits.data) {
			t.Fatalf("cut at bit %d and joined it is another block", at)
		}
		if err := (&decoder{}).begin(first); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzBzip2(f *testing.F) {
	f.Add(packWith(f, archiver.Bz2{CompressionLevel: 1}, bytes.Repeat([]byte("some text, "), 30)))
	f.Add(append(packWith(f, archiver.Bz2{}, []byte("a")), packWith(f, archiver.Bz2{}, nil)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			t.Skip()
		}
		got, err := unpacked(t, data)
		want, werr := io.ReadAll(io.LimitReader(bzip2.NewReader(bytes.NewReader(data)), 64<<20))
		if err == nil && werr == nil && len(want) < 64<<20 && !bytes.Equal(got, want) {
			t.Errorf("%d bytes, one stream gives %d others", len(got), len(want))
		}
	})
}

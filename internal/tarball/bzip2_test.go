package tarball

import (
	"bytes"
	"compress/bzip2"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
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

// twoInOne is a bzip2 file of one block whose header looks like the beginning of
// another one: the last bits of its checksum, its origin and the symbols that it
// uses were chosen for that. bzip2 unpacks it into 566511 bytes of this SHA-256.
const (
	twoInOne = "425a68393141592653596fc778c50564994d644000400040004000400040004000200021808180820804004900904272eef1772453850906fc778c50"
	twoSum   = "10ef6df0d90607349ba932c5cc1b97c602ea3ec6764f4582e19dafb859a166aa"
)

func TestABlockThatLooksLikeTwoIsPutTogether(t *testing.T) {
	data, err := hex.DecodeString(twoInOne)
	if err != nil {
		t.Fatal(err)
	}
	in := newSplitter(bytes.NewReader(data), nil)
	for range 2 {
		if _, err := in.next(); err != nil {
			t.Fatalf("it does not look like two blocks: %v", err)
		}
	}
	got, err := unpacked(t, data)
	if sum := sha256.Sum256(got); err != nil || hex.EncodeToString(sum[:]) != twoSum {
		t.Errorf("%v, %d bytes", err, len(got))
	}
	data[len(data)-8] ^= 1 // in what is between: both halves are bad, and so is the whole
	if _, err := unpacked(t, data); err == nil {
		t.Error("damage was not noticed")
	}
}

// TestHostileStreamsTakeNeitherMemoryNorWork: what takes long with them is to
// copy the rest of the file for each thing that looks like an end.
func TestHostileStreamsTakeNeitherMemoryNorWork(t *testing.T) {
	empty := packWith(t, archiver.Bz2{}, nil)
	if _, err := unpacked(t, bytes.Repeat(empty, 100)); err != nil {
		t.Errorf("some empty streams: %v", err)
	}
	block := packWith(t, archiver.Bz2{}, []byte("x"))
	for name, data := range map[string][]byte{
		"empty streams":                bytes.Repeat(empty, 100_000),
		"empty streams after a block":  append(bytes.Clone(block), bytes.Repeat(empty, 100_000)...),
		"what looks like many an end":  append(bytes.Clone(block[:10]), bytes.Repeat(empty[4:10], 10_000)...),
		"what looks like many streams": append(bytes.Clone(block[:10]), bytes.Repeat(empty[:10], 10_000)...),
	} {
		in := newSplitter(bytes.NewReader(data), nil)
		before := allocated()
		var err error
		for err == nil {
			_, err = in.next()
		}
		if made := allocated() - before; err == io.EOF || cap(in.buf) > 1<<20 || made > 32<<20 {
			t.Errorf("%s: %v, %d bytes in memory, %d allocated", name, err, cap(in.buf), made)
		}
	}
}

// allocated is how many bytes were allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func FuzzBzip2(f *testing.F) {
	f.Add(packWith(f, archiver.Bz2{CompressionLevel: 1}, bytes.Repeat([]byte("some text, "), 30)))
	f.Add(append(packWith(f, archiver.Bz2{}, []byte("a")), packWith(f, archiver.Bz2{}, nil)...))
	two, err := hex.DecodeString(twoInOne)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(two)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return // longer ones find nothing more and take long
		}
		got, err := unpacked(t, data)
		want, werr := io.ReadAll(io.LimitReader(bzip2.NewReader(bytes.NewReader(data)), 64<<20))
		if err == nil && werr == nil && len(want) < 64<<20 && !bytes.Equal(got, want) {
			t.Errorf("%d bytes, one stream gives %d others", len(got), len(want))
		}
	})
}

// What most of a repo's tar is does not compress, which is the slow case.
func BenchmarkBzip2(b *testing.B) {
	data := packWith(b, archiver.Bz2{CompressionLevel: 9}, random(8<<20))
	for name, open := range map[string]func() io.Reader{
		"parallel": func() io.Reader {
			r, err := parallelBzip2(bytes.NewReader(data), Options{}.withDefaults())
			if err != nil {
				b.Fatal(err)
			}
			return r
		},
		"one stream of Go's": func() io.Reader { return bzip2.NewReader(bytes.NewReader(data)) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := io.Copy(io.Discard, open()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

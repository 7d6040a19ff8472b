package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// texts are payloads of every kind: none, small, far matches, noise, all the
// same, and the program itself.
func texts(t testing.TB) map[string][]byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	skewed := make([]byte, 200_000)
	for i := range skewed {
		skewed[i] = byte(rng.ExpFloat64() * 8)
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"nothing": nil, "letter": []byte("a"), "zeros": make([]byte, 500_000), "noise": noise, "skewed": skewed,
		"far":     append(append(bytes.Clone(noise[:window]), noise[:window]...), noise[:100]...),
		"periods": []byte(strings.Repeat("ab", 999) + strings.Repeat("abc", 999) + strings.Repeat("abcdefg", 999) + strings.Repeat("abcdefghi", 9999)),
		"program": self[:min(len(self), 3<<20)],
	}
}

func packed(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err == nil {
		_, err = w.Write(data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEveryStreamComesBack(t *testing.T) {
	r := new(Reader)
	for name, data := range texts(t) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			z := packed(t, data, level)
			for way, src := range map[string]io.Reader{"at once": bytes.NewReader(z), "with more behind": io.MultiReader(bytes.NewReader(z), strings.NewReader("more")),
				"byte by byte": iotest.OneByteReader(bytes.NewReader(z)), "data with the end": iotest.DataErrReader(bytes.NewReader(z))} {
				r.Reset(src)
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s, level %d, %s: %d of %d bytes, %v", name, level, way, len(got), len(data), err)
				}
				if more, err := r.More(); more != (way == "with more behind") || err != nil {
					t.Errorf("%s, level %d, %s: more is %v, %v", name, level, way, more, err)
				}
			}
		}
	}
}

// TestMatchesOfEveryDistanceAndLengthComeBack: those nearer than a word overlap
// themselves, and some of each end where the buffer does.
func TestMatchesOfEveryDistanceAndLengthComeBack(t *testing.T) {
	r, rng := new(Reader), rand.New(rand.NewPCG(3, 4))
	for distance := 1; distance <= 2*word+1; distance++ {
		var data []byte
		for length := 3; len(data) < window+3*chunk; length++ {
			for range distance {
				data = append(data, byte(rng.Uint32()))
			}
			for range 3 + length%256 {
				data = append(data, data[len(data)-distance])
			}
		}
		r.Reset(bytes.NewReader(packed(t, data, 6)))
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("distance %d: %d of %d bytes, %v", distance, len(got), len(data), err)
		}
	}
}

func TestAStreamThatIsCutOffEndsTooEarly(t *testing.T) {
	r := new(Reader)
	for name, data := range texts(t) {
		if len(data) > 10_000 {
			data = data[:10_000]
		}
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 6} {
			z := packed(t, data, level)
			for n := 0; n < len(z); n += 1 + n/100 {
				r.Reset(bytes.NewReader(z[:n]))
				if _, err := io.Copy(io.Discard, r); err != io.ErrUnexpectedEOF {
					t.Fatalf("%s, level %d, %d of %d bytes: %v", name, level, n, len(z), err)
				}
				r.Reset(io.MultiReader(bytes.NewReader(z[:n]), iotest.ErrReader(io.ErrClosedPipe)))
				if _, err := io.Copy(io.Discard, r); err != io.ErrClosedPipe {
					t.Fatalf("%s, level %d, %d of %d bytes and an error: %v", name, level, n, len(z), err)
				}
			}
		}
	}
}

func TestWhatStandsBeforeTheStreamIsReadFirst(t *testing.T) {
	r := new(Reader)
	z := append([]byte("header"), packed(t, []byte("content"), 6)...)
	for _, src := range []io.Reader{bytes.NewReader(z), iotest.OneByteReader(bytes.NewReader(z))} {
		r.Reset(src)
		head := make([]byte, 6)
		err := r.Before(head)
		got, rerr := io.ReadAll(r)
		if err != nil || rerr != nil || string(head) != "header" || string(got) != "content" {
			t.Errorf("%q, %q, %v, %v", head, got, err, rerr)
		}
	}
	for n, want := range map[int]error{0: io.EOF, 3: io.ErrUnexpectedEOF} {
		r.Reset(bytes.NewReader(z[:n]))
		if err := r.Before(make([]byte, 6)); err != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestASourceThatGivesNothingIsLeft(t *testing.T) {
	r := new(Reader)
	r.Reset(nothing{})
	if _, err := r.Read(make([]byte, 1)); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

// TestCodesAreRefusedThatAreNone holds build against the rule that it states.
func TestCodesAreRefusedThatAreNone(t *testing.T) {
	var table [litSize]uint32
	for _, c := range []struct {
		lengths []uint8
		good    bool
	}{
		{nil, true}, {[]uint8{0, 0}, true}, {[]uint8{1}, true}, {[]uint8{0, 1}, true}, {[]uint8{2}, false}, {[]uint8{1, 1}, true},
		{[]uint8{1, 1, 1}, false}, {[]uint8{1, 2}, false}, {[]uint8{1, 2, 2}, true}, {[]uint8{2, 2, 2, 2}, true}, {[]uint8{2, 2, 2}, false},
		{[]uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}, true}, {[]uint8{15, 15}, false},
	} {
		if good := build(table[:], litBits, c.lengths, litEntry); good != c.good {
			t.Errorf("%v: %v", c.lengths, good)
		}
	}
}

// FuzzInflate: the library and this package take the same streams, give the
// same bytes, and stop at the same place.
func FuzzInflate(f *testing.F) {
	for _, data := range texts(f) {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6} {
			f.Add(packed(f, data[:min(len(data), 2000)], level))
		}
	}
	mine := new(Reader)
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 4 << 20
		in := bytes.NewReader(data)
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(in), most))
		if len(want) == most {
			return
		}
		mine.Reset(bytes.NewReader(data))
		got, err := io.ReadAll(mine)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, the library says %v", err, wantErr)
		}
		if err != nil {
			if !bytes.HasPrefix(got, want) && !bytes.HasPrefix(want, got) {
				t.Fatalf("%x, the library says %x", got, want)
			}
			return
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%x, the library says %x", got, want)
		}
		if more, err := mine.More(); more != (in.Len() > 0) || err != nil {
			t.Fatalf("more is %v, %v; the library leaves %d bytes", more, err, in.Len())
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	for name, data := range texts(b) {
		z := packed(b, data, 6)
		b.Run(fmt.Sprintf("%s/%d", name, len(data)), func(b *testing.B) {
			r := new(Reader)
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				r.Reset(bytes.NewReader(z))
				if _, err := io.Copy(io.Discard, struct{ io.Reader }{r}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package xz

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzStream reads whole streams.
func FuzzStream(f *testing.F) {
	for _, data := range samples() {
		data = data[:min(len(data), 2000)]
		f.Add(packed(f, data))
		var out bytes.Buffer
		if err := Encode(&out, bytes.NewReader(data), 4<<10); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Decoder
		defer d.Close()
		lim := Limits{Dictionary: 100 << 20, Output: 1 << 20}
		n, err := d.Decode(io.Discard, bytes.NewReader(data), lim)
		if n > lim.Output || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("gave %d bytes: %v", n, err)
		}
		// The window is as large as what came out, rounded up.
		if got := int64(len(d.window.buf)); got > 2*n+growStep+maxPlain {
			t.Fatalf("window of %d bytes for %d bytes", got, n)
		}
	})
}

// FuzzChunks reads LZMA2 without the checksums around it, which keep what a
// fuzzer changes from getting any farther.
func FuzzChunks(f *testing.F) {
	for _, data := range samples() {
		var out bytes.Buffer
		if err := Encode(&out, bytes.NewReader(data[:min(len(data), 2000)]), 4<<10); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes()[24:], uint16(4096))
	}
	f.Fuzz(func(t *testing.T, data []byte, window uint16) {
		var d Decoder
		defer d.Close()
		out := &sink{w: io.Discard, left: 1 << 20}
		d.window.open(out, int(window))
		err := d.lzma2(&counted{r: bufio.NewReader(bytes.NewReader(data))})
		if err != nil && !errors.Is(err, ErrCorrupt) && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
	})
}

// FuzzEncode packs anything and unpacks it again.
func FuzzEncode(f *testing.F) {
	for _, data := range samples() {
		f.Add(data[:min(len(data), 3000)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var out, back bytes.Buffer
		if err := Encode(&out, bytes.NewReader(data), 4<<10); err != nil {
			t.Fatal(err)
		}
		var d Decoder
		if _, err := d.Decode(&back, bytes.NewReader(out.Bytes()), generous); err != nil || !bytes.Equal(back.Bytes(), data) {
			t.Fatalf("%x comes back as %x: %v", data, back.Bytes(), err)
		}
	})
}

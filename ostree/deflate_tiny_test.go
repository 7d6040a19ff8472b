package ostree

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand"
	"testing"
)

func TestTinyPayloadsComeBackAsTheyWere(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for size := range tinyPayload + 1 {
		for alphabet := 1; alphabet <= 256; alphabet *= 2 {
			data := make([]byte, size)
			for i := range data {
				data[i] = byte(random.Intn(alphabet))
			}
			packed := tinyDeflate(data)
			got, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%x is packed as %x, which gives %x, %v", data, packed, got, err)
			}
			if len(packed) > size+5 {
				t.Errorf("%d bytes are packed into %d", size, len(packed))
			}
		}
	}
}

// TestTinyPayloadsAreAsShortAsThoseOfLibostree, whose zlib makes these.
func TestTinyPayloadsAreAsShortAsThoseOfLibostree(t *testing.T) {
	for text, want := range map[string]int{"": 2, "hello\n": 8, "first\n": 8, "a\n": 4, "aaaaaaaaaaaaaaaaaaaa": 4} {
		if got := len(tinyDeflate([]byte(text))); got != want {
			t.Errorf("%q takes %d bytes, want %d", text, got, want)
		}
	}
}

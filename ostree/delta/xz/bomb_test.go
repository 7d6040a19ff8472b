package xz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
)

// declare changes the dictionary that a stream asks for.
func declare(stream []byte, size byte) []byte {
	b := bytes.Clone(stream)
	b[16] = size
	binary.LittleEndian.PutUint32(b[20:], crc32.ChecksumIEEE(b[12:20]))
	return b
}

func TestDictionaryThatIsClaimedTakesNoMemory(t *testing.T) {
	stream := packed(t, []byte("hello\n"), "--lzma2=dict=64KiB")
	var d Decoder
	for _, c := range []struct {
		size byte
		says string
	}{{28, ""}, {30, "at most 104857600 are allowed"}, {40, "at most 104857600 are allowed"}, {41, "dictionary size is 41"}} {
		var out bytes.Buffer
		_, err := d.Decode(&out, bytes.NewReader(declare(stream, c.size)), Limits{Dictionary: 100 << 20, Output: 1 << 30})
		if c.says == "" && (err != nil || out.String() != "hello\n") || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("dictionary byte %d: %q, %v", c.size, out.String(), err)
		}
		if len(d.window.buf) > growStep {
			t.Errorf("dictionary byte %d: window of %d bytes", c.size, len(d.window.buf))
		}
	}
}

func TestStreamEndsWhereTheCallerSaysSo(t *testing.T) {
	bomb := packed(t, make([]byte, 16<<20))
	var d Decoder
	defer d.Close()
	n, err := d.Decode(io.Discard, bytes.NewReader(bomb), Limits{Dictionary: 100 << 20, Output: 3 << 20})
	if !errors.Is(err, ErrCorrupt) || n > 3<<20 {
		t.Errorf("gave %d bytes: %v", n, err)
	}
	if len(d.window.buf) > 4<<20 {
		t.Errorf("window of %d bytes", len(d.window.buf))
	}
}

func TestDamagedStreamsAreRefused(t *testing.T) {
	good := packed(t, bytes.Repeat([]byte("damage "), 3000))
	var d Decoder
	defer d.Close()
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := d.Decode(io.Discard, bytes.NewReader(bad), generous); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d of %d changed: %v", i, len(good), err)
		}
		if _, err := d.Decode(io.Discard, bytes.NewReader(good[:i]), generous); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut after %d of %d bytes: %v", i, len(good), err)
		}
	}
	if _, err := d.Decode(io.Discard, bytes.NewReader(append(bytes.Clone(good), 0)), generous); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte more: %v", err)
	}
	failing := errors.New("the disk is gone")
	if _, err := d.Decode(io.Discard, io.MultiReader(bytes.NewReader(good[:40]), errReader{failing}), generous); !errors.Is(err, failing) {
		t.Errorf("error of the source: %v", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

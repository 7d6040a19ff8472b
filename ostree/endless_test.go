package ostree

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// nothings is a deflate stream of stored blocks of no bytes, none the last.
type nothings struct{ read int }

func (n *nothings) Read(p []byte) (int, error) {
	const enough = 64 << 20
	if n.read >= enough {
		return 0, io.EOF
	}
	block := []byte{0, 0, 0, 0xff, 0xff}
	for i := range p {
		p[i] = block[(n.read+i)%len(block)]
	}
	n.read += len(p)
	return len(p), nil
}

// TestAStreamWithoutEndEnds: it yields no payload, so that no size stops it.
func TestAStreamWithoutEndEnds(t *testing.T) {
	header, err := (&FileHeader{Mode: 0o100644, Size: 6}).marshalFilez()
	if err != nil {
		t.Fatal(err)
	}
	frame, err := framed(header)
	if err != nil {
		t.Fatal(err)
	}
	endless := &nothings{}
	_, payload, err := ReadFilez(io.MultiReader(bytes.NewReader(frame), endless))
	if err != nil {
		t.Fatal(err)
	}
	defer payload.Close()
	n, err := io.Copy(io.Discard, payload)
	if _, bad := errors.AsType[*formatError](err); !bad || n != 0 || endless.read > 4<<20 {
		t.Errorf("%v after %d bytes of payload out of %d", err, n, endless.read)
	}
}

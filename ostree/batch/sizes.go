package batch

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/otactl/otactl/ostree"
)

// endMark stands in the place of an object's type in the frame that ends an
// answer of sizes. In that of the length it has how many frames came before, so
// that no answer that broke off passes for a whole one.
const endMark = 0

// AppendSizesEnd appends what ends an answer of n sizes.
func AppendSizesEnd(b []byte, n int) []byte {
	return AppendFrame(b, Frame{ostree.ObjectID{Type: endMark}, int64(n)})
}

// ReadSizes calls give for each size of an answer. It holds none of them, so
// that what was given before an error may be told twice. The error is
// *FormatError, io.ErrUnexpectedEOF where the answer broke off, that of give, or
// the reader's own.
func ReadSizes(r io.Reader, give func(Frame) error) error {
	b := make([]byte, FrameSize)
	for n := 0; ; n++ {
		if _, err := io.ReadFull(r, b); err != nil {
			return cut(err)
		}
		if b[0] == endMark {
			return sizesEnd(r, b, n)
		}
		if n == MaxSizes {
			return bad("more than %d sizes", MaxSizes)
		}
		f, err := parseSize(b)
		if err == nil {
			err = give(f)
		}
		if err != nil {
			return err
		}
	}
}

// parseSize takes objects that a commit reaches, which signatures are not.
func parseSize(b []byte) (f Frame, err error) {
	if f.ID, err = parseID(b); err != nil {
		return f, err
	}
	length := binary.BigEndian.Uint64(b[idSize:])
	switch {
	case f.ID.Type > ostree.TypeCommit:
		return f, bad("%s is nothing that a commit reaches", f.ID)
	case length == 0 || length > MaxSized:
		return f, bad("object %s of %d bytes", f.ID, length)
	}
	f.Length = int64(length)
	return f, nil
}

// sizesEnd holds that a mark belongs behind n sizes and that nothing follows.
func sizesEnd(r io.Reader, mark []byte, n int) error {
	if count := binary.BigEndian.Uint64(mark[idSize:]); [idSize]byte(mark) != [idSize]byte{endMark} || count != uint64(n) {
		return bad("%d sizes, and the end says %d", n, count)
	}
	switch _, err := io.ReadFull(r, mark[:1]); {
	case err == nil:
		return bad("something follows %d sizes", n)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

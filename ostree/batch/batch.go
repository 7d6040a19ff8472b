// Package batch is the form in which many objects, and questions about many,
// travel between a publisher and a server in one request each.
//
// It trusts no byte that it reads: a type, a length or a count is checked
// before anything is made of it. It never holds an object in memory, and says
// nothing of whether an object is what its name promises; whoever stores it
// finds that out.
//
// A body of objects is a row of frames, each the object's type, its SHA-256,
// its length and the object in archive form; it ends where a frame would begin.
// A question is the types and checksums alone, its answer one bit for each, or
// a body of objects. An answer of sizes is a row of frames without the objects,
// with a mark at its end.
package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/otactl/otactl/ostree"
)

// Header is sent by a server that speaks this protocol with each of its
// answers, and Version is what it says.
const (
	Header  = "X-Otactl-Batch"
	Version = "1"
)

// The requests, below the base of the treehub API.
const (
	MissingPath = "batch/missing" // POST of a question
	ObjectsPath = "batch/objects" // POST of objects
	FetchPath   = "batch/fetch"   // POST of a question, answered with objects
	SizesPath   = "batch/sizes/"  // GET of a commit, answered with the sizes of all that it reaches
)

// Caps of version 1.
const (
	// MaxQuestion is how many ids one question may hold.
	MaxQuestion = 1 << 16
	// MaxObjects is how many objects one body may hold, MaxBody how many bytes.
	MaxObjects = 2048
	MaxBody    = 64 << 20
	// MaxObject is the longest object in a body, in bytes. What is longer goes
	// by itself, as to any treehub.
	MaxObject = 16 << 20
	// MaxFetched is the longest object in an answer to FetchPath, whose question
	// holds at most MaxObjects ids. Once the answer has MaxAnswer bytes, the
	// rest is left out.
	MaxFetched = 128 << 10
	MaxAnswer  = 16 << 20
	// MaxSizes is how many objects an answer of sizes may list, MaxSized how
	// long each may be: all of them add up to no more than a number holds.
	MaxSizes = 4 << 20
	MaxSized = 1 << 40
)

const (
	idSize = 1 + 32
	// FrameSize is what an object costs besides its bytes.
	FrameSize = idSize + 8
)

// Report is the answer to objects, as JSON.
type Report struct {
	Stored  int64 `json:"stored"`  // objects that are durable because of the request
	Existed int64 `json:"existed"` // objects that were there
	Bytes   int64 `json:"bytes"`   // of those stored, in archive form
}

// Frame says which object follows, and how many bytes it has in archive form.
type Frame struct {
	ID     ostree.ObjectID
	Length int64
}

// AppendFrame appends what goes before an object.
func AppendFrame(b []byte, f Frame) []byte {
	return binary.BigEndian.AppendUint64(appendID(b, f.ID), uint64(f.Length))
}

func appendID(b []byte, id ostree.ObjectID) []byte {
	return append(append(b, byte(id.Type)), id.Sum[:]...)
}

// carried says whether objects of a type travel this way.
func carried(t ostree.ObjectType) bool {
	return t >= ostree.TypeFile && t <= ostree.TypeCommitMeta && t != ostree.TypeTombstoneCommit
}

// FormatError says that a body is none.
type FormatError struct{ Why string }

func (e *FormatError) Error() string { return "batch of objects: " + e.Why }

func bad(format string, args ...any) error { return &FormatError{fmt.Sprintf(format, args...)} }

// TooLongError says that an object is longer than a body may carry.
type TooLongError struct{ Frame }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("object %s of %d bytes is longer than a batch may carry", e.ID, e.Length)
}

func parseID(b []byte) (ostree.ObjectID, error) {
	id := ostree.ObjectID{Type: ostree.ObjectType(b[0]), Sum: ostree.Checksum(b[1:idSize])}
	if !carried(id.Type) {
		return id, bad("type %d is none of an object", b[0])
	}
	return id, nil
}

// Reader reads frames and the objects behind them.
type Reader struct {
	r     io.Reader
	left  int64 // of the object at hand
	count int
}

// NewReader reads a body of objects.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Next gives the next frame; what was not read of the object before is passed
// over. The error is io.EOF at the end of the body, *FormatError or
// *TooLongError, or the reader's own.
func (r *Reader) Next() (Frame, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return Frame{}, err
	}
	var b [FrameSize]byte
	if _, err := io.ReadFull(r.r, b[:1]); err != nil {
		return Frame{}, err
	}
	if _, err := io.ReadFull(r.r, b[1:]); err != nil {
		return Frame{}, cut(err)
	}
	if r.count++; r.count > MaxObjects {
		return Frame{}, bad("more than %d objects", MaxObjects)
	}
	return r.begin(b[:])
}

func (r *Reader) begin(b []byte) (f Frame, err error) {
	if f.ID, err = parseID(b); err != nil {
		return f, err
	}
	length := binary.BigEndian.Uint64(b[idSize:])
	switch {
	case length == 0:
		return f, bad("object %s is empty", f.ID)
	case length > 1<<62:
		return f, bad("object %s of %d bytes", f.ID, length)
	}
	if f.Length = int64(length); f.Length > MaxObject {
		return f, &TooLongError{f}
	}
	r.left = f.Length
	return f, nil
}

// Read reads the object at hand; io.EOF is its end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if err == io.EOF && r.left == 0 {
		err = nil
	}
	return n, cut(err)
}

// cut tells the end of a body in the middle of an object from its own end.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// MarshalQuestion is the body that asks about ids.
func MarshalQuestion(ids []ostree.ObjectID) []byte {
	b := make([]byte, 0, idSize*len(ids))
	for _, id := range ids {
		b = appendID(b, id)
	}
	return b
}

// ParseQuestion reads what MarshalQuestion wrote.
func ParseQuestion(b []byte) ([]ostree.ObjectID, error) {
	n := len(b) / idSize
	if len(b)%idSize != 0 || n > MaxQuestion {
		return nil, bad("a question of %d bytes, want %d for each of at most %d ids", len(b), idSize, MaxQuestion)
	}
	ids := make([]ostree.ObjectID, n)
	for i := range ids {
		var err error
		if ids[i], err = parseID(b[i*idSize:]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// QuestionSize caps the body of a question, in bytes.
const QuestionSize = MaxQuestion * idSize

// MarshalAnswer packs what is there: the first id is the lowest bit of the
// first byte.
func MarshalAnswer(have []bool) []byte {
	b := make([]byte, AnswerSize(len(have)))
	for i, there := range have {
		if there {
			b[i/8] |= 1 << (i % 8)
		}
	}
	return b
}

// AnswerSize is how many bytes the answer about n ids has.
func AnswerSize(n int) int { return (n + 7) / 8 }

// ParseAnswer reads the answer to a question about n ids.
func ParseAnswer(b []byte, n int) ([]bool, error) {
	if len(b) != AnswerSize(n) || n%8 != 0 && b[len(b)-1]>>(n%8) != 0 {
		return nil, bad("an answer of %d bytes to a question about %d objects", len(b), n)
	}
	have := make([]bool, n)
	for i := range have {
		have[i] = b[i/8]>>(i%8)&1 == 1
	}
	return have, nil
}

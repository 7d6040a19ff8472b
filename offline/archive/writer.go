package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// Writer writes an archive from its start to its end.
type Writer struct {
	w      io.Writer
	enc    *zstd.Encoder
	frames []frame
	list   []byte
	count  int
	last   string // name of the last member
	piece  []byte
	packed []byte
}

// NewWriter makes a Writer to w.
func NewWriter(w io.Writer) (*Writer, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	return &Writer{w: w, enc: enc, piece: make([]byte, pieceSize)}, nil
}

// Add writes a member of which r has size bytes, no more and no less. Members
// come sorted by name.
func (w *Writer) Add(name string, size int64, r io.Reader) error {
	if err := checkName(name); err != nil {
		return err
	}
	if w.count > 0 && name <= w.last {
		return fmt.Errorf("member %s comes after %s", name, w.last)
	}
	if w.count == limits.BundleMembers {
		return refuse("more than %d files", limits.BundleMembers)
	}
	m := Member{Name: name, Size: size}
	if err := w.member(&m, r); err != nil {
		return err
	}
	var one [1]byte
	if n, err := io.ReadFull(r, one[:]); n > 0 || err != io.EOF {
		return changed(name, err)
	}
	w.list = appendMember(w.list, &m)
	if len(w.list) > limits.BundleList {
		return refuse("the list of files is longer than %d bytes", limits.BundleList)
	}
	w.count, w.last = w.count+1, name
	return nil
}

func changed(name string, err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse("%s: it changed while it was being read", name)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// member writes the frames of a member and notes its sums.
func (w *Writer) member(m *Member, r io.Reader) error {
	head, err := header(m.Name, m.Size)
	if err != nil {
		return err
	}
	whole := sha256.New()
	count := pieces(m.Size)
	for n := range count {
		from, to := span(m.Size, n)
		body := w.piece[:to-from]
		if _, err := io.ReadFull(r, body); err != nil {
			return changed(m.Name, err)
		}
		addPiece(m, whole, body, count)
		pad := 0
		if n == count-1 {
			pad = int(padding(m.Size))
		}
		if err := w.frame(m.Name, head, body, pad); err != nil {
			return err
		}
		head = nil
	}
	whole.Sum(m.Sum[:0])
	return nil
}

func addPiece(m *Member, whole hash.Hash, body []byte, count int64) {
	_, _ = whole.Write(body) // a hash takes all
	if count > 1 {
		m.pieces = append(m.pieces, sha256.Sum256(body))
	}
}

// frame writes one frame.
func (w *Writer) frame(name string, head, body []byte, pad int) error {
	if len(w.frames) == maxFrames {
		return refuse("%s: the archive gets too long", name)
	}
	if compressed(name) {
		w.packed = storedFrame(w.packed[:0], head, body, pad)
	} else {
		w.packed = packedFrame(w.enc, head, body, pad)
	}
	w.frames = append(w.frames, frame{packed: uint32(len(w.packed)), plain: uint32(len(head) + len(body) + pad)})
	_, err := w.w.Write(w.packed)
	return err
}

// compressed says that a member is compressed already: trying again takes time
// and gains nothing.
func compressed(name string) bool {
	switch path.Ext(name) {
	case ".filez", ".tgz", ".gz", ".xz", ".zst":
		return true
	}
	return strings.HasPrefix(name, "ostree_repo/deltas/")
}

// Finish writes the list, bundle-targets.json and the index, which sign makes a
// file of by adding signatures, and the table of frames.
func (w *Writer) Finish(bundleTargets []byte, sign func(signed json.RawMessage) ([]byte, error)) error {
	signed, err := newIndex(bundleTargets, w.list, w.count)
	if err != nil {
		return err
	}
	index, err := sign(signed)
	if err != nil {
		return err
	}
	if sum, err := tuf.SignedSum(index); err != nil || sum != hexSum(signed) {
		return refuse("%s: something else was signed than was asked for", nameIndex)
	}
	if err := w.member(&Member{Name: nameMembers, Size: int64(len(w.list))}, bytes.NewReader(w.list)); err != nil {
		return err
	}
	return w.tail(bundleTargets, index)
}

// Size is how long the archive is, once it is finished.
func (w *Writer) Size() int64 {
	size := int64(len(seekTable(w.frames)))
	for _, f := range w.frames {
		size += int64(f.packed)
	}
	return size
}

// tail writes what is after the list.
func (w *Writer) tail(bundleTargets, index []byte) error {
	if len(bundleTargets) > limits.BundleTargets || len(index) > limits.BundleIndex {
		return refuse("%s or %s is longer than devices read", nameBundleTargets, nameIndex)
	}
	for _, m := range []struct {
		name string
		data []byte
	}{{nameBundleTargets, bundleTargets}, {nameIndex, index}} {
		if err := w.member(&Member{Name: m.name, Size: int64(len(m.data))}, bytes.NewReader(m.data)); err != nil {
			return err
		}
	}
	if err := w.frame(nameIndex, make([]byte, endSize), nil, 0); err != nil {
		return err
	}
	_, err := w.w.Write(seekTable(w.frames))
	return err
}

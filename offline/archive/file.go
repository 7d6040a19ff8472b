package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/klauspost/compress/zstd"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// File is a bundle in one file. It implements medium.Files over one open
// handle: the file may be renamed or replaced by another meanwhile, and its
// length is what it was at the start.
type File struct {
	path   string // "" where it was not opened by one
	r      io.ReaderAt
	close  func() error
	dec    *zstd.Decoder
	spare  *sync.Pool // of buffers for frames as they lie in the file
	frames []frame
	starts []int64 // where each frame starts; one more for where the table does

	list   *list         // of all members but the archive's own
	good   []atomic.Bool // of each frame of members: it was read and is as listed
	parsed *tuf.BundleIndex
	index  []byte   // index.json
	papers []Member // tuf/bundle-targets.json and index.json, which the list doesn't have
}

// Open opens the archive at path. All of its index, and the list that it
// vouches for, are read and held against the division of the file into frames;
// nothing is said about who signed the index.
func Open(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = medium.ErrNotRegular
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	a, err := New(f, st.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	a.path, a.close = path, f.Close
	return a, nil
}

// New reads the archive of size bytes in r.
func New(r io.ReaderAt, size int64) (*File, error) {
	frames, err := readSeekTable(r, size)
	if err != nil {
		return nil, err
	}
	dec, err := newDecoder()
	if err != nil {
		return nil, err
	}
	a := &File{r: r, close: func() error { return nil }, dec: dec, spare: &sync.Pool{}, frames: frames}
	at := int64(0)
	for _, f := range frames {
		a.starts = append(a.starts, at)
		at += int64(f.packed)
	}
	a.starts = append(a.starts, at)
	if err := a.readOwn(); err != nil {
		dec.Close()
		return nil, err
	}
	a.good = make([]atomic.Bool, a.listFrame())
	return a, nil
}

// ownFrames are the frames after the list: bundle-targets.json, index.json and
// the end of the archive.
const ownFrames = 3

// listFrame is the first frame of the list.
func (a *File) listFrame() int {
	return len(a.frames) - ownFrames - int(pieces(a.parsed.Members.Length))
}

// readOwn reads the archive's own members, from its end on.
func (a *File) readOwn() error {
	n := len(a.frames)
	if n < ownFrames+1 {
		return refuse("it has %d frames, too few for a bundle", n)
	}
	if end, err := a.inflate(nil, n-1, endSize); err != nil || !zeros(end) {
		return refuse("the end of the archive is missing or damaged")
	}
	var err error
	if a.index, err = a.own(nameIndex, n-2, limits.BundleIndex); err != nil {
		return err
	}
	targets, err := a.own(nameBundleTargets, n-3, limits.BundleTargets)
	if err != nil {
		return err
	}
	if a.parsed, err = holdTogether(a.index, targets); err != nil {
		return err
	}
	a.papers = []Member{
		{Name: nameBundleTargets, Size: int64(len(targets)), Sum: sha256.Sum256(targets), frame: n - 3},
		{Name: nameIndex, Size: int64(len(a.index)), Sum: sha256.Sum256(a.index), frame: n - 2},
	}
	return a.readList()
}

// own reads one of the archive's own members, which lies in one frame and of
// which nothing is known before.
func (a *File) own(name string, n int, max int64) ([]byte, error) {
	plain, err := a.inflate(nil, n, int(a.frames[n].plain))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	h, err := tar.NewReader(bytes.NewReader(plain)).Next()
	if err != nil || h.Size < 0 || h.Size > min(max, pieceSize) || inflated(h.Size, 0) != len(plain) {
		return nil, describe(plain[:min(len(plain), blockSize)], name)
	}
	return a.body(&Member{Name: name, Size: h.Size}, 0, plain)
}

// readList reads the list, which has to be the one that the index vouches for
// before a word of it is understood, and holds the frames against it.
func (a *File) readList() error {
	want := a.parsed.Members
	first := a.listFrame()
	if first < 0 {
		return refuse("%s: the index names a list of %d bytes, and the file has no room for it", nameMembers, want.Length)
	}
	text, err := a.listText(first)
	if err == nil {
		a.list, err = parseList(text, want.Count)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", nameMembers, err)
	}
	if a.list.len() != want.Count {
		return refuse("%s: it has %d members, and the index says %d", nameMembers, a.list.len(), want.Count)
	}
	return a.divided(first)
}

// listText is the list, which begins in the frame first. There is no more of it
// in memory than it has bytes, and one frame.
func (a *File) listText(first int) (string, error) {
	m := Member{Name: nameMembers, Size: a.parsed.Members.Length}
	var text strings.Builder
	text.Grow(int(m.Size))
	sum := sha256.New()
	frame := make([]byte, 0, frameSize)
	for n := range pieces(m.Size) {
		plain, err := a.inflate(frame, first+int(n), inflated(m.Size, n))
		if err == nil {
			plain, err = a.body(&m, n, plain)
		}
		if err != nil {
			return "", err
		}
		_, _ = io.MultiWriter(&text, sum).Write(plain) // both take all
	}
	if fmt.Sprintf("%x", sum.Sum(nil)) != a.parsed.Members.SHA256 {
		return "", refuse("it is another list than the index vouches for")
	}
	return text.String(), nil
}

// divided holds that the frames before the list are those of its members, one
// for one.
func (a *File) divided(count int) error {
	at := 0
	for m := range a.Members() {
		for n := range pieces(m.Size) {
			if at == count {
				return refuse("%s: it is in the index and not in the file", m.Name)
			}
			if want := inflated(m.Size, n); int(a.frames[at].plain) != want {
				return refuse("%s: it should take %d bytes of the archive, and %d are there: a member is missing, or one that the index does not have is in its place",
					m.Name, want, a.frames[at].plain)
			}
			at++
		}
	}
	if at != count {
		return refuse("the file has %d frames of members that the index does not have", count-at)
	}
	return nil
}

// inflate reads frame n, which has to inflate to size bytes, into memory that
// was used before where there is any.
func (a *File) inflate(into []byte, n, size int) ([]byte, error) {
	f := a.frames[n]
	if int(f.plain) != size {
		return nil, refuse("frame %d is said to inflate to %d bytes, and should to %d", n, f.plain, size)
	}
	packed := a.buffer(int(f.packed))
	defer a.spare.Put(&packed)
	if _, err := a.r.ReadAt(packed, a.starts[n]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, refuse("the file got shorter while it was being read")
		}
		return nil, err
	}
	plain, err := inflate(a.dec, packed, into, size)
	if errors.Is(err, errFrame) {
		return nil, refuse("frame %d is damaged", n)
	}
	return plain, err
}

// buffer is n bytes, of one that was used before where there is one.
func (a *File) buffer(n int) []byte {
	if b, ok := a.spare.Get().(*[]byte); ok && cap(*b) >= n {
		return (*b)[:n]
	}
	return make([]byte, n)
}

// body is the piece of a member that its frame n inflated to. What is around it
// has to be as for every such member.
func (a *File) body(m *Member, n int64, plain []byte) ([]byte, error) {
	if n == 0 {
		head, err := header(m.Name, m.Size)
		if err != nil {
			return nil, err
		}
		if string(plain[:blockSize]) != string(head) {
			return nil, describe(plain[:blockSize], m.Name)
		}
		plain = plain[blockSize:]
	}
	from, to := span(m.Size, n)
	if !zeros(plain[to-from:]) {
		return nil, refuse("%s: what fills its last block is not empty", m.Name)
	}
	return plain[:to-from], nil
}

// piece is piece n of a member, verified.
func (a *File) piece(m *Member, n int64) ([]byte, error) {
	plain, err := a.inflate(nil, m.frame+int(n), inflated(m.Size, n))
	if err != nil {
		return nil, named(m, err)
	}
	body, err := a.body(m, n, plain)
	if err != nil {
		return nil, err
	}
	want := m.Sum
	if m.pieces != nil {
		want = m.pieces[n]
	}
	if sha256.Sum256(body) != want {
		return nil, refuse("%s: its content is not what the index says", m.Name)
	}
	if m.frame+int(n) < len(a.good) {
		a.good[m.frame+int(n)].Store(true)
	}
	return body, nil
}

func named(m *Member, err error) error { return fmt.Errorf("%s: %w", m.Name, err) }

// Close implements io.Closer.
func (a *File) Close() error {
	a.dec.Close()
	return a.close()
}

// Index is the file index.json, whose signatures nobody has checked.
func (a *File) Index() []byte { return a.index }

// Members are all files of the bundle but bundle-targets.json, sorted by name.
func (a *File) Members() iter.Seq[*Member] {
	return func(yield func(*Member) bool) {
		for i := range a.list.len() {
			if !yield(a.list.member(i)) {
				return
			}
		}
	}
}

// Count is how many Members there are.
func (a *File) Count() int { return a.list.len() }

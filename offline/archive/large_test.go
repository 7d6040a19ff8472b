package archive

import (
	"io"
	"io/fs"
	"sort"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

// parts is a file of which only what is not the same everywhere is in memory:
// the frames in the middle of a long member are one and the same.
type parts struct {
	frames []frame
	starts []int64
	data   [][]byte
	size   int64
}

func (p *parts) add(packed []byte, plain int) {
	p.frames = append(p.frames, frame{uint32(len(packed)), uint32(plain)})
	p.put(packed)
}

func (p *parts) put(data []byte) {
	p.starts, p.data = append(p.starts, p.size), append(p.data, data)
	p.size += int64(len(data))
}

func (p *parts) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	i := sort.Search(len(p.starts), func(i int) bool { return p.starts[i] > at }) - 1
	for ; n < len(b) && i < len(p.starts); i++ {
		n += copy(b[n:], p.data[i][at+int64(n)-p.starts[i]:])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// long adds a member that is a piece over and over, and a bit of it.
func (p *parts) long(t *testing.T, m *Member, piece []byte) {
	t.Helper()
	head, err := header(m.Name, m.Size)
	check(t, err)
	count := pieces(m.Size)
	middle, sum := storedFrame(nil, nil, piece, 0), hashed(piece)
	for n := range count {
		switch from, to := span(m.Size, n); n {
		case 0:
			p.add(storedFrame(nil, head, piece, 0), inflated(m.Size, 0))
			m.pieces = append(m.pieces, sum)
		case count - 1:
			p.add(storedFrame(nil, nil, piece[:to-from], int(padding(m.Size))), inflated(m.Size, n))
			m.pieces = append(m.pieces, hashed(piece[:to-from]))
		default:
			p.add(middle, pieceSize)
			m.pieces = append(m.pieces, sum)
		}
	}
}

func TestMembersAndArchivesOfMoreThan4GiBAreRead(t *testing.T) {
	const size = 5<<30 + 77
	p, piece := &parts{}, noise(pieceSize)
	m := Member{Name: "apps/long", Size: size} // nobody sums up the whole here
	p.long(t, &m, piece)
	var rest forged
	rest.list, rest.count = appendMember(nil, &m), 1
	rest.add(t, "small", []byte("hello"), nil)
	rest.end(t)
	for _, plain := range rest.plain {
		p.add(storedFrame(nil, plain[:blockSize], plain[blockSize:], 0), len(plain))
	}
	p.put(seekTable(p.frames))
	a, err := New(p, p.size)
	check(t, err)
	defer a.Close()
	st, err := a.Stat(m.Name)
	if err != nil || st.Size() != size || p.size < size {
		t.Fatal(st, err)
	}
	f, err := a.Open(m.Name)
	check(t, err)
	for _, at := range []int64{0, 1<<31 - 2, 1<<32 - 2, size - 4} {
		var b [4]byte
		if _, err := f.(io.ReaderAt).ReadAt(b[:], at); err != nil || b[0] != piece[at%pieceSize] || b[3] != piece[(at+3)%pieceSize] {
			t.Errorf("at %d: %v, %v", at, b, err)
		}
	}
	if got, err := fs.ReadFile(a, "small"); err != nil || string(got) != "hello" {
		t.Errorf("behind it: %q, %v", got, err)
	}
}

func TestAMemberThatNoHeaderHoldsIsRefused(t *testing.T) {
	w, err := NewWriter(io.Discard)
	check(t, err)
	if err := w.Add("x", 8<<30, strings.NewReader("")); fail.ClassOf(err) != fail.Unsupported {
		t.Error(err)
	}
	if err := w.Add("x", 5, strings.NewReader("four")); fail.ClassOf(err) != fail.Verification {
		t.Errorf("shorter than said: %v", err)
	}
	if err := w.Add("y", 3, strings.NewReader("four")); fail.ClassOf(err) != fail.Verification {
		t.Errorf("longer than said: %v", err)
	}
}

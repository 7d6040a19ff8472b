package delta

import (
	"bytes"
	"io"
	"strconv"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

var (
	// Metadata, time (big-endian), from, to, the commit itself, deltas to apply
	// before, parts, fallbacks.
	superblockType = variant.MustType("(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))")
	// Version, checksum, compressed and uncompressed size, object table.
	partType = variant.MustType("(uayttay)")
	// Object type, checksum, compressed and uncompressed size.
	fallbackType = variant.MustType("(yaytt)")
	// Compression and payload.
	inlineType = variant.MustType("(yay)")
	dictType   = variant.MustType("a{sv}")
)

// Keys of the metadata that mean something.
const (
	keyEndianness = "ostree.endianness"
	keyDetached   = "commitmeta" // behind the delta's folder
)

// entrySize is the length of one entry of an object table: type and checksum.
const entrySize = 33

// Endianness is the byte order of the few numbers in a superblock that are in
// the order of the machine that made it.
type Endianness byte

// The byte orders, as the superblock names them.
const (
	Little Endianness = 'l'
	Big    Endianness = 'B'
)

func (e Endianness) String() string {
	if e == Big {
		return "big"
	}
	return "little"
}

// Superblock is the head of a delta.
type Superblock struct {
	Name     Name
	Time     time.Time
	Metadata variant.Value // a{sv}
	Commit   []byte        // the commit that it leads to; it is what its name says
	Detached variant.Value // of that commit, a{sv}; not valid if there is none
	Order    Endianness
	// Guessed says that the superblock doesn't name its byte order.
	Guessed bool
	// Before names deltas that have to be applied before this one, 64 bytes each.
	// Nobody makes such deltas, and Apply takes none.
	Before    []byte
	Parts     []Part
	Fallbacks []Fallback

	inline map[int]variant.Value
	forget func() // of a mapped file: gives back the memory that was read; or nil
}

// Part is what a superblock says of one part.
type Part struct {
	Sum     ostree.Checksum // SHA-256 of the part's file
	Size    uint64          // of that file, in bytes
	USize   uint64          // of the objects that it makes, without symlinks
	Objects Table
}

// Fallback is an object that is not in the delta and has to be fetched by
// itself.
type Fallback struct {
	ID    ostree.ObjectID
	Size  uint64 // compressed
	USize uint64
}

// Table lists objects, 33 bytes each: type, checksum.
type Table []byte

// Len is how many objects are in the table.
func (t Table) Len() int { return len(t) / entrySize }

// At is object i.
func (t Table) At(i int) ostree.ObjectID {
	e := t[i*entrySize : (i+1)*entrySize]
	return ostree.ObjectID{Type: ostree.ObjectType(e[0]), Sum: ostree.Checksum(e[1:])}
}

// Sizes are the sums over a delta's parts and fallbacks, in bytes.
type Sizes struct {
	Objects                 int
	Fetch, Unpacked         uint64 // parts alone; inline parts are not fetched but count
	Fallback, FallbackPlain uint64
	Inline                  int // parts that are in the superblock
}

// Sizes adds up what applying the delta moves. No sum overflows: ParseSuperblock
// saw to that.
func (s *Superblock) Sizes() Sizes {
	var n Sizes
	for _, p := range s.Parts {
		n.Objects += p.Objects.Len()
		n.Fetch += p.Size
		n.Unpacked += p.USize
	}
	for _, f := range s.Fallbacks {
		n.Fallback += f.Size
		n.FallbackPlain += f.USize
	}
	n.Inline = len(s.inline)
	return n
}

// Inline says whether part i is in the superblock itself.
func (s *Superblock) Inline(i int) bool { _, ok := s.inline[i]; return ok }

// OpenInline opens a part that is in the superblock, as its file would be; nil
// if it is not.
func (s *Superblock) OpenInline(i int) io.ReadCloser {
	v, ok := s.inline[i]
	if !ok {
		return nil
	}
	if s.forget == nil {
		return io.NopCloser(bytes.NewReader(v.Data()))
	}
	return &forgetful{r: bytes.NewReader(v.Data()), forget: s.forget}
}

// forgetful reads a mapped file and from time to time gives back the memory
// that was read.
type forgetful struct {
	r      io.Reader
	forget func()
	since  int
}

const forgetStep = 4 << 20

func (f *forgetful) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if f.since += n; f.since >= forgetStep {
		f.Close()
	}
	return n, err
}

func (f *forgetful) Close() error {
	f.forget()
	f.since = 0
	return nil
}

// PartPath is the path of part i below a repo.
func (s *Superblock) PartPath(i int) string { return s.Name.Dir() + "/" + strconv.Itoa(i) }

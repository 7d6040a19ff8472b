package delta

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta/xz"
	"github.com/otactl/otactl/ostree/variant"
)

// How a part is compressed: the first byte of its file.
const (
	packedXZ   = 'x'
	packedNone = 0
)

var (
	modesType  = variant.MustType("a(uuu)")
	xattrsType = variant.MustType("aa(ayay)")
)

// payload is a part, unpacked: modes, xattrs, a blob, and the program that
// makes objects of it.
type payload struct {
	data    *spool
	modes   variant.Value
	xattrs  variant.Value
	blobAt  uint64
	blobLen uint64
	opsAt   uint64
	opsLen  uint64
}

func (p *payload) Close() error { return p.data.Close() }

// unpacker unpacks parts, one after the other.
type unpacker struct {
	xz     xz.Decoder
	dir    string // for what is too large for memory
	room   Room
	limits xz.Limits
}

// unpack reads a part from r as it comes, and holds it against what the
// superblock says of it. Nothing but its length is used before all of it was
// hashed.
func (u *unpacker) unpack(ctx context.Context, r io.Reader, head Part) (*payload, error) {
	most := mostPayload(head)
	out := &spool{dir: u.dir, room: u.room}
	sum := sha256.New()
	in := &capped{r: io.TeeReader(&cancellable{ctx, r}, sum), left: head.Size}
	err := u.decode(out, in, most)
	if errors.Is(err, xz.ErrCorrupt) {
		err = bad("%v", err)
	}
	if err == nil && in.left > 0 {
		err = bad("is %d bytes shorter than the %d of the superblock", in.left, head.Size)
	}
	if err == nil {
		if got := ostree.Checksum(sum.Sum(nil)); got != head.Sum {
			err = bad("checksum is %s, want %s", got, head.Sum)
		}
	}
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	p := &payload{data: out}
	if err := p.parse(); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return p, nil
}

// decode moves the unpacked bytes to out.
func (u *unpacker) decode(out *spool, in *capped, most uint64) error {
	var kind [1]byte
	if _, err := io.ReadFull(in, kind[:]); err == io.EOF {
		return bad("is empty")
	} else if err != nil {
		return err
	}
	switch kind[0] {
	case packedXZ:
		lim := u.limits
		lim.Output = int64(most)
		_, err := u.xz.Decode(out, in, lim)
		return err
	case packedNone:
		n, err := io.Copy(out, io.LimitReader(in, int64(min(most, math.MaxInt64-1))+1))
		if err == nil && uint64(n) > most {
			err = bad("payload is longer than the %d bytes allowed", most)
		}
		return err
	}
	return bad("compression %q is not known", kind[0])
}

// mostPayload is how long the payload of a part may be: what its objects take,
// plus what stands around them. bsdiff adds 24 bytes for each piece of a file,
// which pays for at least 8.
func mostPayload(head Part) uint64 {
	objects := uint64(head.Objects.Len())
	return min(4*head.USize+objects*8192+limits.DeltaTables, limits.DeltaPart)
}

// capped ends what is longer than announced.
type capped struct {
	r    io.Reader
	left uint64
}

func (c *capped) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.left == 0 {
		var one [1]byte
		if n, err := c.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, bad("is longer than the superblock says")
	}
	n, err := c.r.Read(p[:min(uint64(len(p)), c.left)])
	c.left -= uint64(n)
	return n, err
}

// cancellable ends when ctx does.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// parse finds the four members of the payload, (a(uuu)aa(ayay)ayay), whose end
// offsets but that of the last stand at its end, in reverse.
func (p *payload) parse() error {
	size := uint64(p.data.size)
	width := offsetWidth(size)
	if size < 3*width {
		return bad("payload of %d bytes is too short", size)
	}
	var table [24]byte
	if _, err := p.data.ReadAt(table[:3*width], int64(size-3*width)); err != nil {
		return err
	}
	var ends [3]uint64
	for i := range ends {
		for k := range width {
			ends[2-i] |= uint64(table[uint64(i)*width+k]) << (8 * k)
		}
	}
	body := size - 3*width
	if width > 1 && offsetWidth(body+3*(width/2)) == width/2 {
		return bad("payload is not in normal form: offsets are wider than needed")
	}
	if ends[0] > ends[1] || ends[1] > ends[2] || ends[2] > body {
		return bad("payload is not in normal form: offsets %v do not fit into %d bytes", ends, body)
	}
	p.blobAt, p.blobLen = ends[1], ends[2]-ends[1]
	p.opsAt, p.opsLen = ends[2], body-ends[2]
	var err error
	if p.modes, err = p.table("modes", modesType, 0, ends[0]); err == nil {
		p.xattrs, err = p.table("xattrs", xattrsType, ends[0], ends[1]-ends[0])
	}
	if err == nil {
		err = p.checkXattrs()
	}
	return err
}

// offsetWidth is how many bytes an offset has in a container of size bytes.
func offsetWidth(size uint64) uint64 {
	switch {
	case size <= math.MaxUint8:
		return 1
	case size <= math.MaxUint16:
		return 2
	case size <= math.MaxUint32:
		return 4
	}
	return 8
}

func (p *payload) table(what string, t *variant.Type, at, n uint64) (variant.Value, error) {
	if n > limits.DeltaTables {
		return variant.Value{}, bad("table of %s has %d bytes, at most %d are allowed", what, n, limits.DeltaTables)
	}
	data := make([]byte, n)
	if n > 0 {
		if _, err := p.data.ReadAt(data, int64(at)); err != nil {
			return variant.Value{}, err
		}
	}
	v, err := variant.Parse(t, data)
	if err != nil {
		return v, bad("table of %s is not in normal form: %v", what, err)
	}
	return v, nil
}

// checkXattrs looks at each list once, however many objects name it.
func (p *payload) checkXattrs() error {
	for i, list := range p.xattrs.All() {
		if n := len(list.Data()); n > limits.FileHeader {
			return bad("xattrs %d have %d bytes, at most %d are allowed", i, n, limits.FileHeader)
		}
		for _, x := range list.All() {
			if name := x.At(0).Bytes(); len(name) == 0 || name[len(name)-1] != 0 {
				return bad("xattr name %.80q has no end", name)
			}
		}
	}
	return nil
}

// header puts the file header together that a program names by its indexes.
func (p *payload) header(mode, xattrs, size uint64) (*ostree.FileHeader, error) {
	h, err := p.bareHeader(mode, xattrs, size)
	if err != nil {
		return nil, err
	}
	list := p.xattrs.At(int(xattrs))
	h.Xattrs = make([]ostree.Xattr, list.Len())
	for i, x := range list.All() {
		name := x.At(0).Bytes()
		h.Xattrs[i] = ostree.Xattr{Name: string(name[:len(name)-1]), Value: x.At(1).Bytes()}
	}
	return h, nil
}

// bareHeader is header without the xattrs, which may be many: a program of
// millions of objects is checked without a look at them.
func (p *payload) bareHeader(mode, xattrs, size uint64) (*ostree.FileHeader, error) {
	if mode >= uint64(p.modes.Len()) {
		return nil, bad("mode %d of %d", mode, p.modes.Len())
	}
	if xattrs >= uint64(p.xattrs.Len()) {
		return nil, bad("xattrs %d of %d", xattrs, p.xattrs.Len())
	}
	m := p.modes.At(int(mode))
	return &ostree.FileHeader{UID: m.At(0).BigUint32(), GID: m.At(1).BigUint32(), Mode: m.At(2).BigUint32(), Size: size}, nil
}

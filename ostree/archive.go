package ostree

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// openArchive finds out what kind of archive r is, and how it is packed.
func openArchive(r io.Reader) (archive, error) {
	raw := bufio.NewReaderSize(r, bufferSize)
	in, err := unpack(raw)
	if err != nil {
		return nil, err
	}
	a, err := unpackedArchive(in)
	if err != nil || in == raw {
		return a, err
	}
	return &packedArchive{a, in}, nil
}

func unpackedArchive(in *bufio.Reader) (archive, error) {
	start, _ := in.Peek(6)
	switch s := string(start); {
	case s == "070701", s == "070702", s == "070707":
		return &cpio{r: in}, nil
	case strings.HasPrefix(s, "PK\x03\x04"):
		return nil, fail.New(fail.Unsupported, "make a tar of it", "archive is a zip file")
	}
	if start, err := in.Peek(1); len(start) == 0 && err == io.EOF {
		return emptyArchive{}, nil
	}
	return &tarball{tar.NewReader(in)}, nil
}

// packedArchive is an archive in a compressed stream, whose checksum comes after
// all that the archive holds.
type packedArchive struct {
	archive
	stream io.Reader
}

func (p *packedArchive) next() (*member, error) {
	m, err := p.archive.next()
	if err != io.EOF {
		return m, err
	}
	n, err := io.Copy(io.Discard, io.LimitReader(p.stream, limits.ArchiveTail+1))
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, bzip2.StructuralError("bad magic value in continuation file")):
		// The stream was whole. What follows it is none, as on a tape.
	case err != nil:
		return nil, short(err)
	case n > limits.ArchiveTail:
		return nil, badFormat("more than %d bytes come after the end of the archive", limits.ArchiveTail)
	}
	return nil, io.EOF
}

type emptyArchive struct{}

func (emptyArchive) next() (*member, error) { return nil, io.EOF }

// unpack takes the compression off, of which there may be one layer.
func unpack(in *bufio.Reader) (*bufio.Reader, error) {
	start, _ := in.Peek(6)
	switch s := string(start); {
	case strings.HasPrefix(s, "\x1f\x8b"):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		return bufio.NewReaderSize(z, bufferSize), nil
	case strings.HasPrefix(s, "BZh"):
		return bufio.NewReaderSize(bzip2.NewReader(in), bufferSize), nil
	case strings.HasPrefix(s, "\x28\xb5\x2f\xfd"):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(limits.ZstdWindow))
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		return bufio.NewReaderSize(z, bufferSize), nil
	case s == "\xfd7zXZ\x00":
		return nil, fail.New(fail.Unsupported, "unpack it on the way: xz -dc FILE | … --tree=tar=-", "archive is packed with xz")
	}
	return in, nil
}

// tarball is a tar archive.
type tarball struct{ r *tar.Reader }

func (t *tarball) next() (*member, error) {
	for {
		h, err := t.r.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // names are checked later, all of them
			return nil, tarError(err)
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		m, err := t.member(h)
		if err != nil {
			return nil, fmt.Errorf("member %.200q: %w", h.Name, err)
		}
		return m, nil
	}
}

func tarError(err error) error {
	switch {
	case err == io.EOF:
		return err
	case errors.Is(err, tar.ErrHeader):
		return badFormat("no tar archive, or a damaged one")
	}
	return short(err)
}

func (t *tarball) member(h *tar.Header) (*member, error) {
	m := &member{name: h.Name, body: t.r, header: FileHeader{Mode: uint32(h.Mode) & modePerm}}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		m.header.Mode |= modeRegular
		m.header.Size = uint64(h.Size)
	case tar.TypeDir:
		m.header.Mode |= modeDir
	case tar.TypeSymlink:
		m.header.Mode |= modeSymlink
		m.header.Target = h.Linkname
	case tar.TypeLink:
		m.link = h.Linkname
		if m.link == "" {
			return nil, badFormat("is a hard link to nothing")
		}
	}
	if sparse(h) && h.Size > limits.SparseMember {
		return nil, badFormat("is a sparse file of %d bytes, at most %d are allowed", h.Size, int64(limits.SparseMember))
	}
	var err error
	if m.header.UID, err = ownerOf(h.Uid); err != nil {
		return nil, err
	}
	if m.header.GID, err = ownerOf(h.Gid); err != nil {
		return nil, err
	}
	m.header.Xattrs, err = paxXattrs(h.PAXRecords)
	return m, err
}

// sparse says whether a member may be much longer than the archive.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func ownerOf(id int) (uint32, error) {
	if id < 0 || uint64(id) >= math.MaxUint32 {
		return 0, badFormat("owner %d is nobody's number", id)
	}
	return uint32(id), nil
}

// paxXattrs finds extended attributes in the records of star and of libarchive;
// of both forms of one attribute star's counts.
func paxXattrs(records map[string]string) ([]Xattr, error) {
	found := map[string][]byte{}
	for key, value := range records {
		coded, ok := strings.CutPrefix(key, "LIBARCHIVE.xattr.")
		if !ok {
			continue
		}
		name, err := url.PathUnescape(coded)
		if err != nil {
			return nil, badFormat("xattr name %.80q is not encoded well", coded)
		}
		data, err := base64.StdEncoding.WithPadding(base64.NoPadding).DecodeString(strings.TrimRight(value, "="))
		if err != nil {
			return nil, badFormat("xattr %.80q is not in base64", name)
		}
		found[name] = data
	}
	for key, value := range records {
		if name, ok := strings.CutPrefix(key, "SCHILY.xattr."); ok {
			found[name] = []byte(value)
		}
	}
	var list []Xattr
	for name, value := range found {
		list = append(list, Xattr{name, value})
	}
	sortXattrs(list)
	return list, checkXattrs(list)
}

// cpio is an archive in the formats newc, with or without checksums, and odc.
type cpio struct {
	r    *bufio.Reader
	body *cpioBody
}

// cpioBody is the content of the member that was given last.
type cpioBody struct {
	r    io.Reader
	left int64
	pad  int64
	sum  uint32
	want *uint32 // of a newc with checksums
}

func (b *cpioBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		if b.want != nil && *b.want != b.sum {
			return 0, badFormat("checksum of a member is %08x, not %08x", b.sum, *b.want)
		}
		return 0, io.EOF
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if b.want != nil {
		for _, c := range p[:n] {
			b.sum += uint32(c)
		}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c *cpio) next() (*member, error) {
	if c.body != nil {
		if _, err := io.Copy(io.Discard, c.body); err != nil {
			return nil, short(err)
		}
		if _, err := c.r.Discard(int(c.body.pad)); err != nil {
			return nil, short(err)
		}
	}
	magic, err := c.r.Peek(6)
	if err != nil {
		return nil, short(err)
	}
	var h *cpioHeader
	switch string(magic) {
	case "070701", "070702":
		h, err = c.newc(string(magic) == "070702")
	case "070707":
		h, err = c.odc()
	default:
		err = badFormat("no cpio header where one should be")
	}
	if err != nil {
		return nil, short(err)
	}
	if h.name == "TRAILER!!!" {
		return nil, io.EOF
	}
	c.body = h.body
	return c.member(h)
}

// cpioHeader is what both formats say of a member.
type cpioHeader struct {
	name                     string
	dev, ino, mode, uid, gid uint64
	links                    uint64
	body                     *cpioBody
}

func (c *cpio) member(h *cpioHeader) (*member, error) {
	m := &member{name: h.name, body: h.body, header: FileHeader{Mode: uint32(h.mode) & (modeType | modePerm)}}
	var err error
	if m.header.UID, err = ownerOf(int(h.uid)); err != nil {
		return nil, fmt.Errorf("member %.200q: %w", h.name, err)
	}
	if m.header.GID, err = ownerOf(int(h.gid)); err != nil {
		return nil, fmt.Errorf("member %.200q: %w", h.name, err)
	}
	switch m.header.Mode & modeType {
	case modeRegular:
		m.header.Size = uint64(h.body.left)
		if h.links > 1 {
			m.inode = fmt.Sprint(h.dev, ":", h.ino)
		}
	case modeSymlink:
		if h.body.left > limits.SymlinkTarget {
			return nil, badFormat("member %.200q: link target is longer than %d bytes", h.name, limits.SymlinkTarget)
		}
		target, err := io.ReadAll(h.body)
		if err != nil {
			return nil, short(err)
		}
		m.header.Target, m.body = string(target), bytes.NewReader(nil)
	}
	return m, nil
}

// newc reads a header of numbers in hexadecimal.
func (c *cpio) newc(sums bool) (*cpioHeader, error) {
	const size = 110
	n, err := c.numbers(size, 16, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8)
	if err != nil {
		return nil, err
	}
	// Inode, mode, owner, group, links, time, size, device (2), rdev (2), length of the name, checksum.
	h := &cpioHeader{ino: n[0], mode: n[1], uid: n[2], gid: n[3], links: n[4], dev: n[7]<<32 | n[8]}
	if h.name, err = c.name(n[11], pad4(size+n[11])); err != nil {
		return nil, err
	}
	h.body = &cpioBody{r: c.r, left: int64(n[6]), pad: pad4(n[6])}
	if check := uint32(n[12]); sums && h.mode&modeType == modeRegular && n[6] > 0 {
		h.body.want = &check
	}
	return h, nil
}

// odc reads a header of numbers in octal.
func (c *cpio) odc() (*cpioHeader, error) {
	n, err := c.numbers(76, 8, 6, 6, 6, 6, 6, 6, 6, 11, 6, 11)
	if err != nil {
		return nil, err
	}
	// Device, inode, mode, owner, group, links, rdev, time, length of the name, size.
	h := &cpioHeader{dev: n[0], ino: n[1], mode: n[2], uid: n[3], gid: n[4], links: n[5]}
	if h.name, err = c.name(n[8], 0); err != nil {
		return nil, err
	}
	h.body = &cpioBody{r: c.r, left: int64(n[9])}
	return h, nil
}

// numbers reads a header of size bytes: the magic and fields of these widths.
func (c *cpio) numbers(size int, base uint64, widths ...int) ([]uint64, error) {
	raw := make([]byte, size)
	if _, err := io.ReadFull(c.r, raw); err != nil {
		return nil, err
	}
	rest, list := raw[6:], make([]uint64, len(widths))
	for i, width := range widths {
		for _, d := range rest[:width] {
			digit := strings.IndexByte("0123456789abcdef", d|0x20)
			if digit < 0 || uint64(digit) >= base || d < '0' {
				return nil, badFormat("a cpio header holds %q where a number should be", rest[:width])
			}
			list[i] = list[i]*base + uint64(digit)
		}
		rest = rest[width:]
	}
	return list, nil
}

// name reads a name of n bytes with its final zero, and what fills it up.
func (c *cpio) name(n uint64, pad int64) (string, error) {
	if n == 0 || n > limits.SymlinkTarget {
		return "", badFormat("a name of %d bytes, at most %d are allowed", n, limits.SymlinkTarget)
	}
	raw := make([]byte, int64(n)+pad)
	if _, err := io.ReadFull(c.r, raw); err != nil {
		return "", err
	}
	name, ok := strings.CutSuffix(string(raw[:n]), "\x00")
	if !ok {
		return "", badFormat("a name has no end")
	}
	return name, nil
}

func pad4(n uint64) int64 { return int64(-n & 3) }

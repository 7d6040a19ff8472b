package tarball

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"path"
	"strings"
)

// packing is one way in which a tar is packed.
type packing struct {
	name     string
	endings  []string
	types    []string // of content
	magic    string   // its first bytes
	unpacker func(r io.Reader, opt Options) (io.ReadCloser, error)
}

var packings = []packing{
	{"bzip2", []string{".tar.bz2", ".tbz2", ".tbz"}, []string{"application/x-bzip2", "application/x-bzip"}, "BZh", parallelBzip2},
	{"zstd", []string{".tar.zst", ".tzst"}, []string{"application/zstd", "application/x-zstd"}, "\x28\xb5\x2f\xfd", unzstd},
	{"gzip", []string{".tar.gz", ".tgz"}, []string{"application/gzip", "application/x-gzip"}, "\x1f\x8b", ungzip},
	{"xz", []string{".tar.xz", ".txz"}, []string{"application/x-xz"}, "\xfd7zXZ\x00", unxz},
}

// packed says how a tar of that name and type is packed; nil is not at all.
func packed(opt Options) *packing {
	base := strings.ToLower(path.Base(opt.Name))
	kind, _, _ := mime.ParseMediaType(opt.ContentType)
	for i, p := range packings {
		for _, ending := range p.endings {
			if strings.HasSuffix(base, ending) {
				return &packings[i]
			}
		}
	}
	if strings.HasSuffix(base, ".tar") {
		return nil
	}
	for i, p := range packings {
		for _, t := range p.types {
			if kind == t {
				return &packings[i]
			}
		}
	}
	return nil
}

// unpack takes the packing off that the name promises, if the first bytes say
// the same.
func unpack(r io.Reader, opt Options) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	start, err := in.Peek(blockSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	p := packed(opt)
	if p == nil {
		return io.NopCloser(in), checkPlain(start)
	}
	if !bytes.HasPrefix(start, []byte(p.magic)) {
		return nil, bad("by its name it is packed with %s, but it does not begin like that", p.name)
	}
	return p.unpacker(in, opt)
}

// blockSize is the unit of a tar.
const blockSize = 512

// checkPlain wants the first block of a tar, or of one without members.
func checkPlain(start []byte) error {
	for _, p := range packings {
		if bytes.HasPrefix(start, []byte(p.magic)) {
			return bad("by its name it is not packed, but it begins like %s", p.name)
		}
	}
	if len(start) < blockSize || !isTarStart(start) {
		return bad("it does not begin like a tar")
	}
	return nil
}

// isTarStart: every tar made since 1988 has the word in its header.
func isTarStart(block []byte) bool {
	return string(block[257:262]) == "ustar" || len(bytes.Trim(block[:blockSize], "\x00")) == 0
}

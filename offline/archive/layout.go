package archive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io/fs"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// The members that are the archive's own, in their order at its end.
const (
	nameMembers       = "index.members"
	nameBundleTargets = "tuf/bundle-targets.json"
	nameIndex         = "index.json"
)

const (
	blockSize = 512
	// pieceSize is how much of a member one frame holds at most; a longer member
	// goes on in the next.
	pieceSize = 1 << 20
	// frameSize caps what a frame inflates to: a header, a piece and padding.
	frameSize = blockSize + pieceSize + blockSize - 1
	// endSize is the end of a tar archive, two blocks of zeros, and a frame.
	endSize = 2 * blockSize
	// maxMember is the longest member whose size fits in a tar header.
	maxMember = 1<<33 - 1
)

// pieces is how many frames a member of a size takes.
func pieces(size int64) int64 { return max(1, (size+pieceSize-1)/pieceSize) }

// span is which bytes of a member are in its frame n.
func span(size, n int64) (from, to int64) {
	return n * pieceSize, min(size, (n+1)*pieceSize)
}

// padding fills a member up to whole blocks.
func padding(size int64) int64 { return (blockSize - size%blockSize) % blockSize }

// inflated is what frame n of a member inflates to.
func inflated(size, n int64) int {
	from, to := span(size, n)
	length := to - from
	if n == 0 {
		length += blockSize
	}
	if n == pieces(size)-1 {
		length += padding(size)
	}
	return int(length)
}

// header is the one tar header that a member of a name and size may have: a
// plain file of root's, as old as the epoch.
func header(name string, size int64) ([]byte, error) {
	if size < 0 || size > maxMember {
		return nil, fail.New(fail.Unsupported, "keep the bundle as a folder", "%s: %d bytes are more than a member of an archive holds", name, size)
	}
	var b bytes.Buffer
	err := tar.NewWriter(&b).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatUSTAR})
	if err != nil {
		return nil, fail.New(fail.Unsupported, "keep the bundle as a folder", "%s: the name does not fit in a tar header", name)
	}
	return b.Bytes(), nil
}

// checkName holds that a member's name is one path below the bundle, and a name
// on every file system.
func checkName(name string) error {
	switch {
	case name == "." || !fs.ValidPath(name):
		return refuse("the name %.200q is no plain path below the bundle", name)
	case strings.ContainsFunc(name, odd):
		return refuse("the name %.200q has a character that not every file system takes", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return refuse("the name %.200q has a part that ends in a dot or a space", name)
		}
	}
	if !fits(name) {
		return refuse("the name %.200q does not fit in a tar header", name)
	}
	return nil
}

// fits says whether header has room for a name: 100 bytes, or a folder of up to
// 155 bytes and 100 more for what is in it.
func fits(name string) bool {
	const base, folder = 100, 155
	if len(name) <= base {
		return true
	}
	slash := strings.LastIndexByte(name[:min(len(name), folder+1)], '/')
	return slash > 0 && len(name)-slash-1 <= base
}

func odd(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`\:*?"<>|`, c) }

// refuse makes the error of a file that is not in order.
func refuse(format string, args ...any) error {
	return fail.New(fail.Verification, "copy the file again from where it was made, or have it packed again", format, args...)
}

// describe says what is wrong with a header that is not the one expected.
func describe(got []byte, name string) error {
	h, err := tar.NewReader(bytes.NewReader(got)).Next()
	switch {
	case err != nil && h == nil:
		return refuse("%s: its tar header is damaged, or none for a plain file", name)
	case h.Name != name:
		return refuse("%s: a member named %.200q is in its place", name, h.Name)
	case h.Typeflag != tar.TypeReg:
		return refuse("%s: it is %s; a bundle has nothing but plain files", name, kind(h.Typeflag))
	}
	return refuse("%s: its tar header is not in the form of a bundle", name)
}

// kind is a type of tar member in words.
func kind(flag byte) string {
	names := map[byte]string{
		tar.TypeLink: "a hard link", tar.TypeSymlink: "a symbolic link", tar.TypeChar: "a device", tar.TypeBlock: "a device",
		tar.TypeDir: "a folder", tar.TypeFifo: "a pipe", tar.TypeGNUSparse: "a file with holes",
	}
	if name, ok := names[flag]; ok {
		return name
	}
	return fmt.Sprintf("of the tar type %q", flag)
}

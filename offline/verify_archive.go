package offline

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/otactl/otactl/internal/limits"
)

// composeIn finds the compose file in an archive of at most max bytes. Nothing is
// unpacked; a member that would leave the app's folder, where a device does unpack
// it, is refused. composectl finds the file by its name only, to the byte.
func composeIn(ctx context.Context, r io.Reader, max int64) ([]byte, error) {
	unzipped, err := gzip.NewReader(&untilDone{ctx, r})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, badContent("is not packed with gzip: %v", err)
	}
	found := composeFiles{}
	links := archiveLinks{names: map[string]bool{}}
	// One byte more than is allowed, so that too much is not taken for the end.
	in := &io.LimitedReader{R: &untilDone{ctx, unzipped}, N: max + 1}
	for members := tar.NewReader(in); ; {
		h, err := members.Next()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case in.N == 0:
			return nil, badContent("unpacks to more than the %d bytes allowed", max)
		case errors.Is(err, io.EOF):
			return found.held()
		case err != nil:
			return nil, badContent("is no tar: %v", err)
		case !links.inside(h):
			return nil, badContent("has a member %.80q (to %.80q), which would leave the app's folder or goes through a link, or is no file, folder or link", h.Name, h.Linkname)
		}
		if err := found.add(h, members); err != nil {
			return nil, err
		}
	}
}

// archiveLinks are the symlinks that an app's archive has made so far, by name.
type archiveLinks struct {
	names map[string]bool
	bytes int // of the names
}

// inside says whether a member stays below the folder that it is unpacked in,
// where the links that came before it are, and notes it if it is one of them. What
// goes through a link, or is put in its place, may come out anywhere.
func (l *archiveLinks) inside(h *tar.Header) bool {
	name, to := path.Clean(h.Name), h.Linkname
	if !local(h.Name) || !local(to) && h.Typeflag == tar.TypeLink || l.lead(h.Name) || name == "." && h.Typeflag != tar.TypeDir {
		return false
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeXGlobalHeader:
		return true
	case tar.TypeLink:
		return !l.lead(to)
	case tar.TypeSymlink:
		l.names[name] = true
		l.bytes += len(name)
		return l.bytes <= limits.AppLinks && !path.IsAbs(to) && !turnsBack(to) && local(path.Join(path.Dir(name), to))
	}
	return false
}

// lead says that a path is one of the links, or goes through one.
func (l *archiveLinks) lead(name string) bool {
	at := ""
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if at = path.Join(at, part); l.names[at] {
			return true
		}
	}
	return false
}

// local says that a path stays below the folder that it begins in, as far as it
// says itself, and is one that a system would take.
func local(name string) bool {
	clean := path.Clean(name)
	return len(name) <= limits.SymlinkTarget && strings.Count(name, "/") <= limits.TreeDepth && !path.IsAbs(name) &&
		clean != ".." && !strings.HasPrefix(clean, "../") && !strings.Contains(name, "\x00")
}

// turnsBack says that a link goes up after it went down: then it depends on
// where that led what it comes to.
func turnsBack(to string) bool {
	down := false
	for part := range strings.SplitSeq(to, "/") {
		switch part {
		case "", ".":
		case "..":
			if down {
				return true
			}
		default:
			down = true
		}
	}
	return false
}

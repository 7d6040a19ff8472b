package apps

import (
	"archive/tar"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/limits"
)

// links are those that an app's archive has made so far, by their names. A
// device unpacks it member by member as root, and follows them: what a name
// says is where a member lands only as long as no link is on the way.
type links struct {
	names map[string]bool
	bytes int // of all names
}

// take wants a member, and what it links to, to lie in the folder into which a
// device unpacks the archive, whatever the links before it do.
func (l *links) take(h *tar.Header) error {
	if tooLong(h.Name) || tooLong(h.Linkname) {
		return malformed("app archive: the name of its member %.80q is too long, or nested too deep", h.Name)
	}
	name := path.Clean(h.Name)
	if !filepath.IsLocal(h.Name) || l.onTheWay(name) || name == "." && h.Typeflag != tar.TypeDir {
		return leadsOut(h.Name)
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeLink:
		// One to a link is that link in another place, where it leads elsewhere.
		if !filepath.IsLocal(h.Linkname) || l.onTheWay(path.Clean(h.Linkname)) {
			return leadsOut(h.Name)
		}
		return nil
	case tar.TypeSymlink:
		return l.symlink(name, h.Linkname)
	}
	return malformed("app archive: its member %.80q is neither a file, a folder nor a link", h.Name)
}

func (l *links) symlink(name, target string) error {
	if path.IsAbs(target) || returns(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return leadsOut(name)
	}
	if l.bytes += len(name); l.bytes > limits.AppLinks {
		return malformed("app archive: the names of its links take more than %d bytes", limits.AppLinks)
	}
	if l.names == nil {
		l.names = map[string]bool{}
	}
	l.names[name] = true
	return nil
}

// returns says that a path goes up after it went down: back from where that led,
// and not by its name.
func returns(target string) bool {
	parts := strings.Split(target, "/")
	first := slices.IndexFunc(parts, func(p string) bool { return p != "" && p != "." && p != ".." })
	return first >= 0 && slices.Contains(parts[first:], "..")
}

// onTheWay says that name, or a folder in it, is a link.
func (l *links) onTheWay(name string) bool {
	for i := range len(name) {
		if name[i] == '/' && l.names[name[:i]] {
			return true
		}
	}
	return l.names[name]
}

// tooLong says of a path that no system takes it, or none that is sane.
func tooLong(name string) bool {
	return len(name) > limits.SymlinkTarget || strings.Count(name, "/") > limits.TreeDepth
}

func leadsOut(name string) error {
	return malformed("app archive: its member %.80q leads out of the app's folder, or through a link", name)
}

package plainrepo

import (
	"regexp"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// A place is where in the repo the file of a request lies.
type place struct {
	area string // the folder that the path must not leave, "" for the repo's own
	name string // below area, with slashes
	// forever says that the bytes under this path mean the same at any time.
	forever bool
}

// areas are the folders that are served whole, but for hidden files.
var areas = []string{"refs", "deltas", "delta-indexes", "extensions"}

// component is a name that may be asked for: no "." or "..", nothing hidden
// (temporary files and locks begin with a dot), nothing that means something
// to a file system of any kind.
var component = regexp.MustCompile(`^[A-Za-z0-9_+=@,~-][A-Za-z0-9_.+=@,~-]*$`)

// parsePath finds the place that the path of a URL means. What is not public
// has none.
func parsePath(path string) (place, bool) {
	path, ok := strings.CutPrefix(path, "/")
	if !ok {
		return place{}, false
	}
	if path == "summary" || path == "summary.sig" {
		return place{name: path}, true
	}
	area, name, ok := strings.Cut(path, "/")
	if !ok {
		return place{}, false
	}
	if area == "objects" {
		id, err := ostree.ParseArchivePath(path)
		return place{area: area, name: name, forever: id.Type != ostree.TypeCommitMeta}, err == nil
	}
	for _, known := range areas {
		if area == known {
			return place{area: area, name: name}, publicName(name)
		}
	}
	return place{}, false
}

// publicName says whether name is a relative path of plain components.
func publicName(name string) bool {
	if len(name) > limits.Ref {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > limits.NameLength || !component.MatchString(part) {
			return false
		}
	}
	return true
}

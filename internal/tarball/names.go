package tarball

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/otactl/otactl/internal/limits"
)

// checkMember wants a plain file or a folder and returns its name, clean and
// relative; "." is the folder in which the tar was made.
func checkMember(h *tar.Header) (string, error) {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
	case tar.TypeSymlink, tar.TypeLink:
		return "", errors.New("is a link")
	case tar.TypeGNUSparse:
		return "", errSparse
	default:
		return "", fmt.Errorf("is neither a file nor a folder, but of type %q", h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return "", errSparse
		}
		// Programs that don't know this record would read other members.
		if key == "size" {
			return "", errors.New("has a second size in a PAX record")
		}
	}
	name := h.Name
	if h.Typeflag == tar.TypeDir {
		if h.Size != 0 {
			return "", fmt.Errorf("is a folder of %d bytes", h.Size)
		}
		name = strings.TrimSuffix(name, "/")
	}
	return cleanName(name)
}

var errSparse = errors.New("is a file with holes")

// cleanName takes the "./" off that tars of "." have, and refuses what is then
// not a plain path below, on whatever system.
func cleanName(name string) (string, error) {
	name = strings.TrimPrefix(name, "./")
	if len(name) > limits.ArtifactName {
		return "", fmt.Errorf("name is longer than the %d bytes allowed", limits.ArtifactName)
	}
	if !fs.ValidPath(name) {
		return "", errors.New("name is no path below the archive")
	}
	if strings.ContainsRune(name, '\\') || strings.ContainsFunc(name, unicode.IsControl) {
		return "", errors.New("name has a backslash or a control character")
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > limits.NameLength {
			return "", fmt.Errorf("name has a part longer than the %d bytes allowed", limits.NameLength)
		}
		if len(part) >= 2 && part[1] == ':' {
			return "", errors.New("name has a drive letter")
		}
	}
	return name, nil
}

// names are the names that were there. What differs by case only is the same
// name to some file systems. Only hashes are kept: a tar may have a million.
type names map[[16]byte]struct{}

func (n names) add(name string) error {
	sum := sha256.Sum256([]byte(strings.ToLower(name)))
	key := [16]byte(sum[:16])
	if _, twice := n[key]; twice {
		return errors.New("name is there twice, or differs by case only")
	}
	n[key] = struct{}{}
	return nil
}

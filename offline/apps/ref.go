package apps

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// Digest names a blob: "sha256:" and 64 hex digits in lower case.
type Digest string

const algorithm = "sha256:"

// ParseDigest reads a digest. SHA-256 is the only algorithm that devices know.
func ParseDigest(text string) (Digest, error) {
	digits, ok := strings.CutPrefix(text, algorithm)
	if !ok || len(digits) != 2*sha256.Size || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", fail.New(fail.Verification, "", "digest %.80q: want sha256: and 64 hex digits", text)
	}
	return Digest(text), nil
}

// digestOf is the digest of data.
func digestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return sumDigest(sum[:])
}

func sumDigest(sum []byte) Digest { return Digest(algorithm + hex.EncodeToString(sum)) }

// Hex is the digits alone, which is the name of the blob's file.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), algorithm) }

// Ref is a pinned reference to an app or an image: host/path@sha256:hex.
type Ref struct {
	Text   string // as it was written
	Host   string // of the registry, perhaps with a port
	Path   string // of the repository on it
	Digest Digest
}

// refPattern has a host, which is told from a path by a dot, a port or the name
// localhost only by programs that allow it to be missing; devices do not. A tag
// in front of the digest says nothing more.
var refPattern = regexp.MustCompile(`^([a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?(?::[0-9]{1,5})?)` +
	`/([a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)` +
	`(?::[a-zA-Z0-9_][-a-zA-Z0-9_.]{0,127})?@(sha256:[0-9a-f]{64})$`)

// ParseRef reads a reference that names its content by digest.
func ParseRef(text string) (Ref, error) {
	var m []string
	if len(text) <= limits.AppRef {
		m = refPattern.FindStringSubmatch(text)
	}
	if m == nil {
		return Ref{}, fail.New(fail.Verification, "publish it again, pinned to a digest", "%.120q is not of the form host/path@sha256:hex", text)
	}
	return Ref{Text: text, Host: m[1], Path: m[2], Digest: Digest(m[3])}, nil
}

// Name is the last part of the path: an app's name.
func (r Ref) Name() string { return path.Base(r.Path) }

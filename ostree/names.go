package ostree

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/otactl/otactl/internal/limits"
)

// formatError says that bytes are not what their kind demands. Whoever knows
// the object's name turns it into a *CorruptError; an error of reading the
// bytes never becomes one.
type formatError struct{ why string }

func (e *formatError) Error() string { return e.why }

func badFormat(format string, args ...any) error {
	return &formatError{fmt.Sprintf(format, args...)}
}

// File mode bits as the formats hold them, whatever the machine's own are.
const (
	modeType    = 0o170000
	modeRegular = 0o100000
	modeSymlink = 0o120000
	modeDir     = 0o040000
	modePerm    = 0o007777
)

// checkName refuses what cannot be one component of a path.
func checkName(name string) error {
	switch {
	case name == "":
		return badFormat("a name is empty")
	case len(name) > limits.NameLength:
		return badFormat("name %.40q… has %d bytes, at most %d are allowed", name, len(name), limits.NameLength)
	case name == "." || name == "..":
		return badFormat("name %q is not a file's name", name)
	case strings.ContainsAny(name, "/\x00"):
		return badFormat("name %q holds a slash or a zero byte", name)
	case !utf8.ValidString(name):
		return badFormat("name %q is not UTF-8", name)
	}
	return nil
}

// checkText refuses what a GVariant string cannot hold.
func checkText(what, s string) error {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return badFormat("%s %.80q is not UTF-8 text without zero bytes", what, s)
	}
	return nil
}

// checksumOf reads a checksum that must be there.
func checksumOf(what string, b []byte) (Checksum, error) {
	var c Checksum
	if len(b) != len(c) {
		return c, badFormat("%s is %d bytes, want %d", what, len(b), len(c))
	}
	copy(c[:], b)
	return c, nil
}

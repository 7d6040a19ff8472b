package delta

import (
	"encoding/base64"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// Name says between which commits a delta leads.
type Name struct {
	From ostree.Checksum // zero: from scratch
	To   ostree.Checksum
}

// Scratch says whether the delta needs no other commit.
func (n Name) Scratch() bool { return n.From.IsZero() }

// String is "FROM-TO" in hex, or "TO" for a delta from scratch, as summaries
// and indexes name it.
func (n Name) String() string {
	if n.Scratch() {
		return n.To.String()
	}
	return n.From.String() + "-" + n.To.String()
}

// ParseName reads what String wrote.
func ParseName(s string) (Name, error) {
	from, to, both := strings.Cut(s, "-")
	if !both {
		from, to = "", from
	}
	var n Name
	var err error
	if n.To, err = ostree.ParseChecksum(to); err == nil && both {
		n.From, err = ostree.ParseChecksum(from)
	}
	if err != nil || both && n.From.IsZero() {
		return Name{}, fail.New(fail.Usage, "name a delta as FROM-TO or TO, in checksums", "Invalid rev %.140s", s)
	}
	return n, nil
}

// base is base64 with the one character changed that no file name may hold.
var base = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_")

const baseLength = 43 // of a checksum, without padding

func short(c ostree.Checksum) string { return base.WithPadding(base64.NoPadding).EncodeToString(c[:]) }

func parseShort(s string) (ostree.Checksum, bool) {
	var c ostree.Checksum
	if len(s) != baseLength { // a decoder skips line ends
		return c, false
	}
	b, err := base.WithPadding(base64.NoPadding).Strict().DecodeString(s)
	if err != nil || len(b) != len(c) {
		return c, false
	}
	copy(c[:], b)
	return c, true
}

// Dir is the delta's folder below a repo: "deltas/AB/REST-TO". It uses forward
// slashes, so it is a URL path as well.
func (n Name) Dir() string {
	first, rest := n.To, ""
	if !n.Scratch() {
		first, rest = n.From, "-"+short(n.To)
	}
	s := short(first)
	return "deltas/" + s[:2] + "/" + s[2:] + rest
}

// Superblock is the path of the delta's superblock below a repo.
func (n Name) Superblock() string { return n.Dir() + "/superblock" }

// IndexPath is the path below a repo of the list of deltas that lead to a
// commit.
func IndexPath(to ostree.Checksum) string {
	s := short(to)
	return "delta-indexes/" + s[:2] + "/" + s[2:] + ".index"
}

// parseDir reads what lies below deltas/, "AB/REST-TO".
func parseDir(fan, rest string) (Name, bool) {
	first, second, both := strings.Cut(fan+rest, "-")
	var n Name
	var ok bool
	if !both {
		n.To, ok = parseShort(first)
		return n, ok && len(fan) == 2
	}
	if n.From, ok = parseShort(first); !ok || n.From.IsZero() {
		return n, false
	}
	n.To, ok = parseShort(second)
	return n, ok && len(fan) == 2
}

// parseIndexName reads what lies below delta-indexes/, "AB/REST.index".
func parseIndexName(fan, rest string) (ostree.Checksum, bool) {
	rest, ok := strings.CutSuffix(rest, ".index")
	if !ok || len(fan) != 2 {
		return ostree.Checksum{}, false
	}
	return parseShort(fan + rest)
}

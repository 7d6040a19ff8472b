package delta

import (
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// Head is the part that ParsePath gives for a superblock.
const Head = -1

// ParsePath reads the path below a repo of one of a delta's files, its
// superblock or a part. Any other path is none, so one that came from outside
// can be used after it.
func ParsePath(path string) (n Name, part int, ok bool) {
	list := strings.Split(path, "/")
	if len(list) != 4 || list[0] != "deltas" {
		return n, 0, false
	}
	if n, ok = parseDir(list[1], list[2]); !ok {
		return n, 0, false
	}
	if list[3] == "superblock" {
		return n, Head, true
	}
	part, err := strconv.Atoi(list[3])
	return n, part, err == nil && part >= 0 && part < limits.DeltaParts && strconv.Itoa(part) == list[3]
}

// ParseIndexPath reads what IndexPath wrote.
func ParseIndexPath(path string) (to ostree.Checksum, ok bool) {
	list := strings.Split(path, "/")
	if len(list) != 3 || list[0] != "delta-indexes" {
		return to, false
	}
	return parseIndexName(list[1], list[2])
}

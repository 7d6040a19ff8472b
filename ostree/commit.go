package ostree

import (
	"time"

	"github.com/otactl/otactl/ostree/variant"
)

// Commit is a commit object. Metadata keeps the order of its keys, which is
// part of the commit's name; a commit that was received is never serialised
// again.
type Commit struct {
	Metadata variant.Value // a{sv}; the zero Value stands for an empty one
	Parent   *Checksum     // nil for the first of a branch
	Subject  string
	Body     string
	Time     time.Time // whole seconds, UTC
	Tree     Checksum  // root dirtree
	Meta     Checksum  // root dirmeta
}

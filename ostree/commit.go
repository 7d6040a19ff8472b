package ostree

import (
	"time"

	"github.com/otactl/otactl/internal/limits"
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
	Time     time.Time // whole seconds, UTC, of the years 1 to 9999
	Tree     Checksum  // root dirtree
	Meta     Checksum  // root dirmeta
}

// minTime and maxTime are the first and the last second of the years 1 to 9999,
// beyond which no text form of a time agrees with another. A time before 1970
// is negative, and wraps around in the commit's unsigned number.
const (
	minTime = -62135596800
	maxTime = 253402300799
)

var (
	// Metadata, parent, related, subject, body, time (big-endian), tree, meta.
	commitType  = variant.MustType("(a{sv}aya(say)sstayay)")
	relatedType = variant.MustType("(say)")
	dictType    = variant.MustType("a{sv}")
)

// ParseCommit reads a commit object and refuses one that is not in normal
// form, names related commits, or has an empty or double metadata key.
func ParseCommit(b []byte) (*Commit, error) {
	v, err := parseMetadata(commitType, b)
	if err != nil {
		return nil, err
	}
	c := &Commit{Metadata: v.At(0), Subject: v.At(3).Text(), Body: v.At(4).Text()}
	if err := checkKeys(c.Metadata); err != nil {
		return nil, err
	}
	if c.Parent, err = parentOf(v.At(1).Bytes()); err != nil {
		return nil, err
	}
	if n := v.At(2).Len(); n > 0 {
		return nil, badFormat("commit names %d related objects, which nothing defines", n)
	}
	seconds := int64(v.At(5).BigUint64())
	if seconds < minTime || seconds > maxTime {
		return nil, badFormat("commit time %d is not one of the years 1 to 9999", seconds)
	}
	c.Time = time.Unix(seconds, 0).UTC()
	if c.Tree, err = checksumOf("root dirtree", v.At(6).Bytes()); err != nil {
		return nil, err
	}
	c.Meta, err = checksumOf("root dirmeta", v.At(7).Bytes())
	return c, err
}

// parseMetadata is variant.Parse under the cap of metadata objects.
func parseMetadata(t *variant.Type, b []byte) (variant.Value, error) {
	if len(b) > limits.OSTreeMetadata {
		return variant.Value{}, badFormat("%d bytes, at most %d are allowed", len(b), limits.OSTreeMetadata)
	}
	v, err := variant.Parse(t, b)
	if err != nil {
		return v, badFormat("not in normal form: %v", err)
	}
	return v, nil
}

func parentOf(b []byte) (*Checksum, error) {
	if len(b) == 0 {
		return nil, nil
	}
	c, err := checksumOf("parent", b)
	return &c, err
}

func checkKeys(dict variant.Value) error {
	seen := make(map[string]bool, min(dict.Len(), 64))
	for _, entry := range dict.All() {
		key := entry.At(0).Text()
		if key == "" || seen[key] {
			return badFormat("metadata key %.80q is empty or there twice", key)
		}
		seen[key] = true
	}
	return nil
}

// Marshal is the commit's bytes, in the same form that ParseCommit demands.
func (c *Commit) Marshal() ([]byte, error) {
	for what, s := range map[string]string{"subject": c.Subject, "body": c.Body} {
		if err := checkText(what, s); err != nil {
			return nil, err
		}
	}
	var parent []byte
	if c.Parent != nil {
		parent = c.Parent[:]
	}
	metadata := c.Metadata
	if !metadata.IsValid() {
		metadata = variant.Dict()
	}
	v := variant.Tuple(commitType,
		metadata, variant.Bytes(parent), variant.Array(relatedType),
		variant.Text(c.Subject), variant.Text(c.Body), variant.BigUint64(uint64(c.Time.Unix())),
		variant.Bytes(c.Tree[:]), variant.Bytes(c.Meta[:]))
	if _, err := ParseCommit(v.Data()); err != nil {
		return nil, err
	}
	return v.Data(), nil
}

// Lookup finds a metadata key; the value comes unwrapped.
func (c *Commit) Lookup(key string) (variant.Value, bool) {
	if !c.Metadata.IsValid() {
		return variant.Value{}, false
	}
	return c.Metadata.Lookup(key)
}

// Version is the "version" of the metadata, or "" if that is not a string.
func (c *Commit) Version() string {
	if v, ok := c.Lookup("version"); ok && v.Type().String() == "s" {
		return v.Text()
	}
	return ""
}

// checkCommitMeta refuses detached metadata that is no a{sv}. No bytes at all
// stand for an empty one.
func checkCommitMeta(b []byte) error {
	v, err := parseMetadata(dictType, b)
	if err != nil {
		return err
	}
	return checkKeys(v)
}

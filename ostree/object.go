package ostree

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Checksum is a SHA-256, the name of an object.
type Checksum [32]byte

// ParseChecksum reads 64 lower-case hex digits.
func ParseChecksum(s string) (Checksum, error) {
	var c Checksum
	if len(s) != 64 || strings.ToLower(s) != s {
		return c, fmt.Errorf("checksum %.80q: want 64 lower-case hex digits", s)
	}
	if _, err := hex.Decode(c[:], []byte(s)); err != nil {
		return Checksum{}, fmt.Errorf("checksum %q: want 64 lower-case hex digits", s)
	}
	return c, nil
}

// String is the checksum in 64 lower-case hex digits.
func (c Checksum) String() string { return hex.EncodeToString(c[:]) }

// MarshalText is String, so that JSON shows a checksum as text.
func (c Checksum) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// IsZero says whether c is unset.
func (c Checksum) IsZero() bool { return c == Checksum{} }

// ObjectType is libostree's object type; the numbers are on the wire in deltas.
type ObjectType uint8

// The object types.
const (
	TypeFile            ObjectType = 1
	TypeDirTree         ObjectType = 2
	TypeDirMeta         ObjectType = 3
	TypeCommit          ObjectType = 4
	TypeTombstoneCommit ObjectType = 5
	TypeCommitMeta      ObjectType = 6
)

// Ext is the file name extension of t in an archive repo, without the dot.
func (t ObjectType) Ext() string {
	switch t {
	case TypeFile:
		return "filez"
	case TypeDirTree:
		return "dirtree"
	case TypeDirMeta:
		return "dirmeta"
	case TypeCommit:
		return "commit"
	case TypeTombstoneCommit:
		return "tombstone-commit"
	case TypeCommitMeta:
		return "commitmeta"
	}
	return fmt.Sprintf("type%d", uint8(t))
}

func (t ObjectType) String() string {
	if t == TypeFile {
		return "file"
	}
	return t.Ext()
}

// ObjectID names an object. It is comparable.
type ObjectID struct {
	Sum  Checksum
	Type ObjectType
}

// String is "<hex>.<type>", as ostree fsck prints it.
func (id ObjectID) String() string { return id.Sum.String() + "." + id.Type.String() }

// ArchivePath is the object's path below the repo: "objects/ab/cdef….filez".
// It uses forward slashes, so it is a URL path as well.
func (id ObjectID) ArchivePath() string {
	h := id.Sum.String()
	return "objects/" + h[:2] + "/" + h[2:] + "." + id.Type.Ext()
}

// ParseArchivePath reads what ArchivePath wrote, with or without the leading
// "objects/". Anything else is an error, so a path that came from outside can
// be used after it.
func ParseArchivePath(p string) (ObjectID, error) {
	rest := strings.TrimPrefix(p, "objects/")
	name, ext, ok := strings.Cut(rest, ".")
	if !ok || len(name) != 65 || name[2] != '/' {
		return ObjectID{}, fmt.Errorf("object path %.120q: want objects/XX/REST.TYPE", p)
	}
	sum, err := ParseChecksum(name[:2] + name[3:])
	if err != nil {
		return ObjectID{}, fmt.Errorf("object path %.120q: %w", p, err)
	}
	for _, t := range []ObjectType{TypeFile, TypeDirTree, TypeDirMeta, TypeCommit, TypeTombstoneCommit, TypeCommitMeta} {
		if ext == t.Ext() {
			return ObjectID{Sum: sum, Type: t}, nil
		}
	}
	return ObjectID{}, fmt.Errorf("object path %.120q: unknown object type %q", p, ext)
}

// Object is an object as a store hands it over. It can be opened as often as
// needed, which is what makes a retry honest. Nothing read from it is verified
// yet; Session.Put of the receiving store, or Verify, does that.
type Object interface {
	ID() ObjectID
	// OpenArchive is the object in the form an archive repo stores: the bytes
	// themselves for metadata, header and raw deflate for a file. The length is
	// -1 when it is not known before the end (a bare repo compresses on the
	// way).
	OpenArchive(ctx context.Context) (io.ReadCloser, int64, error)
	// OpenFile is the header and plain payload of a file object (the payload
	// of a symlink is empty). For metadata it is an error.
	OpenFile(ctx context.Context) (*FileHeader, io.ReadCloser, error)
}

// FileHeader is the metadata of a content object (regular file or symlink),
// in host byte order.
type FileHeader struct {
	UID, GID uint32
	Mode     uint32 // with S_IFREG or S_IFLNK
	Target   string // of a symlink, else empty
	Xattrs   []Xattr
	Size     uint64 // uncompressed payload in bytes; 0 for a symlink
}

// Xattr is one extended attribute. Name has no trailing NUL here.
type Xattr struct {
	Name  string
	Value []byte
}

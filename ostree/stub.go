package ostree

import (
	"context"
	"errors"
	"io"

	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree/variant"
)

// ParseCommit reads a commit object, strictly.
func ParseCommit(b []byte) (*Commit, error) { return nil, errors.ErrUnsupported }

// Marshal is the commit's bytes.
func (c *Commit) Marshal() ([]byte, error) { return nil, errors.ErrUnsupported }

// Version is the "version" string of the metadata, or "".
func (c *Commit) Version() string { return "" }

// Lookup finds a metadata key.
func (c *Commit) Lookup(key string) (variant.Value, bool) { return variant.Value{}, false }

// DirTree is a directory: files and subdirectories, each sorted by name.
type DirTree struct {
	Files []TreeFile
	Dirs  []TreeDir
}

// TreeFile is a file or symlink in a DirTree.
type TreeFile struct {
	Name string
	Sum  Checksum
}

// TreeDir is a subdirectory in a DirTree.
type TreeDir struct {
	Name       string
	Tree, Meta Checksum
}

// ParseDirTree reads a dirtree object, strictly.
func ParseDirTree(b []byte) (*DirTree, error) { return nil, errors.ErrUnsupported }

// Marshal sorts the entries and is the dirtree's bytes; a bad or double name is an error.
func (t *DirTree) Marshal() ([]byte, error) { return nil, errors.ErrUnsupported }

// DirMeta is the metadata of a directory.
type DirMeta struct {
	UID, GID uint32
	Mode     uint32 // with S_IFDIR
	Xattrs   []Xattr
}

// ParseDirMeta reads a dirmeta object, strictly.
func ParseDirMeta(b []byte) (*DirMeta, error) { return nil, errors.ErrUnsupported }

// Marshal sorts the xattrs and is the dirmeta's bytes.
func (m *DirMeta) Marshal() ([]byte, error) { return nil, errors.ErrUnsupported }

// IsSymlink says whether the header is that of a symlink.
func (h *FileHeader) IsSymlink() bool { return h.Mode&0o170000 == 0o120000 }

// ContentChecksum is the id of a file object; payload may be nil for a symlink.
func ContentChecksum(h *FileHeader, payload io.Reader) (Checksum, error) {
	return Checksum{}, errors.ErrUnsupported
}

// NewMetadata is an object over its bytes; its name is their SHA-256.
func NewMetadata(t ObjectType, data []byte) Object { return nil }

// NewNamedMetadata is for commitmeta and tombstones, and for bytes that are yet to be verified: the name is given.
func NewNamedMetadata(id ObjectID, data []byte) Object { return nil }

// NewFile is a file object over its header and an opener of its plain payload.
func NewFile(sum Checksum, h *FileHeader, open func(ctx context.Context) (io.ReadCloser, error)) Object {
	return nil
}

// NewArchived is an object over an opener of its archive form (the length is -1 if not known).
func NewArchived(id ObjectID, open func(ctx context.Context) (io.ReadCloser, int64, error)) Object {
	return nil
}

// ReadFilez reads the header of a file in archive form; payload inflates, and ends in an
// error unless it is exactly as the header says and r ends with it.
func ReadFilez(r io.Reader) (h *FileHeader, payload io.ReadCloser, err error) {
	return nil, nil, errors.ErrUnsupported
}

// Mode is how a repo stores content objects.
type Mode string

// The modes; archive-z2 is read as ModeArchive.
const (
	ModeArchive  Mode = "archive"
	ModeBare     Mode = "bare"
	ModeBareUser Mode = "bare-user"
)

// Repo is an OSTree repo on disk. It is a Store.
type Repo struct{}

// OpenRepo opens the repo at path; ErrNotARepo if there is none.
func OpenRepo(path string) (*Repo, error) { return nil, errors.ErrUnsupported }

// CreateRepo makes a repo at path, or opens the one that is there if the mode agrees.
func CreateRepo(path string, mode Mode) (*Repo, error) { return nil, errors.ErrUnsupported }

// Path is the repo's folder.
func (r *Repo) Path() string { return "" }

// Mode is the repo's mode.
func (r *Repo) Mode() Mode { return "" }

// Config is the value of a key of the repo's config.
func (r *Repo) Config(group, key string) (string, bool) { return "", false }

// Refs are all refs: "main", "remote:main".
func (r *Repo) Refs(ctx context.Context) (map[string]Checksum, error) {
	return nil, errors.ErrUnsupported
}

// Resolve finds a commit by ref, remote:ref, full or unique partial checksum, or REV^.
func (r *Repo) Resolve(ctx context.Context, rev string) (Checksum, error) {
	return Checksum{}, errors.ErrUnsupported
}

// Has is of Source.
func (r *Repo) Has(ctx context.Context, ids []ObjectID) ([]bool, error) {
	return nil, errors.ErrUnsupported
}

// Object is of Source.
func (r *Repo) Object(ctx context.Context, id ObjectID) (Object, error) {
	return nil, errors.ErrUnsupported
}

// Ref is of Source.
func (r *Repo) Ref(ctx context.Context, name string) (Checksum, error) {
	return Checksum{}, errors.ErrUnsupported
}

// Begin is of Store.
func (r *Repo) Begin(ctx context.Context) (Session, error) { return nil, errors.ErrUnsupported }

// SetRef is of Store; name may be "remote:ref".
func (r *Repo) SetRef(ctx context.Context, name string, c Checksum, want *Checksum) error {
	return errors.ErrUnsupported
}

// DeleteRef removes a ref; want as in SetRef.
func (r *Repo) DeleteRef(ctx context.Context, name string, want *Checksum) error {
	return errors.ErrUnsupported
}

// Traits is of Store.
func (r *Repo) Traits() Traits { return Traits{} }

// IsPartial says whether commit c is marked partial.
func (r *Repo) IsPartial(c Checksum) bool { return false }

// PutDurable stores one object and returns once it is durable and visible; concurrent callers share one sync.
func (r *Repo) PutDurable(ctx context.Context, obj Object) error { return errors.ErrUnsupported }

// ListObjects calls fn for every object file, in no order.
func (r *Repo) ListObjects(ctx context.Context, fn func(ObjectID) error) error {
	return errors.ErrUnsupported
}

// Strangers are the paths below the repo of files in objects/ that are no object of its mode.
func (r *Repo) Strangers(ctx context.Context) ([]string, error) { return nil, errors.ErrUnsupported }

// LoadCommit reads, verifies and parses a commit.
func LoadCommit(ctx context.Context, src Source, c Checksum) (*Commit, error) {
	return nil, errors.ErrUnsupported
}

// LoadDirTree reads, verifies and parses a dirtree.
func LoadDirTree(ctx context.Context, src Source, c Checksum) (*DirTree, error) {
	return nil, errors.ErrUnsupported
}

// LoadDirMeta reads, verifies and parses a dirmeta.
func LoadDirMeta(ctx context.Context, src Source, c Checksum) (*DirMeta, error) {
	return nil, errors.ErrUnsupported
}

// Closure calls fn once for each object that commit reaches, parents first; commit itself included.
func Closure(ctx context.Context, src Source, commit Checksum, fn func(ObjectID) error) error {
	return errors.ErrUnsupported
}

// Copy moves commit and what it reaches from src to dst.
func Copy(ctx context.Context, dst Store, src Source, commit Checksum, opt CopyOptions) (CopyReport, error) {
	return CopyReport{}, errors.ErrUnsupported
}

// VerifyOptions tune Verify. The zero value works.
type VerifyOptions struct {
	Jobs     int
	KeepOn   bool // go on after the first bad object; all are in the report
	Progress progress.Sink
}

// VerifyReport says what Verify saw.
type VerifyReport struct {
	Objects  int     `json:"objects"`
	Metadata int     `json:"metadata"`
	Bytes    int64   `json:"bytes"` // payload and metadata, uncompressed
	Problems []error `json:"-" yaml:"-"`
}

// Verify reads and rehashes every object that commit reaches.
func Verify(ctx context.Context, src Source, commit Checksum, opt VerifyOptions) (VerifyReport, error) {
	return VerifyReport{}, errors.ErrUnsupported
}

// VerifyObject reads obj to its end and checks it against its id.
func VerifyObject(ctx context.Context, obj Object) error { return errors.ErrUnsupported }

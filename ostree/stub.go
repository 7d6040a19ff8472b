package ostree

import (
	"context"
	"errors"

	"github.com/otactl/otactl/internal/progress"
)

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

package ostree

import (
	"context"
	"errors"
	"fmt"

	"log/slog"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
)

// Source is where objects and refs are read from.
type Source interface {
	// Has answers for each id whether the object is there. It asks in batches
	// where the store can.
	Has(ctx context.Context, ids []ObjectID) ([]bool, error)
	// Object returns a handle; a missing object is a *MissingError, here or
	// from the handle's Open.
	Object(ctx context.Context, id ObjectID) (Object, error)
	// Ref resolves a ref such as "main" or "os/amd64/main". A ref that is not
	// there is ErrRefNotFound.
	Ref(ctx context.Context, name string) (Checksum, error)
}

// Store is a Source that can be written to.
type Store interface {
	Source
	// Begin opens a write session.
	Begin(ctx context.Context) (Session, error)
	// SetRef points name at c, which must be complete in the store. When want
	// is not nil the ref must still be *want (the zero checksum: must not
	// exist), else ErrRefMoved.
	SetRef(ctx context.Context, name string, c Checksum, want *Checksum) error
	// Traits says what may be concluded from what the store holds.
	Traits() Traits
}

// Traits describe a store.
type Traits struct {
	// Ordered stores refuse or never see a parent before its children, so a
	// commit or dirtree that is there implies its whole subtree. A repo on
	// disk is not: a pull that libostree broke off leaves dirtrees without
	// their children. There a commit that is not marked partial is whole.
	Ordered bool
	// AskAll stores are filled in any order, by whoever writes to them: not even
	// a commit that a ref names implies what it reaches, and all of it is asked
	// about.
	AskAll bool
	// OneByOne stores take a request for each object that is asked about or
	// sent, and say of one that is sent whether it was there.
	OneByOne bool
	// Batch is how many ids one question of Has, or one batch of Put, should
	// hold; 0 or 1 where the store takes one at a time.
	Batch int
	// Bulk says that a question of Has is one request, whatever it holds, so
	// that it pays to ask about everything before the first object moves.
	Bulk bool
	// MaxParallel caps concurrent Put and Object calls; 0 means no cap.
	MaxParallel int
}

// Session writes objects. Put is safe for concurrent use. An object is
// verified against its id before it becomes visible. After Close returns nil
// all of them are durable; after Abort, or a crash, each is either there and
// whole or not there at all.
type Session interface {
	Put(ctx context.Context, obj Object) error
	Close(ctx context.Context) error
	Abort()
}

// Errors that callers tell apart.
var (
	ErrRefNotFound = errors.New("ref not found")
	ErrRefMoved    = errors.New("ref was moved by somebody else")
	ErrNotARepo    = errors.New("not an OSTree repo")
	ErrNoSpace     = errors.New("no space left")
)

// CorruptError says that an object is not what its name promises.
type CorruptError struct {
	ID    ObjectID
	Where string // path or URL; may be empty
	Why   string // "checksum is 12ab…", "header is not in normal form", …
}

func (e *CorruptError) Error() string {
	if e.Where == "" {
		return fmt.Sprintf("object %s is corrupt: %s", e.ID, e.Why)
	}
	return fmt.Sprintf("object %s is corrupt: %s (%s)", e.ID, e.Why, e.Where)
}

// MissingError says that an object is not there.
type MissingError struct {
	ID    ObjectID
	Where string
}

func (e *MissingError) Error() string {
	if e.Where == "" {
		return fmt.Sprintf("object %s is missing", e.ID)
	}
	return fmt.Sprintf("object %s is missing in %s", e.ID, e.Where)
}

// CopyOptions tune Copy. The zero value works.
type CopyOptions struct {
	// Jobs is how many objects move at once, or over a network how many
	// requests are under way; 0 means a sensible default.
	Jobs int
	// Depth is how many commits before each one are copied too; negative means
	// all of them. Where src has no more of them, that is the end.
	Depth int
	// CommitOnly copies commits and their detached metadata without their
	// trees, Subpaths only these absolute paths of the trees. Commits stay
	// marked as partial.
	CommitOnly bool
	Subpaths   []string
	// Loaded is metadata that the caller has read from src: it is verified
	// again, and not read again. A nil value says that src has no such object.
	Loaded map[ObjectID][]byte
	// Caches are asked, in order, for what dst has not before src is. What they
	// give is verified, also where src is Trusted.
	Caches []Source
	// CheckCommit judges the bytes of a commit, which are those of its name,
	// and its detached metadata before anything of it is written. Where src has
	// none that is what dst has of a commit that is there; nil is none at all.
	CheckCommit func(ctx context.Context, c Checksum, commit, detached []byte) error
	// CheckFile judges the header of each file before it is stored; nil takes
	// all. Stores other than a Repo do not ask.
	CheckFile func(id ObjectID, h *FileHeader) error
	// Trusted stores files as src gives them, without a look at their content:
	// whoever sets it vouches for src. Metadata is verified all the same. Link
	// makes hard links to the files of src where both are repos that keep them
	// alike, on one file system.
	Trusted, Link bool
	linkFrom      *Repo // src, if it and dst are repos of one owner
	linkFiles     bool  // they are of one mode, too
	// Tombstones copies the tombstone of a commit before one that is copied,
	// where src has no such commit.
	Tombstones bool
	// Known are commits that dst holds completely (a ref names them) and src
	// holds too: their closure is computed from src and subtracted without
	// asking dst.
	Known []Checksum
	// FullCheck asks dst about every object and trusts no presence to imply
	// another.
	FullCheck bool
	// KeepDetached leaves detached metadata that dst has as it is. No checksum
	// covers it: whoever made src may have put anything in the place of the
	// signatures that dst holds.
	KeepDetached bool
	// MergeDetached says what takes the place of detached metadata that dst has,
	// where src has some too; nil takes that of src.
	MergeDetached func(there, here []byte) ([]byte, error)
	// LaxDetached leaves detached metadata behind that is malformed in src,
	// where it otherwise ends the copy. For whoever asks for no signature.
	LaxDetached bool
	// DryRun finds out what would move and moves nothing. Planned, if set, is then
	// told of each object how long it is in archive form, from many goroutines.
	DryRun   bool
	Planned  func(id ObjectID, size int64)
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
	Faults   faults.Injector
}

// CopyReport says what Copy did, or with DryRun would do.
type CopyReport struct {
	Commit   Checksum `json:"-" yaml:"-"`
	Objects  int      `json:"objects"`  // in the closure, as far as it was walked
	Copied   int      `json:"copied"`   // moved to dst
	Metadata int      `json:"metadata"` // of those, metadata objects
	Present  int      `json:"present"`  // dst had them, asked or concluded
	Asked    int      `json:"asked"`    // ids dst was asked about
	Bytes    int64    `json:"bytes"`    // moved, in archive form
	// Cached came from one of opt.Caches and is not in Copied.
	Cached         int `json:"cached"`
	CachedMetadata int `json:"cached_metadata"`
	// Written is what files that were stored hold, uncompressed, without those
	// that were linked.
	Written int64 `json:"written"`
	// Detached is how many of the metadata objects are detached metadata.
	Detached int `json:"detached"`
}

package ostree

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Mode is how a repo stores content objects.
type Mode string

// The modes. archive-z2, as libostree writes it, is read as ModeArchive.
const (
	ModeArchive  Mode = "archive"   // compressed, header in the file
	ModeBare     Mode = "bare"      // as checked out, with owners, modes and xattrs
	ModeBareUser Mode = "bare-user" // plain, the header in an xattr
	// ModeBareUserOnly is plain without a header: owner and xattrs are dropped,
	// and a file's mode has no bits but 0775. Only commits that were made
	// canonical, owner 0 and no xattrs, fit.
	ModeBareUserOnly Mode = "bare-user-only"
	// ModeBareSplitXattrs is bare with the xattrs in objects of their own. It is
	// read and never written.
	ModeBareSplitXattrs Mode = "bare-split-xattrs"
)

// Repo is an OSTree repo on disk. It is a Store, and safe for concurrent use,
// also beside other processes: sessions hold the lock that libostree's
// transactions hold.
type Repo struct {
	path   string
	mode   Mode
	parent *Repo // where objects and refs are that this one lacks; or nil

	remotesDir string // see SetRemotesDir; or ""
	addToDir   bool

	config atomic.Pointer[config]
	faults faults.Injector

	turn  chan struct{} // holds a token while somebody waits for the lock
	mu    sync.Mutex
	locks int      // sessions that share the lock
	lock  *os.File // nil while locks is 0

	noSync   bool               // whatever the config says
	syncEach bool               // the same
	keepFree uint64             // see KeepFree
	room     func(uint64) error // see SetRoom; or nil
	boot     string             // see SetBootID
	durable  group
	syncs    syncer
}

var _ Store = (*Repo)(nil)

// OpenRepo opens the repo at path, and the parent that its config may name.
// Where there is none the error is ErrNotARepo; a mode that this package does
// not know is of class Unsupported.
func OpenRepo(path string) (*Repo, error) { return openBelow(path, 0) }

func openBelow(path string, children int) (*Repo, error) {
	st, err := os.Stat(filepath.Join(path, "objects"))
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(path):
		return nil, notARepo(path, "there is no such folder")
	case errors.Is(err, fs.ErrNotExist), err == nil && !st.IsDir():
		return nil, notARepo(path, "it has no folder objects")
	case err != nil:
		return nil, fmt.Errorf("open repo %s: %w", path, err)
	}
	data, err := fsx.ReadFile(filepath.Join(path, "config"), limits.RepoConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notARepo(path, "it has no file config")
	case err != nil:
		return nil, fmt.Errorf("open repo %s: %w", path, err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("repo %s: config: %w", path, err)
	}
	r := &Repo{path: path, mode: c.mode, turn: make(chan struct{}, 1)}
	r.config.Store(c)
	if c.parent == "" {
		return r, nil
	}
	if children == maxParents {
		return nil, fail.New(fail.Conflict, "correct parent in [core] of its config", "repo %s: config: parents of parents nest deeper than %d", path, maxParents)
	}
	if r.parent, err = openBelow(c.parent, children+1); err != nil {
		return nil, fmt.Errorf("parent of repo %s: %w", path, err)
	}
	return r, nil
}

// maxParents is how long a chain of parents may be; a circle is longer.
const maxParents = 8

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func notARepo(path, why string) error {
	return fail.New(fail.NotFound, "name the folder that holds config, objects and refs",
		"%s: %w: %s", path, ErrNotARepo, why)
}

// Path is the repo's folder, as it was opened.
func (r *Repo) Path() string { return r.path }

// Mode is how the repo stores content objects.
func (r *Repo) Mode() Mode { return r.mode }

// SetFaults makes the repo consult i before each step of a write. It is for
// tests, and must be called before the repo is used.
func (r *Repo) SetFaults(i faults.Injector) { r.faults = i }

// Traits say that presence of one object implies nothing about another: a
// pull that libostree broke off leaves dirtrees without their children. Asking
// a disk costs next to nothing.
func (r *Repo) Traits() Traits { return Traits{Batch: 512} }

// ext is the file name extension of objects of type t in r.
func (r *Repo) ext(t ObjectType) string {
	if t == TypeFile && r.mode != ModeArchive {
		return "file"
	}
	return t.Ext()
}

func (r *Repo) objectPath(id ObjectID) string {
	var h [2 * len(id.Sum)]byte
	hex.Encode(h[:], id.Sum[:])
	ext := r.ext(id.Type)
	var b strings.Builder
	b.Grow(len(r.path) + len("/objects/") + len(h) + len("/.") + len(ext))
	b.WriteString(r.path)
	b.WriteString("/objects/")
	b.Write(h[:2])
	b.WriteByte('/')
	b.Write(h[2:])
	b.WriteByte('.')
	b.WriteString(ext)
	return b.String()
}

// has says whether r itself has an object; what is not of the right kind is
// not there.
func (r *Repo) has(id ObjectID) (bool, error) {
	kind, err := fileKind(r.objectPath(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	return kind == modeRegular || kind == modeSymlink && id.Type == TypeFile && r.mode.hasLinks(), nil
}

// hasLinks says whether a symlink is stored as one.
func (m Mode) hasLinks() bool {
	return m == ModeBare || m == ModeBareUserOnly || m == ModeBareSplitXattrs
}

// hasOrParent is has of r or, without, of its parents.
func (r *Repo) hasOrParent(id ObjectID) (bool, error) {
	ok, err := r.has(id)
	if ok || err != nil || r.parent == nil {
		return ok, err
	}
	return r.parent.hasOrParent(id)
}

// Has says which objects are there or in a parent repo. It trusts the file's
// presence; Verify reads them.
func (r *Repo) Has(ctx context.Context, ids []ObjectID) ([]bool, error) {
	found := make([]bool, len(ids))
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if found[i], err = r.hasOrParent(id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Object is a handle on an object that is there or in a parent repo, else a
// *MissingError. What is opened by its name alone, in a repo without a parent,
// is missed only then: to look for it first would cost as much as to open it.
func (r *Repo) Object(_ context.Context, id ObjectID) (Object, error) {
	if o := (&repoObject{r, id}); r.parent == nil && o.archived() {
		return o, nil
	}
	for at := r; at != nil; at = at.parent {
		ok, err := at.has(id)
		if err != nil {
			return nil, err
		}
		if ok {
			return &repoObject{at, id}, nil
		}
	}
	return nil, &MissingError{ID: id, Where: r.path}
}

// Parent is the repo in which objects and refs are looked for that r lacks, or
// nil.
func (r *Repo) Parent() *Repo { return r.parent }

// fullDisk turns "no space" and "over quota" into ErrNoSpace with what to do.
func fullDisk(err error, where string) error {
	if err == nil || !isDiskFull(err) {
		return err
	}
	return fail.New(fail.NoSpace, "free some space on the file system of "+where+" and run it again; what is there is kept",
		"write to %s: %w: %w", where, ErrNoSpace, err)
}

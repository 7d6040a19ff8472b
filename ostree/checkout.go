package ostree

import (
	"context"
	"errors"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/progress"
)

// Overwrite says what Checkout does with what is in the way.
type Overwrite int

// The ways to treat a destination that exists. In each, directories that are
// there stay, with their metadata.
const (
	// OverwriteNone wants the destination not to exist.
	OverwriteNone Overwrite = iota
	// OverwriteFiles replaces files (ostree checkout --union).
	OverwriteFiles
	// OverwriteAdd keeps what is there and adds the rest (--union-add).
	OverwriteAdd
	// OverwriteIdentical adds the rest, and fails if a file that is there is
	// not what would be written (--union-identical).
	OverwriteIdentical
)

// HardLinks says whether files may be hard links to the objects of a repo on
// the same file system. Whoever writes into such a file spoils the repo, and
// the object is not read, so it is not verified either.
type HardLinks int

// The ways to make files.
const (
	// LinkNever copies, and verifies what it copies.
	LinkNever HardLinks = iota
	// LinkAllowed links where the repo keeps a file as the checkout needs it,
	// and copies else.
	LinkAllowed
	// LinkRequired links, and fails if a file can be no link; those that are
	// empty or unreadable, and symlinks, excepted.
	LinkRequired
)

// CheckoutOptions tune Checkout. The zero value makes the tree as it was
// committed, which needs root.
type CheckoutOptions struct {
	// UserMode leaves owners and extended attributes alone, drops setuid and
	// setgid bits of files, and makes every file readable by its owner. A repo
	// of mode bare-user-only knows no other.
	UserMode  bool
	Overwrite Overwrite
	Links     HardLinks
	// Cache keeps inflated files of an archive repo in the repo, with UserMode,
	// so that this and later checkouts can link to them.
	Cache bool
	// Subpath is what to check out: a directory, whose content then fills the
	// destination, or a file, which is put into it. "" is all.
	Subpath string
	// Skip leaves paths of the destination out: see ParseCheckoutSkips. With /
	// it is all of it. No path need exist.
	Skip *SkipList
	// Whiteouts takes a file .wh.NAME for the order to remove NAME, and
	// .wh..wh..opq for that to remove all that was in its directory, and lets
	// a file replace a directory.
	Whiteouts bool
	// OverlayWhiteouts makes a character device 0:0 named NAME out of a file
	// .ostree-wh.NAME: what hides NAME in an overlay file system.
	OverlayWhiteouts bool
	// PlainDirs drops mode bits of directories outside of 0775.
	PlainDirs bool
	// Sync makes all of it durable before the destination appears.
	Sync     bool
	Jobs     int // files written at once; 0 means one per processor
	most     int // names in the tree, for tests
	Progress progress.Sink
}

// CheckoutReport says what Checkout wrote.
type CheckoutReport struct {
	Files    int   `json:"files"`
	Linked   int   `json:"linked"` // of those, hard links
	Symlinks int   `json:"symlinks"`
	Dirs     int   `json:"directories" yaml:"directories"`
	Bytes    int64 `json:"bytes"` // copied
}

// ErrExists is what Checkout returns when something is in the way.
var ErrExists = errors.New("exists already")

// Checkout writes the tree of a commit to dest.
//
// Every object that is copied is verified. A file has mode 0600 and the
// caller's owner until its content proved right; owner, attributes and mode
// come after that, in this order. A new dest is built beside its place and
// renamed, so it is there whole or not at all; with the other ways to overwrite
// that holds for each file. Links are written, never followed, those that lie
// about in dest included. A name that is taken by another kind of thing is an
// error.
func Checkout(ctx context.Context, src Source, commit Checksum, dest string, opt CheckoutOptions) (CheckoutReport, error) {
	entry, err := Lookup(ctx, src, commit, opt.Subpath)
	if err != nil {
		return CheckoutReport{}, err
	}
	if repo, ok := src.(*Repo); ok && repo.mode == ModeBareUserOnly {
		opt.UserMode, opt.PlainDirs = true, true
	}
	if err := opt.check(src); err != nil {
		return CheckoutReport{}, err
	}
	report, err := checkoutEntry(ctx, src, entry, dest, opt)
	if err != nil {
		err = fmt.Errorf("check out %s to %s: %w", commit, dest, err)
	}
	return report, fullDisk(err, dest)
}

// check refuses what a repo cannot do.
func (o *CheckoutOptions) check(src Source) error {
	if o.Links != LinkRequired {
		return nil
	}
	repo, ok := src.(*Repo)
	switch {
	case ok && repo.mode == ModeBareUser && !o.UserMode:
		return fail.New(fail.Usage, "", "User repository mode requires user checkout mode to hardlink")
	case !ok, repo.mode == ModeArchive, repo.mode == ModeBareSplitXattrs, repo.mode == ModeBare && o.UserMode:
		return fail.New(fail.Usage, "", "Bare repository mode cannot hardlink in user checkout mode, and others not at all")
	}
	return nil
}

func (o *CheckoutOptions) skips(path string) bool { return o.Skip != nil && o.Skip.has(path) }

func (o *CheckoutOptions) skipsDir(path string) bool { return o.Skip != nil && o.Skip.has(path+"/") }

// fileMode is the mode on disk of a file that was committed with mode.
func (o *CheckoutOptions) fileMode(mode uint32) uint32 {
	if o.UserMode {
		return mode&modePerm&^modeSetID | 0o400
	}
	return mode & modePerm
}

// dirMode is the same for a directory.
func (o *CheckoutOptions) dirMode(mode uint32) uint32 {
	if o.PlainDirs {
		return mode & 0o775
	}
	return mode & modePerm
}

package ostree

import (
	"context"
	"errors"
	"fmt"

	"github.com/otactl/otactl/internal/progress"
)

// Overwrite says what Checkout does with what is in the way.
type Overwrite int

// The ways to treat a destination that exists.
const (
	// OverwriteNone wants the destination not to exist.
	OverwriteNone Overwrite = iota
	// OverwriteFiles keeps directories, and their metadata, and replaces files
	// (ostree checkout --union).
	OverwriteFiles
	// OverwriteAdd keeps what is there and adds the rest (--union-add).
	OverwriteAdd
)

// CheckoutOptions tune Checkout. The zero value makes the tree as it was
// committed, which needs root.
type CheckoutOptions struct {
	// UserMode leaves owners and extended attributes alone, drops setuid and
	// setgid bits of files, and makes every file readable by its owner.
	UserMode  bool
	Overwrite Overwrite
	// Subpath is what to check out: a directory, whose content then fills the
	// destination, or a file, which is put into it. "" is all.
	Subpath  string
	Jobs     int // files written at once; 0 means one per processor
	Progress progress.Sink
}

// CheckoutReport says what Checkout wrote.
type CheckoutReport struct {
	Files    int   `json:"files"`
	Symlinks int   `json:"symlinks"`
	Dirs     int   `json:"directories" yaml:"directories"`
	Bytes    int64 `json:"bytes"`
}

// ErrExists is what Checkout returns when something is in the way.
var ErrExists = errors.New("exists already")

// Checkout writes the tree of a commit to dest.
//
// Every object is verified while it is written. A file has mode 0600 and the
// caller's owner until its content proved right; owner, attributes and mode
// come after that, in this order. A new dest is built beside its place, synced,
// and renamed, so it is there whole or not at all; with the other ways to
// overwrite that holds for each file. Links are written, never followed, those
// that lie about in dest included. A name that is taken by another kind of
// thing is an error.
func Checkout(ctx context.Context, src Source, commit Checksum, dest string, opt CheckoutOptions) (CheckoutReport, error) {
	entry, err := Lookup(ctx, src, commit, opt.Subpath)
	if err != nil {
		return CheckoutReport{}, err
	}
	report, err := checkoutEntry(ctx, src, entry, dest, opt)
	if err != nil {
		err = fmt.Errorf("check out %s to %s: %w", commit, dest, err)
	}
	return report, fullDisk(err, dest)
}

// fileMode is the mode on disk of a file that was committed with mode.
func (o *CheckoutOptions) fileMode(mode uint32) uint32 {
	if o.UserMode {
		return mode&modePerm&^modeSetID | 0o400
	}
	return mode & modePerm
}

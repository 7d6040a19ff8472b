package ostree

import (
	"context"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// What a store may offer beyond Store. Each is asked for by a type assertion;
// a store that wraps another hands on what it wraps.

// Files is a store that keeps the files of a repo that are no objects: static
// deltas and their indexes, the summary and its signature.
type Files interface {
	// ReadFile reads the file at path, which is relative to the repo and has
	// slashes ("deltas/AB/…/superblock", "summary"). A file that is not there
	// is fs.ErrNotExist, one longer than limit bytes an error.
	ReadFile(ctx context.Context, path string, limit int64) ([]byte, error)
	// PutFile makes or replaces the file at path, of size bytes, as open gives
	// them each time it is called. It is visible whole or not at all, and
	// durable once PutFile returns.
	PutFile(ctx context.Context, path string, size int64, open func() (io.ReadCloser, error)) error
}

// Sizer is a source that knows how long the objects of a commit are without
// being asked about each.
type Sizer interface {
	// Sizes calls give for each object that commit reaches, with its length in
	// archive form, in bytes. Nothing vouches for them: they are for planning. A
	// source that turns out not to know is errors.ErrUnsupported; what was given
	// before an error is not all. An error of give ends it.
	Sizes(ctx context.Context, commit Checksum, give func(id ObjectID, size int64) error) error
}

// RefLister is a store that knows all of its refs.
type RefLister interface {
	Refs(ctx context.Context) (map[string]Checksum, error)
}

// Summarizer is a store that makes its own summary anew when it is told that
// refs or deltas changed.
type Summarizer interface {
	UpdateSummary(ctx context.Context) error
}

// Tally is what a store has taken over the network since it was opened. It
// knows better than Copy what was really sent, where only the answer to an
// object says that it was there already.
type Tally struct {
	Stored  int64 // objects it took
	Existed int64 // objects it had already, as it said after they were sent
	Bytes   int64 // of the objects it took, in archive form
}

// Tallying is a store that keeps a Tally.
type Tallying interface{ Tally() Tally }

// CheckFilePath refuses a path that a repo has no file for that is no object
// and no ref, and one that leads out of the repo. What passes is made of
// letters, digits and -_+=. between its slashes.
func CheckFilePath(path string) error {
	top, below, nested := strings.Cut(path, "/")
	ok := len(path) <= limits.NameLength && filePath.MatchString(path) && fs.ValidPath(path)
	switch top {
	case "summary", "summary.sig", "config":
		ok = ok && !nested
	case "deltas", "delta-indexes", "delta-stats":
		ok = ok && below != ""
	default:
		ok = false
	}
	if !ok {
		return fail.New(fail.Usage, "", "%.120q is not a file of a repo", path)
	}
	return nil
}

var filePath = regexp.MustCompile(`^[-_+=.A-Za-z0-9]+(/[-_+=.A-Za-z0-9]+)*$`)

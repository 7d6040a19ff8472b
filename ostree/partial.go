package ostree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
)

// PartialReason says why a commit may lack objects. It is the content of the
// marker.
type PartialReason string

// The reasons.
const (
	PartialPull PartialReason = ""  // not all was fetched
	PartialFsck PartialReason = "f" // fsck removed what was corrupt
)

// markerPath is the file whose presence says that a commit lacks objects.
func (r *Repo) markerPath(c Checksum) string {
	return filepath.Join(r.path, "state", c.String()+".commitpartial")
}

// IsPartial says whether commit c, if it is there at all, may lack objects. A
// marker that cannot be looked for counts as there. Of a commit that only the
// parent repo has, the parent's marker counts as well.
func (r *Repo) IsPartial(c Checksum) bool {
	for _, p := range []string{r.markerPath(c), filepath.Join(r.path, "transaction")} {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	if r.parent == nil {
		return false
	}
	own, err := r.has(ObjectID{c, TypeCommit})
	return err == nil && !own && r.parent.IsPartial(c)
}

// PartialReasonOf is why c is marked partial; marked is false when it is not.
func (r *Repo) PartialReasonOf(c Checksum) (why PartialReason, marked bool, err error) {
	data, err := fsx.ReadFile(r.markerPath(c), 16)
	if errors.Is(err, fs.ErrNotExist) {
		return PartialPull, r.IsPartial(c), nil // an open transaction of old makes all commits partial
	}
	if err != nil {
		return "", true, err
	}
	if string(data) == string(PartialFsck) {
		return PartialFsck, true, nil
	}
	return PartialPull, true, nil
}

// IsComplete says whether commit c is there with all it reaches.
func (r *Repo) IsComplete(c Checksum) (bool, error) {
	ok, err := r.hasOrParent(ObjectID{c, TypeCommit})
	return ok && !r.IsPartial(c), err
}

// MarkPartial says that c may lack objects, before c itself is visible or
// before they go. A mark that is there stays, but for one of fsck, which says
// more.
func (r *Repo) MarkPartial(c Checksum, why PartialReason) error {
	if err := faults.At(r.faults, "repo.mark"); err != nil {
		return err
	}
	if why == PartialPull && r.IsPartial(c) {
		return nil
	}
	if err := r.inside("state"); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(r.path, "state"), 0o775); err != nil {
		return err
	}
	return r.replaceFile(r.markerPath(c), []byte(why))
}

// ClearPartial says that c is complete. Whoever calls it has seen to that, and
// that all objects are durable.
func (r *Repo) ClearPartial(c Checksum) error {
	if err := faults.At(r.faults, "repo.unmark"); err != nil {
		return err
	}
	if err := r.inside("state"); err != nil {
		return err
	}
	if err := os.Remove(r.markerPath(c)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return fsx.SyncDir(filepath.Join(r.path, "state"))
}

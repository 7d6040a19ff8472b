package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree/variant"
)

// DeleteObject removes an object; one that is not there is a *MissingError. A
// commit takes its detached metadata and its partial mark along, and leaves a
// tombstone if the repo's config says so. Nobody may be about to use it: hold
// LockAlone, or know that nothing names it.
func (r *Repo) DeleteObject(ctx context.Context, id ObjectID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if id.Type == TypeCommit {
		return r.deleteCommits(ctx, []Checksum{id.Sum})
	}
	return r.unlinkObject(id)
}

// unlinkObject removes the file of an object and nothing else.
func (r *Repo) unlinkObject(id ObjectID) error {
	if err := faults.At(r.faults, "repo.delete"); err != nil {
		return err
	}
	path := r.objectPath(id)
	if err := r.insidePath(path); err != nil {
		return err
	}
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &MissingError{ID: id, Where: r.path}
	}
	return err
}

// deleteCommits removes commits before what explains them: a mark without a
// commit means nothing, a commit without its mark would be taken for whole.
// When it returns nil no power cut brings them back.
func (r *Repo) deleteCommits(ctx context.Context, list []Checksum) error {
	if err := r.inside("state"); err != nil {
		return err
	}
	for _, c := range list {
		there, err := r.has(ObjectID{c, TypeCommit})
		if err == nil && !there {
			err = &MissingError{ID: ObjectID{c, TypeCommit}, Where: r.path}
		}
		if err == nil && r.cfg().tombstones {
			err = r.WriteTombstone(ctx, c)
		}
		if err != nil {
			return err
		}
	}
	touched := map[string]bool{}
	for _, c := range list {
		if err := r.unlinkObject(ObjectID{c, TypeCommit}); err != nil {
			return err
		}
		if err := ignoreMissing(os.Remove(r.objectPath(ObjectID{c, TypeCommitMeta}))); err != nil {
			return err
		}
		touched[filepath.Dir(r.objectPath(ObjectID{c, TypeCommit}))] = true
	}
	for dir := range touched {
		if !r.durably() {
			break
		}
		if err := fsx.SyncDir(dir); err != nil {
			return err
		}
	}
	for _, c := range list {
		if err := ignoreMissing(os.Remove(r.markerPath(c))); err != nil {
			return err
		}
	}
	return nil
}

// tombstone is the key of a tombstone's dict: the commit's name in hex, with a
// zero byte behind it.
const tombstone = "commit"

// WriteTombstone says that commit c was there and was deleted on purpose.
func (r *Repo) WriteTombstone(ctx context.Context, c Checksum) error {
	v := variant.Dict(variant.Entry{Key: tombstone, Value: variant.Bytes(append([]byte(c.String()), 0))})
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.replaceMetadata(ObjectID{c, TypeTombstoneCommit}, v.Data())
}

// HasTombstone says whether c was deleted on purpose.
func (r *Repo) HasTombstone(c Checksum) (bool, error) {
	return r.has(ObjectID{c, TypeTombstoneCommit})
}

// Tombstones are the commits that were deleted on purpose, in no order.
func (r *Repo) Tombstones(ctx context.Context) ([]Checksum, error) {
	var list []Checksum
	err := r.ListObjects(ctx, func(id ObjectID) error {
		if id.Type == TypeTombstoneCommit {
			list = append(list, id.Sum)
		}
		return nil
	})
	return list, err
}

// replaceMetadata writes an object that is not named by its content, in place
// of the one before: made in tmp, synced, renamed.
func (r *Repo) replaceMetadata(id ObjectID, data []byte) error {
	if err := checkWritable(r.mode); err != nil {
		return fmt.Errorf("store object %s: %w", id, err)
	}
	to := r.objectPath(id)
	if err := r.insidePath(to); err != nil {
		return fmt.Errorf("store object %s: %w", id, err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o775); err != nil {
		return fmt.Errorf("store object %s: %w", id, fullDisk(err, r.path))
	}
	if err := r.replaceFile(to, data); err != nil {
		return fmt.Errorf("store object %s: %w", id, err)
	}
	if !r.durably() {
		return nil
	}
	return fsx.SyncDir(filepath.Join(r.path, "objects"))
}

// replaceFile puts a file in the place of the one at path, durably. It is made
// in tmp, so that nobody who lists the folder of path sees half of it.
func (r *Repo) replaceFile(path string, data []byte) error {
	tmp := filepath.Join(r.path, "tmp")
	if err := errors.Join(r.inside("tmp"), r.insidePath(path)); err != nil {
		return err
	}
	if err := os.MkdirAll(tmp, 0o775); err != nil {
		return fullDisk(err, r.path)
	}
	f, err := os.CreateTemp(tmp, "otactl-file-")
	if err != nil {
		return fullDisk(err, r.path)
	}
	_, err = f.Write(data)
	if err == nil {
		err = publishMode(f)
	}
	if err == nil && r.durably() {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fullDisk(err, r.path)
	}
	if !r.durably() {
		return nil
	}
	return fsx.SyncDir(filepath.Dir(path))
}

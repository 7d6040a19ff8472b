package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

var xattrListType = variant.MustType("a(ayay)")

// repoObject is an object of a repo on disk.
type repoObject struct {
	repo *Repo
	id   ObjectID
}

func (o *repoObject) ID() ObjectID { return o.id }

// archived objects are on disk as an archive repo has them.
func (o *repoObject) archived() bool { return o.id.Type != TypeFile || o.repo.mode == ModeArchive }

// location is for messages.
func (o *repoObject) location() string { return o.repo.objectPath(o.id) }

func (o *repoObject) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	if !o.archived() {
		return compressed(ctx, o)
	}
	f, size, err := o.open()
	if err != nil {
		return nil, 0, err
	}
	return f, size, nil
}

// open opens the object's file. As with has, what is no regular file is not
// there.
func (o *repoObject) open() (*diskFile, int64, error) {
	f, err := openDisk(o.location())
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errLink) && o.archived():
		return nil, 0, o.missing()
	case err != nil:
		return nil, 0, fmt.Errorf("object %s: %w", o.id, err)
	case !f.regular():
		return nil, 0, errors.Join(o.missing(), f.Close())
	}
	return f, f.size(), nil
}

func (o *repoObject) missing() error { return &MissingError{ID: o.id, Where: o.repo.path} }

func (o *repoObject) OpenFile(context.Context) (*FileHeader, io.ReadCloser, error) {
	switch {
	case o.id.Type != TypeFile:
		return nil, nil, notAFile(o.id)
	case o.repo.mode == ModeArchive:
		f, _, err := o.open()
		if err != nil {
			return nil, nil, err
		}
		return inflated(o.id, o.location(), f)
	case o.repo.mode == ModeBareUser:
		return o.openBareUser()
	}
	return o.openBare()
}

// splitXattrs are the xattrs of a file in a bare-split-xattrs repo. They are in
// a file beside it.
func (o *repoObject) splitXattrs() ([]Xattr, error) {
	path := o.location() + "-xattrs-link"
	data, err := fsx.ReadFile(path, limits.FileHeader)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &CorruptError{ID: o.id, Where: path, Why: "its xattrs are missing"}
	}
	if err != nil {
		return nil, err
	}
	v, err := variant.Parse(xattrListType, data)
	if err != nil {
		return nil, &CorruptError{ID: o.id, Where: path, Why: "its xattrs are not in normal form: " + err.Error()}
	}
	list, err := parseXattrs(v)
	return list, asCorrupt(o.id, path, err)
}

// empty is the payload of a symlink.
func empty() io.ReadCloser { return io.NopCloser(bytes.NewReader(nil)) }

// checked holds a header that came from a disk against the rules.
func (o *repoObject) checked(h *FileHeader, payload io.ReadCloser) (*FileHeader, io.ReadCloser, error) {
	sortXattrs(h.Xattrs)
	if err := h.Check(); err != nil {
		return nil, nil, errors.Join(asCorrupt(o.id, o.location(), err), payload.Close())
	}
	return h, payload, nil
}

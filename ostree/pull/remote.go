package pull

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree"
)

// Remote is where a pull reads from.
type Remote interface {
	ostree.Source
	// File reads a small file of the repository, such as "summary", "config"
	// or "deltas/…/superblock", of at most max bytes. have, if it says
	// something, is the version that the caller holds; where that is still the
	// one, the error is ostree.ErrNotModified. A file that is not there is
	// fs.ErrNotExist.
	File(ctx context.Context, path string, max int64, have ostree.FileVersion) ([]byte, ostree.FileVersion, error)
	// Stream opens a file of any size, such as a part of a static delta, at a
	// place, or from its start if what is there now may be another one.
	Stream(ctx context.Context, path string, at ostree.Place) (*ostree.Rest, error)
	// URL is the remote's address without anything secret in it.
	URL() string
}

// Local is a repo on this machine as a Remote.
type Local struct{ *ostree.Repo }

// OpenLocal opens the repo at path.
func OpenLocal(path string) (*Local, error) {
	repo, err := ostree.OpenRepo(path)
	if err != nil {
		return nil, err
	}
	return &Local{repo}, nil
}

// URL is of Remote.
func (l *Local) URL() string {
	path, err := filepath.Abs(l.Path())
	if err != nil {
		path = l.Path()
	}
	return "file://" + path
}

// File is of Remote.
func (l *Local) File(_ context.Context, path string, max int64, _ ostree.FileVersion) ([]byte, ostree.FileVersion, error) {
	root, err := os.OpenRoot(l.Path())
	if err != nil {
		return nil, ostree.FileVersion{}, err
	}
	defer root.Close()
	data, err := fsx.ReadFileIn(root, path, max)
	return data, ostree.FileVersion{}, err
}

// Stream is of Remote. It begins at the start.
func (l *Local) Stream(_ context.Context, path string, _ ostree.Place) (*ostree.Rest, error) {
	root, err := os.OpenRoot(l.Path())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := fsx.OpenIn(root, path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &ostree.Rest{ReadCloser: f, Place: ostree.Place{Length: st.Size()}}, nil
}

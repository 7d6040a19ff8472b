package inspect

import (
	"context"
	"errors"

	"github.com/otactl/otactl/tuf"
)

// Stored reads what a device has stored as if it were a repository.
type Stored struct{ tuf.Cache }

// Fetch reads an entry of the cache.
func (s Stored) Fetch(ctx context.Context, name string, _ int64) ([]byte, error) {
	return s.Load(ctx, name)
}

// Folder reads a repository that lies in a folder. What can't be read there, a
// link or a pipe, is a fault of the repository.
type Folder struct{ tuf.DirFetcher }

// Fetch reads a file of the folder.
func (f Folder) Fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	data, err := f.DirFetcher.Fetch(ctx, name, max)
	if err == nil || ctx.Err() != nil || errors.Is(err, tuf.ErrNotFound) || errors.Is(err, tuf.ErrTooLarge) {
		return data, err
	}
	return nil, &tuf.Error{File: name, Kind: tuf.ErrDamaged, Why: err.Error()}
}

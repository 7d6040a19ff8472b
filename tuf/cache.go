package tuf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Fetcher gets metadata files by name, such as "3.root.json".
type Fetcher interface {
	// Fetch reads at most max bytes. A file that is not there is ErrNotFound,
	// and nothing else is: a refusal, a redirect or a broken server must be
	// another error, since ErrNotFound ends the root chain. A longer file is
	// an error too.
	Fetch(ctx context.Context, name string, max int64) ([]byte, error)
}

// Cache keeps files that have been verified, by the names "N.root.json",
// "timestamp.json", "snapshot.json", "targets.json", and "floor.json" for our
// own note of the versions and times seen. It need not protect them from
// damage: all but the newest root are verified again when they are read.
type Cache interface {
	// Roots lists the versions of the stored roots in any order.
	Roots(ctx context.Context) ([]int, error)
	// Load reads an entry. A missing one is ErrNotFound; one that is there and
	// can never be read is ErrDamaged.
	Load(ctx context.Context, name string) ([]byte, error)
	// Store replaces an entry atomically and durably.
	Store(ctx context.Context, name string, data []byte) error
	// Remove drops an entry; that it is not there is no error.
	Remove(ctx context.Context, name string) error
}

// Quarantiner is a Cache that can set a damaged entry aside for people to look
// at. Other caches lose it.
type Quarantiner interface {
	Quarantine(ctx context.Context, name string) error
}

// DirFetcher reads metadata from a folder. No link leads out of it.
type DirFetcher struct{ Root *os.Root }

// Fetch reads a file of the folder.
func (d DirFetcher) Fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := fsx.ReadFileIn(d.Root, name, max)
	return data, in(name, dirError(err))
}

func dirError(err error) error {
	var large *fsx.TooLargeError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse(ErrNotFound, "")
	case errors.As(err, &large):
		return refuse(ErrTooLarge, "longer than %d bytes", large.Max)
	}
	return err
}

// DirCache is a Cache in a folder of its own.
type DirCache struct{ dir string }

// OpenDirCache uses dir, which it makes with mode 0700 if it is not there.
func OpenDirCache(dir string) (*DirCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("trust cache: %w", err)
	}
	return &DirCache{dir: dir}, nil
}

// rootVersion is the N of "N.root.json", or 0 for any other name.
func rootVersion(name string) int {
	n, _ := strconv.ParseInt(strings.TrimSuffix(name, ".root.json"), 10, 32) // what is no such number is another one
	if RootName(int(n)) != name {
		return 0
	}
	return max(0, int(n))
}

// sizeCap is the cap of a file by its name.
func sizeCap(name string) int64 {
	switch name {
	case TargetsFile:
		return limits.Targets
	case TimestampFile:
		return limits.Timestamp
	case SnapshotFile, floorFile:
		return limits.Snapshot
	}
	return limits.Root
}

// path refuses all names but those of a Cache.
func (d *DirCache) path(name string) (string, error) {
	switch {
	case name == TimestampFile, name == SnapshotFile, name == TargetsFile, name == floorFile, rootVersion(name) > 0:
		return filepath.Join(d.dir, name), nil
	}
	return "", refuse(ErrMalformed, "%q is not the name of a metadata file", name)
}

// Roots lists what lies in the folder under a root's name.
func (d *DirCache) Roots(ctx context.Context) ([]int, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, fmt.Errorf("trust cache: %w", err)
	}
	var versions []int
	for _, e := range entries {
		if v := rootVersion(e.Name()); v > 0 {
			versions = append(versions, v)
		}
	}
	slices.Sort(versions)
	return versions, ctx.Err()
}

// Load reads an entry. What is not a regular file, a link above all, is
// ErrDamaged.
func (d *DirCache) Load(ctx context.Context, name string) ([]byte, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	st, err := os.Lstat(path)
	if err != nil {
		return nil, in(name, dirError(err))
	}
	if !st.Mode().IsRegular() {
		return nil, in(name, refuse(ErrDamaged, "not a regular file"))
	}
	data, err := fsx.ReadFile(path, sizeCap(name))
	if err != nil {
		return nil, in(name, refuse(ErrDamaged, "%v", err))
	}
	return data, ctx.Err()
}

// Store replaces an entry: temporary file, sync, rename, sync of the folder.
func (d *DirCache) Store(ctx context.Context, name string, data []byte) error {
	path, err := d.path(name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	return fsx.WriteFile(path, data, 0o600)
}

// Remove drops an entry.
func (d *DirCache) Remove(ctx context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return fsx.SyncDir(d.dir)
}

// Quarantine renames an entry to name.damaged, over an older one.
func (d *DirCache) Quarantine(ctx context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	aside := path + ".damaged"
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	return fsx.SyncDir(d.dir)
}

package ostree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree/keyfile"
)

// CreateOptions are what a new repo's config says besides its mode.
type CreateOptions struct {
	CollectionID string
	// FillDisk lets content take all of the disk. Without it, or a key of the
	// config that says otherwise, 3 % stay free.
	FillDisk bool
}

// CreateRepo makes a repo at path, or opens the one that is there; its mode
// must then be the same. Whoever is killed half way can call it again.
func CreateRepo(path string, mode Mode) (*Repo, error) {
	return CreateRepoWith(path, mode, CreateOptions{})
}

// CreateRepoWith is CreateRepo with options. They count for a new repo only.
func CreateRepoWith(path string, mode Mode, opt CreateOptions) (*Repo, error) {
	r, err := OpenRepo(path)
	if err == nil && r.mode != mode {
		return nil, fail.New(fail.Conflict, "choose another folder", "create repo %s: there is one of mode %s", path, r.mode)
	}
	if err == nil || !errors.Is(err, ErrNotARepo) {
		return r, err
	}
	if _, err := ParseMode(string(mode)); err != nil {
		return nil, fmt.Errorf("create repo %s: %w", path, err)
	}
	if opt.CollectionID != "" {
		if err := CheckCollectionID(opt.CollectionID); err != nil {
			return nil, fmt.Errorf("create repo %s: %w", path, err)
		}
	}
	if err := layOut(path, mode, opt); err != nil {
		return nil, fmt.Errorf("create repo %s: %w", path, fullDisk(err, path))
	}
	return OpenRepo(path)
}

// layOut makes the folders of a repo; objects, which make it one, last.
func layOut(path string, mode Mode, opt CreateOptions) error {
	for _, d := range []string{"tmp", "extensions", "state", "refs/heads", "refs/mirrors", "refs/remotes"} {
		if err := os.MkdirAll(filepath.Join(path, filepath.FromSlash(d)), 0o775); err != nil {
			return err
		}
	}
	config, err := newConfig(mode, opt)
	if err != nil {
		return err
	}
	if err := fsx.WriteFileFrom(filepath.Join(path, "tmp"), filepath.Join(path, "config"), config, 0o644); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(path, "objects"), 0o775); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsx.SyncDir(path)
}

func newConfig(mode Mode, opt CreateOptions) ([]byte, error) {
	name := string(mode)
	if mode == ModeArchive {
		name = "archive-z2" // what every libostree reads
	}
	f := keyfile.New()
	err := errors.Join(f.Set("core", "repo_version", "1"), f.Set("core", "mode", name))
	if opt.CollectionID != "" {
		err = errors.Join(err, f.Set("core", "collection-id", opt.CollectionID))
	}
	if opt.FillDisk {
		err = errors.Join(err, f.Set("core", "min-free-space-percent", "0"))
	}
	return f.Bytes(), err
}

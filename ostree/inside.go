package ostree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// inside refuses a folder, named by its path below the repo, that a link leads
// to: what is written, swept or removed there would be somebody else's. The
// folder need not exist.
func (r *Repo) inside(folder string) error {
	at := r.path
	for part := range strings.SplitSeq(filepath.ToSlash(folder), "/") {
		at = filepath.Join(at, part)
		st, err := os.Lstat(at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if st.Mode()&fs.ModeSymlink != 0 {
			return fail.New(fail.Verification, "replace the link by a folder", "repo %s: %s is a link, and nothing is written or removed through one", r.path, at)
		}
	}
	return nil
}

// insidePath is inside for the folder of the file at path.
func (r *Repo) insidePath(path string) error {
	rel, err := filepath.Rel(r.path, filepath.Dir(path))
	if err != nil {
		return err
	}
	return r.inside(rel)
}

// removeEmpty removes a folder with the folders in it, unless something else is
// in one of them.
func removeEmpty(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.IsDir() {
			if err := removeEmpty(filepath.Join(dir, d.Name())); err != nil {
				return err
			}
		}
	}
	return os.Remove(dir)
}

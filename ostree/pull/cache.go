package pull

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// Cache keeps the summary of one remote between pulls, where and as libostree
// keeps it: summaries/REMOTE and REMOTE.sig, the server's date as the file's,
// the ETag in an xattr. A nil Cache keeps nothing.
type Cache struct {
	dir  string // of the files
	name string
}

// NewCache is the cache of a remote in a folder, such as the repo's tmp/cache.
// The name must be one that ostree.CheckRemoteName takes.
func NewCache(dir, remote string) *Cache {
	return &Cache{dir: filepath.Join(dir, "summaries"), name: remote}
}

// cache is where the pull keeps the summary.
func (r *run) cache() *Cache {
	if r.opt.NoCache || r.opt.Remote == "" || r.local != nil {
		return nil
	}
	dir := r.opt.CacheDir
	if dir == "" {
		dir = filepath.Join(r.repo.Path(), "tmp", "cache")
	}
	return NewCache(dir, r.opt.Remote)
}

func (c *Cache) path() string { return filepath.Join(c.dir, c.name) }

// load is what is there. What can't be read counts as missing: it is fetched
// anew. Where signatures matter, a summary without them is of no use.
func (c *Cache) load(signed bool) *signedSummary {
	s := &signedSummary{}
	if c == nil {
		return s
	}
	s.data, s.dataVersion = loadFile(c.path(), limits.Summary)
	if signed {
		s.sig, s.sigVersion = loadFile(c.path()+".sig", limits.SummarySig)
	}
	if signed && (s.sig == nil || s.data == nil) {
		return &signedSummary{}
	}
	return s
}

func loadFile(path string, max int64) ([]byte, ostree.FileVersion) {
	data, err := fsx.ReadFile(path, max)
	if err != nil {
		return nil, ostree.FileVersion{}
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, ostree.FileVersion{}
	}
	v := ostree.FileVersion{ETag: readETag(path)}
	if st.ModTime().Unix() > 0 {
		v.Modified = st.ModTime().UTC().Format(httpDate)
	}
	return data, v
}

// httpDate is the form of dates that HTTP writes.
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// store keeps s where it differs from what was there.
func (c *Cache) store(had, s *signedSummary, signed bool) error {
	if c == nil {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o775); err != nil {
		return err
	}
	if had.data == nil || !bytes.Equal(had.data, s.data) || had.dataVersion != s.dataVersion {
		if err := storeFile(c.path(), s.data, s.dataVersion); err != nil {
			return err
		}
	}
	if !signed || s.sig == nil {
		// Signatures of another summary would make a pair that does not fit.
		if had.data == nil || !bytes.Equal(had.data, s.data) {
			err := os.Remove(c.path() + ".sig")
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	if had.sig == nil || !bytes.Equal(had.sig, s.sig) || had.sigVersion != s.sigVersion {
		return storeFile(c.path()+".sig", s.sig, s.sigVersion)
	}
	return nil
}

func storeFile(path string, data []byte, v ostree.FileVersion) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	writeETag(temp.Name(), v.ETag)
	// Without a date, one that no server's file has: it must not be asked by
	// when it was fetched.
	at := time.Unix(0, 0)
	if t, err := time.Parse(httpDate, v.Modified); err == nil {
		at = t
	}
	if err := os.Chtimes(temp.Name(), at, at); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

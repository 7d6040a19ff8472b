package pull

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
// the ETag in an xattr. Another xattr says from which address it came: asked
// from anywhere else it is not there. A nil Cache keeps nothing.
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

// The xattrs of a kept file: the server's ETag, where libostree has it too, and
// the digest of the address that it came from.
const (
	etagMark    = "user.etag"
	addressMark = "user.otactl.address"
)

func addressDigest(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:])
}

// load is what is there from that address. What can't be read counts as
// missing: it is fetched anew. Where signatures matter, a summary without them
// is of no use.
func (c *Cache) load(url string, signed bool) *signedSummary {
	s := &signedSummary{}
	if c == nil {
		return s
	}
	s.data, s.dataVersion = loadFile(c.path(), url, limits.Summary)
	if signed {
		s.sig, s.sigVersion = loadFile(c.path()+".sig", url, limits.SummarySig)
	}
	if signed && (s.sig == nil || s.data == nil) {
		return &signedSummary{}
	}
	return s
}

func loadFile(path, url string, max int64) ([]byte, ostree.FileVersion) {
	if readMark(path, addressMark) != addressDigest(url) {
		return nil, ostree.FileVersion{}
	}
	data, err := fsx.ReadFile(path, max)
	if err != nil {
		return nil, ostree.FileVersion{}
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, ostree.FileVersion{}
	}
	v := ostree.FileVersion{ETag: readMark(path, etagMark)}
	if st.ModTime().Unix() > 0 {
		v.Modified = st.ModTime().UTC().Format(httpDate)
	}
	return data, v
}

// httpDate is the form of dates that HTTP writes.
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// store keeps s, which came from url, where it differs from what was there.
func (c *Cache) store(had, s *signedSummary, url string, signed bool) error {
	if c == nil {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o775); err != nil {
		return err
	}
	if had.data == nil || !bytes.Equal(had.data, s.data) || had.dataVersion != s.dataVersion {
		if err := storeFile(c.path(), url, s.data, s.dataVersion); err != nil {
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
		return storeFile(c.path()+".sig", url, s.sig, s.sigVersion)
	}
	return nil
}

func storeFile(path, url string, data []byte, v ostree.FileVersion) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := errors.Join(fill(temp, url, data, v), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// fill writes a file with its date and marks, which must not outlive its bytes
// in a power cut.
func fill(f *os.File, url string, data []byte, v ostree.FileVersion) error {
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	writeMark(f.Name(), etagMark, v.ETag)
	writeMark(f.Name(), addressMark, addressDigest(url))
	// Without a date, one that no server's file has: it must not be asked by
	// when it was fetched.
	at := time.Unix(0, 0)
	if t, err := time.Parse(httpDate, v.Modified); err == nil {
		at = t
	}
	if err := os.Chtimes(f.Name(), at, at); err != nil {
		return err
	}
	return f.Sync()
}

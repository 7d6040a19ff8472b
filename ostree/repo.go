package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Mode is how a repo stores content objects.
type Mode string

// The modes. archive-z2, as libostree writes it, is read as ModeArchive.
const (
	ModeArchive  Mode = "archive"   // compressed, header in the file
	ModeBare     Mode = "bare"      // as checked out, with owners, modes and xattrs
	ModeBareUser Mode = "bare-user" // plain, the header in an xattr
)

// Repo is an OSTree repo on disk. It is a Store, and safe for concurrent use,
// also beside other processes: sessions hold the lock that libostree's
// transactions hold.
type Repo struct {
	path   string
	mode   Mode
	config keyfile
	faults faults.Injector

	mu    sync.Mutex
	locks int      // sessions that share the lock
	lock  *os.File // nil while locks is 0

	durable group
}

var _ Store = (*Repo)(nil)

// OpenRepo opens the repo at path. Where there is none the error is
// ErrNotARepo; a mode that this package does not know is of class Unsupported.
func OpenRepo(path string) (*Repo, error) {
	st, err := os.Stat(filepath.Join(path, "objects"))
	switch {
	case errors.Is(err, fs.ErrNotExist) && !exists(path):
		return nil, notARepo(path, "there is no such folder")
	case errors.Is(err, fs.ErrNotExist), err == nil && !st.IsDir():
		return nil, notARepo(path, "it has no folder objects")
	case err != nil:
		return nil, fmt.Errorf("open repo %s: %w", path, err)
	}
	data, err := fsx.ReadFile(filepath.Join(path, "config"), limits.RepoConfig)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, notARepo(path, "it has no file config")
	case err != nil:
		return nil, fmt.Errorf("open repo %s: %w", path, err)
	}
	r := &Repo{path: path}
	if err := r.configure(data); err != nil {
		return nil, fmt.Errorf("repo %s: config: %w", path, err)
	}
	return r, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func notARepo(path, why string) error {
	return fail.New(fail.NotFound, "name the folder that holds config, objects and refs",
		"%s: %w: %s", path, ErrNotARepo, why)
}

func (r *Repo) configure(data []byte) error {
	var err error
	if r.config, err = parseKeyfile(data); err != nil {
		return err
	}
	if v, _ := r.config.get("core", "repo_version"); v != "1" {
		return fail.New(fail.Unsupported, "", "repo_version is %q, want 1", v)
	}
	if r.config.bool("core", "archive", false) {
		return fail.New(fail.Unsupported, "set mode=archive-z2 instead", "it says archive=true, the form before mode")
	}
	if parent, ok := r.config.get("core", "parent"); ok && parent != "" {
		return fail.New(fail.Unsupported, "pull what is needed from the parent into this repo",
			"objects may be in the parent repo %s, which is not supported", parent)
	}
	mode, ok := r.config.get("core", "mode")
	if !ok {
		mode = string(ModeBare)
	}
	r.mode, err = parseMode(mode)
	return err
}

func parseMode(s string) (Mode, error) {
	switch s {
	case "archive", "archive-z2":
		return ModeArchive, nil
	case "bare", "bare-user":
		return Mode(s), nil
	}
	return "", fail.New(fail.Unsupported, "use a repo of mode archive, bare or bare-user", "mode %q is not supported", s)
}

// CreateRepo makes a repo at path, or opens the one that is there; its mode
// must then be the same. Whoever is killed half way can call it again.
func CreateRepo(path string, mode Mode) (*Repo, error) {
	r, err := OpenRepo(path)
	if err == nil && r.mode != mode {
		return nil, fail.New(fail.Conflict, "choose another folder", "create repo %s: there is one of mode %s", path, r.mode)
	}
	if err == nil || !errors.Is(err, ErrNotARepo) {
		return r, err
	}
	if _, err := parseMode(string(mode)); err != nil {
		return nil, fmt.Errorf("create repo %s: %w", path, err)
	}
	if err := layOut(path, mode); err != nil {
		return nil, fmt.Errorf("create repo %s: %w", path, fullDisk(err, path))
	}
	return OpenRepo(path)
}

// layOut makes the folders of a repo; objects, which make it one, last.
func layOut(path string, mode Mode) error {
	for _, d := range []string{"tmp", "extensions", "state", "refs/heads", "refs/mirrors", "refs/remotes"} {
		if err := os.MkdirAll(filepath.Join(path, filepath.FromSlash(d)), 0o775); err != nil {
			return err
		}
	}
	name := string(mode)
	if mode == ModeArchive {
		name = "archive-z2" // what every libostree reads
	}
	config := "[core]\nrepo_version=1\nmode=" + name + "\n"
	if err := fsx.WriteFile(filepath.Join(path, "config"), []byte(config), 0o644); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(path, "objects"), 0o775); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsx.SyncDir(path)
}

// Path is the repo's folder, as it was opened.
func (r *Repo) Path() string { return r.path }

// Mode is how the repo stores content objects.
func (r *Repo) Mode() Mode { return r.mode }

// Config is a key of the repo's config.
func (r *Repo) Config(group, key string) (string, bool) { return r.config.get(group, key) }

// SetFaults makes the repo consult i before each step of a write. It is for
// tests, and must be called before the repo is used.
func (r *Repo) SetFaults(i faults.Injector) { r.faults = i }

// Traits say that presence of one object implies nothing about another: a
// pull that libostree broke off leaves dirtrees without their children. Asking
// a disk costs next to nothing.
func (r *Repo) Traits() Traits { return Traits{Batch: 512} }

// ext is the file name extension of objects of type t in r.
func (r *Repo) ext(t ObjectType) string {
	if t == TypeFile && r.mode != ModeArchive {
		return "file"
	}
	return t.Ext()
}

func (r *Repo) objectPath(id ObjectID) string {
	h := id.Sum.String()
	return r.path + "/objects/" + h[:2] + "/" + h[2:] + "." + r.ext(id.Type)
}

// has says whether an object is there; what is not of the right kind is not.
func (r *Repo) has(id ObjectID) (bool, error) {
	st, err := os.Lstat(r.objectPath(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	link := st.Mode()&fs.ModeSymlink != 0 && id.Type == TypeFile && r.mode == ModeBare
	return st.Mode().IsRegular() || link, nil
}

// Has says which objects are there. It trusts the file's presence; Verify
// reads them.
func (r *Repo) Has(ctx context.Context, ids []ObjectID) ([]bool, error) {
	found := make([]bool, len(ids))
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if found[i], err = r.has(id); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Object is a handle on an object that is there, else a *MissingError.
func (r *Repo) Object(_ context.Context, id ObjectID) (Object, error) {
	ok, err := r.has(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &MissingError{ID: id, Where: r.path}
	}
	return &repoObject{r, id}, nil
}

// markerPath is the file whose presence says that a commit lacks objects.
func (r *Repo) markerPath(c Checksum) string {
	return filepath.Join(r.path, "state", c.String()+".commitpartial")
}

// IsPartial says whether commit c, if it is there at all, may lack objects. A
// marker that cannot be looked for counts as there.
func (r *Repo) IsPartial(c Checksum) bool {
	for _, p := range []string{r.markerPath(c), filepath.Join(r.path, "transaction")} {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// isComplete says whether commit c is there with all it reaches.
func (r *Repo) isComplete(c Checksum) (bool, error) {
	ok, err := r.has(ObjectID{c, TypeCommit})
	return ok && !r.IsPartial(c), err
}

// markPartial says that c may lack objects, before c itself is visible.
func (r *Repo) markPartial(c Checksum) error {
	if err := faults.At(r.faults, "repo.mark"); err != nil {
		return err
	}
	if r.IsPartial(c) {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(r.path, "state"), 0o775); err != nil {
		return err
	}
	return fullDisk(fsx.WriteFile(r.markerPath(c), nil, 0o644), r.path)
}

// clearPartial says that c is complete. Whoever calls it has seen to that.
func (r *Repo) clearPartial(c Checksum) error {
	if err := faults.At(r.faults, "repo.unmark"); err != nil {
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

// lockTimeout is how long to wait for the repo's lock; negative is for ever.
func (r *Repo) lockTimeout() time.Duration {
	v, _ := r.config.get("core", "lock-timeout-secs")
	n, err := strconv.Atoi(strings.TrimSpace(v))
	if err != nil {
		n = 300
	}
	return time.Duration(n) * time.Second
}

// fullDisk turns "no space" and "over quota" into ErrNoSpace with what to do.
func fullDisk(err error, where string) error {
	if err == nil || !isDiskFull(err) {
		return err
	}
	return fail.New(fail.NoSpace, "free some space on the file system of "+where+" and run it again; what is there is kept",
		"write to %s: %w: %w", where, ErrNoSpace, err)
}

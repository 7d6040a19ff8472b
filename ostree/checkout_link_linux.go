package ostree

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/variant"
)

// linker makes files that are hard links into a repo; a nil one makes none.
type linker struct {
	r     *treeReader
	repo  *Repo
	from  []*Repo     // the repo and its parents, those whose files are linked
	cache bool        // other files are linked to the cache of an archive repo
	owner uint32      // whose the repo is, with cache
	shut  atomic.Bool // no more is put into the cache
}

// newLinker finds out whether links to files of the repo, or of its parents, can
// be what the checkout needs. fd is the destination.
func newLinker(r *treeReader, fd int) *linker {
	repo, ok := r.src.(*Repo)
	if !ok || r.opt.Links == LinkNever {
		return nil
	}
	l := &linker{r: r, repo: repo}
	for at := repo; at != nil; at = at.parent {
		if !r.opt.linkable(at.mode) {
			continue
		}
		if _, same := sameDisk(fd, at); same || r.opt.Links == LinkRequired {
			l.from = append(l.from, at)
		}
	}
	if repo.mode == ModeArchive && r.opt.UserMode && r.opt.Cache && cacheEnabled(repo) {
		l.owner, l.cache = sameDisk(fd, repo)
	}
	return l
}

// linkable says whether a repo of a mode keeps files as the checkout needs them:
// with the same owner, mode and attributes.
func (o *CheckoutOptions) linkable(m Mode) bool {
	return m == ModeBare && !o.UserMode || (m == ModeBareUser || m == ModeBareUserOnly) && o.UserMode
}

// sameDisk says whether the repo is on the file system of fd, and whose it is.
func sameDisk(fd int, repo *Repo) (owner uint32, same bool) {
	var dest, objects unix.Stat_t
	err := errors.Join(unix.Fstat(fd, &dest), unix.Stat(filepath.Join(repo.path, "objects"), &objects))
	return objects.Uid, err == nil && dest.Dev == objects.Dev
}

func cacheEnabled(repo *Repo) bool {
	v, ok := repo.cfg().file.AsBool("core", "enable-uncompressed-cache")
	return v || !ok
}

// link makes name in f a link to the object, if that is what belongs there.
func (l *linker) link(f *folder, name string, obj Object) (bool, error) {
	o, ok := obj.(*repoObject)
	if l == nil || !ok {
		return false, nil
	}
	from := l.source(o)
	if fits, err := l.fits(o, from); !fits || err != nil {
		return false, err
	}
	err := unix.Linkat(unix.AT_FDCWD, from, f.fd, name, 0)
	switch {
	case err == nil:
		return true, nil
	case l.r.opt.Links != LinkRequired && copyWillDo(err):
		return false, nil
	}
	//lint:ignore ST1005 the words that scripts look for
	return false, fmt.Errorf("Hardlinking %s: %w", o.id, err)
}

// copyWillDo says whether err keeps a link from being made, and not a copy.
func copyWillDo(err error) bool {
	return slices.ContainsFunc([]error{unix.EXDEV, unix.EMLINK, unix.EPERM, unix.EACCES, unix.EROFS, unix.ENOENT}, func(known error) bool { return errors.Is(err, known) })
}

// direct says whether links lead to the object's own file.
func (l *linker) direct(o *repoObject) bool { return slices.Contains(l.from, o.repo) }

// source is the file to link to for an object; "" is none.
func (l *linker) source(o *repoObject) string {
	switch {
	case l.direct(o):
		return o.location()
	case l.cache:
		return cachePath(l.repo, o.id.Sum)
	}
	return ""
}

// needed is an error for a file that is no link where it has to be one.
func (l *linker) needed(id ObjectID, h *FileHeader) error {
	if l == nil || l.r.opt.Links != LinkRequired || h.Size == 0 || h.Mode&0o400 == 0 {
		return nil
	}
	return fail.New(fail.Usage, "leave --require-hardlinks out, or pull the commit into the repo itself", "Hardlinking %s: a parent has it in another mode than the checkout needs", id)
}

// fits says whether the file to link to is just what belongs into the checkout.
func (l *linker) fits(o *repoObject, path string) (bool, error) {
	switch {
	case path == "":
		return false, nil
	case l.direct(o):
		return fitsObject(o, path)
	}
	return l.usable(o), nil
}

// fitsObject is fits for an object's own file. Empty files are better copies:
// whoever marks some place with one does not mean all the others.
func fitsObject(o *repoObject, path string) (bool, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		if err == unix.ENOENT {
			return false, &MissingError{ID: o.id, Where: o.repo.path}
		}
		return false, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	mode := st.Mode
	if mode&modeType == modeRegular && st.Size == 0 {
		return false, nil
	}
	switch o.repo.mode {
	case ModeBare:
		return true, nil
	case ModeBareUser:
		raw, err := xattrBytes(func(b []byte) (int, error) { return unix.Lgetxattr(path, userMeta, b) })
		if err != nil {
			return false, nil // the copy says what is wrong
		}
		v, err := variant.Parse(dirMetaType, raw)
		if err != nil {
			return false, nil
		}
		mode = v.At(2).BigUint32()
	}
	return mode&modeType == modeRegular && mode&0o400 != 0, nil
}

// isLink says whether st is of the object's own file, or of the cache's.
func (l *linker) isLink(st *unix.Stat_t, obj Object) bool {
	o, ok := obj.(*repoObject)
	if l == nil || !ok || st.Nlink < 2 {
		return false
	}
	var there unix.Stat_t
	return unix.Lstat(l.source(o), &there) == nil && there.Ino == st.Ino && there.Dev == st.Dev && (l.direct(o) || l.usable(o))
}

// hasMode says whether a link to the object has this mode.
func (l *linker) hasMode(mode uint32, obj Object, h *FileHeader) bool {
	o, ok := obj.(*repoObject)
	return l != nil && ok && l.direct(o) && o.repo.mode == ModeBareUser && mode == h.Mode&0o775|0o400
}

// cacheDir is where libostree's archive repos keep inflated files, so that
// checkouts for users can link to them.
const cacheDir = "uncompressed-objects-cache"

func cachePath(repo *Repo, sum Checksum) string {
	h := sum.String()
	return repo.path + "/" + cacheDir + "/" + h[:2] + "/" + h[2:] + ".file"
}

// usable says whether the cache holds the object's file whole, and out of the
// reach of others. The cache is never synced: after a power cut a file may be
// shorter than it was.
func (l *linker) usable(o *repoObject) bool {
	var st unix.Stat_t
	if unix.Lstat(cachePath(l.repo, o.id.Sum), &st) != nil || st.Mode&modeType != modeRegular {
		return false
	}
	if st.Mode&modeOthersWrite != 0 || st.Uid != l.owner && int(st.Uid) != unix.Geteuid() {
		return false
	}
	h, err := Stat(l.r.ctx, l.repo, &Entry{Sum: o.id.Sum})
	return err == nil && !h.IsSymlink() && uint64(st.Size) == h.Size && st.Mode&modePerm == l.r.opt.fileMode(h.Mode)
}

// modeOthersWrite lets others than the owner write. No such file is kept in the
// cache: who writes into one checkout would write into all later ones, and a
// link is not verified.
const modeOthersWrite = 0o022

// fill puts a file that was not in the cache there, verified, and links to it.
// Not every file belongs there, and not every caller may write there.
func (l *linker) fill(f *folder, name string, obj Object) (linked bool, err error) {
	if l == nil || !l.cache || l.shut.Load() {
		return false, nil
	}
	h, payload, err := obj.OpenFile(l.r.ctx)
	if err != nil {
		return false, err
	}
	defer payload.Close()
	if h.IsSymlink() || h.Size == 0 || h.Mode&0o400 == 0 || h.Mode&modeOthersWrite != 0 {
		return false, nil
	}
	path := cachePath(l.repo, obj.ID().Sum)
	err = l.keep(path, obj.ID(), h, payload)
	if err == nil {
		err = unix.Linkat(unix.AT_FDCWD, path, f.fd, name, 0)
	}
	if copyWillDo(err) {
		l.shut.Store(true) // the next file would hardly fare better
		return false, nil
	}
	return err == nil, err
}

// keep writes a file of the cache.
func (l *linker) keep(path string, id ObjectID, h *FileHeader, payload io.Reader) error {
	temp := filepath.Join(l.repo.path, "tmp", "otactl-cache-"+rand.Text())
	if err := l.r.createRegular(unix.AT_FDCWD, temp, temp, id, h, payload); err != nil {
		return fullDisk(err, l.repo.path)
	}
	err := os.Rename(temp, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.Rename(temp, path)
		}
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}

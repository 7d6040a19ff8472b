package medium

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Folder is a bundle that is a folder. It implements Changer.
type Folder struct {
	root *os.Root
	// held is the folder, open since before anything was written: a system tells
	// each handle once of what could not be written out since it was opened, and
	// one that is opened afterwards perhaps not at all.
	held *os.File
}

// OpenFolder opens a folder; its error is that of os.OpenRoot.
func OpenFolder(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	held, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Folder{root: root, held: held}, nil
}

// MakeFolder makes a folder and those above it that are not there, durably.
func MakeFolder(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := MakeFolder(parent); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o755)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fsx.SyncDir(filepath.Dir(dir))
}

// Root is the one handle on the folder.
func (f *Folder) Root() *os.Root { return f.root }

// Gone says whether the path of the folder leads to it no longer.
func (f *Folder) Gone() bool {
	is, err := f.held.Stat()
	if err != nil {
		return true
	}
	at, err := os.Stat(f.root.Name())
	return err != nil || !os.SameFile(is, at)
}

// Close implements io.Closer.
func (f *Folder) Close() error { return errors.Join(f.held.Close(), f.root.Close()) }

// Open implements fs.FS.
func (f *Folder) Open(name string) (fs.File, error) {
	st, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: ErrNotRegular}
	}
	return fsx.OpenIn(f.root, name)
}

// Stat implements fs.StatFS; it does not follow a link.
func (f *Folder) Stat(name string) (fs.FileInfo, error) { return f.root.Lstat(name) }

// ReadDir implements fs.ReadDirFS. A folder of more than limits.FolderEntries
// names is not read, and a pipe in its place not waited for.
func (f *Folder) ReadDir(name string) ([]fs.DirEntry, error) {
	dir, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(limits.FolderEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(entries) > limits.FolderEntries {
		return nil, fail.New(fail.Verification, "remove what does not belong to the bundle", "%s: more than %d files", name, limits.FolderEntries)
	}
	slices.SortFunc(entries, func(x, y fs.DirEntry) int { return strings.Compare(x.Name(), y.Name()) })
	return entries, nil
}

// Lock implements Changer. The lock is the kernel's and leaves nothing on the
// medium; a file system that has none is written without.
func (f *Folder) Lock() (io.Closer, error) { return lockFolder(f.root) }

// Replace implements Changer.
func (f *Folder) Replace(files ...File) error {
	for _, file := range files {
		if err := f.replace(file.Name, file.Data); err != nil {
			return err
		}
	}
	return nil
}

// replace takes a temporary file, sync, rename, sync of the folder.
func (f *Folder) replace(name string, data []byte) error {
	temp := name + TempSuffix
	if err := f.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := f.WriteNew(temp, data)
	if err == nil {
		err = f.root.Rename(temp, name)
	}
	if err != nil {
		_ = f.root.Remove(temp)
		return err
	}
	return f.SyncFolder(path.Dir(name))
}

// TempSuffix ends the name of a file that Replace is writing.
const TempSuffix = ".new"

// WriteNew writes a file that is not there yet, and syncs it.
func (f *Folder) WriteNew(name string, data []byte) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// SyncFolder makes the names in a folder durable, where the system has such a
// thing.
func (f *Folder) SyncFolder(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}

// Exchange swaps two names in one step. Some file systems cannot (FUSE, vfat
// before Linux 6.0).
func (f *Folder) Exchange(a, b string) error { return exchange(f.root, a, b) }

// SyncFile makes what was written to a file durable where SyncVolume cannot do
// it later, and is nothing where it can: one sync for many files costs a stick
// far less than one for each.
func (f *Folder) SyncFile(file *os.File) error { return syncFile(file) }

// SyncVolume writes out all that is pending for the file system of the folder.
// It fails also for what the system tried to write out before, since the folder
// was opened, and could not.
func (f *Folder) SyncVolume() error { return syncVolume(f.held) }

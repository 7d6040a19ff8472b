package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
)

// The fault points of a build, in their order.
const (
	FaultContent = "bundle.content" // before the objects are copied
	FaultRef     = "bundle.ref"     // all objects are there
	FaultStage   = "bundle.stage"   // before each metadata file is written
	FaultSwap    = "bundle.swap"    // all metadata is written, none visible
	FaultBetween = "bundle.between" // between the two renames, where a swap takes two
	FaultSync    = "bundle.sync"    // all is visible
)

// roleFile is a metadata file and its name.
type roleFile struct {
	name string
	data []byte
}

// replaceMetadata puts files in place as the whole of tuf/, in one step where
// the file system can swap two folders, else in two renames with nothing in
// place between them. The files are written in the order given.
func replaceMetadata(root *os.Root, files []roleFile, inject faults.Injector) error {
	if err := stage(root, files, inject); err != nil {
		return noSpace(fmt.Errorf("write %s: %w", dirStaged, err))
	}
	if err := faults.At(inject, FaultSwap); err != nil {
		return err
	}
	if err := swap(root, inject); err != nil {
		return fmt.Errorf("put %s in place: %w", dirMetadata, err)
	}
	if err := faults.At(inject, FaultSync); err != nil {
		return err
	}
	return syncFolder(root, ".")
}

func stage(root *os.Root, files []roleFile, inject faults.Injector) error {
	if err := root.RemoveAll(dirStaged); err != nil {
		return err
	}
	if err := root.Mkdir(dirStaged, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := faults.At(inject, FaultStage); err != nil {
			return err
		}
		if err := writeNew(root, path.Join(dirStaged, f.name), f.data); err != nil {
			return err
		}
	}
	return syncFolder(root, dirStaged)
}

// swap makes the staged folder the metadata folder.
func swap(root *os.Root, inject faults.Injector) error {
	if _, err := root.Lstat(dirMetadata); errors.Is(err, fs.ErrNotExist) {
		return root.Rename(dirStaged, dirMetadata)
	}
	if exchange(root, dirStaged, dirMetadata) == nil {
		if err := syncFolder(root, "."); err != nil {
			return err
		}
		// The staged folder holds the old files now; the replaced one is from
		// a run that was cut off on a system that cannot exchange.
		return errors.Join(root.RemoveAll(dirStaged), root.RemoveAll(dirReplaced))
	}
	if err := root.RemoveAll(dirReplaced); err != nil {
		return err
	}
	if err := root.Rename(dirMetadata, dirReplaced); err != nil {
		return err
	}
	if err := faults.At(inject, FaultBetween); err != nil {
		return err
	}
	if err := root.Rename(dirStaged, dirMetadata); err != nil {
		return err
	}
	if err := syncFolder(root, "."); err != nil {
		return err
	}
	return root.RemoveAll(dirReplaced)
}

// recoverMetadata undoes the first of the two renames of a swap that was cut
// off between them, so that the old bundle is whole again.
func recoverMetadata(root *os.Root) error {
	if _, err := root.Lstat(dirMetadata); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := root.Rename(dirReplaced, dirMetadata)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeNew writes a file that is not there yet, and syncs it.
func writeNew(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// replace puts one metadata file in place of the old one: a temporary file,
// sync, rename, sync of the folder.
func (b *Bundle) replace(name string, data []byte) error {
	temp := metadataPath(name + ".new")
	if err := b.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := writeNew(b.root, temp, data)
	if err == nil {
		err = b.root.Rename(temp, metadataPath(name))
	}
	if err != nil {
		_ = b.root.Remove(temp)
		return err
	}
	return syncFolder(b.root, dirMetadata)
}

// syncFolder makes the names in a folder durable, where the system has such a
// thing.
func syncFolder(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// noSpace gives a full medium its class, and one on which a file may not be as
// long as an object is.
func noSpace(err error) error {
	if errors.Is(err, syscall.EFBIG) {
		return fail.As(err, fail.NoSpace, "FAT32 holds no file of 4 GiB or more: format the medium as exFAT or ext4")
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fail.As(err, fail.NoSpace, "free some space on the medium, or take a larger one, and run the same command again")
	}
	return err
}

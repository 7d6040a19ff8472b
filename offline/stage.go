package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/offline/medium"
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
func replaceMetadata(folder *medium.Folder, files []roleFile, inject faults.Injector) error {
	if err := stage(folder, files, inject); err != nil {
		return aboutMedium(fmt.Errorf("write %s: %w", dirStaged, err))
	}
	if err := faults.At(inject, FaultSwap); err != nil {
		return err
	}
	if err := swap(folder, inject); err != nil {
		return fmt.Errorf("put %s in place: %w", dirMetadata, err)
	}
	if err := faults.At(inject, FaultSync); err != nil {
		return err
	}
	return folder.SyncFolder(".")
}

func stage(folder *medium.Folder, files []roleFile, inject faults.Injector) error {
	if err := folder.Root().RemoveAll(dirStaged); err != nil {
		return err
	}
	if err := folder.Root().Mkdir(dirStaged, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := faults.At(inject, FaultStage); err != nil {
			return err
		}
		if err := folder.WriteNew(path.Join(dirStaged, f.name), f.data); err != nil {
			return err
		}
	}
	return folder.SyncFolder(dirStaged)
}

// swap makes the staged folder the metadata folder.
func swap(folder *medium.Folder, inject faults.Injector) error {
	if _, err := folder.Root().Lstat(dirMetadata); errors.Is(err, fs.ErrNotExist) {
		return folder.Root().Rename(dirStaged, dirMetadata)
	}
	if folder.Exchange(dirStaged, dirMetadata) == nil {
		if err := folder.SyncFolder("."); err != nil {
			return err
		}
		// The staged folder holds the old files now; the replaced one is from
		// a run that was cut off on a system that cannot exchange.
		return errors.Join(folder.Root().RemoveAll(dirStaged), folder.Root().RemoveAll(dirReplaced))
	}
	if err := folder.Root().RemoveAll(dirReplaced); err != nil {
		return err
	}
	if err := folder.Root().Rename(dirMetadata, dirReplaced); err != nil {
		return err
	}
	if err := faults.At(inject, FaultBetween); err != nil {
		return err
	}
	if err := folder.Root().Rename(dirStaged, dirMetadata); err != nil {
		return err
	}
	if err := folder.SyncFolder("."); err != nil {
		return err
	}
	return folder.Root().RemoveAll(dirReplaced)
}

// recoverMetadata undoes the first of the two renames of a swap that was cut
// off between them, so that the old bundle is whole again.
func recoverMetadata(folder *medium.Folder) error {
	if _, err := folder.Root().Lstat(dirMetadata); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := folder.Root().Rename(dirReplaced, dirMetadata)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

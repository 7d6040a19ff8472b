package sysroot

import (
	"io/fs"
	"os"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

// defaultNote is where the initramfs of libostree notes what it has booted.
const defaultNote = "/run/ostree-booted"

// booted says whether a folder is the one that the machine booted. That is its
// root, but where the root is an image over the folder (composefs): then the
// note of the boot tells, as it does libostree.
func (s *Sysroot) booted(dir fs.FileInfo) bool {
	if device, inode, ok := notedFolder(s.o.Note); ok {
		return isFolder(dir, device, inode)
	}
	root, err := os.Stat("/")
	return err == nil && os.SameFile(root, dir)
}

// notedFolder is the folder in the note of a boot; false where there is none, as
// libostree left it empty before it knew composefs.
func notedFolder(path string) (device, inode uint64, ok bool) {
	data, err := fsx.ReadFile(path, limits.ConfigFile)
	if err != nil {
		return 0, 0, false
	}
	note, err := variant.Parse(variant.MustType("a{sv}"), data)
	if err != nil {
		return 0, 0, false
	}
	pair, ok := note.Lookup("backing-root-device-inode")
	if !ok || pair.Type().String() != "(tt)" {
		return 0, 0, false
	}
	return pair.At(0).Uint64(), pair.At(1).Uint64(), true
}

//go:build !linux

package objects

import (
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fsx"
)

// syncAll makes the files in dir and their names durable, one after the other:
// this system has no call that does it at once.
func syncAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return fsx.SyncDir(path)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		return syncFile(path)
	})
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

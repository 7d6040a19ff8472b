//go:build !unix

package delta

import (
	"io"
	"os"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// mapFile reads the file, where it can't be mapped.
func mapFile(f *os.File) (file, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return file{}, err
	}
	data, err := fsx.ReadAll(f, f.Name(), limits.DeltaFile)
	return file{data: data}, err
}

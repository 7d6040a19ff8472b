//go:build !unix

package delta

import (
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// mapFile reads the file, where it can't be mapped.
func mapFile(path string) (file, error) {
	data, err := fsx.ReadFile(path, limits.DeltaFile)
	return file{data: data}, err
}

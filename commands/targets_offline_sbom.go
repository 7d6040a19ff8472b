package commands

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/offline"
)

func sbomFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "sbom", Usage: "carry the SBOM in `FILE` along, as it is"},
	}
}

// sbomFiles are the files of --sbom.
func sbomFiles(paths []string) []offline.SBOM {
	var list []offline.SBOM
	for _, path := range paths {
		list = append(list, offline.SBOM{Name: filepath.Base(path), Open: func(context.Context) (io.ReadCloser, error) { return os.Open(path) }})
	}
	return list
}

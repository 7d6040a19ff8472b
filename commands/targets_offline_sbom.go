package commands

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/offline"
)

func sbomFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "sbom", Usage: "carry the SBOM in `FILE` along, as it is"},
		&cli.BoolFlag{Name: "with-sboms", Usage: "carry the SBOMs along that the backend has of the target"},
	}
}

// sbomFiles are the files of --sbom. What is wrong with one is known before a
// bundle is made, though they come last in it.
func sbomFiles(paths []string) ([]offline.SBOM, error) {
	var list []offline.SBOM
	for _, path := range paths {
		st, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, fail.As(fmt.Errorf("--sbom: %w", err), fail.NotFound, "name the file")
		case st.IsDir():
			return nil, fail.New(fail.Usage, "name the file", "--sbom: %s is a folder", path)
		}
		list = append(list, offline.SBOM{Name: filepath.Base(path), Open: func(context.Context) (io.ReadCloser, error) { return os.Open(path) }})
	}
	return list, nil
}

// backendSBOMs are those of --with-sboms.
func backendSBOMs(c *cli.Context, api *factory.Client, target string) ([]offline.SBOM, error) {
	if !c.Bool("with-sboms") {
		return nil, nil
	}
	if api == nil {
		return nil, fail.New(fail.Usage, "name files with --sbom", "--with-sboms: without a backend nobody has SBOMs")
	}
	kept, err := api.SBOMs(c.Context, target)
	if httpx.Code(err) == http.StatusNotFound {
		return nil, fail.Hint(err, "the backend keeps none of this target: leave --with-sboms out, or name files with --sbom")
	}
	if err != nil {
		return nil, err
	}
	var list []offline.SBOM
	for _, s := range kept {
		list = append(list, offline.SBOM{Name: s.Name(), Open: func(ctx context.Context) (io.ReadCloser, error) {
			return api.OpenSBOM(ctx, target, s)
		}})
	}
	return list, nil
}

package commands

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// keysTUFCommand changes roots. The steps of a transaction stand under "updates"
// as in fioctl, and once more without that word; what fioctl has without it is
// the shortcut that does all steps in one go.
func keysTUFCommand(rt *runtime) *cli.Command {
	short := []*cli.Command{
		showRootCommand(rt), downloadRootsCommand(rt), rotateOfflineShortcut(rt), rotateAllShortcut(rt),
	}
	for _, c := range updatesCommands(rt) {
		if c.Name != "rotate-offline-key" {
			short = append(short, c)
		}
	}
	return &cli.Command{
		Name:  "tuf",
		Usage: "the roots of a factory: which keys sign what",
		Description: "A root changes in a transaction: init opens it, the other commands stage changes, review shows them,\n" +
			"sign adds signatures, apply brings it into force and cancel drops it. One is open at a time. Its id,\n" +
			"which init prints, lets others take part.",
		Subcommands: append(short, &cli.Command{
			Name:        "updates",
			Usage:       "the steps of a root transaction, one by one",
			Subcommands: updatesCommands(rt),
		}),
	}
}

func prodFlag(what string) cli.Flag {
	return &cli.BoolFlag{Name: "prod", Usage: what + " the production root"}
}

func showRootCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "show-root",
		Usage: "print the root in force, after its chain was verified",
		Flags: append([]cli.Flag{prodFlag("show")}, accountFlags()...),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			files, err := rt.knownChain(c.Context, api, c.Bool("prod"))
			if err != nil {
				return err
			}
			return rt.render(rootView{files[len(files)-1]})
		},
	}
}

// rootView is a root as it lies.
type rootView struct{ file []byte }

// MarshalJSON gives the file itself.
func (v rootView) MarshalJSON() ([]byte, error) { return v.file, nil }

// Table prints the file for people.
func (v rootView) Table(w io.Writer) {
	text, err := author.Pretty(v.file)
	if err != nil { // a verified root is JSON
		text = string(v.file)
	}
	fmt.Fprintln(w, text)
}

func downloadRootsCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "download-roots",
		Usage:       "put all roots into a tar archive, after their chain was verified",
		ArgsUsage:   "FILE",
		Description: "FILE is a gzipped tar of 1.root.json, 2.root.json and so on: what a device's image carries.",
		Flags:       append([]cli.Flag{prodFlag("take the chain of")}, accountFlags()...),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			files, err := rt.knownChain(c.Context, api, c.Bool("prod"))
			if err != nil {
				return err
			}
			data, err := rootArchive(files)
			if err != nil {
				return err
			}
			path := c.Args().First()
			if err := fsx.WriteFile(path, data, 0o644); err != nil {
				return err
			}
			return rt.render(downloadView{File: path, Roots: len(files)})
		},
	}
}

type downloadView struct {
	File  string `json:"file"`
	Roots int    `json:"roots"`
}

// Table says what was written.
func (v downloadView) Table(w io.Writer) {
	render.Fields(w, "file", v.File, "roots", fmt.Sprintf("1 to %d", v.Roots))
}

// rootArchive is a gzipped tar of a chain that begins with root 1.
func rootArchive(files [][]byte) ([]byte, error) {
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	for i, file := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: tuf.RootName(i + 1), Mode: 0o644, Size: int64(len(file))}
		if err := tw.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := tw.Write(file); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// knownChain is rootChain, through the root that was seen last. A production
// chain has to end beside the chain of CI, signed by the same keys.
func (rt *runtime) knownChain(ctx context.Context, api *factory.Client, prod bool) ([][]byte, error) {
	files, err := rootChain(ctx, api, false)
	if err != nil {
		return nil, err
	}
	if err := rt.checkKnown(api, files); err != nil || !prod {
		return files, err
	}
	ci := files[len(files)-1]
	if files, err = rootChain(ctx, api, true); err != nil {
		return nil, err
	}
	return files, checkProduction(author.Pair{CI: ci, Prod: files[len(files)-1]})
}

// rootChain is every root from 1 on, each verified by the one before it.
func rootChain(ctx context.Context, api *factory.Client, prod bool) ([][]byte, error) {
	var query url.Values
	what := "root"
	if prod {
		query, what = url.Values{"production": {"1"}}, "production root"
	}
	fetch := api.Fetcher(query)
	var trust *tuf.Trust
	for v := 1; v <= limits.RootChain; v++ {
		file, err := fetch.Fetch(ctx, tuf.RootName(v), limits.Root)
		switch {
		case errors.Is(err, tuf.ErrNotFound) && trust == nil:
			return nil, fail.As(fmt.Errorf("%s: %w", what, err), fail.NotFound, "check the factory's name and that it has one")
		case errors.Is(err, tuf.ErrNotFound):
			return trust.RootFiles(), nil
		case err == nil && trust == nil:
			trust, err = firstRoot(file)
		case err == nil:
			err = trust.AddRoot(file)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil, fail.New(fail.Verification, "no honest backend has this many", "%s: more than %d versions", what, limits.RootChain)
}

func firstRoot(file []byte) (*tuf.Trust, error) {
	trust, err := tuf.NewTrust(file)
	if err == nil && trust.Root().Version != 1 {
		err = fail.New(fail.Verification, "", "%s is version %d inside", tuf.RootName(1), trust.Root().Version)
	}
	return trust, err
}

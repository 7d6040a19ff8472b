package plumbing

import (
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func exportCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write the tree of a commit as a tar archive",
		ArgsUsage: "COMMIT",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "no-xattrs", Usage: "leave extended attributes out"},
			&cli.StringFlag{Name: "subpath", Usage: "write only what is below `PATH`"},
			&cli.StringFlag{Name: "prefix", Usage: "put `PREFIX` before each name, as it is"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output"},
		},
		Action: e.onRepo(e.export),
	}
}

func (e *Env) export(c *cli.Context, repo *ostree.Repo) error {
	commit, err := repo.Resolve(c.Context, c.Args().First())
	if err != nil {
		return err
	}
	subpath, err := subpathFlag(c)
	if err != nil {
		return err
	}
	opt := ostree.ExportOptions{Subpath: subpath, Prefix: c.String("prefix"), NoXattrs: c.Bool("no-xattrs")}
	write := func(w io.Writer) error { return ostree.Export(c.Context, repo, commit, w, opt) }
	path := c.String("output")
	if path == "" {
		return write(e.Stdout)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = write(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

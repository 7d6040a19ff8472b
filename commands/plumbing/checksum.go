package plumbing

import (
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func checksumCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:        "checksum",
		Usage:       "print what a file would be called in a commit",
		ArgsUsage:   "PATH",
		Description: "Of a directory it is the checksum of its metadata alone.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "ignore-xattrs", Usage: "leave extended attributes out"},
		},
		Action: func(c *cli.Context) error {
			path := c.Args().First()
			if path == "" {
				return usage("PATH is empty")
			}
			sum, err := ostree.DiskChecksum(c.Context, path, ostree.DiskOptions{NoXattrs: c.Bool("ignore-xattrs")})
			if err != nil {
				return e.about(err)
			}
			return e.Render(checksumsView{sum.String()})
		},
	}
}

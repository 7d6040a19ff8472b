package plumbing

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func initCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "make a new repo",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "mode", Usage: "store objects as `archive|archive-z2|bare`", Value: "bare"},
		},
		Action: func(c *cli.Context) error {
			path := cmp.Or(c.String("repo"), e.Getenv("OSTREE_REPO"), ".")
			mode := ostree.Mode(strings.TrimSuffix(c.String("mode"), "-z2"))
			if err := os.MkdirAll(filepath.Clean(path), 0o777); err != nil {
				return err
			}
			_, err := ostree.CreateRepo(path, mode)
			return e.about(err)
		},
	}
}

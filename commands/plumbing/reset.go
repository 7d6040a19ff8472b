package plumbing

import (
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func resetCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "reset",
		Usage:     "move a ref to another commit",
		ArgsUsage: "REF COMMIT",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			ref := c.Args().First()
			if _, err := repo.Ref(c.Context, ref); err != nil {
				return err
			}
			to, err := repo.Resolve(c.Context, c.Args().Get(1))
			if err != nil {
				return err
			}
			if err := repo.SetRef(c.Context, ref, to, nil); err != nil {
				return err
			}
			return e.refsChanged(c.Context, repo)
		}),
	}
}

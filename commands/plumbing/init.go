package plumbing

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func initCommand(e *Env) *cli.Command {
	args := ""
	if e.StandIn {
		args = "[IGNORED...]" // the original looks at none, and scripts say "init init"
	}
	return &cli.Command{
		ArgsUsage: args,

		Name:  "init",
		Usage: "make a new repo",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "mode", Usage: "store objects as `MODE`: archive, bare, bare-user or bare-user-only", Value: "bare"},
			&cli.StringFlag{Name: "collection-id", Usage: "the refs of this repo are those of the collection `ID`, wherever they are mirrored"},
		},
		Action: func(c *cli.Context) error {
			path := cmp.Or(c.String("repo"), e.Getenv("OSTREE_REPO"))
			if path == "" {
				return usage("Command requires a --repo argument")
			}
			mode, err := ostree.ParseMode(c.String("mode"))
			if err != nil {
				return err
			}
			if id := c.String("collection-id"); id == "" && c.IsSet("collection-id") {
				return ostree.CheckCollectionID(id)
			}
			if _, err := os.Stat(filepath.Dir(filepath.Clean(path))); err != nil {
				return fmt.Errorf("create repo %s: %w", path, err)
			}
			_, err = ostree.CreateRepoWith(path, mode, ostree.CreateOptions{CollectionID: c.String("collection-id")})
			return e.about(err)
		},
	}
}

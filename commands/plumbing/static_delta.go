package plumbing

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

func staticDeltaCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "static-delta",
		Usage: "what leads from one commit to another in one file",
		Subcommands: []*cli.Command{
			staticDeltaApplyCommand(e),
			staticDeltaDeleteCommand(e),
			staticDeltaGenerateCommand(e),
			staticDeltaIndexesCommand(e),
			staticDeltaListCommand(e),
			staticDeltaReindexCommand(e),
			staticDeltaShowCommand(e),
			staticDeltaVerifyCommand(e),
		},
	}
}

// deltaArg is the DELTA that a verb is about.
func deltaArg(c *cli.Context) (delta.Name, error) {
	arg := c.Args().First()
	if arg == "" {
		return delta.Name{}, usage("DELTA must be specified")
	}
	return delta.ParseName(arg)
}

// openDelta opens the DELTA that a verb is about: one of the repo, or of a path.
func openDelta(c *cli.Context, repo *ostree.Repo) (*delta.File, error) {
	if arg := c.Args().First(); strings.ContainsRune(arg, filepath.Separator) {
		return delta.OpenCopy(arg, filepath.Join(repo.Path(), "tmp"))
	}
	n, err := deltaArg(c)
	if err != nil {
		return nil, err
	}
	return delta.Load(repo, n)
}

func staticDeltaListCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the deltas of the repo",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			list, err := delta.List(c.Context, repo)
			if err != nil {
				return err
			}
			view := namesView{none: "(No static deltas)", Names: []string{}}
			for _, n := range list {
				view.Names = append(view.Names, n.String())
			}
			return e.Render(view)
		}),
	}
}

func staticDeltaIndexesCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "indexes",
		Usage: "list the commits that have an index of deltas to them",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			list, err := delta.Indexed(c.Context, repo)
			if err != nil {
				return err
			}
			view := namesView{none: "(No static deltas indexes)", Names: []string{}}
			for _, sum := range list {
				view.Names = append(view.Names, sum.String())
			}
			return e.Render(view)
		}),
	}
}

type namesView struct {
	Names []string `json:"names"`
	none  string
}

// Table prints one name a line, or that there is none.
func (v namesView) Table(w io.Writer) {
	for _, n := range v.Names {
		fmt.Fprintln(w, n)
	}
	if len(v.Names) == 0 {
		fmt.Fprintln(w, v.none)
	}
}

func staticDeltaDeleteCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "delete",
		Usage:     "delete a delta",
		ArgsUsage: "DELTA",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			n, err := deltaArg(c)
			if err != nil {
				return err
			}
			return delta.Delete(c.Context, repo, n)
		}),
	}
}

func staticDeltaReindexCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "reindex",
		Usage: "write the indexes of deltas anew",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "only that of the commit `REV`"},
		},
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			var to *ostree.Checksum
			if rev := c.String("to"); rev != "" {
				sum, err := repo.Resolve(c.Context, rev)
				if err != nil {
					return err
				}
				to = &sum
			}
			_, err := delta.Reindex(c.Context, repo, to)
			return err
		}),
	}
}

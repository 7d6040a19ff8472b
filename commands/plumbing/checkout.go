package plumbing

import (
	"cmp"
	"errors"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func checkoutCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "checkout",
		Usage:     "write a commit's tree to a folder",
		ArgsUsage: "COMMIT [DIR]",
		Description: "DIR (default: COMMIT) is built beside its place and appears when it is whole and verified. Without\n" +
			"--user-mode it needs root. Files are always copies, never hard links into the repo.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "user-mode", Aliases: []string{"U"}, Usage: "leave owners and extended attributes alone, drop setuid bits"},
			&cli.StringFlag{Name: "subpath", Usage: "write only `PATH` of the commit"},
			&cli.BoolFlag{Name: "union", Usage: "keep existing folders, overwrite existing files"},
			&cli.BoolFlag{Name: "union-add", Usage: "keep what exists, add the rest"},
			&cli.BoolFlag{Name: "allow-noent", Usage: "do nothing if the commit has no such --subpath"},
			&cli.BoolFlag{Name: "force-copy", Aliases: []string{"C"}, Usage: "copy files, which is always done", Hidden: true},
			&cli.BoolFlag{Name: "disable-cache", Usage: "use no cache in the repo, which is never done", Hidden: true},
		},
		Action: e.onRepo(e.checkout),
	}
}

type checkoutView struct {
	Commit string `json:"commit"`
	Dir    string `json:"dir"`
	ostree.CheckoutReport
}

// Table prints nothing, as ostree checkout does.
func (checkoutView) Table(io.Writer) {}

func (e *Env) checkout(c *cli.Context, repo *ostree.Repo) error {
	rev := c.Args().First()
	commit, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	opt := ostree.CheckoutOptions{UserMode: c.Bool("user-mode"), Subpath: c.String("subpath"), Progress: e.Progress()}
	switch union, add := c.Bool("union"), c.Bool("union-add"); {
	case union && add:
		return fail.New(fail.Usage, "", "--union and --union-add exclude each other")
	case union:
		opt.Overwrite = ostree.OverwriteFiles
	case add:
		opt.Overwrite = ostree.OverwriteAdd
	}
	dir := cmp.Or(c.Args().Get(1), rev)
	report, err := ostree.Checkout(c.Context, repo, commit, dir, opt)
	if errors.Is(err, ostree.ErrNoPath) && c.Bool("allow-noent") {
		return nil
	}
	if err != nil {
		return err
	}
	return e.Render(checkoutView{commit.String(), dir, report})
}

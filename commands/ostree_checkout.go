package commands

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func ostreeCheckoutCommand(rt *runtime) *cli.Command {
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
		Action: rt.onRepo(rt.ostreeCheckout),
	}
}

type checkoutView struct {
	Commit string `json:"commit"`
	Dir    string `json:"dir"`
	ostree.CheckoutReport
}

// Table prints nothing, as ostree checkout does.
func (checkoutView) Table(io.Writer) {}

func (rt *runtime) ostreeCheckout(c *cli.Context, repo *ostree.Repo) error {
	rev := c.Args().First()
	commit, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	opt := ostree.CheckoutOptions{UserMode: c.Bool("user-mode"), Subpath: c.String("subpath"), Progress: rt.progress()}
	switch union, add := c.Bool("union"), c.Bool("union-add"); {
	case union && add:
		return fail.New(fail.Usage, "", "--union and --union-add exclude each other")
	case union:
		opt.Overwrite = ostree.OverwriteFiles
	case add:
		opt.Overwrite = ostree.OverwriteAdd
	}
	dir := first(c.Args().Get(1), rev)
	report, err := ostree.Checkout(c.Context, repo, commit, dir, opt)
	if errors.Is(err, ostree.ErrNoPath) && c.Bool("allow-noent") {
		return nil
	}
	if err != nil {
		return err
	}
	return rt.render(checkoutView{commit.String(), dir, report})
}

func ostreeFsckCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "fsck",
		Usage: "verify all commits of a repo, object by object",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "go on after the first problem"},
			&cli.BoolFlag{Name: "verify-bindings", Usage: "demand that commits name the refs that point at them"},
		},
		Action: rt.onRepo(rt.ostreeFsck),
	}
}

type fsckView struct {
	ostree.FsckReport
	Messages []string `json:"problems"`
}

// Table ends as ostree fsck does.
func (v fsckView) Table(w io.Writer) {
	if v.Partial > 0 {
		fmt.Fprintf(w, "%d partial commits not verified\n", v.Partial)
	}
	if len(v.Messages) == 0 {
		fmt.Fprintf(w, "object fsck of %d commits completed successfully - no errors found.\n", v.Commits)
	}
}

func (rt *runtime) ostreeFsck(c *cli.Context, repo *ostree.Repo) error {
	report, err := ostree.Fsck(c.Context, repo, ostree.FsckOptions{KeepOn: c.Bool("all"), Bindings: c.Bool("verify-bindings"), Progress: rt.progress()})
	if err != nil {
		return err
	}
	view := fsckView{FsckReport: report, Messages: []string{}}
	for _, p := range report.Problems {
		view.Messages = append(view.Messages, p.Error())
	}
	if err := rt.render(view); err != nil {
		return err
	}
	switch n := len(report.Problems); {
	case n == 0:
		return nil
	case n == 1:
		return fail.As(fmt.Errorf("repo %s is damaged: %w", repo.Path(), report.Problems[0]), fail.Verification, damageHint)
	default:
		for _, m := range view.Messages {
			rt.say("%s", oneLine(m))
		}
		return fail.New(fail.Verification, damageHint, "repo %s is damaged: %d problems", repo.Path(), n)
	}
}

const damageHint = "remove the objects that are corrupt and fetch the commit again from where it came"

package plumbing

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func fsckCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "fsck",
		Usage: "verify all commits of a repo, object by object",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors only"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "go on after the first problem"},
			&cli.BoolFlag{Name: "verify-bindings", Usage: "demand that commits name the refs that point at them"},
		},
		Action: e.onRepo(e.fsck),
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

func (e *Env) fsck(c *cli.Context, repo *ostree.Repo) error {
	quiet := c.Bool("quiet")
	opt := ostree.FsckOptions{KeepOn: c.Bool("all"), Bindings: c.Bool("verify-bindings")}
	if !quiet {
		opt.Progress = e.Progress()
	}
	report, err := ostree.Fsck(c.Context, repo, opt)
	if err != nil {
		return err
	}
	view := fsckView{FsckReport: report, Messages: []string{}}
	for _, p := range report.Problems {
		view.Messages = append(view.Messages, p.Error())
	}
	if !quiet {
		if err := e.Render(view); err != nil {
			return err
		}
	}
	switch n := len(report.Problems); {
	case n == 0:
		return nil
	case n == 1:
		return fail.As(fmt.Errorf("repo %s is damaged: %w", repo.Path(), report.Problems[0]), fail.Verification, damageHint)
	default:
		for _, m := range view.Messages {
			e.Say("%s", render.OneLine(m))
		}
		return fail.New(fail.Verification, damageHint, "repo %s is damaged: %d problems", repo.Path(), n)
	}
}

const damageHint = "remove the objects that are corrupt and fetch the commit again from where it came"

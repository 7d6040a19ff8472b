package commands

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/targets"
)

func targetsPruneCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "prune",
		Usage:     "take targets out, so that no device is offered them",
		ArgsUsage: "TARGET...",
		Description: "A target that is the newest of a tag goes by its name only with --force: devices would be left with\n" +
			"an older one, and its version is never given out again. One that is in production does not go at all.\n" +
			"The commits stay in the backend's repo.",
		Flags: changeFlags(rt,
			&cli.BoolFlag{Name: "by-tag", Usage: "each TARGET is a tag: take out the targets that have exactly these tags"},
			&cli.IntFlag{Name: "keep-last", Usage: "with --by-tag, keep the `N` highest versions"},
			&cli.BoolFlag{Name: "force", Usage: "take out the newest target of a tag too"},
		),
		Action: func(c *cli.Context) error { return rt.targetsPrune(c) },
	}
}

func (rt *runtime) targetsPrune(c *cli.Context) error {
	req := targets.PruneRequest{Which: c.Args().Slice(), ByTag: c.Bool("by-tag"), KeepLast: c.Int("keep-last"), Force: c.Bool("force")}
	switch {
	case req.KeepLast < 0:
		return fail.New(fail.Usage, "give how many versions stay", "--keep-last %d: not a number of versions", req.KeepLast)
	case req.KeepLast > 0 && !req.ByTag:
		return fail.New(fail.Usage, "give --by-tag and the tags", "--keep-last: it goes with --by-tag")
	}
	ch, err := rt.changeTargets(c)
	if err != nil {
		return err
	}
	pruned, err := targets.Prune(ch.draft, req)
	if err != nil {
		return err
	}
	view := pruneView{Pruned: append([]string{}, pruned.Names...)}
	if len(pruned.Names) == 0 {
		view.outcome = outcome{DryRun: c.Bool("dry-run"), Version: ch.draft.Version()}
		return rt.render(view)
	}
	for _, name := range pruned.Newest {
		rt.log.Warn("the newest target of a tag goes; devices that follow the tag are left with an older one", "target", name)
	}
	view.outcome, err = rt.commit(c, ch, func() (factory.Changed, error) {
		return ch.backend.PruneTargets(c.Context, ch.base(), pruned.Names)
	})
	if err != nil {
		return err
	}
	return rt.render(view)
}

type pruneView struct {
	outcome
	Pruned []string `json:"pruned"`
}

// Table names what goes.
func (v pruneView) Table(w io.Writer) {
	if len(v.Pruned) == 0 {
		fmt.Fprintln(w, "nothing to prune")
		return
	}
	for _, name := range v.Pruned {
		fmt.Fprintln(w, name)
	}
	v.say(w)
}

package commands

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/targets"
)

func targetsTagCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "tag",
		Usage:       "give targets other tags, so that other devices take them",
		ArgsUsage:   "TARGET...",
		Description: "If somebody else changes targets meanwhile nothing is changed, and the command ends with exit code 6.",
		Flags: changeFlags(rt,
			&cli.StringSliceFlag{Name: "tags", Aliases: []string{"T"}, Usage: "the tags `TAGS`; repeat or separate by commas", Required: true},
			&cli.BoolFlag{Name: "append", Usage: "add to the tags that each has, instead of replacing them"},
			&cli.BoolFlag{Name: "by-version", Usage: "each TARGET is a version: tag all targets that have it"},
		),
		Action: func(c *cli.Context) error { return rt.targetsTag(c) },
	}
}

func (rt *runtime) targetsTag(c *cli.Context) error {
	req := targets.TagRequest{
		Which: c.Args().Slice(), ByVersion: c.Bool("by-version"), Append: c.Bool("append"),
		Tags: words(c.StringSlice("tags")), Now: rt.clock(),
	}
	if err := targets.CheckTags(req.Tags); err != nil {
		return err
	}
	ch, err := rt.changeTargets(c)
	if err != nil {
		return err
	}
	view := tagView{Changes: []targets.TagChange{}}
	changes, err := targets.Tag(ch.draft, req)
	if err != nil {
		return err
	}
	view.Changes = append(view.Changes, changes...)
	if len(changes) == 0 {
		view.outcome = outcome{DryRun: c.Bool("dry-run"), Version: ch.draft.Version()}
		return rt.render(view)
	}
	tags := map[string][]string{}
	for _, change := range changes {
		tags[change.Name] = change.To
	}
	if len(tags) > maxTagged {
		return fail.New(fail.Usage, "tag them in several runs", "%d targets: at most %d at once", len(tags), maxTagged)
	}
	view.outcome, err = rt.commit(c, ch, func() (factory.Changed, error) {
		return ch.backend.TagTargets(c.Context, ch.base(), tags)
	})
	if err != nil {
		return err
	}
	return rt.render(view)
}

// maxTagged is how many targets a backend takes in one request.
const maxTagged = 1000

type tagView struct {
	outcome
	Changes []targets.TagChange `json:"changes"`
}

// Table says which tags became which.
func (v tagView) Table(w io.Writer) {
	if len(v.Changes) == 0 {
		fmt.Fprintln(w, "nothing to change: they have these tags already")
		return
	}
	var rows [][]string
	for _, c := range v.Changes {
		rows = append(rows, []string{c.Name, strings.Join(c.From, ","), strings.Join(c.To, ",")})
	}
	render.Columns(w, []string{"TARGET", "FROM", "TO"}, rows)
	v.say(w)
}

package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/targets"
	"github.com/otactl/otactl/tuf"
)

func targetsAddCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "add",
		Usage:     "derive new targets from the newest ones with a tag",
		ArgsUsage: "WHAT...",
		Description: "With --type ostree, WHAT is pairs of a hardware id and a commit, which has to be in the backend's\n" +
			"repo; with --type app, URIs of all apps that the targets shall have, as HOST/PATH/APP@sha256:DIGEST.\n" +
			"For each hardware id the newest target with --src-tag is taken over with all its fields, under a\n" +
			"version above every one there ever was. To add a first target, use otactl publish.",
		Flags: changeFlags(rt,
			&cli.StringFlag{Name: "type", Usage: "what is new in the targets: `ostree|app`", Required: true},
			&cli.StringSliceFlag{Name: "tags", Aliases: []string{"T"}, Usage: "the new targets have `TAGS`; repeat or separate by commas", Required: true},
			&cli.StringFlag{Name: "src-tag", Usage: "derive from the newest targets with `TAG`", Required: true},
			&cli.StringFlag{Name: "targets-creator", Usage: "note that `TEXT` made them (default: this program)"},
		),
		Action: func(c *cli.Context) error { return rt.targetsAdd(c) },
	}
}

func (rt *runtime) targetsAdd(c *cli.Context) error {
	req, err := rt.addRequest(c)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		view, err := rt.addOnce(c, req)
		// A version that somebody else took meanwhile is replaced by the next.
		if httpx.Code(err) == http.StatusConflict && httpx.Reason(err) == "target_exists" && attempt < maxAllocations {
			continue
		}
		if err != nil || rt.quiet && rt.format == render.Table {
			return err
		}
		return rt.render(view)
	}
}

// maxAllocations is how often a version that was taken meanwhile is replaced.
const maxAllocations = 8

func (rt *runtime) addRequest(c *cli.Context) (targets.AddRequest, error) {
	req := targets.AddRequest{Tags: words(c.StringSlice("tags")), SrcTag: c.String("src-tag"), Now: rt.clock()}
	err := targets.CheckTags(append([]string{}, req.Tags...))
	if err == nil {
		err = targets.CheckTags([]string{req.SrcTag})
	}
	if err != nil {
		return req, err
	}
	if c.String("type") == "ostree" {
		req.Commits, err = targets.ParseCommits(c.Args().Slice())
	} else {
		req.Apps, err = targets.ParseApps(c.Args().Slice())
	}
	return req, err
}

func (rt *runtime) addOnce(c *cli.Context, req targets.AddRequest) (*addView, error) {
	ch, err := rt.changeTargets(c)
	if err != nil {
		return nil, err
	}
	if req.Version, err = nextVersion(c, ch); err != nil {
		return nil, err
	}
	view := &addView{Version: req.Version, Targets: map[string]json.RawMessage{}}
	if view.Derived, err = targets.Add(ch.draft, req); err != nil {
		return nil, err
	}
	added := map[string]tuf.Target{}
	for _, d := range view.Derived {
		view.Targets[d.Name] = ch.draft.Entry(d.Name)
		if added[d.Name], err = ch.draft.Target(d.Name); err != nil {
			return nil, err
		}
	}
	view.outcome, err = rt.commit(c, ch, func() (factory.Changed, error) {
		done, err := ch.backend.AddTargets(c.Context, added, first(c.String("targets-creator"), userAgent()+" targets add"))
		return factory.Changed{Version: done.Version}, err
	})
	return view, err
}

// nextVersion is above every version there is, or was as far as the backend
// keeps count.
func nextVersion(c *cli.Context, ch *changing) (int, error) {
	highest, err := targets.Highest(ch.draft)
	if err != nil {
		return 0, err
	}
	counted, err := ch.backend.LatestVersion(c.Context)
	if err != nil {
		return 0, err
	}
	next := max(highest, counted) + 1
	if next > maxTargetVersion {
		return 0, fail.New(fail.Conflict, "", "version %d: it is beyond what devices compare as a number", next)
	}
	return next, nil
}

// maxTargetVersion is the highest that every device holds as a number.
const maxTargetVersion = 1<<31 - 1

type addView struct {
	outcome
	Version int                        `json:"version"`
	Derived []targets.Derived          `json:"derived"`
	Targets map[string]json.RawMessage `json:"targets"`
}

// Table says what is derived from what, and shows the new targets.
func (v addView) Table(w io.Writer) {
	var rows [][]string
	for _, d := range v.Derived {
		rows = append(rows, []string{d.Name, d.From})
	}
	render.Columns(w, []string{"NEW", "FROM"}, rows)
	for _, name := range slices.Sorted(maps.Keys(v.Targets)) {
		fmt.Fprintf(w, "%s: %s\n", name, v.Targets[name])
	}
	v.say(w)
}

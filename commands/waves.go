package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

func wavesCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "waves",
		Usage: "bring targets to production devices, some of them first",
		Subcommands: []*cli.Command{
			wavesInitCommand(rt), wavesSignCommand(rt), wavesRolloutCommand(rt), wavesStatusCommand(rt),
			wavesListCommand(rt), wavesShowCommand(rt), wavesCompleteCommand(rt), wavesCancelCommand(rt),
		},
	}
}

// wavesFlags are a command's own flags and those that name the backend.
func wavesFlags(more ...cli.Flag) []cli.Flag { return append(more, accountFlags()...) }

func wavesListCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list waves, the newest first",
		Flags: wavesFlags(
			&cli.StringFlag{Name: "limit", Aliases: []string{"n"}, Usage: "show `N` waves (default: 20)"},
			&cli.IntFlag{Name: "page", Aliases: []string{"p"}, Usage: "show page `N` of them", Value: 1},
			&cli.StringFlag{Name: "status", Aliases: []string{"S"}, Usage: "only waves that are `active|complete|canceled`"},
			&cli.StringFlag{Name: "tag", Aliases: []string{"T"}, Usage: "only waves for `TAG`"},
		),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			limit, err := strconv.Atoi(first(c.String("limit"), "20"))
			if err != nil || limit < 1 || c.Int("page") < 1 {
				return fail.New(fail.Usage, "give numbers from 1 on", "waves list: --limit %q --page %d", c.String("limit"), c.Int("page"))
			}
			page, err := api.Waves(c.Context, factory.WaveQuery{
				Status: c.String("status"), Tag: c.String("tag"), Limit: limit, Page: c.Int("page")})
			if err != nil {
				return err
			}
			return rt.render(wavesView{Waves: page.Waves, Total: page.Total, Page: c.Int("page"), More: page.Next != nil})
		},
	}
}

type wavesView struct {
	Waves []factory.Wave `json:"waves"`
	Total int            `json:"total"`
	Page  int            `json:"page"`
	More  bool           `json:"more"` // there is a next page
}

// Table lists the waves of one page.
func (v wavesView) Table(w io.Writer) {
	if len(v.Waves) == 0 {
		fmt.Fprintln(w, "no waves")
		return
	}
	rows := make([][]string, 0, len(v.Waves))
	for _, wave := range v.Waves {
		rows = append(rows, []string{wave.Name, wave.Version, wave.Tag, wave.Status, wave.Change.CreatedAt, wave.Change.UpdatedAt})
	}
	render.Columns(w, []string{"NAME", "VERSION", "TAG", "STATUS", "CREATED", "FINISHED"}, rows)
	if v.More {
		fmt.Fprintf(w, "\n%d in all; more with --page %d\n", v.Total, v.Page+1)
	}
}

func wavesShowCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show one wave and how it was rolled out",
		ArgsUsage: "WAVE",
		Flags: wavesFlags(
			&cli.BoolFlag{Name: "show-targets", Aliases: []string{"s"}, Usage: "show its targets.json as well"},
		),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			wave, err := api.Wave(c.Context, c.Args().First(), c.Bool("show-targets"))
			if err != nil {
				return err
			}
			return rt.render(waveView{wave})
		},
	}
}

type waveView struct{ factory.Wave }

// Table tells a wave's story, one line a step.
func (v waveView) Table(w io.Writer) {
	render.Fields(w, "wave", v.Name, "version", v.Version, "tag", v.Tag, "status", v.Status,
		"devices", countOf(v.Handed), "created", by(v.Change.CreatedAt, v.Change.CreatedBy), "finished", by(v.Change.UpdatedAt, v.Change.UpdatedBy))
	rows := make([][]string, 0, len(v.History))
	for _, h := range v.History {
		whom := "in group " + h.Group
		if h.FullGroup {
			whom = "all in group " + h.Group
		} else if h.FactoryWide {
			whom = "of any group"
		}
		rows = append(rows, []string{h.At, strconv.Itoa(h.Devices), whom, h.By})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"ROLLED OUT", "DEVICES", "WHICH", "BY"}, rows)
	}
	if v.Targets != nil {
		fmt.Fprintf(w, "\n%s\n", indented(v.Targets))
	}
}

func countOf(handed int) string {
	if handed == 0 {
		return ""
	}
	return strconv.Itoa(handed) + " were handed it, and nothing newer"
}

func by(at, who string) string {
	if who == "" {
		return at
	}
	return at + " by " + who
}

// indented is JSON for eyes, with nothing in it that a terminal would act upon.
// What doesn't parse is shown as it is, on one line.
func indented(doc json.RawMessage) string {
	canon, err := tuf.Canonical(doc)
	if err != nil {
		return oneLine(string(doc))
	}
	var out bytes.Buffer
	if err := json.Indent(&out, canon, "", "  "); err != nil {
		return oneLine(string(doc))
	}
	return strings.ReplaceAll(out.String(), "\x7f", "?")
}

func wavesStatusCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "show how far the devices of a wave are",
		ArgsUsage: "[WAVE]",
		Description: "Without WAVE it is the one that is active. Every production device that follows the wave's tag\n" +
			"counts, in the rollout or not. While a wave is active, devices of its rollout that run an older\n" +
			"version are scheduled; once it is complete all such devices are, and once it is canceled none.",
		Flags: wavesFlags(
			&cli.IntFlag{Name: "offline-threshold", Usage: "a device not seen for `HOURS` is offline", Value: 4},
		),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			if c.Int("offline-threshold") < 1 {
				return fail.New(fail.Usage, "give a number of hours from 1 on", "--offline-threshold %d: not at least 1", c.Int("offline-threshold"))
			}
			s, err := api.WaveStatus(c.Context, first(c.Args().First(), factory.ActiveWave), c.Int("offline-threshold"))
			if err != nil {
				return err
			}
			return rt.render(waveStatusView{s})
		},
	}
}

type waveStatusView struct{ factory.WaveStatus }

// Table shows the whole, then the groups, then who runs what in each.
func (v waveStatusView) Table(w io.Writer) {
	render.Fields(w, "wave", v.Name, "version", strconv.Itoa(v.Version), "tag", v.Tag, "status", v.Status,
		"created", v.CreatedAt, "finished", v.FinishedAt, "devices", strconv.Itoa(v.Total), "updated", strconv.Itoa(v.Updated),
		"scheduled", strconv.Itoa(v.Scheduled), "not scheduled", strconv.Itoa(v.Unscheduled))
	var groups, targets [][]string
	for _, g := range append(append([]factory.GroupStatus{}, v.Rollout...), v.Other...) {
		name := first(g.Name, "(no group)")
		groups = append(groups, []string{name, strconv.Itoa(g.Total), strconv.Itoa(g.OnWave + g.OnNewer), strconv.Itoa(g.OnOlder),
			strconv.Itoa(g.Scheduled), strconv.Itoa(g.Online), first(g.RolloutAt, "-")})
		for _, t := range g.Targets {
			version := strconv.Itoa(t.Version)
			if t.Orphan {
				version = "unknown"
			}
			targets = append(targets, []string{name, version, strconv.Itoa(t.Devices)})
		}
	}
	if len(groups) == 0 {
		return
	}
	fmt.Fprintln(w)
	render.Columns(w, []string{"GROUP", "DEVICES", "UPDATED", "OLDER", "SCHEDULED", "ONLINE", "ROLLED OUT"}, groups)
	fmt.Fprintln(w)
	render.Columns(w, []string{"GROUP", "VERSION", "DEVICES"}, targets)
}

func wavesCompleteCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "complete",
		Usage:     "make a wave's targets the production targets of its tag",
		ArgsUsage: "WAVE",
		Description: "All production devices that follow the tag are offered its targets from now on. It cannot be\n" +
			"taken back: a later wave brings what is newer.",
		Flags: wavesFlags(),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			if err := api.CompleteWave(c.Context, c.Args().First()); err != nil {
				return err
			}
			return rt.render(waveEndView{Wave: c.Args().First(), Status: "complete"})
		},
	}
}

func wavesCancelCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "cancel",
		Usage:     "end a wave, so that no other device is offered it",
		ArgsUsage: "WAVE",
		Description: "Devices that have been handed the wave's metadata keep it, since what is older would be a\n" +
			"rollback to them; a later wave of at least its version takes them on.",
		Flags: wavesFlags(),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			wave, err := api.CancelWave(c.Context, c.Args().First())
			if err != nil {
				return err
			}
			return rt.render(waveEndView{Wave: c.Args().First(), Status: "canceled", Handed: wave.Handed})
		},
	}
}

type waveEndView struct {
	Wave   string `json:"wave"`
	Status string `json:"status"`
	Handed int    `json:"devices_handed,omitempty"` // have a canceled wave's metadata and keep it
}

// Table says how the wave ended.
func (v waveEndView) Table(w io.Writer) {
	fmt.Fprintf(w, "wave %s is %s\n", oneLine(v.Wave), v.Status)
	if v.Handed > 0 {
		fmt.Fprintf(w, "%d devices were handed it and keep it; a newer wave takes them on\n", v.Handed)
	}
}

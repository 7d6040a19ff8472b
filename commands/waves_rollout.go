package commands

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

func wavesRolloutCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "rollout",
		Usage:     "offer a wave to some of the production devices",
		ArgsUsage: "WAVE [GROUP]",
		Description: "Of the production devices that follow the wave's tag, those are chosen that fit each restriction\n" +
			"given, at least one of which is needed. A group by itself stands for all devices in it, those that\n" +
			"join it later too. With --limit those seen last come first, and those that the wave was rolled out\n" +
			"to before don't count. A device takes the update at its next check.",
		Flags: wavesFlags(
			&cli.StringFlag{Name: "group", Aliases: []string{"g"}, Usage: "only devices in `GROUP`"},
			&cli.StringFlag{Name: "limit", Aliases: []string{"l"}, Usage: "at most `N` devices, or N% of those that fit"},
			&cli.StringFlag{Name: "uuids", Usage: "only the devices in `LIST`, or in a file: @FILE; separated by , ; | or space"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say which devices it would be, and change nothing"},
			&cli.BoolFlag{Name: "print-uuids", Usage: "list the devices' UUIDs"},
			&cli.BoolFlag{Name: "print-names", Usage: "list the devices' names"},
		),
		Action: func(c *cli.Context) error { return rt.rollout(c) },
	}
}

func (rt *runtime) rollout(c *cli.Context) error {
	req := factory.Rollout{Group: c.String("group"), DryRun: c.Bool("dry-run"),
		WantUUIDs: c.Bool("print-uuids"), WantNames: c.Bool("print-names")}
	if arg := c.Args().Get(1); arg != "" {
		if req.Group != "" {
			return fail.New(fail.Usage, "leave one of them out", "waves rollout: group %q, and --group %q", arg, req.Group)
		}
		req.Group = arg
	}
	var err error
	if req.Limit, req.Percentage, err = parseLimit(c.String("limit")); err != nil {
		return err
	}
	if req.UUIDs, err = parseUUIDs(c.String("uuids")); err != nil {
		return err
	}
	if req.Group == "" && req.Limit == 0 && req.Percentage == 0 && req.UUIDs == nil {
		return fail.New(fail.Usage, "give --group, --limit or --uuids; for all devices there is otactl waves complete",
			"waves rollout: nothing says which devices")
	}
	api, err := rt.factory(c)
	if err != nil {
		return err
	}
	out, err := api.RolloutWave(c.Context, c.Args().First(), req)
	if err != nil {
		return err
	}
	return rt.render(rolloutView{Wave: out.Name, Tag: out.Tag, Group: req.Group, DryRun: req.DryRun,
		Later: req.Group != "" && req.Limit == 0 && req.Percentage == 0 && req.UUIDs == nil,
		Count: out.Devices, UUIDs: out.UUIDs, Names: out.Names})
}

// maxRollout is how many devices a backend chooses one by one.
const maxRollout = 10_000

// parseLimit reads "10" and "10%"; "" is neither.
func parseLimit(s string) (limit, percent int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	digits, isPercent := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(digits)
	most := maxRollout
	if isPercent {
		most = 100
	}
	if err != nil || n < 1 || n > most {
		return 0, 0, fail.New(fail.Usage, "give a number from 1 to 10000, or 1% to 100%", "--limit %q: neither a number nor a percentage", s)
	}
	if isPercent {
		return 0, n, nil
	}
	return n, 0, nil
}

// parseUUIDs reads a list of uuids, or @FILE with such a list; "" is nil.
func parseUUIDs(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if path, isFile := strings.CutPrefix(s, "@"); isFile {
		data, err := fsx.ReadFile(path, limits.ConfigFile)
		if err != nil {
			return nil, fail.As(fmt.Errorf("--uuids: %w", err), fail.Usage, "give a file with a list of UUIDs")
		}
		s = string(data)
	}
	list := strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(",;|", c) || unicode.IsSpace(c) })
	if len(list) == 0 || len(list) > maxRollout {
		return nil, fail.New(fail.Usage, "give from 1 to 10000 UUIDs", "--uuids: %d of them", len(list))
	}
	return list, nil
}

type rolloutView struct {
	Wave   string   `json:"wave"`
	Tag    string   `json:"tag"`
	Group  string   `json:"group,omitempty"`
	DryRun bool     `json:"dry_run"`
	Later  bool     `json:"later_devices"` // devices that join the group later are meant too
	Count  int      `json:"devices"`
	UUIDs  []string `json:"uuids,omitempty"`
	Names  []string `json:"names,omitempty"`
}

// Table says how many devices it is, and which where that was asked for.
func (v rolloutView) Table(w io.Writer) {
	verb, where := "is rolled out to", "of tag "+v.Tag
	if v.DryRun {
		verb = "would be rolled out to"
	}
	if v.Group != "" {
		where += " in group " + v.Group
	}
	if v.Later {
		where += ", and to those that join it later"
	}
	fmt.Fprintln(w, render.OneLine(fmt.Sprintf("wave %s %s %d more devices %s", v.Wave, verb, v.Count, where)))
	var rows [][]string
	for i := range max(len(v.UUIDs), len(v.Names)) {
		var row []string
		if i < len(v.UUIDs) {
			row = append(row, v.UUIDs[i])
		}
		if i < len(v.Names) {
			row = append(row, v.Names[i])
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return
	}
	var header []string
	if len(v.UUIDs) > 0 {
		header = append(header, "UUID")
	}
	if len(v.Names) > 0 {
		header = append(header, "NAME")
	}
	fmt.Fprintln(w)
	render.Columns(w, header, rows)
}

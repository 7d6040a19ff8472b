package commands

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

func targetsListCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list targets, after their signatures were verified",
		Description: "Columns: " + strings.Join(columnNames(), ", ") + ".\n" +
			"Without name, commit and created among them, targets of one version with the same tags share a row.\n" +
			"Metadata that expires soon is warned about: root and targets 30 days ahead, snapshot 7, timestamp 1.",
		Flags: targetsFlags(
			&cli.StringFlag{Name: "by-tag", Usage: "only targets with `TAG`"},
			&cli.StringSliceFlag{Name: "columns", Usage: "show the columns `NAMES`, in this order; repeat or separate by commas (default: name,version,tags,hardware-ids,commit,created)"},
			&cli.BoolFlag{Name: "production", Usage: "what production devices of the tag in --by-tag get"},
			&cli.BoolFlag{Name: "raw", Aliases: []string{"r"}, Usage: "print targets.json as it was signed"},
		),
		Action: func(c *cli.Context) error { return rt.targetsList(c) },
	}
}

func (rt *runtime) targetsList(c *cli.Context) error {
	columns, err := parseColumns(words(c.StringSlice("columns")))
	if err != nil {
		return err
	}
	tag := c.String("by-tag")
	if c.Bool("production") && tag == "" {
		return fail.New(fail.Usage, "give the tag that the devices follow: --by-tag TAG", "targets list --production: each tag has targets of its own")
	}
	production := ""
	if c.Bool("production") {
		production = tag
	}
	t, err := rt.targetsOf(c, production)
	if err != nil {
		return err
	}
	if c.Bool("raw") {
		_, err := rt.std.Out.Write(t.raw)
		return err
	}
	list, err := t.list()
	if err != nil {
		return err
	}
	if tag != "" {
		list = slices.DeleteFunc(list, func(v targetView) bool { return !slices.Contains(v.Tags, tag) })
	}
	return rt.render(targetsView{Version: t.trust.Targets().Version, Expires: t.trust.Expires(), Warnings: t.warnings, Targets: list, columns: columns})
}

type targetView struct {
	Name        string          `json:"name"`
	Version     string          `json:"version"`
	Commit      string          `json:"commit"`
	HardwareIDs []string        `json:"hardware_ids"`
	Tags        []string        `json:"tags"`
	Apps        []string        `json:"apps,omitempty"`
	Origin      string          `json:"origin,omitempty"`
	CreatedAt   string          `json:"created_at,omitempty"`
	Custom      json.RawMessage `json:"custom,omitempty"`

	fields tuf.Custom
}

// rest is a text field of the custom part that has no name of its own in
// tuf.Custom, or "".
func (v targetView) rest(field string) string {
	var s string
	if json.Unmarshal(v.fields.Rest[field], &s) != nil {
		return ""
	}
	return s
}

// build is what a field's URI ends in: the number of a build, or "".
func (v targetView) build(field string) string {
	uri := strings.TrimRight(v.rest(field), "/")
	return uri[strings.LastIndexByte(uri, '/')+1:]
}

// list is every OSTree target, the highest version first.
func (v *verified) list() ([]targetView, error) {
	out := []targetView{}
	for name, t := range v.trust.Targets().Targets {
		f, err := t.Fields()
		if err != nil {
			return nil, fail.As(fmt.Errorf("target %s: %w", name, err), fail.Verification, "")
		}
		if f.TargetFormat != "" && f.TargetFormat != "OSTREE" {
			continue
		}
		view := targetView{
			Name: name, Version: f.Version, Commit: t.Commit(), HardwareIDs: f.HardwareIDs, Tags: f.Tags,
			CreatedAt: f.CreatedAt, Custom: t.Custom, fields: f,
		}
		view.Origin = view.build("origUri")
		for app := range f.Apps {
			view.Apps = append(view.Apps, app)
		}
		slices.Sort(view.Apps)
		out = append(out, view)
	}
	slices.SortFunc(out, func(a, b targetView) int {
		return cmp.Or(compareVersions(b.Version, a.Version), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

// compareVersions orders numbers as numbers, and anything else as text below
// them.
func compareVersions(a, b string) int {
	x, xerr := strconv.Atoi(a)
	y, yerr := strconv.Atoi(b)
	switch {
	case xerr == nil && yerr == nil:
		return cmp.Compare(x, y)
	case xerr == nil:
		return 1
	case yerr == nil:
		return -1
	}
	return strings.Compare(a, b)
}

// column is one of the columns that a list of targets can have.
type column struct {
	name string
	own  bool // it tells apart targets of one version with the same tags
	of   func(v targetView) string
}

func columnsOfTargets() []column {
	comma := func(list []string) string { return strings.Join(list, ",") }
	rest := func(field string) func(targetView) string {
		return func(v targetView) string { return v.rest(field) }
	}
	return []column{
		{"name", true, func(v targetView) string { return v.Name }},
		{"version", false, func(v targetView) string { return v.Version }},
		{"tags", false, func(v targetView) string { return comma(v.Tags) }},
		{"hardware-ids", false, func(v targetView) string { return comma(v.HardwareIDs) }},
		{"commit", true, func(v targetView) string { return v.Commit[:min(12, len(v.Commit))] }},
		{"created", true, func(v targetView) string { return v.CreatedAt }},
		{"apps", false, func(v targetView) string { return comma(v.Apps) }},
		{"origin", false, func(v targetView) string { return v.Origin }},
		{"manifest-sha", false, rest("lmp-manifest-sha")},
		{"overrides-sha", false, rest("meta-subscriber-overrides-sha")},
		{"containers-sha", false, rest("containers-sha")},
	}
}

func columnNames() []string {
	var names []string
	for _, c := range columnsOfTargets() {
		names = append(names, c.name)
	}
	return names
}

// parseColumns finds columns by name; without any it is those that fit a
// terminal.
func parseColumns(names []string) ([]column, error) {
	all := columnsOfTargets()
	if len(names) == 0 {
		return all[:6], nil
	}
	var out []column
	for _, name := range names {
		i := slices.IndexFunc(all, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, fail.New(fail.Usage, "use some of "+strings.Join(columnNames(), ", "), "--columns: there is no column %.80q", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

type targetsView struct {
	Version  int           `json:"targets_version"`
	Expires  time.Time     `json:"expires"` // the earliest of all roles
	Warnings []tuf.Warning `json:"warnings"`
	Targets  []targetView  `json:"targets"`

	columns []column
}

// Table lists the targets.
func (v targetsView) Table(w io.Writer) {
	if len(v.Targets) == 0 {
		fmt.Fprintln(w, "no targets")
		return
	}
	var header []string
	for _, c := range v.columns {
		header = append(header, strings.ToUpper(c.name))
	}
	var rows [][]string
	for _, t := range v.grouped() {
		var row []string
		for _, c := range v.columns {
			row = append(row, c.of(t))
		}
		rows = append(rows, row)
	}
	render.Columns(w, header, rows)
}

// grouped merges targets of one version with the same tags, unless a column
// tells them apart: they are one build for several kinds of hardware.
func (v targetsView) grouped() []targetView {
	if slices.ContainsFunc(v.columns, func(c column) bool { return c.own }) {
		return v.Targets
	}
	var out []targetView
	place := map[string]int{}
	for _, t := range v.Targets {
		key := t.Version + "\x00" + strings.Join(t.Tags, "\x00")
		i, ok := place[key]
		if !ok {
			place[key] = len(out)
			t.HardwareIDs, t.Apps = slices.Clone(t.HardwareIDs), slices.Clone(t.Apps)
			out = append(out, t)
			continue
		}
		out[i].HardwareIDs = sortedUnion(out[i].HardwareIDs, t.HardwareIDs)
		out[i].Apps = sortedUnion(out[i].Apps, t.Apps)
	}
	return out
}

func sortedUnion(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
)

func targetsShowCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show one target, or all of a version",
		ArgsUsage: "NAME|VERSION",
		Flags: targetsFlags(
			&cli.StringFlag{Name: "production-tag", Usage: "of what production devices of `TAG` get"},
			&cli.BoolFlag{Name: "raw", Aliases: []string{"r"}, Usage: "print the custom part of each as it was signed, one a line"},
		),
		Action: func(c *cli.Context) error { return rt.targetsShow(c) },
	}
}

func (rt *runtime) targetsShow(c *cli.Context) error {
	t, err := rt.targetsOf(c, c.String("production-tag"))
	if err != nil {
		return err
	}
	list, err := t.list()
	if err != nil {
		return err
	}
	want := c.Args().First()
	found := slices.DeleteFunc(list, func(v targetView) bool { return v.Name != want && v.Version != want })
	if len(found) == 0 {
		return fail.New(fail.NotFound, "otactl targets list shows what there is", "target %s: not found", want)
	}
	if !c.Bool("raw") {
		return rt.render(targetDetails{found})
	}
	for _, v := range found {
		if _, err := fmt.Fprintf(rt.std.Out, "%s\n", v.Custom); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	return nil
}

type targetDetails struct {
	Targets []targetView `json:"targets"`
}

// Table shows each target, with a blank line between.
func (d targetDetails) Table(w io.Writer) {
	for i, t := range d.Targets {
		if i > 0 {
			fmt.Fprintln(w)
		}
		pairs := []string{
			"name", t.Name, "version", t.Version, "commit", t.Commit,
			"hardware", strings.Join(t.HardwareIDs, ", "), "tags", strings.Join(t.Tags, ", "),
			"arch", t.fields.Arch, "created", t.CreatedAt, "updated", t.fields.UpdatedAt, "build", t.fields.URI,
			"os of build", t.Origin, "apps of build", t.build("origUriApps"), "lmp version", t.rest("lmp-ver"),
			"image", t.rest("image-file"), "lmp-manifest", t.rest("lmp-manifest-sha"),
			"overrides", t.rest("meta-subscriber-overrides-sha"), "containers", t.rest("containers-sha"),
		}
		for _, app := range t.Apps {
			pairs = append(pairs, "app "+app, t.fields.Apps[app].URI)
		}
		if t.fields.FetchedApps.None() {
			pairs = append(pairs, "apps offline", "none")
		}
		render.Fields(w, pairs...)
	}
}

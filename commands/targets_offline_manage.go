package commands

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
)

func offlineAddCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "add",
		Usage:     "put more targets into a bundle, also for other hardware; what they share is stored once",
		ArgsUsage: "BUNDLE NAME...",
		Flags:     slices.Concat(bundleFlags(rt), contentFlags()),
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			backend, opt, err := rt.bundleSource(c, c.Args().Tail()...)
			if err != nil {
				return err
			}
			defer backend.done()
			opt.AllowMultiple = true
			var added addedView
			for _, name := range c.Args().Tail() {
				opt.Target = name
				rep, err := rt.buildBundle(c, backend, c.Args().First(), opt)
				if err != nil && len(added) > 0 { // they are in the bundle
					return errors.Join(fail.As(err, fail.Partial, ""), rt.render(added))
				}
				if err != nil {
					return err
				}
				added = append(added, *rep)
			}
			return rt.render(added)
		},
	}
}

// addedView is a report for each target.
type addedView []offline.BuildReport

// Table shows them one below the other.
func (v addedView) Table(w io.Writer) {
	for i, rep := range v {
		if i > 0 {
			fmt.Fprintln(w)
		}
		buildView{BuildReport: rep}.Table(w)
	}
}

func offlineRemoveCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "remove",
		Usage:     "take targets out of a bundle, and what only they needed",
		ArgsUsage: "BUNDLE NAME...",
		Description: "The list of targets is signed, so the backend makes a new one for those that are left; signatures\n" +
			"of people have to be added again.",
		Flags: bundleFlags(rt),
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			backend, opt, err := rt.bundleSource(c)
			if err != nil {
				return err
			}
			defer backend.done()
			rep, err := offline.Remove(c.Context, backend, c.Args().First(), c.Args().Tail(), opt)
			if err != nil {
				return err
			}
			return rt.render(removedView{*rep})
		},
	}
}

type removedView struct{ offline.RemoveReport }

// Table shows what is left.
func (v removedView) Table(w io.Writer) {
	render.Fields(w, "bundle", v.Dir, "removed", strings.Join(v.Removed, " "), "targets", strings.Join(v.Targets, " "),
		"signatures missing", countOrNone(v.Missing))
	if v.DryRun {
		fmt.Fprintln(w, "dry run: nothing was removed")
		return
	}
	prunedView{*v.Pruned}.Table(w)
}

func offlinePruneCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "prune",
		Usage:     "remove from a bundle what none of its targets needs",
		ArgsUsage: "BUNDLE",
		Flags:     []cli.Flag{&cli.BoolFlag{Name: "dry-run", Usage: "say what would go, and remove nothing"}},
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			rep, err := offline.Prune(c.Context, c.Args().First(), offline.PruneOptions{Now: rt.clock(), DryRun: c.Bool("dry-run")})
			if err != nil {
				return err
			}
			return rt.render(prunedView{*rep})
		},
	}
}

type prunedView struct{ offline.PruneReport }

// Table shows what went.
func (v prunedView) Table(w io.Writer) {
	verb := "removed"
	if v.DryRun {
		verb = "would go"
	}
	render.Fields(w, "bundle", v.Dir, verb, size(v.Bytes), "objects", strconv.Itoa(v.Objects), "blobs", strconv.Itoa(v.Blobs),
		"files of deltas", strconv.Itoa(v.Deltas), "other files", strconv.Itoa(v.Others))
}

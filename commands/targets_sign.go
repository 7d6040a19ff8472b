package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/targets"
	"github.com/otactl/otactl/tuf"
)

func targetsSignCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "add signatures to a targets.json that another signer wrote with --out",
		ArgsUsage: "FILE",
		Description: "What the file would change is compared with what the backend has, and shown. The file is written\n" +
			"again in place with the signatures added.",
		Flags: targetsFlags(append(keyFlags(rt, false),
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n", "dryrun"}, Usage: "show what the file would change, and sign nothing"},
		)...),
		Action: func(c *cli.Context) error { return rt.targetsSign(c) },
	}
}

func (rt *runtime) targetsSign(c *cli.Context) error {
	path := c.Args().First()
	v, file, diff, err := rt.proposed(c, path)
	if err != nil {
		return err
	}
	view := proposalView{Difference: diff, outcome: outcome{DryRun: c.Bool("dry-run"), File: path}}
	root := v.trust.Root()
	if !view.DryRun {
		if err := rt.announceTargets(file, diff); err != nil {
			return err
		}
		signers, err := openSigners(c.Context, rt, c.StringSlice("keys"), root, tuf.RoleTargets)
		if err != nil {
			return err
		}
		for _, s := range signers {
			if file, err = tuf.AddSignature(file, s); err != nil {
				return err
			}
		}
		if err := fsx.WriteFile(path, file, 0o644); err != nil {
			return err
		}
	}
	rep, err := root.Signatures(tuf.RoleTargets, file)
	if err != nil {
		return err
	}
	view.Version, view.Missing = v.trust.Targets().Version+1, rep.Missing()
	return rt.render(view)
}

// announceTargets shows what is about to be signed.
func (rt *runtime) announceTargets(file []byte, d targets.Difference) error {
	t, err := tuf.ParseTargets(file)
	if err != nil {
		return err
	}
	rt.say("signing targets.json version %d, good until %s", t.Version, date(t.Expires))
	for i, name := range append(slices.Clone(d.Added), d.Changed...) {
		what := "added"
		if i >= len(d.Added) {
			what = "changed"
		}
		c, err := t.Targets[name].Fields()
		if err != nil {
			return err
		}
		rt.say("  %-8s %s  commit %s  tags %s", what, oneLine(name), oneLine(t.Targets[name].Commit()), oneLine(strings.Join(c.Tags, ",")))
	}
	for _, name := range d.Removed {
		rt.say("  removed  %s", oneLine(name))
	}
	for _, name := range d.Fields {
		rt.say("  field    %s", oneLine(name))
	}
	return nil
}

func targetsUploadCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "upload",
		Usage:     "bring a targets.json to the backend that was signed elsewhere",
		ArgsUsage: "FILE",
		Description: "The file has to be signed by enough of the keys that the newest root names, and to have the version\n" +
			"after the one the backend has: if somebody else was first, the command ends with exit code 6.",
		Flags:  targetsFlags(),
		Action: func(c *cli.Context) error { return rt.targetsUpload(c) },
	}
}

func (rt *runtime) targetsUpload(c *cli.Context) error {
	v, file, diff, err := rt.proposed(c, c.Args().First())
	if err != nil {
		return err
	}
	if err := v.trust.Root().Verify(tuf.RoleTargets, file); err != nil {
		return err
	}
	if err := v.backend.PutTargets(c.Context, v.base(), file); err != nil {
		return err
	}
	return rt.render(proposalView{Difference: diff, outcome: outcome{Version: v.trust.Targets().Version + 1}})
}

// proposed reads a targets.json that shall follow the backend's, and what it
// would change.
func (rt *runtime) proposed(c *cli.Context, path string) (v *verified, file []byte, diff targets.Difference, err error) {
	if file, err = fsx.ReadFile(path, limits.Targets); err != nil {
		return nil, nil, diff, fail.Hint(err, "give the file that was written with --out")
	}
	next, err := tuf.DraftTargets(file)
	if err != nil {
		return nil, nil, diff, err
	}
	if v, err = rt.verifiedTargets(c); err != nil {
		return nil, nil, diff, err
	}
	if have := v.trust.Targets().Version; next.Version() != have+1 {
		return nil, nil, diff, fail.New(fail.Conflict, "make the change anew from what the backend has now",
			"%s is version %d, and the backend has %d, which %d follows", path, next.Version(), have, have+1)
	}
	before, err := v.toDraft()
	if err != nil {
		return nil, nil, diff, err
	}
	return v, file, targets.Diff(before, next), nil
}

type proposalView struct {
	outcome
	targets.Difference
}

// Table says what the file changes, and what is to be done with it.
func (v proposalView) Table(w io.Writer) {
	if v.None() {
		fmt.Fprintln(w, "all targets stay as they are")
	}
	showDifference(w, v.Difference)
	v.say(w)
}

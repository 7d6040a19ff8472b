package commands

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/agent"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/offline"
)

func offlineVerifyCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check everything in a bundle, from the root of trust to the last object",
		ArgsUsage: "BUNDLE",
		Description: "Without --root the bundle's own first root is trusted, which finds damage but no forgery.\n" +
			"All that is wrong is listed; the exit code is 7 unless there are warnings only, or 1 for a bundle that is\n" +
			"newer than this program. With --as-device the answer says too what a device would do with the bundle, and\n" +
			"with which exit code; nothing of the copy is changed.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "root", Usage: "trust the root `FILE`; several go from the oldest to the newest"},
			&cli.StringFlag{Name: "tag", Usage: "it must be for `TAG`"},
			&cli.StringFlag{Name: "hardware-id", Usage: "it must have a target for hardware `ID`"},
			&cli.StringFlag{Name: "type", Usage: "it must be of type `ci|prod`"},
			baseFlag(),
			&cli.StringFlag{Name: "as-device", Usage: "say what the device would do of which `PATH` is the sota.toml, or a copy of /var/sota or of its root"},
			&cli.StringFlag{Name: "now", Usage: "judge expiry at `TIME` (RFC 3339) and not by the clock"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "read `N` objects at once (default: as suits the machine)"},
		},
		Action: func(c *cli.Context) error { return rt.offlineVerify(c) },
	}
}

func (rt *runtime) offlineVerify(c *cli.Context) error {
	if err := ownFlags(c); err != nil {
		return err
	}
	now, err := rt.judgingTime(c)
	if err != nil {
		return err
	}
	opt := offline.VerifyOptions{
		Now: now, Tag: c.String("tag"), HardwareID: c.String("hardware-id"), Type: c.String("type"),
		Progress: rt.progress(), Log: rt.log,
	}
	if opt.Jobs, err = bundleJobs(c); err != nil {
		return err
	}
	if err := baseRepo(c, &opt); err != nil {
		return err
	}
	for _, path := range c.StringSlice("root") {
		root, err := readRootFile(path)
		if err != nil {
			return err
		}
		opt.Roots = append(opt.Roots, root)
	}
	view, err := rt.verified(c.Context, c.Args().First(), opt, c.String("as-device"))
	if err != nil {
		return err
	}
	if err := rt.render(view); err != nil {
		return err
	}
	return view.Err()
}

// verified is what there is to say of the bundle at path, also where it can't
// even be opened. device is where the files of one are; "" for none.
func (rt *runtime) verified(ctx context.Context, path string, opt offline.VerifyOptions, device string) (*verifyView, error) {
	b, err := offline.Open(path)
	if rep := offline.Unopened(path, err); rep != nil {
		view := &verifyView{VerifyReport: *rep}
		if device == "" {
			return view, nil
		}
		view.Device = newDeviceAnswer(agent.RehearseUnopened(err))
		_, err = deviceCopy(device)
		return view, err
	}
	if err != nil {
		return nil, err
	}
	defer b.Close()
	rep, err := offline.Verify(ctx, b, opt)
	if err != nil {
		return nil, err
	}
	view := &verifyView{VerifyReport: *rep}
	if device != "" {
		view.Device, err = rt.asDevice(ctx, device, b, rep, opt)
	}
	return view, err
}

type verifyView struct {
	offline.VerifyReport

	Device *deviceAnswer `json:"device,omitempty"`
}

// Table shows what was checked, how long each role is good, and one line for
// each finding.
func (v verifyView) Table(w io.Writer) {
	result := "good"
	if !v.Good {
		result = "bad"
	}
	var names []string
	for _, t := range v.Targets {
		names = append(names, t.Name)
	}
	blobs := ""
	if v.Blobs > 0 {
		blobs = fmt.Sprintf("%d (%s)", v.Blobs, size(v.AppBytes))
	}
	render.Fields(w, "bundle", v.Dir, "result", result, "trust from", v.Anchor, "type", v.Type, "tag", v.Tag,
		"expires", date(v.Expires), "targets", strings.Join(names, " "),
		"objects", fmt.Sprintf("%d (%s)", v.Objects, size(v.Bytes)), "deltas", verifiedDeltas(v.Deltas), "app blobs", blobs)
	var roles, rows [][]string
	for _, r := range v.Roles {
		roles = append(roles, []string{r.File, strconv.Itoa(r.Version), date(r.Expires), r.Left})
	}
	fmt.Fprintln(w)
	render.Columns(w, []string{"METADATA", "VERSION", "EXPIRES", "LEFT"}, roles)
	for _, f := range v.Findings {
		kind := "BAD"
		if f.Warning {
			kind = "warning"
		}
		rows = append(rows, []string{kind, string(f.Rule), f.Path, f.Problem, f.Remedy})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"", "RULE", "WHERE", "WHAT", "DO"}, rows)
	}
	if v.More > 0 {
		fmt.Fprintf(w, "and %d more\n", v.More)
	}
	if v.Device != nil {
		v.Device.table(w)
	}
}

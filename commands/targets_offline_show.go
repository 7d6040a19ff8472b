package commands

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/offline"
)

func offlineShowCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show what a bundle says it holds, until when, and who signed it",
		ArgsUsage: "BUNDLE",
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			b, err := offline.Open(c.Args().First())
			if err != nil {
				return err
			}
			defer b.Close()
			s, err := offline.Show(c.Context, b, rt.clock())
			if err != nil {
				return err
			}
			return rt.render(bundleView{*s})
		},
	}
}

type bundleView struct{ offline.Summary }

// Table shows the bundle, then its roles, targets and signatures.
func (v bundleView) Table(w io.Writer) {
	expires := date(v.Expires)
	if v.Expired {
		expires += " (expired)"
	}
	render.Fields(w, "bundle", v.Dir, "form", v.Newer, "type", v.Type, "tag", v.Tag, "expires", expires,
		"size", sizeAndShared(v.Bytes, v.Shared), "signatures", fmt.Sprintf("%d wanted, %d missing", v.Threshold, v.Missing), "index", indexLine(v.Index))
	var roles, targets, keys [][]string
	for _, r := range v.Roles {
		roles = append(roles, []string{r.File, strconv.Itoa(r.Version), date(r.Expires)})
	}
	for _, t := range v.Targets {
		targets = append(targets, []string{t.Name, t.Version, strings.Join(t.HardwareIDs, " "), fmt.Sprintf("%.12s", t.Commit),
			v.heldObjects(t), worksFrom(t), v.heldApps(t)})
	}
	for _, id := range v.Keys {
		keys = append(keys, []string{id, v.signedBy(id)})
	}
	for _, s := range v.Signatures {
		if !s.Valid {
			keys = append(keys, []string{s.KeyID, "bad signature: " + s.Why})
		}
	}
	fmt.Fprintln(w)
	render.Columns(w, []string{"TARGET", "VERSION", "HARDWARE", "COMMIT", "SIZE", "INSTALLS ON", "APPS"}, targets)
	fmt.Fprintln(w)
	render.Columns(w, []string{"METADATA", "VERSION", "EXPIRES"}, roles)
	fmt.Fprintln(w)
	render.Columns(w, []string{"TARGETS KEY", "SIGNED"}, keys)
}

func sizeAndShared(bytes, shared int64) string {
	if shared == 0 {
		return size(bytes)
	}
	return fmt.Sprintf("%s (%s are shared)", size(bytes), size(shared))
}

// heldObjects is the size of a target's objects.
func (v bundleView) heldObjects(t offline.TargetSummary) string {
	switch {
	case v.Papers:
		return "not with the papers"
	case t.Present:
		return size(t.Bytes)
	case len(t.Deltas) > 0 && t.Bytes == 0:
		return "deltas only"
	}
	return size(t.Bytes) + " (incomplete)"
}

// worksFrom says which versions a device may run for the target to be installed.
func worksFrom(t offline.TargetSummary) string {
	var from []string
	for _, d := range t.Deltas {
		name := d.Version
		switch {
		case d.From == "":
			name = "any"
		case name == "":
			name = fmt.Sprintf("%.12s", d.From)
		}
		if d.Err != "" {
			name += " (damaged)"
		}
		from = append(from, fmt.Sprintf("%s (delta, %s)", name, size(d.Bytes)))
	}
	if t.Present {
		from = append([]string{"any"}, from...)
	}
	return strings.Join(from, ", ")
}

// heldApps are the apps of a target, and what is missing of them.
func (v bundleView) heldApps(t offline.TargetSummary) string {
	var list []string
	for _, a := range t.Apps {
		switch {
		case v.Papers:
			list = append(list, a.Name)
		case a.Present:
			list = append(list, fmt.Sprintf("%s (%s)", a.Name, size(a.Bytes)))
		default:
			list = append(list, a.Name+" (missing)")
		}
	}
	return strings.Join(list, ", ")
}

func (v bundleView) signedBy(id string) string {
	for _, s := range v.Signatures {
		if s.KeyID == id && s.Valid {
			return "yes"
		}
	}
	return "no"
}

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
	render.Fields(w, "bundle", v.Dir, "type", v.Type, "tag", v.Tag, "expires", expires,
		"apps", strings.Join(v.Apps, " "), "signatures", fmt.Sprintf("%d wanted, %d missing", v.Threshold, v.Missing))
	var roles, targets, keys [][]string
	for _, r := range v.Roles {
		roles = append(roles, []string{r.File, strconv.Itoa(r.Version), date(r.Expires)})
	}
	for _, t := range v.Targets {
		held := size(t.Bytes)
		if !t.Present {
			held += " (incomplete)"
		}
		targets = append(targets, []string{t.Name, t.Version, strings.Join(t.HardwareIDs, " "), fmt.Sprintf("%.12s", t.Commit), held})
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
	render.Columns(w, []string{"TARGET", "VERSION", "HARDWARE", "COMMIT", "SIZE"}, targets)
	fmt.Fprintln(w)
	render.Columns(w, []string{"METADATA", "VERSION", "EXPIRES"}, roles)
	fmt.Fprintln(w)
	render.Columns(w, []string{"TARGETS KEY", "SIGNED"}, keys)
}

func (v bundleView) signedBy(id string) string {
	for _, s := range v.Signatures {
		if s.KeyID == id && s.Valid {
			return "yes"
		}
	}
	return "no"
}

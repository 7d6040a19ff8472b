package commands

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/tuf"
)

func offlineSignCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "add a signature with an offline targets key",
		ArgsUsage: "BUNDLE",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "keys", Aliases: []string{"k"}, Required: true,
				Usage: "sign with the one targets key in `FILE` (an archive or a plain key) or in a token (a pkcs11: URI)"},
			passphraseFlag(rt),
		},
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			b, err := offline.Open(c.Args().First())
			if err != nil {
				return err
			}
			defer b.Close()
			rep, err := offline.Sign(c.Context, b, func(root *tuf.Root) (tuf.Signer, error) {
				return rt.signer(c.Context, c.String("keys"), root, tuf.RoleTargets)
			})
			if err != nil {
				return err
			}
			return rt.render(signView{*rep})
		},
	}
}

type signView struct{ offline.SignReport }

// Table tells a person who signed what, and what is still to do.
func (v signView) Table(w io.Writer) {
	render.Fields(w, "bundle", v.Dir, "signed by", v.KeyID, "targets", strings.Join(v.Targets, " "),
		"signatures", fmt.Sprintf("%d of %d", v.Signed, v.Threshold), "still missing", strconv.Itoa(v.Missing))
}

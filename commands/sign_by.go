package commands

import (
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/variant"
)

// signByFlags name the keys that sign what: commits, or the summary where the
// publisher makes it.
func signByFlags(what string) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "sign-by", Usage: "sign " + what + " with `KEY`: a file with a secret GPG, ed25519 or spki key, or the id of a GPG key; may be repeated"},
		&cli.StringFlag{Name: "gpg-homedir", Usage: "look for GPG keys in `DIR` (default: GnuPG's own)"},
	}
}

// commitSigners opens the keys that --sign-by names.
func (rt *runtime) commitSigners(c *cli.Context) ([]sign.Signer, error) {
	keys := c.StringSlice("sign-by")
	if len(keys) == 0 && c.String("gpg-homedir") != "" {
		return nil, fail.New(fail.Usage, "name the key with --sign-by", "--gpg-homedir: no key to look for")
	}
	return sign.OpenAll(c.Context, keys, c.String("gpg-homedir"), sign.Env{Now: rt.clock()})
}

// summarySigner makes the detached metadata with the signatures of a summary;
// nil where nobody signs.
func summarySigner(signers []sign.Signer) func(data []byte) ([]byte, error) {
	if len(signers) == 0 {
		return nil
	}
	return func(data []byte) ([]byte, error) {
		detached := variant.Dict()
		for _, s := range signers {
			var err error
			if detached, err = sign.AddTo(detached, data, s); err != nil {
				return nil, err
			}
		}
		return detached.Data(), nil
	}
}

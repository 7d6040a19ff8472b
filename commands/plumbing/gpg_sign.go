package plumbing

import (
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/sign/pgp"
)

func gpgSignCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "gpg-sign",
		Usage:     "sign a commit with GPG keys",
		ArgsUsage: "COMMIT KEY-ID...",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "delete", Aliases: []string{"d"}, Usage: "take the signatures of the keys away"},
			&cli.StringFlag{Name: "gpg-homedir", Usage: "look for keys in `DIR` (default: GnuPG's own)"},
		},
		Action: e.onRepo(e.gpgSign),
	}
}

func (e *Env) gpgSign(c *cli.Context, repo *ostree.Repo) error {
	sum, err := commitArg(c, repo, "sign")
	if err != nil {
		return err
	}
	ids := c.Args().Tail()
	if len(ids) == 0 {
		return usage("Need at least one GPG KEY-ID to sign with")
	}
	if c.Bool("delete") {
		ring, err := e.knownKeys(repo, c.String("gpg-homedir"))
		if err != nil {
			return err
		}
		n, err := sign.DeleteGPG(c.Context, repo, sum, ring, e.signEnv(), ids...)
		if err != nil {
			return err
		}
		return e.Render(deletedView{n})
	}
	for _, id := range ids {
		s, err := sign.NewGPGSigner(c.Context, c.String("gpg-homedir"), id, e.signEnv())
		if err != nil {
			return err
		}
		if err := sign.Commit(c.Context, repo, sum, s); err != nil {
			return err
		}
	}
	return nil
}

// knownKeys are the GPG keys of all remotes, of the system, and of a home of
// GnuPG if one is named.
func (e *Env) knownKeys(repo *ostree.Repo, home string) (*pgp.Keyring, error) {
	ring, err := sign.AllKeyring(repo, e.signEnv())
	if err != nil || home == "" {
		return ring, err
	}
	more, err := sign.HomeKeyring(home)
	if err != nil {
		return nil, err
	}
	ring.Merge(more)
	return ring, nil
}

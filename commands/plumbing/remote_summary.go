package plumbing

import (
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
)

func remoteSummaryCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "summary",
		Usage:     "show the summary of a remote",
		ArgsUsage: "NAME",
		Flags: append(showFlags(),
			&cli.StringFlag{Name: "cache-dir", Usage: "keep the summary in `DIR` instead of the repo"}),
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			name := c.Args().First()
			files, err := e.remoteSummary(c, repo, name)
			if err != nil {
				return err
			}
			conf, err := repo.RemoteConfig(name)
			if err != nil {
				return err
			}
			var lines []string
			if conf.GPGVerifySummary {
				if lines, err = e.remoteSignatures(repo, name, files.Data, files.Sig); err != nil {
					return err
				}
			}
			return e.showSummary(c, files.Parsed, lines)
		}),
	}
}

// remoteSignatures are lines about the GPG signatures of a remote's summary,
// which were verified when it was fetched.
func (e *Env) remoteSignatures(repo *ostree.Repo, name string, data, sig []byte) ([]string, error) {
	ring, err := sign.RemoteKeyring(repo, name, e.signEnv())
	if err != nil {
		return nil, err
	}
	detached, err := sign.ParseDetached(sig)
	if err != nil {
		return nil, err
	}
	list, err := e.gpgSignatures(sign.NewGPG(ring, e.signEnv()), data, detached)
	if err != nil {
		return nil, err
	}
	return append([]string{"", "GPG: Verification enabled, " + foundSignatures("found", len(list), "")}, e.signatureLines(list)...), nil
}

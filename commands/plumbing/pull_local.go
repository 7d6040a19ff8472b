package plumbing

import (
	"context"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/pull"
	"github.com/otactl/otactl/ostree/sign"
)

func pullLocalCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "pull-local",
		Usage:     "copy commits from another repo on this machine",
		ArgsUsage: "SRC [REV...]",
		Description: "Copies the refs or checksums named, or all refs. The repo SRC is trusted with the content of its files,\n" +
			"unless --untrusted is given; where both repos keep files alike they are linked. Refs move last.",
		Flags: append(pullFlags(),
			&cli.StringFlag{Name: "remote", Usage: "write refs as `REMOTE`:REF"},
			&cli.BoolFlag{Name: "gpg-verify", Usage: "verify commits with the keys of the remote of --remote"},
			&cli.BoolFlag{Name: "gpg-verify-summary", Usage: "verify the summary of SRC with the keys of the remote of --remote"},
		),
		Action: e.onRepo(e.pullLocal),
	}
}

func (e *Env) pullLocal(c *cli.Context, dst *ostree.Repo) error {
	if c.Args().Len() == 0 {
		return usage("SRC must be given")
	}
	src, err := e.openRepoAt(c.Args().First())
	if err != nil {
		return err
	}
	o, err := e.commonOptions(c, dst)
	if err != nil {
		return err
	}
	o.Remote, o.Trusted, o.Link = c.String("remote"), !c.Bool("untrusted"), true
	if err := e.demandGPG(c, dst, &o); err != nil {
		return err
	}
	if o.Refs, err = parseWanted(c.Args().Tail()); err != nil {
		return err
	}
	if len(o.Refs) == 0 {
		if o.Refs, err = allRefs(c.Context, src); err != nil {
			return err
		}
	}
	start := e.Now()
	report, err := pull.Run(c.Context, dst, &pull.Local{Repo: src}, o)
	if err != nil {
		return err
	}
	if err := e.refsChanged(c.Context, dst); err != nil {
		return err
	}
	return e.Render(newPullView(report, e.Now().Sub(start)))
}

// demandGPG sets what --gpg-verify and --gpg-verify-summary ask for.
func (e *Env) demandGPG(c *cli.Context, repo *ostree.Repo, o *pull.Options) error {
	commits, list := c.Bool("gpg-verify"), c.Bool("gpg-verify-summary")
	if !commits && !list {
		return nil
	}
	if o.Remote == "" {
		return usage("--gpg-verify and --gpg-verify-summary need --remote")
	}
	policy, err := e.gpgPolicy(repo, o.Remote)
	if err != nil {
		return err
	}
	if commits {
		o.CheckCommit = func(_ ostree.Checksum, data, detached []byte) error { return verify(policy, data, detached) }
	}
	if list {
		o.CheckSummary = func(data, sig []byte) error { return verify(policy, data, sig) }
	}
	return nil
}

// gpgPolicy demands a signature by a GPG key of the remote, whatever its config says.
func (e *Env) gpgPolicy(repo *ostree.Repo, remote string) (sign.Policy, error) {
	env := e.signEnv()
	ring, err := sign.RemoteKeyring(repo, remote, env)
	return sign.Policy{GPG: sign.NewGPG(ring, env)}, err
}

// allRefs are the refs of a repo. One that has refs of remotes has to be told
// which ones are meant.
func allRefs(ctx context.Context, repo *ostree.Repo) ([]pull.Ref, error) {
	refs, err := repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	var list []pull.Ref
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		list = append(list, pull.Ref{Name: name})
	}
	if len(list) == 0 {
		return nil, fail.New(fail.NotFound, "", "no refs in %s", repo.Path())
	}
	return list, nil
}

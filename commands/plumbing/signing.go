package plumbing

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/variant"
)

// signFlags say which keys sign what a verb makes.
func signFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "gpg-sign", Usage: "sign with the GPG key `KEY-ID`; may be repeated"},
		&cli.StringFlag{Name: "gpg-homedir", Usage: "look for GPG keys in `DIR` (default: GnuPG's own)"},
		&cli.StringSliceFlag{Name: "sign", Usage: "sign with the secret `KEY`, which others on this machine then see: prefer --sign-from-file; may be repeated"},
		&cli.StringSliceFlag{Name: "sign-from-file", Usage: "sign with the secret keys in `FILE`; may be repeated"},
		signTypeFlag("sign-type"),
	}
}

func signTypeFlag(name string, aliases ...string) cli.Flag {
	return &cli.StringFlag{Name: name, Aliases: aliases, Value: sign.Ed25519, Usage: "`ENGINE` of the keys: ed25519 or spki"}
}

// signEnv is what signing and verifying has to know of the world.
func (e *Env) signEnv() sign.Env {
	return sign.Env{
		GPGHome:  e.Getenv("OSTREE_GPG_HOME"),
		Dummy:    e.Getenv("OSTREE_DUMMY_SIGN_ENABLED") != "",
		Now:      e.Now(),
		GPGFirst: e.StandIn,
	}
}

// signers are the keys that signFlags name, in the order in which they sign.
func (e *Env) signers(c *cli.Context) ([]sign.Signer, error) {
	env := e.signEnv()
	var list []sign.Signer
	engine := c.String("sign-type")
	for _, key := range c.StringSlice("sign") {
		s, err := sign.NewSigner(engine, key, env)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	for _, path := range c.StringSlice("sign-from-file") {
		more, err := sign.SignersFrom(c.Context, engine, path, env)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	for _, id := range c.StringSlice("gpg-sign") {
		s, err := sign.NewGPGSigner(c.Context, c.String("gpg-homedir"), id, env)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// signCommit signs a commit that is stored, before a ref names it.
func signCommit(ctx context.Context, repo *ostree.Repo, sum ostree.Checksum, signers []sign.Signer) error {
	for _, s := range signers {
		if err := sign.Commit(ctx, repo, sum, s); err != nil {
			return err
		}
	}
	return nil
}

// signData makes the detached metadata with the signatures of data; nil where
// nobody signs.
func signData(data []byte, signers []sign.Signer) ([]byte, error) {
	if len(signers) == 0 {
		return nil, nil
	}
	detached := variant.Dict()
	for _, s := range signers {
		var err error
		if detached, err = sign.AddTo(detached, data, s); err != nil {
			return nil, err
		}
	}
	return detached.Data(), nil
}

// commitArg resolves the COMMIT that a verb is about.
func commitArg(c *cli.Context, repo *ostree.Repo, what string) (ostree.Checksum, error) {
	rev := c.Args().First()
	if rev == "" {
		return ostree.Checksum{}, fail.New(fail.Usage, "", "Need a COMMIT to %s", what)
	}
	return repo.Resolve(c.Context, rev)
}

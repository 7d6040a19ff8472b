package plumbing

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
)

func signCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign a commit, or verify its signatures",
		ArgsUsage: "COMMIT [KEY...]",
		Description: "KEY is the base64 of a secret key, with --verify and --delete of a public one. Others on this machine\n" +
			"see the arguments of a program: secret keys are better read with --keys-file.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "verify", Usage: "verify with the public keys given, or with those of the system"},
			&cli.BoolFlag{Name: "delete", Aliases: []string{"d"}, Usage: "take the signatures away that were made with the keys"},
			signTypeFlag("sign-type", "s"),
			&cli.StringFlag{Name: "keys-file", Usage: "read keys from `FILE`: base64, one a line, or PEM for spki"},
			&cli.StringFlag{Name: "keys-dir", Usage: "look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in `DIR` (default: /etc/ostree and /usr/share/ostree)"},
		},
		Action: e.onRepo(e.sign),
	}
}

func (e *Env) sign(c *cli.Context, repo *ostree.Repo) error {
	if err := sign.CheckEngine(c.String("sign-type")); err != nil {
		return err
	}
	sum, err := commitArg(c, repo, "sign or verify")
	if err != nil {
		return err
	}
	switch {
	case c.Bool("verify") && c.Bool("delete"):
		return usage("--verify and --delete exclude each other")
	case c.Bool("verify"):
		return e.signVerify(c, repo, sum)
	case c.NArg() < 2 && c.String("keys-file") == "":
		return usage("Need at least one KEY-ID to sign with")
	case c.Bool("delete"):
		return e.signDelete(c, repo, sum)
	}
	signers, err := e.keySigners(c)
	if err != nil {
		return err
	}
	return signCommit(c.Context, repo, sum, signers)
}

// keySigners are the secret keys among the arguments and in --keys-file.
func (e *Env) keySigners(c *cli.Context) ([]sign.Signer, error) {
	engine, env := c.String("sign-type"), e.signEnv()
	var list []sign.Signer
	for _, key := range c.Args().Tail() {
		s, err := sign.NewSigner(engine, key, env)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	if path := c.String("keys-file"); path != "" {
		more, err := sign.SignersFrom(c.Context, engine, path, env)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// publicKeys are the public keys among the arguments and in --keys-file.
func (e *Env) publicKeys(c *cli.Context) (*sign.Keys, error) {
	env := e.signEnv()
	if dir := c.String("keys-dir"); dir != "" {
		env.KeyDirs = []string{dir}
	}
	keys, err := sign.NewKeys(c.String("sign-type"), env)
	if err != nil {
		return nil, err
	}
	for _, key := range c.Args().Tail() {
		if err := keys.Add(key); err != nil {
			return nil, err
		}
	}
	if path := c.String("keys-file"); path != "" {
		if err := keys.AddGiven(c.Context, path); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

type verifiedView struct {
	Commit  string `json:"commit"`
	Engine  string `json:"engine"`
	Message string `json:"message"`
}

// Table prints what ostree sign --verify prints.
func (v verifiedView) Table(w io.Writer) { fmt.Fprintln(w, v.Message) }

func (e *Env) signVerify(c *cli.Context, repo *ostree.Repo, sum ostree.Checksum) error {
	keys, err := e.publicKeys(c)
	if err == nil && keys.Len() == 0 {
		err = keys.AddSystem()
	}
	var v sign.Verifier
	if err == nil {
		v, err = keys.Verifier()
	}
	var r sign.Result
	if err == nil {
		r, err = sign.VerifyCommit(c.Context, repo, sum, v)
	}
	if err != nil {
		return fail.As(fmt.Errorf("no valid signatures found: %w", err), fail.Verification, "")
	}
	return e.Render(verifiedView{Commit: sum.String(), Engine: r.Engine, Message: r.Message})
}

type deletedView struct {
	Deleted int `json:"deleted"`
}

// Table prints what ostree gpg-sign --delete prints.
func (v deletedView) Table(w io.Writer) { fmt.Fprintf(w, "Signatures deleted: %d\n", v.Deleted) }

func (e *Env) signDelete(c *cli.Context, repo *ostree.Repo, sum ostree.Checksum) error {
	keys, err := e.publicKeys(c)
	if err != nil {
		return err
	}
	n, err := sign.Delete(c.Context, repo, sum, keys)
	if err != nil {
		return err
	}
	return e.Render(deletedView{n})
}

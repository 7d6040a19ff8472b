package plumbing

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/sign"
)

// keyFlags say with which public keys a delta is verified.
func keyFlags() []cli.Flag {
	return []cli.Flag{
		signTypeFlag("sign-type"),
		&cli.StringFlag{Name: "keys-file", Usage: "read public keys from `FILE`: base64, one a line, or PEM for spki"},
		&cli.StringFlag{Name: "keys-dir", Usage: "look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in `DIR` (default: /etc/ostree and /usr/share/ostree)"},
	}
}

func staticDeltaApplyCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "apply-offline",
		Usage:     "make the commit of a delta that lies in a file",
		ArgsUsage: "PATH [KEY...]",
		Description: "PATH is a file, or a folder with a superblock and its parts. KEY is a public key that must have signed it,\n" +
			"which the repo may demand with core.sign-verify-deltas.",
		Flags:  keyFlags(),
		Action: e.onRepo(e.staticDeltaApply),
	}
}

func (e *Env) staticDeltaApply(c *cli.Context, repo *ostree.Repo) error {
	path := c.Args().First()
	if path == "" {
		return usage("PATH must be specified")
	}
	f, err := delta.OpenCopy(path, filepath.Join(repo.Path(), "tmp"))
	if err != nil {
		return err
	}
	defer f.Close()
	wanted := c.NArg() > 1 || c.String("keys-file") != "" || c.String("keys-dir") != ""
	config := repo.Keyfile()
	_, set := config.Get("core", "sign-verify-deltas") // to what is neither true nor false: it is meant to ask for something
	if must := config.Bool("core", "sign-verify-deltas", set); must && !wanted {
		return fail.New(fail.Verification, "give the public key of who made it", "key is mandatory to check delta signature: core.sign-verify-deltas is set in %s", repo.Path())
	}
	if wanted {
		if _, err := e.verifyDelta(c, f); err != nil {
			return err
		}
	}
	_, err = delta.ApplyFile(c.Context, repo, f, delta.ApplyOptions{Progress: e.Progress(), Log: e.Log})
	return err
}

// verifyDelta demands a signature of a delta by one of the keys that the flags
// and arguments name, or of the system.
func (e *Env) verifyDelta(c *cli.Context, f *delta.File) (sign.Result, error) {
	if err := sign.CheckEngine(c.String("sign-type")); err != nil {
		return sign.Result{}, err
	}
	if !f.Signed() {
		return sign.Result{}, fail.New(fail.Verification, "", "no signatures in static-delta %s", f.Name)
	}
	keys, err := e.publicKeys(c)
	if err == nil && keys.Len() == 0 {
		err = keys.AddSystem()
	}
	var v sign.Verifier
	if err == nil {
		v, err = keys.Verifier()
	}
	if err != nil {
		return sign.Result{}, err
	}
	r, err := v.VerifyData(f.Raw, f.Signatures)
	if err != nil {
		err = fail.As(fmt.Errorf("verify signature: %w", err), fail.Verification, "")
	}
	return r, err
}

func staticDeltaVerifyCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:        "verify",
		Usage:       "verify the signatures of a delta",
		ArgsUsage:   "DELTA [KEY...]",
		Description: "DELTA is one of the repo, FROM-TO or TO, or the path of one with a slash in it. KEY is a public key; without any those of the system count.",
		Flags:       keyFlags(),
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			view, err := e.staticDeltaVerify(c, repo)
			if err == nil {
				return e.Render(view)
			}
			if e.StandIn { // scripts read this on standard output
				said := "Verification fails\n"
				if errors.Is(err, sign.ErrEngine) {
					said = "Sign-type not supported\n"
				}
				_, werr := io.WriteString(e.Stdout, said)
				err = errors.Join(err, werr)
			}
			return err
		}),
	}
}

func (e *Env) staticDeltaVerify(c *cli.Context, repo *ostree.Repo) (deltaVerifiedView, error) {
	if err := sign.CheckEngine(c.String("sign-type")); err != nil {
		return deltaVerifiedView{}, err
	}
	f, err := openDelta(c, repo)
	if err != nil {
		return deltaVerifiedView{}, err
	}
	defer f.Close()
	r, err := e.verifyDelta(c, f)
	return deltaVerifiedView{f.Name.String(), r.Engine, r.Message}, err
}

type deltaVerifiedView struct {
	Delta   string `json:"delta"`
	Engine  string `json:"engine"`
	Message string `json:"message"`
}

// Table says that it is fine.
func (v deltaVerifiedView) Table(w io.Writer) { fmt.Fprintln(w, "Verification OK") }

package commands

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/tuf"
)

func offlineSignCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "add a signature with an offline targets key",
		ArgsUsage: "BUNDLE",
		Description: "Verifies the bundle, shows what would be signed, and asks on a terminal. Keys that are elsewhere need\n" +
			"the metadata only: --export writes it to a file, which is signed like a bundle, and --import takes\n" +
			"the signatures back.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "keys", Aliases: []string{"k"},
				Usage: "sign with the one targets key in `FILE` (an archive or a plain key) or in a token (a pkcs11: URI)"},
			passphraseFlag(rt),
			&cli.StringFlag{Name: "export", Usage: "write the metadata, without the content, to `FILE` for others to sign"},
			&cli.StringFlag{Name: "import", Usage: "take over the signatures in `FILE`, which was exported from this bundle"},
			&cli.StringSliceFlag{Name: "root", Usage: "trust the root `FILE`; several go from the oldest to the newest"},
			&cli.BoolFlag{Name: "no-verify", Usage: "do not read the content; the metadata is verified all the same"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "read `N` objects at once (default: as suits the machine)"},
		},
		Action: func(c *cli.Context) error { return rt.offlineSign(c) },
	}
}

func (rt *runtime) offlineSign(c *cli.Context) error {
	if err := ownFlags(c); err != nil {
		return err
	}
	keys := c.StringSlice("keys")
	switch {
	case len(keys) > 1:
		return fail.New(fail.Usage, "run it once with each", "--keys: one key signs at a time, and %d are named", len(keys))
	case len(keys) == 0 && c.String("export") == "" && c.String("import") == "":
		return fail.New(fail.Usage, "name your key archive with --keys FILE; --export FILE lets somebody else sign", "targets offline-update sign: no key to sign with")
	}
	b, err := offline.Open(c.Args().First())
	if err != nil {
		return err
	}
	defer b.Close()
	var rep *offline.SignReport
	if from := c.String("import"); from != "" {
		if rep, err = importSignatures(c, b, from); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if rep, err = rt.signBundle(c, b, key); err != nil {
			return err
		}
	}
	to := c.String("export")
	if to != "" {
		if err := b.Export(to); err != nil {
			return err
		}
		rt.say("wrote %s: whoever has a key runs otactl targets offline-update sign %s --keys FILE and sends it back", to, to)
	}
	if rep == nil {
		return rt.render(exportView{Bundle: c.Args().First(), File: to})
	}
	return rt.render(signView{*rep, to})
}

func importSignatures(c *cli.Context, b *offline.Bundle, from string) (*offline.SignReport, error) {
	signed, err := offline.Open(from)
	if err != nil {
		return nil, err
	}
	defer signed.Close()
	return offline.Import(c.Context, b, signed)
}

func (rt *runtime) signBundle(c *cli.Context, b *offline.Bundle, key string) (*offline.SignReport, error) {
	opt := offline.SignOptions{
		Verify:   offline.VerifyOptions{Now: rt.clock(), Progress: rt.progress(), Log: rt.log},
		NoVerify: c.Bool("no-verify"),
		Approve:  func(s offline.Statement) error { return rt.approve(c, s) },
		Signer: func(root *tuf.Root) (tuf.Signer, error) {
			return rt.signer(c.Context, key, root, tuf.RoleTargets)
		},
	}
	var err error
	if opt.Verify.Jobs, err = bundleJobs(c); err != nil {
		return nil, err
	}
	if opt.Verify.Roots, err = rootFlags(c); err != nil {
		return nil, err
	}
	return offline.Sign(c.Context, b, opt)
}

// rootFlags reads the files of --root.
func rootFlags(c *cli.Context) ([][]byte, error) {
	var roots [][]byte
	for _, path := range c.StringSlice("root") {
		root, err := readRootFile(path)
		if err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	return roots, nil
}

// approve shows what is to be signed, and asks where somebody can answer.
func (rt *runtime) approve(c *cli.Context, s offline.Statement) error {
	question := "sign this"
	if s.SelfVouched {
		rt.say("no root was given (--root): what follows is what the bundle says of itself, and a forged one would say it too")
		question = "sign this, which nothing but the bundle itself vouches for"
	}
	rt.say("to be signed: a bundle of type %s for the tag %s, good until %s", oneLine(s.Type), oneLine(s.Tag), date(s.Expires))
	for _, t := range s.Targets {
		rt.say("  %s  version %s  for %s  commit %s", oneLine(t.Name), oneLine(t.Version), oneLine(strings.Join(t.HardwareIDs, " ")), t.Commit)
		for _, uri := range t.Apps {
			rt.say("    app %s", oneLine(uri))
		}
	}
	content := "its content was not read"
	if s.Content {
		content = "its content was verified"
	}
	rt.say("trusted: %s; %s", s.Anchor, content)
	if c.Bool("yes") || !rt.std.InTTY {
		return nil
	}
	yes, err := rt.confirm(c.Context, question)
	if err == nil && !yes {
		err = fail.New(fail.Usage, "", "nothing was signed")
	}
	return err
}

type signView struct {
	offline.SignReport
	Exported string `json:"exported,omitempty"`
}

// Table tells a person who signed what, and what is still to do.
func (v signView) Table(w io.Writer) {
	render.Fields(w, "bundle", v.Dir, "trust from", v.Anchor, "signed by", strings.Join(v.KeyIDs, " "), "targets", strings.Join(v.Targets, " "),
		"signatures", fmt.Sprintf("%d of %d", v.Signed, v.Threshold), "still missing", strconv.Itoa(v.Missing))
}

// exportView is for programs: people are told what to do with the file.
type exportView struct {
	Bundle string `json:"bundle"`
	File   string `json:"exported"`
}

// Table has nothing to add.
func (exportView) Table(io.Writer) {}

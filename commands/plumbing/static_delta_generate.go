package plumbing

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/variant"
)

func staticDeltaGenerateCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "generate",
		Usage:     "make a delta that leads to a commit",
		ArgsUsage: "[TO]",
		Description: "Without --from and --empty it leads from the commit's parent. If the program xz is installed it packs the\n" +
			"parts; they get a little larger without it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "lead from `REV`"},
			&cli.BoolFlag{Name: "empty", Usage: "lead from nothing"},
			&cli.BoolFlag{Name: "inline", Usage: "put the parts into the superblock"},
			&cli.StringFlag{Name: "to", Usage: "lead to `REV`"},
			&cli.BoolFlag{Name: "disable-bsdiff", Usage: "copy chunks of old files, and patch none byte by byte"},
			&cli.BoolFlag{Name: "if-not-exists", Aliases: []string{"n"}, Usage: "do nothing if there is one"},
			&cli.StringFlag{Name: "set-endianness", Usage: "write sizes in byte order `ORDER`: l or B (default: l)"},
			&cli.BoolFlag{Name: "swap-endianness", Usage: "write sizes in the other byte order than this machine's"},
			&cli.StringFlag{Name: "min-fallback-size", Usage: "leave files out that take more than `MB` megabytes and are like no old one; 0 is none (default: 4)"},
			&cli.StringFlag{Name: "max-bsdiff-size", Usage: "patch no files byte by byte that together with the old one take more than `MB` megabytes (default: 128)"},
			&cli.StringFlag{Name: "max-chunk-size", Usage: "make parts no larger than about `MB` megabytes, unpacked (default: 32)"},
			&cli.StringFlag{Name: "filename", Usage: "write the superblock to `FILE`, and parts beside it, instead of into the repo"},
			&cli.StringSliceFlag{Name: "sign", Usage: "sign with the secret `KEY`, which others on this machine then see: prefer --keys-file; may be repeated"},
			&cli.StringFlag{Name: "keys-file", Usage: "sign with the secret keys in `FILE`"},
			signTypeFlag("sign-type"),
		},
		Action: e.onRepo(e.staticDeltaGenerate),
	}
}

func (e *Env) staticDeltaGenerate(c *cli.Context, repo *ostree.Repo) error {
	opt, err := e.deltaOptions(c)
	if err != nil {
		return err
	}
	n, err := deltaEnds(c, repo)
	if err != nil {
		return err
	}
	view := deltaMadeView{To: n.To.String()}
	if !n.Scratch() {
		view.From = n.From.String()
	}
	if c.Bool("if-not-exists") {
		if view.There, err = delta.Exists(repo, n); err != nil || view.There {
			return cmp.Or(err, e.Render(view))
		}
	}
	view.GenerateReport, err = delta.Generate(c.Context, repo, n, opt)
	if err != nil {
		return err
	}
	e.sayDelta(view.GenerateReport)
	return e.Render(view)
}

// deltaEnds are the commits that a new delta leads from and to.
func deltaEnds(c *cli.Context, repo *ostree.Repo) (n delta.Name, err error) {
	to := cmp.Or(c.String("to"), c.Args().First())
	if to == "" {
		return n, usage("TO revision must be specified")
	}
	from := cmp.Or(c.String("from"), to+"^")
	if c.Bool("empty") && c.IsSet("from") {
		return n, usage("Cannot specify both --empty and --from=REV")
	}
	if n.To, err = repo.Resolve(c.Context, to); err != nil || c.Bool("empty") {
		return n, err
	}
	n.From, err = repo.Resolve(c.Context, from)
	return n, err
}

func (e *Env) deltaOptions(c *cli.Context) (delta.GenerateOptions, error) {
	opt := delta.DefaultOptions(e.Now())
	opt.Inline, opt.File, opt.Progress, opt.Log = c.Bool("inline"), c.String("filename"), e.Progress(), e.Log
	opt.XZ, _ = exec.LookPath("xz")
	switch order := c.String("set-endianness"); {
	case order != "" && c.Bool("swap-endianness"):
		return opt, usage("--set-endianness and --swap-endianness exclude each other")
	case order != "" && order != "l" && order != "B":
		return opt, usage("Invalid endianness '%s'", order)
	case order == "B", c.Bool("swap-endianness"):
		opt.Order = delta.Big
	}
	for name, to := range map[string]*int64{
		"min-fallback-size": &opt.MinFallback, "max-bsdiff-size": &opt.MaxBsdiff, "max-chunk-size": &opt.MaxChunk,
	} {
		if s := c.String(name); s != "" {
			mb, err := strconv.ParseUint(s, 10, 32)
			if err != nil || mb > math.MaxInt64/1_000_000 {
				return opt, usage("flag --%s: %q is not a number of megabytes", name, s)
			}
			*to = int64(mb) * 1_000_000
		}
	}
	if c.Bool("disable-bsdiff") {
		opt.MaxBsdiff = 0
	}
	return opt, e.deltaSigners(c, &opt)
}

// deltaSigners lets the keys that the flags name sign the superblock.
func (e *Env) deltaSigners(c *cli.Context, opt *delta.GenerateOptions) error {
	signers, err := e.signers(c)
	if err != nil {
		return err
	}
	if path := c.String("keys-file"); path != "" {
		more, err := sign.SignersFrom(c.Context, c.String("sign-type"), path, e.signEnv())
		if err != nil {
			return err
		}
		signers = append(signers, more...)
	}
	if len(signers) == 0 {
		return nil
	}
	opt.Sign = func(superblock []byte) (variant.Value, error) {
		signatures := variant.Dict()
		for _, s := range signers {
			var err error
			if signatures, err = sign.AddTo(signatures, superblock, s); err != nil {
				return signatures, err
			}
		}
		return signatures, nil
	}
	return nil
}

// sayDelta says what is in the new delta, in the lines that scripts look for.
func (e *Env) sayDelta(r delta.GenerateReport) {
	e.Say("modified: %d", r.Modified)
	e.Say("new reachable: metadata=%d content regular=%d symlink=%d", r.Metadata, r.Files, r.Symlinks)
	for i, p := range r.Parts {
		e.Say("part %d n:%d compressed:%d uncompressed:%d", i+1, p.Objects.Len(), p.Size, p.USize)
	}
	e.Say("uncompressed=%d compressed=%d fallbacks=%d", r.USize, r.Size, r.Fallbacks)
	e.Say("rollsum=%d objects", r.Rollsum)
	e.Say("bsdiff=%d objects", r.Bsdiff)
}

type deltaMadeView struct {
	From  string `json:"from,omitempty"`
	To    string `json:"to"`
	There bool   `json:"already_there"`
	delta.GenerateReport
}

// Table prints what ostree static-delta generate prints.
func (v deltaMadeView) Table(w io.Writer) {
	if v.There {
		name := v.To
		if v.From != "" {
			name = v.From + "-" + v.To
		}
		fmt.Fprintf(w, "Delta %s already exists.\n", name)
		return
	}
	fmt.Fprintf(w, "Generating static delta:\n  From: %s\n  To:   %s\n", cmp.Or(v.From, "empty"), v.To)
}

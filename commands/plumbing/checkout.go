package plumbing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

func checkoutCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "checkout",
		Usage:     "write a commit's tree to a folder",
		ArgsUsage: "[COMMIT] [DIR]",
		Description: "DIR (default: COMMIT) is built beside its place and appears when it is whole. Without --user-mode it needs\n" +
			"root. Files are hard links into the repo where that keeps them as the checkout needs them: never write into\n" +
			"one, replace it. What is copied is verified. With --from-file and --from-stdin the only argument is DIR.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "user-mode", Aliases: []string{"U"}, Usage: "leave owners and extended attributes alone, drop setuid bits"},
			&cli.StringFlag{Name: "subpath", Usage: "write only `PATH` of the commit"},
			&cli.BoolFlag{Name: "union", Usage: "keep existing folders, overwrite existing files"},
			&cli.BoolFlag{Name: "union-add", Usage: "keep what exists, add the rest"},
			&cli.BoolFlag{Name: "union-identical", Usage: "add the rest; fail if a file that exists is another; with --require-hardlinks"},
			&cli.BoolFlag{Name: "whiteouts", Usage: "take files .wh.NAME for orders to remove NAME"},
			&cli.BoolFlag{Name: "process-passthrough-whiteouts", Usage: "make overlay whiteouts out of files .ostree-wh.NAME"},
			&cli.BoolFlag{Name: "allow-noent", Usage: "do nothing if the commit has no such --subpath"},
			&cli.BoolFlag{Name: "from-stdin", Usage: "read many COMMIT and PATH, each ended by a zero byte, and lay them over each other"},
			&cli.StringFlag{Name: "from-file", Usage: "read them from `FILE`"},
			&cli.BoolFlag{Name: "require-hardlinks", Aliases: []string{"H"}, Usage: "fail where a file can be no hard link"},
			&cli.BoolFlag{Name: "force-copy", Aliases: []string{"C"}, Usage: "copy all files"},
			&cli.BoolFlag{Name: "force-copy-zerosized", Aliases: []string{"z"}, Usage: "copy empty files, which is always done", Hidden: true},
			&cli.BoolFlag{Name: "bareuseronly-dirs", Aliases: []string{"M"}, Usage: "drop mode bits of folders outside of 0775"},
			&cli.BoolFlag{Name: "disable-cache", Usage: "keep no inflated files in an archive repo"},
			&cli.StringFlag{Name: "skip-list", Usage: "`FILE` with paths to leave out, each on a line; a folder's ends with a slash"},
			&cli.StringFlag{Name: "fsync", Usage: "`BOOL`, true or false: whether all is on the disk when it ends (default: false)"},
			&cli.StringFlag{Name: "selinux-policy", Usage: "not supported: `PATH` of a policy", Hidden: true},
			&cli.StringFlag{Name: "selinux-prefix", Usage: "not supported: `PREFIX` of paths", Hidden: true},
		},
		Action: e.onRepo(e.checkout),
	}
}

type checkoutView struct {
	Commit string `json:"commit"`
	Dir    string `json:"dir"`
	ostree.CheckoutReport
}

// Table prints nothing, as ostree checkout does.
func (checkoutView) Table(io.Writer) {}

func (e *Env) checkout(c *cli.Context, repo *ostree.Repo) error {
	opt, err := e.checkoutOptions(c)
	if err != nil {
		return err
	}
	if c.Bool("from-stdin") || c.IsSet("from-file") {
		return e.checkoutMany(c, repo, opt)
	}
	rev, dir := c.Args().First(), c.Args().Get(1)
	switch {
	case rev == "":
		return usage("COMMIT must be specified")
	case c.NArg() < 2:
		dir = rev
	case dir == "":
		return usage("DIR is empty")
	}
	commit, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	view := checkoutView{Commit: commit.String(), Dir: dir}
	view.CheckoutReport, err = ostree.Checkout(c.Context, repo, commit, view.Dir, opt)
	if c.Bool("allow-noent") && noSuchPath(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return e.Render(view)
}

func (e *Env) checkoutOptions(c *cli.Context) (ostree.CheckoutOptions, error) {
	opt := ostree.CheckoutOptions{UserMode: c.Bool("user-mode"), Links: ostree.LinkAllowed,
		Whiteouts: c.Bool("whiteouts"), OverlayWhiteouts: c.Bool("process-passthrough-whiteouts"), PlainDirs: c.Bool("bareuseronly-dirs"),
		Cache: !c.Bool("disable-cache"), Progress: e.Progress()}
	if c.String("selinux-policy") != "" || c.String("selinux-prefix") != "" {
		return opt, fail.New(fail.Unsupported, "labels that the commit has are set as they are", "SELinux policies are not evaluated here")
	}
	ways := []struct {
		flag string
		way  ostree.Overwrite
	}{{"union", ostree.OverwriteFiles}, {"union-add", ostree.OverwriteAdd}, {"union-identical", ostree.OverwriteIdentical}}
	given := ""
	for _, w := range ways {
		if !c.Bool(w.flag) {
			continue
		}
		if given != "" {
			return opt, usage("Cannot specify both --%s and --%s: they exclude each other", given, w.flag)
		}
		given, opt.Overwrite = w.flag, w.way
	}
	switch {
	case c.Bool("require-hardlinks") && c.Bool("force-copy"):
		return opt, usage("Cannot specify both --require-hardlinks and --force-copy")
	case c.Bool("require-hardlinks"):
		opt.Links = ostree.LinkRequired
	case c.Bool("force-copy"):
		opt.Links = ostree.LinkNever
	}
	if opt.Overwrite == ostree.OverwriteIdentical && opt.Links != ostree.LinkRequired {
		return opt, usage("--union-identical requires --require-hardlinks")
	}
	var err error
	if opt.Subpath, err = subpathFlag(c); err != nil {
		return opt, err
	}
	if opt.Sync, err = fsyncFlag(c, false); err != nil {
		return opt, err
	}
	opt.Skip, err = skipList(c, ostree.ParseCheckoutSkips)
	return opt, err
}

// checkoutMany lays the trees that a list names over each other in DIR.
func (e *Env) checkoutMany(c *cli.Context, repo *ostree.Repo, opt ostree.CheckoutOptions) error {
	list, err := e.checkoutList(c)
	if err != nil {
		return err
	}
	dir := c.Args().First()
	if dir == "" {
		return usage("DESTINATION must be specified")
	}
	view := checkoutManyView{Dir: dir}
	for _, one := range list {
		view.Trees = append(view.Trees, checkoutView{Dir: dir})
		if err := checkoutOne(c.Context, repo, one, opt, c.Bool("allow-noent"), &view.Trees[len(view.Trees)-1]); err != nil {
			//lint:ignore ST1005 the words that scripts look for
			return fmt.Errorf("Processing tree %s: %w", one[0], err)
		}
	}
	return e.Render(view)
}

type checkoutManyView struct {
	Dir   string         `json:"dir"`
	Trees []checkoutView `json:"trees"`
}

// Table prints nothing.
func (checkoutManyView) Table(io.Writer) {}

func checkoutOne(ctx context.Context, repo *ostree.Repo, one [2]string, opt ostree.CheckoutOptions, mayMiss bool, view *checkoutView) error {
	commit, err := repo.Resolve(ctx, one[0])
	if err != nil {
		return err
	}
	opt.Subpath, view.Commit = one[1], commit.String()
	view.CheckoutReport, err = ostree.Checkout(ctx, repo, commit, view.Dir, opt)
	if mayMiss && noSuchPath(err) {
		return nil
	}
	return err
}

// noSuchPath is what --allow-noent allows: nothing is there, and no file in the way.
func noSuchPath(err error) bool {
	return errors.Is(err, ostree.ErrNoPath) && !errors.Is(err, ostree.ErrNotDir)
}

// checkoutList reads pairs of COMMIT and PATH; the last PATH may be missing.
func (e *Env) checkoutList(c *cli.Context) ([][2]string, error) {
	var data []byte
	var err error
	if c.Bool("from-stdin") {
		data, err = fsx.ReadAll(fsx.Until(c.Context, e.Stdin), "standard input", limits.PathList)
	} else {
		data, err = fsx.ReadGiven(c.Context, c.String("from-file"), limits.PathList)
	}
	if err != nil {
		return nil, err
	}
	words := strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
	var list [][2]string
	for i := 0; i < len(words) && words[i] != ""; i += 2 {
		one := [2]string{words[i], "/"}
		if i+1 < len(words) {
			one[1] = words[i+1]
		}
		if one[1] == "" {
			return nil, usage("the list has an empty PATH behind %s", one[0])
		}
		list = append(list, one)
	}
	return list, nil
}

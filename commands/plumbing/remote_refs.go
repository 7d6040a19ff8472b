package plumbing

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/pull"
)

func remoteRefsCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "refs",
		Usage:     "list the refs of a remote",
		ArgsUsage: "NAME",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "cache-dir", Usage: "keep the summary in `DIR` instead of the repo"},
			&cli.BoolFlag{Name: "revision", Aliases: []string{"r"}, Usage: "print where each ref stands"},
		},
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			name := c.Args().First()
			files, err := e.remoteSummary(c, repo, name)
			if err != nil {
				return err
			}
			view := remoteRefsView{}
			for _, ref := range files.Parsed.Refs {
				r := remoteRefView{Ref: name + ":" + ref.Name, Commit: ref.Commit.String(), revision: c.Bool("revision")}
				view = append(view, r)
			}
			return e.Render(view)
		}),
	}
}

type remoteRefView struct {
	Ref      string `json:"ref"`
	Commit   string `json:"commit"`
	revision bool
}

type remoteRefsView []remoteRefView

// Table prints a ref a line.
func (v remoteRefsView) Table(w io.Writer) {
	for _, r := range v {
		if r.revision {
			fmt.Fprintf(w, "%s\t%s\n", r.Ref, r.Commit)
			continue
		}
		fmt.Fprintln(w, r.Ref)
	}
}

// remoteSummary is the summary of a remote, verified as its config demands.
func (e *Env) remoteSummary(c *cli.Context, repo *ostree.Repo, name string) (pull.SummaryFiles, error) {
	if name == "" {
		return pull.SummaryFiles{}, usage("NAME must be given")
	}
	conf, err := repo.RemoteConfig(name)
	if err != nil {
		return pull.SummaryFiles{}, err
	}
	remote, err := e.connect(c.Context, repo, conf, reach{})
	if err != nil {
		return pull.SummaryFiles{}, err
	}
	var o pull.Options
	if err := e.demandSignatures(repo, name, &o); err != nil {
		return pull.SummaryFiles{}, err
	}
	opt := pull.SummaryOptions{Signed: true, Check: o.CheckSummary, Now: e.Now()}
	if _, local := remote.(*pull.Local); !local && e.Getenv("OSTREE_SKIP_CACHE") == "" {
		dir := c.String("cache-dir")
		if dir == "" {
			dir = filepath.Join(repo.Path(), "tmp", "cache")
		}
		opt.Cache = pull.NewCache(dir, name)
	}
	files, err := pull.FetchSummary(c.Context, remote, opt)
	if errors.Is(err, fs.ErrNotExist) {
		return files, fail.New(fail.NotFound, "have one made with ostree summary -u on the server",
			"remote refs not available; server has no summary file: %w", err)
	}
	return files, err
}

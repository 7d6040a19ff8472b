package plumbing

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func remoteListCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the remotes",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "show-urls", Aliases: []string{"u"}, Usage: "print their addresses too"},
		},
		Action: e.onRepo(e.remoteList),
	}
}

func remoteShowURLCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "show-url",
		Usage:     "print the address of a remote",
		ArgsUsage: "NAME",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			r, err := addressable(repo, c.Args().First())
			if err != nil {
				return err
			}
			if r.URL == "" {
				return fail.New(fail.NotFound, "see what it has instead with remote list -u", "remote %q has no url", r.Name)
			}
			return e.Render(urlView{Name: r.Name, URL: r.URL})
		}),
	}
}

func remoteDeleteCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "delete",
		Usage:     "delete a remote, with its keyring and cookies",
		ArgsUsage: "NAME",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "if-exists", Usage: "do nothing if there is none"},
			&cli.StringFlag{Name: "sysroot", Usage: "work on the repo of the sysroot at `DIR`, whatever --repo says"},
		},
		Action: e.onRepo(e.remoteDelete),
	}
}

// addressable is the config of a remote of which only the address matters: it is
// shown also where another key has a value that it can't have.
func addressable(repo *ostree.Repo, name string) (ostree.RemoteConfig, error) {
	r, err := repo.RemoteConfig(name)
	if r.Name != "" {
		err = nil
	}
	return r, err
}

// addressOf is what remote add was given.
func addressOf(r ostree.RemoteConfig) string {
	if r.URL == "" && r.Metalink != "" {
		return "metalink=" + r.Metalink
	}
	return r.URL
}

type urlView struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Table prints the address alone.
func (v urlView) Table(w io.Writer) { fmt.Fprintln(w, v.URL) }

type remotesView struct {
	Remotes []urlView `json:"remotes"`
	urls    bool
}

// Table prints names, or names and addresses in columns.
func (v remotesView) Table(w io.Writer) {
	width := 0
	for _, r := range v.Remotes {
		width = max(width, len(r.Name))
	}
	for _, r := range v.Remotes {
		if v.urls {
			fmt.Fprintf(w, "%-*s  %s\n", width, r.Name, r.URL)
		} else {
			fmt.Fprintln(w, r.Name)
		}
	}
}

func (e *Env) remoteList(c *cli.Context, repo *ostree.Repo) error {
	names, err := repo.Remotes()
	if err != nil {
		return err
	}
	view := remotesView{Remotes: []urlView{}, urls: c.Bool("show-urls")}
	for _, name := range names {
		r, err := addressable(repo, name)
		if err != nil {
			return err
		}
		view.Remotes = append(view.Remotes, urlView{name, cmp.Or(addressOf(r), r.CustomBackend)})
	}
	return e.Render(view)
}

func (e *Env) remoteDelete(c *cli.Context, repo *ostree.Repo) error {
	name := c.Args().First()
	if c.Bool("if-exists") {
		names, err := repo.Remotes()
		if err != nil {
			return err
		}
		if !slices.Contains(names, name) {
			return nil
		}
	}
	return repo.DeleteRemote(c.Context, name)
}

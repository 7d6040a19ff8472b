package plumbing

import (
	"cmp"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func revParseCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:        "rev-parse",
		Usage:       "print the checksum of a commit",
		ArgsUsage:   "[REV...]",
		Description: "REV is a ref, REMOTE:REF, a checksum or the unique beginning of one; ^ after it means its parent.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "single", Aliases: []string{"S"}, Usage: "print the one commit that the repo has; more or none are an error"},
		},
		Action: e.onRepo(e.revParse),
	}
}

type checksumsView []string

// Table prints one checksum a line.
func (v checksumsView) Table(w io.Writer) {
	for _, s := range v {
		fmt.Fprintln(w, s)
	}
}

func (e *Env) revParse(c *cli.Context, repo *ostree.Repo) error {
	revs := c.Args().Slice()
	if c.Bool("single") {
		if len(revs) > 0 {
			return fail.New(fail.Usage, "", "--single takes no REV")
		}
		sum, err := singleCommit(c, repo)
		if err != nil {
			return err
		}
		return e.Render(checksumsView{sum.String()})
	}
	if len(revs) == 0 {
		return fail.New(fail.Usage, "see otactl ostree rev-parse --help", "argument REV is missing")
	}
	var sums checksumsView
	for _, rev := range revs {
		sum, err := repo.Resolve(c.Context, rev)
		if err != nil {
			return e.afterThese(sums, err)
		}
		sums = append(sums, sum.String())
	}
	return e.Render(sums)
}

// afterThese prints what was found before err, as the original does as it goes.
func (e *Env) afterThese(sums checksumsView, err error) error {
	if len(sums) == 0 {
		return err
	}
	return cmp.Or(e.Render(sums), err)
}

func singleCommit(c *cli.Context, repo *ostree.Repo) (ostree.Checksum, error) {
	var commits []ostree.Checksum
	err := repo.ListObjects(c.Context, func(id ostree.ObjectID) error {
		if id.Type == ostree.TypeCommit {
			commits = append(commits, id.Sum)
		}
		return nil
	})
	switch {
	case err != nil:
		return ostree.Checksum{}, err
	case len(commits) == 0:
		return ostree.Checksum{}, fail.New(fail.NotFound, "", "repo %s has no commit", repo.Path())
	case len(commits) > 1:
		return ostree.Checksum{}, fail.New(fail.Conflict, "name the one you mean", "repo %s has %d commits", repo.Path(), len(commits))
	}
	return commits[0], nil
}

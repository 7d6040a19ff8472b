package commands

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func ostreeRevParseCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "rev-parse",
		Usage:       "print the checksum of a commit",
		ArgsUsage:   "[REV...]",
		Description: "REV is a ref, REMOTE:REF, a checksum or the unique beginning of one; ^ after it means its parent.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "single", Aliases: []string{"S"}, Usage: "print the one commit that the repo has; more or none are an error"},
		},
		Action: rt.onRepo(rt.revParse),
	}
}

type checksumsView []string

// Table prints one checksum a line.
func (v checksumsView) Table(w io.Writer) {
	for _, s := range v {
		fmt.Fprintln(w, s)
	}
}

func (rt *runtime) revParse(c *cli.Context, repo *ostree.Repo) error {
	revs := c.Args().Slice()
	if c.Bool("single") {
		if len(revs) > 0 {
			return fail.New(fail.Usage, "", "--single takes no REV")
		}
		sum, err := singleCommit(c, repo)
		if err != nil {
			return err
		}
		return rt.render(checksumsView{sum.String()})
	}
	if len(revs) == 0 {
		return fail.New(fail.Usage, "see otactl ostree rev-parse --help", "argument REV is missing")
	}
	var sums checksumsView
	for _, rev := range revs {
		sum, err := repo.Resolve(c.Context, rev)
		if err != nil {
			return err
		}
		sums = append(sums, sum.String())
	}
	return rt.render(sums)
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

func ostreeRefsCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "refs",
		Usage:     "list, create or delete refs",
		ArgsUsage: "[PREFIX]",
		Description: "Lists all refs, or what comes after PREFIX/ of those below it. With --create, the argument is the\n" +
			"commit that the new ref points at.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "list", Usage: "print the names whole, with PREFIX"},
			&cli.StringFlag{Name: "create", Usage: "make `REF` point at the commit given as argument"},
			&cli.BoolFlag{Name: "force", Usage: "with --create, move a ref that exists"},
			&cli.BoolFlag{Name: "delete", Usage: "delete PREFIX and all refs below it"},
		},
		Action: rt.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			create, del := c.String("create"), c.Bool("delete")
			switch arg := c.Args().First(); {
			case create != "" && del:
				return fail.New(fail.Usage, "", "--create and --delete exclude each other")
			case create != "":
				return createRef(c, repo, create, arg)
			case del && arg == "":
				return fail.New(fail.Usage, "", "--delete needs a PREFIX")
			case del:
				return deleteRefs(c, repo, arg)
			}
			return rt.listRefs(c, repo)
		}),
	}
}

type refView struct {
	Ref    string `json:"ref"`
	Commit string `json:"commit"`
	shown  string
}

type refsView []refView

// Table prints the names only, as ostree refs does.
func (v refsView) Table(w io.Writer) {
	for _, r := range v {
		fmt.Fprintln(w, r.shown)
	}
}

func (rt *runtime) listRefs(c *cli.Context, repo *ostree.Repo) error {
	refs, err := repo.Refs(c.Context)
	if err != nil {
		return err
	}
	prefix := c.Args().First()
	view := refsView{}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if !below(name, prefix) {
			continue
		}
		shown := name
		if !c.Bool("list") && prefix != "" && name != prefix {
			shown = strings.TrimLeft(strings.TrimPrefix(name, prefix), "/:")
		}
		view = append(view, refView{Ref: name, Commit: refs[name].String(), shown: shown})
	}
	return rt.render(view)
}

// below says whether a ref is prefix, or in the folder or remote of that name.
func below(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && (prefix == "" || rest == "" || rest[0] == '/' || rest[0] == ':' || prefix[len(prefix)-1] == ':')
}

func createRef(c *cli.Context, repo *ostree.Repo, name, rev string) error {
	if rev == "" {
		return fail.New(fail.Usage, "", "--create needs the commit as an argument")
	}
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	var want *ostree.Checksum
	if !c.Bool("force") {
		want = &ostree.Checksum{}
		if _, err := repo.Ref(c.Context, name); err == nil {
			return fail.New(fail.Conflict, "give --force to move it", "ref %s exists already", name)
		}
	}
	return repo.SetRef(c.Context, name, sum, want)
}

// deleteRefs deletes a ref and those below it; none at all is fine.
func deleteRefs(c *cli.Context, repo *ostree.Repo, prefix string) error {
	refs, err := repo.Refs(c.Context)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if !below(name, prefix) {
			continue
		}
		at := refs[name]
		if err := repo.DeleteRef(c.Context, name, &at); err != nil {
			return err
		}
	}
	return nil
}

package plumbing

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

func refsCommand(e *Env) *cli.Command {
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
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
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
			return e.listRefs(c, repo)
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

func (e *Env) listRefs(c *cli.Context, repo *ostree.Repo) error {
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
	return e.Render(view)
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

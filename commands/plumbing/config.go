package plumbing

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/keyfile"
)

func configCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "read or change a key of the repo's config",
		ArgsUsage: "WHAT KEY [VALUE...]",
		Description: "WHAT is get, set or unset. KEY is GROUP.NAME, or with --group the name alone. Comments and the\n" +
			"order of the file stay. Give -- before a VALUE that begins with a dash.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "group", Usage: "the `GROUP` of the key, for one that has a dot in its name"},
		},
		Action: e.onRepo(e.config),
	}
}

func (e *Env) config(c *cli.Context, repo *ostree.Repo) error {
	what, args := c.Args().First(), c.Args().Tail()
	want, ok := map[string]int{"get": 1, "set": 2, "unset": 1}[what]
	switch {
	case !ok:
		return usage("unknown operation %q: give get, set or unset", what)
	case len(args) > want:
		return usage("too many arguments for config %s", what)
	case len(args) < want:
		return usage("config %s needs a KEY and, to set it, a VALUE", what)
	}
	group, key, err := configKey(c.String("group"), args[0])
	if err != nil {
		return err
	}
	switch what {
	case "set":
		return repo.EditConfig(c.Context, func(f *keyfile.File) error { return f.Set(group, key, args[1]) })
	case "unset":
		return repo.EditConfig(c.Context, func(f *keyfile.File) error {
			f.Remove(group, key)
			return nil
		})
	}
	value, ok := repo.Keyfile().Get(group, key)
	if !ok {
		return fail.New(fail.NotFound, "", "the config of %s has no key %q in group %q", repo.Path(), key, group)
	}
	return e.Render(configView{Group: group, Key: key, Value: value})
}

// configKey takes GROUP.NAME apart at the first dot; a group with a dot in its
// name has to be named apart.
func configKey(group, name string) (string, string, error) {
	if group != "" {
		return group, name, nil
	}
	group, key, ok := strings.Cut(name, ".")
	if !ok || group == "" || key == "" {
		return "", "", usage("key %q is not GROUP.NAME; give --group, or name the group", name)
	}
	return group, key, nil
}

type configView struct {
	Group string `json:"group"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Table prints the value alone.
func (v configView) Table(w io.Writer) { fmt.Fprintln(w, v.Value) }

package plumbing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
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
		ArgsUsage: "[PREFIX...]",
		Description: "Lists all refs, or what comes after PREFIX/ of those below it. With --create, the argument is the\n" +
			"commit that the new ref points at. With --collections PREFIX is a collection id and refs are those\n" +
			"of all collections, written (ID, REF), and ID:REF to create one.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "list", Usage: "print the names whole, with PREFIX"},
			&cli.BoolFlag{Name: "revision", Aliases: []string{"r"}, Usage: "print the commit beside each name"},
			&cli.StringFlag{Name: "create", Usage: "make `REF` point at the commit given as argument"},
			&cli.BoolFlag{Name: "alias", Aliases: []string{"A"}, Usage: "list refs that stand for others; with --create, make one for the ref given"},
			&cli.BoolFlag{Name: "collections", Aliases: []string{"c"}, Usage: "work on the refs of collections"},
			&cli.BoolFlag{Name: "force", Usage: "with --create, move a ref that exists"},
			&cli.BoolFlag{Name: "delete", Usage: "delete PREFIX and all refs below it"},
		},
		Action: e.onRepo(e.refs),
	}
}

func (e *Env) refs(c *cli.Context, repo *ostree.Repo) error {
	create, del, args := c.String("create"), c.Bool("delete"), c.Args().Slice()
	switch {
	case create == "" && c.IsSet("create"):
		return usage("--create needs the name of the new ref")
	case create != "" && del:
		return usage("--create and --delete exclude each other")
	case create != "" && len(args) != 1:
		return usage("--create needs the commit, and nothing else, as an argument")
	case create != "" && c.Bool("alias"):
		return e.thenChanged(c, repo, createAlias(c, repo, create, args[0]))
	case create != "":
		return e.thenChanged(c, repo, e.createRef(c, repo, create, args[0]))
	case del && len(args) == 0:
		return usage("--delete needs a PREFIX")
	}
	if e.StandIn { // which takes a repo without the folder for a broken one
		if _, err := os.Stat(filepath.Join(repo.Path(), "refs/remotes")); err != nil {
			//lint:ignore ST1005 the words that scripts look for
			return fmt.Errorf("Listing refs: opendir: %w", err)
		}
	}
	refs, err := e.refsBelow(c, repo, args)
	if err != nil {
		return err
	}
	if del {
		return e.thenChanged(c, repo, deleteRefs(c.Context, repo, refs))
	}
	return e.Render(refs)
}

// thenChanged does what follows a change of refs, unless that failed.
func (e *Env) thenChanged(c *cli.Context, repo *ostree.Repo, err error) error {
	if err != nil {
		return err
	}
	return e.refsChanged(c.Context, repo)
}

type refView struct {
	Ref        string `json:"ref"`
	Collection string `json:"collection,omitempty"`
	Alias      string `json:"alias_of,omitempty"`
	Commit     string `json:"commit"`
	shown      string
	at         ostree.Checksum
}

type refsView []refView

// Table prints the names only, as ostree refs does.
func (v refsView) Table(w io.Writer) {
	for _, r := range v {
		fmt.Fprintln(w, r.shown)
	}
}

// refsBelow are the refs that are, or lie below, one of prefixes.
func (e *Env) refsBelow(c *cli.Context, repo *ostree.Repo, prefixes []string) (refsView, error) {
	if c.Bool("collections") {
		return collectionRefs(c, repo, prefixes)
	}
	for _, p := range prefixes {
		if err := checkPrefix(p); err != nil {
			return nil, err
		}
	}
	refs, err := repo.Refs(c.Context)
	if err != nil {
		return nil, err
	}
	aliases, err := repo.Aliases(c.Context)
	if err != nil {
		return nil, err
	}
	if c.Bool("alias") { // as with the original, a ref that is named whole counts, alias or not
		maps.DeleteFunc(refs, func(name string, _ ostree.Checksum) bool {
			return aliases[name] == "" && !slices.Contains(prefixes, name)
		})
	}
	view := refsView{}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		prefix, ok := prefixOf(name, prefixes)
		if !ok {
			continue
		}
		r := refView{Ref: name, Alias: aliases[name], Commit: refs[name].String(), at: refs[name], shown: name}
		if !c.Bool("list") && prefix != "" && name != prefix {
			remote := prefix[:strings.IndexByte(prefix, ':')+1] // which stays
			r.shown = remote + strings.TrimPrefix(strings.TrimPrefix(name, prefix), "/")
		}
		switch {
		case c.Bool("alias") && name == prefix:
			r.shown += " -> " + r.Commit
		case c.Bool("alias"):
			r.shown += " -> " + r.Alias
		case c.Bool("revision"):
			r.shown += "\t" + r.Commit
		}
		view = append(view, r)
	}
	return view, nil
}

// collectionRefs are those of all collections, or of the ones named.
func collectionRefs(c *cli.Context, repo *ostree.Repo, ids []string) (refsView, error) {
	for _, id := range ids {
		if err := ostree.CheckCollectionID(id); err != nil {
			return nil, err
		}
	}
	refs, err := repo.CollectionRefs(c.Context)
	if err != nil {
		return nil, err
	}
	view := refsView{}
	for ref, at := range refs {
		if len(ids) == 0 || slices.Contains(ids, ref.Collection) {
			r := refView{Ref: ref.Name, Collection: ref.Collection, Commit: at.String(), at: at, shown: ref.String()}
			if c.Bool("revision") {
				r.shown += "\t" + r.Commit
			}
			view = append(view, r)
		}
	}
	slices.SortFunc(view, func(a, b refView) int { return strings.Compare(a.shown, b.shown) })
	return view, nil
}

// prefixOf is the first of prefixes that name is, or lies below; "" when there
// are none.
func prefixOf(name string, prefixes []string) (string, bool) {
	if len(prefixes) == 0 {
		return "", true
	}
	for _, p := range prefixes {
		p = strings.TrimSuffix(p, ".") // "origin:." is all of that remote
		if below(name, p) {
			return p, true
		}
	}
	return "", false
}

// checkPrefix refuses what is neither a ref nor a remote.
func checkPrefix(prefix string) error {
	if remote, ok := strings.CutSuffix(strings.TrimSuffix(prefix, "."), ":"); ok {
		return ostree.CheckRemoteName(remote)
	}
	return ostree.CheckRef(prefix)
}

// below says whether a ref is prefix, or in the folder of that name, or in the
// remote if prefix is "NAME:".
func below(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && (prefix == "" || rest == "" || rest[0] == '/' || prefix[len(prefix)-1] == ':')
}

func (e *Env) createRef(c *cli.Context, repo *ostree.Repo, name, rev string) error {
	if c.Bool("collections") {
		id, ref, ok := strings.Cut(name, ":")
		if !ok {
			return usage("--create: %q is not ID:REF, as --collections wants it", name)
		}
		return e.createMirror(c, repo, ostree.CollectionRef{Collection: id, Name: ref}, rev)
	}
	if err := ostree.CheckRef(name); err != nil {
		return err
	}
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	var want *ostree.Checksum
	if !c.Bool("force") {
		want = &ostree.Checksum{}
		if _, err := repo.Ref(c.Context, name); err == nil {
			return existsAlready(name)
		}
	}
	return repo.SetRef(c.Context, name, sum, want)
}

func existsAlready(name string) error {
	return fail.New(fail.Conflict, "give --force to move it", "ref %s exists already", name)
}

func (e *Env) createMirror(c *cli.Context, repo *ostree.Repo, ref ostree.CollectionRef, rev string) error {
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	opt := ostree.RefOptions{}
	if !c.Bool("force") && !e.StandIn { // the original moves those of collections without a word
		opt.Want = &ostree.Checksum{}
		if _, err := repo.MirrorRef(c.Context, ref); err == nil {
			return existsAlready(ref.String())
		}
	}
	return repo.MoveMirrorRef(c.Context, ref, sum, opt)
}

// createAlias makes name stand for target. An alias that is there moves, as it
// does with the original.
func createAlias(c *cli.Context, repo *ostree.Repo, name, target string) error {
	aliases, err := repo.Aliases(c.Context)
	if err != nil {
		return err
	}
	if _, err := repo.Ref(c.Context, name); err == nil && aliases[name] == "" && !c.Bool("force") {
		return existsAlready(name)
	}
	return repo.SetAlias(c.Context, name, target)
}

// deleteRefs deletes refs; none at all is fine. A ref that others stand for
// stays, unless they go with it.
func deleteRefs(ctx context.Context, repo *ostree.Repo, refs refsView) error {
	aliases, err := repo.Aliases(ctx)
	if err != nil {
		return err
	}
	going := map[string]bool{}
	for _, r := range refs {
		if r.Collection == "" {
			going[r.Ref] = true
		}
	}
	for alias, target := range aliases {
		if going[target] && !going[alias] {
			return fail.New(fail.Conflict, "delete the alias first", "ref %s cannot be deleted: %s stands for it", target, alias)
		}
	}
	slices.SortStableFunc(refs, func(a, b refView) int { return strings.Compare(b.Alias, a.Alias) }) // aliases first
	for _, r := range refs {
		if r.Collection != "" {
			err = repo.DeleteMirrorRef(ctx, ostree.CollectionRef{Collection: r.Collection, Name: r.Ref})
			if errors.Is(err, ostree.ErrRefNotFound) { // it is of a remote of that collection, and stays
				err = nil
			}
		} else {
			err = repo.DeleteRef(ctx, r.Ref, &r.at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

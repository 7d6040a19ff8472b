package plumbing

import (
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// treeFlags say which trees are stored and how.
func treeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "base", Usage: "begin with the tree of `COMMIT`, as it is"},
		&cli.StringSliceFlag{Name: "tree", Usage: "lay `SOURCE` over what is there: dir=DIR, tar=FILE (- for standard input), ref=COMMIT; prefix=PATH says where the next ones go; may be repeated"},
		&cli.StringFlag{Name: "owner-uid", Usage: "give all files to user `UID`"},
		&cli.StringFlag{Name: "owner-gid", Usage: "give all files to group `GID`"},
		&cli.BoolFlag{Name: "no-xattrs", Usage: "leave extended attributes out"},
		&cli.BoolFlag{Name: "canonical-permissions", Usage: "owner 0, no extended attributes, modes cut down to 0755"},
		&cli.BoolFlag{Name: "mode-ro-executables", Usage: "take the write bits off executable files"},
		&cli.StringFlag{Name: "statoverride", Usage: "`FILE` with lines \"MODE /path\": bits to add in decimal, or with = before it to set"},
		&cli.StringFlag{Name: "skip-list", Usage: "`FILE` with paths to leave out"},
		&cli.BoolFlag{Name: "consume", Usage: "remove what was committed from its folders"},
		&cli.BoolFlag{Name: "link-checkout-speedup", Usage: "take owner, mode and attributes of hard links into the repo from there"},
		&cli.BoolFlag{Name: "devino-canonical", Aliases: []string{"I"}, Usage: "take hard links into the repo as they are there, unread"},
		&cli.BoolFlag{Name: "tar-autocreate-parents", Usage: "make folders that an archive has something in but no entry for"},
		&cli.StringFlag{Name: "tar-pathname-filter", Usage: "`REGEX,REPLACEMENT` for paths in archives"},
		&cli.StringFlag{Name: "selinux-policy", Usage: "not supported: `PATH` of a policy", Hidden: true},
		&cli.BoolFlag{Name: "selinux-policy-from-base", Aliases: []string{"P"}, Usage: "not supported", Hidden: true},
	}
}

// A treeSource is one --tree.
type treeSource struct{ kind, from string }

// treeSources reads --tree, or the argument.
func treeSources(c *cli.Context) ([]treeSource, error) {
	trees := c.StringSlice("tree")
	switch dir := c.Args().First(); {
	case len(trees) > 0:
	case c.NArg() == 0:
		return []treeSource{{"dir", "."}}, nil
	case dir == "":
		return nil, usage("DIR is empty")
	default:
		return []treeSource{{"dir", dir}}, nil
	}
	if c.Args().Present() {
		return nil, fail.New(fail.Usage, "give one of them", "both --tree and the folder %s are given", c.Args().First())
	}
	var list []treeSource
	for _, tree := range trees {
		kind, from, ok := strings.Cut(tree, "=")
		switch {
		case !ok:
			return nil, fail.New(fail.Usage, "give --tree=dir=DIR, tar=FILE or ref=COMMIT", "Missing type in tree specification '%s'", tree)
		case kind != "dir" && kind != "tar" && kind != "ref" && kind != "prefix":
			return nil, fail.New(fail.Usage, "give --tree=dir=DIR, tar=FILE or ref=COMMIT", "Invalid tree type specification '%s'", kind)
		case from == "":
			return nil, usage("flag --tree: %q names no tree", tree)
		}
		list = append(list, treeSource{kind, from})
	}
	return list, nil
}

// storeTrees stores what the flags name, laid over each other.
func (e *Env) storeTrees(c *cli.Context, repo *ostree.Repo) (ostree.TreeReport, error) {
	opt, err := e.treeOptions(c)
	if err != nil {
		return ostree.TreeReport{}, err
	}
	sources, err := treeSources(c)
	if err != nil {
		return ostree.TreeReport{}, err
	}
	rename, err := pathFilter(c.String("tar-pathname-filter"))
	if err != nil {
		return ostree.TreeReport{}, err
	}
	return ostree.BuildTree(c.Context, repo, opt, func(b *ostree.TreeBuilder) error {
		if c.IsSet("base") {
			if err := addCommit(c, repo, b, c.String("base"), true); err != nil {
				return err
			}
		}
		for _, s := range sources {
			if err := e.addTree(c, repo, b, s, ostree.TarOptions{Autocreate: c.Bool("tar-autocreate-parents"), Rename: rename}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *Env) addTree(c *cli.Context, repo *ostree.Repo, b *ostree.TreeBuilder, s treeSource, how ostree.TarOptions) error {
	switch s.kind {
	case "dir":
		return b.Dir(s.from)
	case "prefix":
		return b.Prefix(s.from)
	case "ref":
		return addCommit(c, repo, b, s.from, false)
	}
	in := io.Reader(e.Stdin)
	if s.from != "-" {
		f, err := fsx.OpenGiven(c.Context, s.from)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	return b.Tar(fsx.Until(c.Context, in), how)
}

func addCommit(c *cli.Context, repo *ostree.Repo, b *ostree.TreeBuilder, rev string, asIs bool) error {
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return err
	}
	return b.Commit(sum, asIs)
}

// treeOptions reads the flags about metadata.
func (e *Env) treeOptions(c *cli.Context) (ostree.TreeOptions, error) {
	opt := ostree.TreeOptions{NoXattrs: c.Bool("no-xattrs"), Canonical: c.Bool("canonical-permissions"),
		ReadOnlyExecutables: c.Bool("mode-ro-executables"), Consume: c.Bool("consume"), Progress: e.Progress()}
	if c.String("selinux-policy") != "" || c.Bool("selinux-policy-from-base") {
		return opt, fail.New(fail.Unsupported, "label the files first; labels that they have are committed as they are",
			"SELinux policies are not evaluated here")
	}
	switch {
	case c.Bool("devino-canonical"):
		opt.Links = ostree.LinksTrusted
	case c.Bool("link-checkout-speedup"):
		opt.Links = ostree.LinksMetadata
	}
	var err error
	if opt.UID, err = ownerFlag(c, "owner-uid"); err != nil {
		return opt, err
	}
	if opt.GID, err = ownerFlag(c, "owner-gid"); err != nil {
		return opt, err
	}
	if opt.Canonical && (opt.UID != nil && *opt.UID != 0 || opt.GID != nil && *opt.GID != 0) {
		return opt, usage("Cannot specify both --canonical-permissions and non-zero --owner-uid or --owner-gid")
	}
	if c.IsSet("statoverride") {
		data, err := fsx.ReadGiven(c.Context, c.String("statoverride"), limits.PathList)
		if err != nil {
			return opt, err
		}
		if opt.Overrides, err = ostree.ParseStatOverrides(data); err != nil {
			return opt, err
		}
	}
	opt.Skip, err = skipList(c, ostree.ParseSkipList)
	return opt, err
}

// skipList reads the file of --skip-list; nil without one.
func skipList(c *cli.Context, parse func([]byte) (*ostree.SkipList, error)) (*ostree.SkipList, error) {
	if !c.IsSet("skip-list") {
		return nil, nil
	}
	data, err := fsx.ReadGiven(c.Context, c.String("skip-list"), limits.PathList)
	if err != nil {
		return nil, err
	}
	return parse(data)
}

var (
	backReference = regexp.MustCompile(`\\g<(\w+)>|\\([0-9])`)
	plainDollar   = strings.NewReplacer("$", "$$")
)

// pathFilter reads --tar-pathname-filter: a regular expression up to the first
// comma, and what takes the place of each match, with \1 for a group.
func pathFilter(text string) (func(string) string, error) {
	if text == "" {
		return nil, nil
	}
	pattern, by, ok := strings.Cut(text, ",")
	if !ok {
		return nil, usage("flag --tar-pathname-filter: %q is not REGEX,REPLACEMENT", text)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, usage("flag --tar-pathname-filter: %v", err)
	}
	by = backReference.ReplaceAllString(plainDollar.Replace(by), "$${$1$2}")
	return func(path string) string { return re.ReplaceAllString(path, by) }, nil
}

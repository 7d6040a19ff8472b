package plumbing

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

func commitCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "commit",
		Usage:     "store a folder as a new commit",
		ArgsUsage: "[DIR]",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "branch", Aliases: []string{"b"}, Usage: "move `REF` to the new commit"},
			&cli.BoolFlag{Name: "orphan", Usage: "make a commit that no ref names"},
			&cli.StringFlag{Name: "tree", Usage: "commit `SOURCE`: dir=DIR, or ref=COMMIT for the tree of another commit (default: the current folder)"},
			&cli.StringFlag{Name: "subject", Aliases: []string{"s"}, Usage: "one `LINE` about the commit"},
			&cli.StringFlag{Name: "body", Aliases: []string{"m"}, Usage: "more `TEXT` about it"},
			&cli.StringFlag{Name: "body-file", Aliases: []string{"F"}, Usage: "read the text from `FILE`"},
			&cli.StringFlag{Name: "parent", Usage: "`COMMIT` before this one, or none (default: where the branch points)"},
			&cli.StringFlag{Name: "timestamp", Usage: "`TIME` of the commit: @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31 (default: SOURCE_DATE_EPOCH, or now)"},
			&cli.StringSliceFlag{Name: "add-metadata-string", Usage: "add `KEY=VALUE` to the metadata; may be repeated"},
			&cli.StringSliceFlag{Name: "bind-ref", Usage: "name `REF` too as one the commit is made for; may be repeated"},
			&cli.BoolFlag{Name: "no-bindings", Usage: "don't say which refs the commit is made for"},
			&cli.StringFlag{Name: "owner-uid", Usage: "give all files to user `UID`"},
			&cli.StringFlag{Name: "owner-gid", Usage: "give all files to group `GID`"},
			&cli.BoolFlag{Name: "no-xattrs", Usage: "leave extended attributes out"},
			&cli.BoolFlag{Name: "canonical-permissions", Usage: "owner 0, no extended attributes, modes cut down to 0755"},
			&cli.BoolFlag{Name: "skip-if-unchanged", Usage: "make no commit when the parent has the same tree"},
			&cli.BoolFlag{Name: "table-output", Usage: "say what was written, as KEY: VALUE lines"},
		}, signFlags()...),
		Action: e.onRepo(e.commit),
	}
}

type commitView struct {
	Commit    string            `json:"commit"`
	Unchanged bool              `json:"unchanged"`
	Written   ostree.TreeReport `json:"written"`
	long      bool
}

// Table prints what ostree commit prints.
func (v commitView) Table(w io.Writer) {
	if !v.long {
		fmt.Fprintln(w, v.Commit)
		return
	}
	commits := 1
	if v.Unchanged {
		commits = 0
	}
	fmt.Fprintf(w, "Commit: %s\nMetadata Total: %d\nMetadata Written: %d\n", v.Commit, v.Written.Metadata+commits, v.Written.MetadataWritten+commits)
	fmt.Fprintf(w, "Content Total: %d\nContent Written: %d\nContent Cache Hits: 0\nContent Bytes Written: %d\n",
		v.Written.Content, v.Written.ContentWritten, v.Written.BytesWritten)
}

func (e *Env) commit(c *cli.Context, repo *ostree.Repo) error {
	opt, err := e.commitOptions(c, repo)
	if err != nil {
		return err
	}
	signers, err := e.signers(c)
	if err != nil {
		return err
	}
	opt.BeforeRef = func(ctx context.Context, sum ostree.Checksum) error { return signCommit(ctx, repo, sum, signers) }
	hold, err := repo.Begin(c.Context) // no ref names the tree yet: keep a prune away
	if err != nil {
		return err
	}
	defer hold.Abort()
	tree, err := e.storeTree(c, repo)
	if err != nil {
		return err
	}
	sum, made, err := ostree.WriteCommit(c.Context, repo, tree.Tree, tree.Meta, opt)
	if err != nil {
		return err
	}
	if made {
		if err := e.committed(c.Context, repo); err != nil {
			return err
		}
	}
	return e.Render(commitView{Commit: sum.String(), Unchanged: !made, Written: tree, long: c.Bool("table-output")})
}

// storeTree stores the tree that the flags name, or finds it.
func (e *Env) storeTree(c *cli.Context, repo *ostree.Repo) (ostree.TreeReport, error) {
	opt := ostree.TreeOptions{NoXattrs: c.Bool("no-xattrs"), Canonical: c.Bool("canonical-permissions"), Progress: e.Progress()}
	var err error
	if opt.UID, err = ownerFlag(c, "owner-uid"); err != nil {
		return ostree.TreeReport{}, err
	}
	if opt.GID, err = ownerFlag(c, "owner-gid"); err != nil {
		return ostree.TreeReport{}, err
	}
	kind, source, err := treeSource(c)
	if err != nil {
		return ostree.TreeReport{}, err
	}
	if kind == "dir" {
		return ostree.CommitTree(c.Context, repo, source, opt)
	}
	sum, err := repo.Resolve(c.Context, source)
	if err != nil {
		return ostree.TreeReport{}, err
	}
	commit, err := ostree.LoadCommit(c.Context, repo, sum)
	if err != nil {
		return ostree.TreeReport{}, err
	}
	return ostree.TreeReport{Tree: commit.Tree, Meta: commit.Meta}, nil
}

// treeSource reads --tree and the argument, of which there may be one.
func treeSource(c *cli.Context) (kind, source string, err error) {
	arg, tree := c.Args().First(), c.String("tree")
	switch {
	case tree == "":
		return "dir", cmp.Or(arg, "."), nil
	case arg != "":
		return "", "", fail.New(fail.Usage, "give one of them", "both --tree=%s and the folder %s are given", tree, arg)
	}
	kind, source, ok := strings.Cut(tree, "=")
	if !ok || source == "" || kind != "dir" && kind != "ref" {
		return "", "", fail.New(fail.Usage, "give --tree=dir=DIR or --tree=ref=COMMIT", "flag --tree: %q names no tree", tree)
	}
	return kind, source, nil
}

func (e *Env) commitOptions(c *cli.Context, repo *ostree.Repo) (ostree.CommitOptions, error) {
	opt := ostree.CommitOptions{Branch: c.String("branch"), Subject: c.String("subject"), Body: c.String("body"),
		NoBindings: c.Bool("no-bindings"), BindRefs: c.StringSlice("bind-ref"), SkipUnchanged: c.Bool("skip-if-unchanged")}
	if (opt.Branch == "") == !c.Bool("orphan") {
		return opt, fail.New(fail.Usage, "", "give either --branch REF or --orphan")
	}
	if opt.Branch != "" { // said before the tree is stored
		if err := ostree.CheckRef(opt.Branch); err != nil {
			return opt, err
		}
	}
	for _, s := range c.StringSlice("add-metadata-string") {
		key, value, err := keyValue("add-metadata-string", s)
		if err != nil {
			return opt, err
		}
		opt.Metadata = append(opt.Metadata, variant.Entry{Key: key, Value: variant.Text(value)})
	}
	if file := c.String("body-file"); file != "" {
		body, err := fsx.ReadFile(file, limits.ConfigFile)
		if err != nil {
			return opt, err
		}
		opt.Body = string(body)
	}
	var err error
	if opt.Time, err = parseTime(cmp.Or(c.String("timestamp"), epoch(e.Getenv("SOURCE_DATE_EPOCH"))), e.Now); err != nil {
		return opt, err
	}
	return opt, parent(c, repo, &opt)
}

func parent(c *cli.Context, repo *ostree.Repo, opt *ostree.CommitOptions) error {
	rev := c.String("parent")
	if rev == "" || rev == "none" {
		opt.NoParent = rev == "none"
		return nil
	}
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return fmt.Errorf("--parent: %w", err)
	}
	opt.Parent = &sum
	return nil
}

func epoch(s string) string {
	if s == "" {
		return ""
	}
	return "@" + s
}

// parseTime reads a --timestamp; "" is now.
func parseTime(s string, now func() time.Time) (time.Time, error) {
	if s == "" {
		return now(), nil
	}
	if digits, ok := strings.CutPrefix(s, "@"); ok {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n >= 0 {
			return time.Unix(n, 0).UTC(), nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 -0700", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fail.New(fail.Usage, "give @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31", "timestamp %q is not a time", s)
}

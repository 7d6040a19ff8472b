package plumbing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
)

func commitCommand(e *Env) *cli.Command {
	flags := append([]cli.Flag{
		&cli.StringFlag{Name: "branch", Aliases: []string{"b"}, Usage: "move `REF` to the new commit"},
		&cli.BoolFlag{Name: "orphan", Usage: "make a commit that no ref names"},
		&cli.StringFlag{Name: "subject", Aliases: []string{"s"}, Usage: "one `LINE` about the commit"},
		&cli.StringFlag{Name: "body", Aliases: []string{"m"}, Usage: "more `TEXT` about it"},
		&cli.StringFlag{Name: "body-file", Aliases: []string{"F"}, Usage: "read the text from `FILE`"},
		&cli.BoolFlag{Name: "editor", Aliases: []string{"e"}, Usage: "write subject and text in an editor"},
		&cli.StringFlag{Name: "parent", Usage: "`COMMIT` before this one, or none (default: where the branch points)"},
		&cli.StringFlag{Name: "timestamp", Usage: "`TIME` of the commit: @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31 (default: SOURCE_DATE_EPOCH, or now)"},
		&cli.StringSliceFlag{Name: "add-metadata-string", Usage: "add `KEY=VALUE` to the metadata; may be repeated"},
		&cli.StringSliceFlag{Name: "add-metadata", Usage: "add `KEY=VALUE`, the value in GVariant text format; may be repeated"},
		&cli.StringSliceFlag{Name: "keep-metadata", Usage: "take `KEY` and its value over from the parent; may be repeated"},
		&cli.StringSliceFlag{Name: "add-detached-metadata-string", Usage: "add `KEY=VALUE` beside the commit, under no checksum; may be repeated"},
		&cli.StringSliceFlag{Name: "bind-ref", Usage: "name `REF` too as one the commit is made for; may be repeated"},
		&cli.BoolFlag{Name: "no-bindings", Usage: "don't say which refs the commit is made for"},
		&cli.BoolFlag{Name: "bootable", Usage: "say that the tree has a kernel, and which"},
		&cli.BoolFlag{Name: "generate-sizes", Usage: "list the sizes of all objects in the metadata; only in an archive repo"},
		&cli.BoolFlag{Name: "skip-if-unchanged", Usage: "make no commit when the parent has the same tree"},
		&cli.BoolFlag{Name: "table-output", Usage: "say what was written, as KEY: VALUE lines"},
		&cli.StringFlag{Name: "fsync", Usage: "`BOOL`, true or false: whether what was written is on the disk when it ends"},
		&cli.BoolFlag{Name: "disable-fsync", Usage: "the same as --fsync=false", Hidden: true},
	}, append(treeFlags(), signFlags()...)...)
	return &cli.Command{
		Name:      "commit",
		Usage:     "store trees as a new commit",
		ArgsUsage: "[DIR]",
		Description: "Trees are laid over each other in the order given; without --tree it is DIR, or the current folder. What\n" +
			"the repo has already is neither packed nor written again.",
		Flags:  flags,
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
	fmt.Fprintf(w, "Content Total: %d\nContent Written: %d\nContent Cache Hits: %d\nContent Bytes Written: %d\n",
		v.Written.Content, v.Written.ContentWritten, v.Written.CacheHits, v.Written.BytesWritten)
}

func (e *Env) commit(c *cli.Context, repo *ostree.Repo) error {
	durable, err := fsyncFlag(c, true)
	if err != nil {
		return err
	}
	if !durable || c.Bool("disable-fsync") {
		repo.DisableSync()
	}
	opt, err := e.commitOptions(c, repo)
	if err != nil {
		return err
	}
	signers, err := e.signers(c)
	if err != nil {
		return err
	}
	opt.BeforeRef = func(ctx context.Context, sum ostree.Checksum) error { return signCommit(ctx, repo, sum, signers) }
	if e.StandIn && e.Getenv("OSTREE_REPO_TEST_ERROR") == "pre-commit" {
		repo.SetFaults(preCommit{e.Stderr})
	}
	hold, err := repo.Begin(c.Context) // no ref names the tree yet: keep a prune away
	if err != nil {
		return err
	}
	defer hold.Abort()
	tree, err := e.storeTrees(c, repo)
	if err != nil {
		return err
	}
	defer tree.Close()
	sum, made, err := e.writeCommit(c.Context, repo, tree, opt)
	if err != nil {
		return err
	}
	if made {
		if err := e.committed(c.Context, repo); err != nil {
			return err
		}
	}
	// Before anything can fail that leaves the commit where it is.
	if err := e.Render(commitView{Commit: sum.String(), Unchanged: !made, Written: tree, long: c.Bool("table-output")}); err != nil {
		return err
	}
	return tree.RemoveSources(c.Context)
}

// writeCommit moves the branch. Where another process moved it meanwhile, the
// original moves it all the same and drops that process's commit from the
// branch; under its name, the commit is made again on top.
func (e *Env) writeCommit(ctx context.Context, repo *ostree.Repo, tree ostree.TreeReport, opt ostree.CommitOptions) (sum ostree.Checksum, made bool, err error) {
	for range 100 {
		sum, made, err = ostree.WriteCommit(ctx, repo, tree.Tree, tree.Meta, opt)
		if !e.StandIn || !errors.Is(err, ostree.ErrRefMoved) {
			break
		}
	}
	return sum, made, err
}

// preCommit is what OSTREE_REPO_TEST_ERROR=pre-commit asks for: the process ends
// when all is staged and before any of it is visible. It cleans nothing up.
type preCommit struct{ stderr io.Writer }

func (p preCommit) At(point string) error {
	if point != "repo.sync" {
		return nil
	}
	fmt.Fprintln(p.stderr, "error: OSTREE_REPO_TEST_ERROR_PRE_COMMIT specified")
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	return err
}

// fsyncFlag reads --fsync.
func fsyncFlag(c *cli.Context, without bool) (bool, error) {
	s := c.String("fsync")
	if !c.IsSet("fsync") {
		return without, nil
	}
	switch strings.ToLower(s) {
	case "1", "true", "yes":
		return true, nil
	case "0", "false", "no", "none":
		return false, nil
	default:
		return without, usage("Invalid boolean argument '%s'", s)
	}
}

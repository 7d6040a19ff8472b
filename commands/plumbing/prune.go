package plumbing

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

func pruneCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "prune",
		Usage: "remove objects that no commit reaches, and commits that are not wanted",
		Description: "Without flags every commit stays, and what no commit reaches goes. --refs-only, --depth and the\n" +
			"others let commits go too. It waits until nobody writes to the repo.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "no-prune", Usage: "only say what would go"},
			&cli.BoolFlag{Name: "refs-only", Usage: "keep only commits that refs lead to"},
			&cli.IntFlag{Name: "depth", Usage: "keep `N` commits before each that a ref names; -1 is all", Value: -1},
			&cli.StringFlag{Name: "delete-commit", Usage: "delete `COMMIT`, which no ref may name"},
			&cli.StringFlag{Name: "keep-younger-than", Usage: "let commits go that are older than `DATE`, but not what refs name"},
			&cli.BoolFlag{Name: "static-deltas-only", Usage: "with --delete-commit, delete only the static deltas to it"},
			&cli.StringSliceFlag{Name: "retain-branch-depth", Usage: "keep another number of commits of one branch: `BRANCH=N`"},
			&cli.StringSliceFlag{Name: "only-branch", Usage: "let only commits of `BRANCH` go; may be given several times"},
			&cli.BoolFlag{Name: "commit-only", Usage: "let commits go, and keep what they name"},
		},
		Action: e.onRepo(e.prune),
	}
}

type pruneView struct {
	ostree.PruneReport
	DryRun     bool `json:"dry_run"`
	commitOnly bool
}

// Table says it in the words of ostree prune.
func (v pruneView) Table(w io.Writer) {
	what := ""
	if v.commitOnly {
		what = " (commit only)"
	}
	fmt.Fprintf(w, "Total%s objects: %d\n", what, v.Objects)
	switch size := sizeText(uint64(max(v.Freed, 0))); {
	case v.Pruned == 0:
		fmt.Fprintf(w, "No unreachable objects\n")
	case v.DryRun:
		fmt.Fprintf(w, "Would delete: %d objects, freeing %s\n", v.Pruned, size)
	default:
		fmt.Fprintf(w, "Deleted %d objects, %s freed\n", v.Pruned, size)
	}
}

func (e *Env) prune(c *cli.Context, repo *ostree.Repo) error {
	if c.NArg() > 0 {
		return usage("prune: unexpected argument %q", c.Args().First())
	}
	opt, err := e.pruneOptions(c)
	if err != nil {
		return err
	}
	if rev := c.String("delete-commit"); rev != "" {
		sum, err := repo.Resolve(c.Context, rev)
		if err != nil {
			return err
		}
		if c.Bool("static-deltas-only") {
			if err := pruneDeltas(c.Context, repo, sum); err != nil {
				return err
			}
		} else {
			opt.Delete = []ostree.Checksum{sum}
		}
	}
	report, err := ostree.Prune(c.Context, repo, opt)
	if err != nil {
		return err
	}
	return e.Render(pruneView{PruneReport: report, DryRun: opt.DryRun, commitOnly: opt.CommitOnly})
}

func (e *Env) pruneOptions(c *cli.Context) (ostree.PruneOptions, error) {
	opt := ostree.PruneOptions{
		RefsOnly: c.Bool("refs-only"), Depth: c.Int("depth"), Limit: c.Int("depth") >= 0,
		Only: c.StringSlice("only-branch"), CommitOnly: c.Bool("commit-only"), DryRun: c.Bool("no-prune"),
		Progress: e.Progress(),
		Deltas: func(ctx context.Context, repo *ostree.Repo, keep func(ostree.Checksum) (bool, error)) error {
			_, err := delta.Prune(ctx, repo, keep)
			return err
		},
	}
	switch {
	case c.IsSet("delete-commit") && opt.DryRun:
		return opt, usage("Cannot specify both --delete-commit and --no-prune")
	case c.Bool("static-deltas-only") && !c.IsSet("delete-commit"):
		return opt, usage("--static-deltas-only requires --delete-commit")
	}
	for _, s := range c.StringSlice("retain-branch-depth") {
		at := strings.LastIndex(s, "=")
		if at < 1 {
			return opt, usage("Invalid value %s, must specify BRANCH=DEPTH", s)
		}
		n, err := strconv.Atoi(s[at+1:])
		if err != nil {
			return opt, usage("Invalid depth %s", s[at+1:])
		}
		if opt.Retain == nil {
			opt.Retain = map[string]int{}
		}
		opt.Retain[s[:at]] = n
	}
	if s := c.String("keep-younger-than"); s != "" {
		since, err := parsePast(s, e.Now)
		if err != nil {
			return opt, err
		}
		opt.KeepYoungerThan = since
	}
	return opt, nil
}

// pruneDeltas removes the static deltas to one commit, alone with the repo.
func pruneDeltas(ctx context.Context, repo *ostree.Repo, to ostree.Checksum) error {
	unlock, err := repo.LockAlone(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	_, err = delta.Prune(ctx, repo, func(c ostree.Checksum) (bool, error) { return c != to, nil })
	return err
}

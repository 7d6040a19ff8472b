package plumbing

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

func fsckCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "fsck",
		Usage: "verify all commits of a repo, object by object",
		Description: "Commits that lack an object are marked as partial, so that a pull mends them and nobody takes them\n" +
			"for whole. --delete does the same for objects that are corrupt, and removes them.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "don't say what is looked at, only what came out"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "go on after the first problem"},
			&cli.BoolFlag{Name: "delete", Usage: "remove corrupt objects, and mark the commits they were in as partial"},
			&cli.BoolFlag{Name: "verify-bindings", Usage: "demand that commits name the refs that point at them"},
			&cli.BoolFlag{Name: "verify-back-refs", Usage: "demand that the refs which commits name exist too"},
			&cli.BoolFlag{Name: "add-tombstones", Usage: "leave a tombstone for each parent that is not there"},
		},
		Action: e.onRepo(e.fsck),
	}
}

type fsckView struct {
	ostree.FsckReport
	Messages []string `json:"problems"`
	Removed  []string `json:"deleted,omitempty"`
	quiet    bool
}

// Table says it in the words of ostree fsck.
func (v fsckView) Table(w io.Writer) {
	if !v.quiet {
		fmt.Fprintf(w, "Validating refs...\nValidating refs in collections...\nEnumerating commits...\n")
		fmt.Fprintf(w, "Verifying content integrity of %d commit objects...\n", v.Commits)
	}
	if v.Partial > 0 {
		fmt.Fprintf(w, "%d partial commits not verified\n", v.Partial)
	}
	for _, c := range v.Tombstones {
		fmt.Fprintf(w, "Adding tombstone for commit %s\n", c)
	}
	if len(v.Messages) == 0 {
		fmt.Fprintf(w, "object fsck of %d commits completed successfully - no errors found.\n", v.Commits)
	}
}

func (e *Env) fsck(c *cli.Context, repo *ostree.Repo) error {
	if c.NArg() > 0 {
		return usage("fsck: unexpected argument %q", c.Args().First())
	}
	quiet := c.Bool("quiet")
	opt := ostree.FsckOptions{KeepOn: c.Bool("all"), Bindings: c.Bool("verify-bindings"), BackRefs: c.Bool("verify-back-refs"),
		Mark: true, Delete: c.Bool("delete"), Tombstones: c.Bool("add-tombstones")}
	if !quiet {
		opt.Progress = e.Progress()
	}
	report, err := ostree.Fsck(c.Context, repo, opt)
	if err != nil {
		return err
	}
	view := fsckView{FsckReport: report, Messages: []string{}, quiet: quiet}
	for _, p := range report.Problems {
		view.Messages = append(view.Messages, p.Error())
	}
	for _, id := range report.Deleted {
		view.Removed = append(view.Removed, id.String())
	}
	if err := e.Render(view); err != nil {
		return err
	}
	return e.fsckResult(repo, opt, report)
}

// fsckResult says what is wrong: one problem is the error, several are lines
// before it.
func (e *Env) fsckResult(repo *ostree.Repo, opt ostree.FsckOptions, report ostree.FsckReport) error {
	many := len(report.Problems) > 1 || opt.KeepOn || opt.Delete
	for _, p := range report.Problems {
		if many && report.Damaged == 0 || len(report.Problems) > 1 {
			e.Say("%s", e.problemText(p))
		}
	}
	for _, c := range report.Marked {
		e.Say("Marking commit as partial: %s", c)
	}
	switch n := len(report.Problems); {
	case n == 0:
		return nil
	case n == 1 && (!many || report.Damaged > 0):
		return fail.As(fmt.Errorf("repo %s is damaged: %w", repo.Path(), report.Problems[0]), fail.Verification, damageHint)
	default:
		return fail.New(fail.Verification, damageHint, "repo %s is damaged: problems: %d", repo.Path(), n)
	}
}

const damageHint = "fetch the commits again from where they came; fsck --delete removes what is corrupt"

// problemText is a problem on a line of its own.
func (e *Env) problemText(err error) string {
	if e.StandIn {
		return e.OriginalText(err)
	}
	return render.OneLine(err.Error())
}

// fsckTexts say what fsck finds in the words of the original.
var fsckTexts = []originalText{
	{nil, regexp.MustCompile(`^repo \S+ is damaged: problems: \d+$`), `Repository corruption encountered`},
	{nil, regexp.MustCompile(`^repo \S+ is damaged: (\d+ partial commits) from damage that fsck found.*$`), `$1 from fsck-detected corruption`},
	{nil, regexp.MustCompile(`^(?:repo \S+ is damaged: )?in commits ([0-9a-f, ]+): object (\S+) is missing.*$`), `Object missing in commits $1: $2`},
	{nil, regexp.MustCompile(`^(?:repo \S+ is damaged: )?in commits ([0-9a-f, ]+): `), `In commits $1: fsck `},
	{nil, regexp.MustCompile(`^(?:repo \S+ is damaged: )?loading commit for ref `), `Loading commit for ref `},
	{nil, regexp.MustCompile(`^(?:repo \S+ is damaged: )?ref (\S+) in bindings for commit (\S+) does not exist.*$`), `Ref ‘$1’ in bindings for commit $2 does not exist`},
	{nil, regexp.MustCompile(`^(?:repo \S+ is damaged: )?collection–ref (.*) in bindings for commit (\S+) does not exist.*$`), `Collection–ref $1 in bindings for commit $2 does not exist`},
	{nil, regexp.MustCompile(`^repo \S+ is damaged: `), ``},
	{ostree.ErrReferenced, regexp.MustCompile(`^prune \S+: commit (\S+): commit is referenced by (.*)$`), `Commit '$1' is referenced by '$2'`},
}

// revTexts say what rev-parse --single finds in the words of the original.
var revTexts = []originalText{
	{nil, regexp.MustCompile(`^repo \S+ has \d+ commits$`), `Multiple commit objects found`},
	{nil, regexp.MustCompile(`^repo \S+ has no commit$`), `No commit objects found`},
}

// bindingText is how the original says that a commit is made for other refs.
func bindingText(err error) (string, bool) {
	bound, ok := errors.AsType[*ostree.BindingError](err)
	if !ok {
		return "", false
	}
	if errors.Is(err, ostree.ErrOtherCollection) {
		return fmt.Sprintf("Commit has collection ID ‘%s’ in collection binding metadata, while the remote it came from has collection ID ‘%s’",
			bound.Collection, bound.Ref.Collection), true
	}
	return fmt.Sprintf("Commit has no requested ref ‘%s’ in ref binding metadata (‘%s’)", bound.Ref.Name, strings.Join(bound.Bound, "’, ‘")), true
}

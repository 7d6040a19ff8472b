package commands

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
)

func publishCheckCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "say whether a commit is complete over there",
		ArgsUsage: "[REF]",
		Description: "Looks at a sample of what the commit reaches, or with --all at everything, and changes nothing. With\n" +
			"--repo the local repo says what has to be there, and the ref has to name the same commit; without it\n" +
			"the store is asked for both. Ends with 0 where all that was looked at is there, and with 7 where not.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "repo", Aliases: []string{"r", "C"}, Usage: "OSTree repo in `DIR` that it was published from"},
			&cli.StringFlag{Name: "credentials", Aliases: []string{"c"}, Usage: "credentials.zip or treehub.json in `FILE` (default: as for publish)"},
			&cli.BoolFlag{Name: "all", Usage: "look at every object, and not at a sample"},
			&cli.IntFlag{Name: "sample", Usage: "look at `N` objects", Value: publish.DefaultSample},
			&cli.BoolFlag{Name: "verify", Usage: "fetch what is looked at and hash it"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "keep `N` requests under way", Value: treehub.DefaultJobs},
		}, destinationFlags(), accountFlags()),
		Action: func(c *cli.Context) error { return rt.publishCheck(c) },
	}
}

func (rt *runtime) publishCheck(c *cli.Context) error {
	opt := publish.CheckOptions{
		Rev: c.Args().First(), Sample: c.Int("sample"), All: c.Bool("all"), Verify: c.Bool("verify"), Jobs: c.Int("jobs"),
		Clock: rt.clock, Progress: rt.progress(), Log: rt.log,
	}
	if err := checkJobs(opt.Jobs); err != nil {
		return err
	}
	if opt.Sample < 1 {
		return fail.New(fail.Usage, "use --all to look at everything", "--sample %d: want a number above 0", opt.Sample)
	}
	var err error
	if path := c.String("repo"); path != "" {
		if opt.Repo, err = ostree.OpenRepo(path); err == nil && opt.Rev == "" {
			opt.Rev, err = publish.DefaultRef(c.Context, opt.Repo, nil)
		}
	} else if opt.Rev == "" {
		err = fail.New(fail.Usage, "name it, or give the repo it was published from with -r", "publish check: no ref or commit")
	}
	if err != nil {
		return err
	}
	if opt.Remote, err = rt.lookedAt(c, opt.Jobs); err != nil {
		return err
	}
	rep, err := publish.Check(c.Context, opt)
	if err != nil {
		return err
	}
	if err := rt.render(newCheckView(rep)); err != nil {
		return err
	}
	return rep.Explain()
}

func checkJobs(n int) error {
	if n < 1 || n > maxJobs {
		return fail.New(fail.Usage, "", "--jobs %d: want 1 to %d", n, maxJobs)
	}
	return nil
}

type checkView struct {
	URL      string   `json:"url"`
	Complete bool     `json:"complete"`
	Ref      string   `json:"ref,omitempty"`
	Commit   string   `json:"commit"`
	There    string   `json:"ref_names,omitempty"`
	Objects  int      `json:"objects"`
	Looked   int      `json:"looked_at"`
	Bytes    int64    `json:"verified_bytes,omitempty"`
	Missing  []string `json:"missing"`
	Corrupt  []string `json:"corrupt"`
	Seconds  float64  `json:"seconds"`
}

func newCheckView(r publish.CheckReport) checkView {
	v := checkView{
		URL: r.URL, Complete: r.Complete(), Ref: r.Ref, Commit: r.Commit.String(), Objects: r.Objects, Looked: r.Looked,
		Bytes: r.Bytes, Missing: []string{}, Corrupt: []string{}, Seconds: math.Round(r.Elapsed.Seconds()*1000) / 1000,
	}
	if !r.There.IsZero() {
		v.There = r.There.String()
	}
	for _, id := range r.Missing {
		v.Missing = append(v.Missing, id.String())
	}
	for _, bad := range r.Corrupt {
		v.Corrupt = append(v.Corrupt, bad.ID.String())
	}
	return v
}

// shownProblems is how many objects the table names; JSON has all of them.
const shownProblems = 20

// Table is the report for people.
func (v checkView) Table(w io.Writer) {
	looked := fmt.Sprintf("%d of %d looked at", v.Looked, v.Objects)
	if v.Bytes > 0 {
		looked += ", " + sizeText(v.Bytes) + " fetched and hashed"
	}
	render.Fields(w, "commit", v.Commit, "at", v.URL, "ref", v.Ref, "ref names", v.There,
		"objects", fmt.Sprintf("%s, %d missing, %d corrupt, %.1f s", looked, len(v.Missing), len(v.Corrupt), v.Seconds))
	showSome(w, "missing", v.Missing)
	showSome(w, "corrupt", v.Corrupt)
}

func showSome(w io.Writer, what string, list []string) {
	for _, id := range list[:min(len(list), shownProblems)] {
		render.Fields(w, what, id)
	}
}

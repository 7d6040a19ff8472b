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

func publishCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "publish",
		Usage: "send a commit to the backend, delta-wise, and have a target signed",
		Description: "Sends what the backend does not have yet, children first, then moves the ref, then adds the\n" +
			"target that devices see. Ended half way, run it again: it goes on where it was. With --keys the\n" +
			"target is signed here and not by the backend, so that the key can be where the backend is not.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "repo", Aliases: []string{"r", "C"}, Usage: "OSTree repo in `DIR`", Required: true},
			&cli.StringSliceFlag{Name: "hardware-id", Aliases: []string{"m"}, Usage: "the target is for `HWID`; repeat or separate by commas"},
			&cli.StringFlag{Name: "credentials", Aliases: []string{"c"}, Usage: "credentials.zip or treehub.json in `FILE` (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named; then the context)"},
			&cli.StringFlag{Name: "ref", Usage: "publish `REF`, or a commit without moving a ref (default: the repo's only ref, or the one named like a hardware id)"},
			&cli.StringSliceFlag{Name: "tag", Aliases: []string{"t"}, Usage: "devices that follow `TAG` take the target; repeat or separate by commas"},
			&cli.IntFlag{Name: "version", Usage: "the target's version is `N` (default: the next free one)"},
			&cli.StringFlag{Name: "name", Usage: "the target is called `NAME`-VERSION (default: the first hardware id)"},
			&cli.StringFlag{Name: "uri", Usage: "the build this came from is at `URL`"},
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "say what would be sent, and change nothing"},
			&cli.BoolFlag{Name: "no-target", Usage: "send the commit and move the ref; sign no target"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "keep `N` requests under way", Value: treehub.DefaultJobs},
			&cli.BoolFlag{Name: "full-check", Usage: "ask the backend about every object; finds and mends what it lost"},
		}, slices.Concat(destinationFlags(), signByFlags(), rateFlags(), keyFlags(rt, false), expiryFlags(), accountFlags())...),
		Action: func(c *cli.Context) error { return rt.publish(c) },
	}
}

func (rt *runtime) publish(c *cli.Context) error {
	opt, err := rt.publishOptions(c)
	if err != nil {
		return err
	}
	rep, err := publish.Run(c.Context, opt)
	if err != nil {
		if rep.New > 0 {
			rt.say("%d objects (%s) were sent and stay; run this again to go on", rep.New, sizeText(rep.Bytes))
		}
		return err
	}
	return rt.render(newPublishView(rep))
}

func (rt *runtime) publishOptions(c *cli.Context) (publish.Options, error) {
	opt := publish.Options{
		DryRun: c.Bool("dry-run"), FullCheck: c.Bool("full-check"), Jobs: c.Int("jobs"), Rev: c.String("ref"),
		Clock: rt.clock, Progress: rt.progress(), Log: rt.log,
	}
	rt.checkSigning(c)
	if opt.Jobs < 1 || opt.Jobs > maxJobs {
		return opt, fail.New(fail.Usage, "", "--jobs %d: want 1 to %d", opt.Jobs, maxJobs)
	}
	hwids := words(c.StringSlice("hardware-id"))
	if wantsTarget(c) {
		opt.Target = &publish.TargetRequest{
			HardwareIDs: hwids, Tags: words(c.StringSlice("tag")), Name: c.String("name"),
			Version: c.Int("version"), URI: c.String("uri"), Creator: userAgent() + " publish",
		}
		if c.IsSet("version") && opt.Target.Version < 1 {
			return opt, fail.New(fail.Usage, "", "--version %d: want a whole number above 0", opt.Target.Version)
		}
		if err := opt.Target.Check(); err != nil {
			return opt, err
		}
	}
	var err error
	if opt.Repo, err = ostree.OpenRepo(c.String("repo")); err != nil {
		return opt, fail.Hint(err, "give the folder that holds config, objects and refs with -r")
	}
	if opt.Rev == "" {
		if opt.Rev, err = publish.DefaultRef(c.Context, opt.Repo, hwids); err != nil {
			return opt, err
		}
	}
	if opt.Jobs, err = rt.limitRate(c, opt.Jobs); err != nil {
		return opt, err
	}
	p, err := rt.destination(c, opt.Jobs)
	if err != nil {
		return opt, err
	}
	opt.Remote = p.store
	if p.backend == nil && opt.Target != nil {
		return opt, fail.New(fail.Usage, "use --no-target, or credentials with a tufrepo.url", "these credentials name no backend that keeps targets")
	}
	switch {
	case opt.Target == nil:
	case len(c.StringSlice("keys")) > 0:
		root, err := rt.signingRoot(c.Context, p.backend, p.root)
		if err != nil {
			return opt, err
		}
		opt.Backend = signingBackend{p.backend, rt, c, root}
	default:
		opt.Backend = p.backend
	}
	return opt, nil
}

// maxJobs keeps one publisher from using up a server's connections.
const maxJobs = 500

type publishView struct {
	DryRun   bool         `json:"dry_run"`
	URL      string       `json:"url"`
	Ref      string       `json:"ref,omitempty"`
	Commit   string       `json:"commit"`
	Previous string       `json:"previous,omitempty"`
	RefMoved bool         `json:"ref_moved"`
	Objects  int          `json:"objects"`
	New      int          `json:"new"`
	Metadata int          `json:"new_metadata"`
	Present  int          `json:"present"`
	Asked    int          `json:"asked"`
	Bytes    int64        `json:"bytes"`
	Total    int64        `json:"total_bytes,omitempty"`
	Saved    *float64     `json:"saved_percent,omitempty"`
	Seconds  float64      `json:"seconds"`
	Target   *publishedAs `json:"target,omitempty"`
}

type publishedAs struct {
	Name            string `json:"name"`
	Version         int    `json:"version"`
	Existed         bool   `json:"existed"`
	MetadataVersion int    `json:"targets_version,omitempty"`
}

func newPublishView(r publish.Report) publishView {
	v := publishView{
		DryRun: r.DryRun, URL: r.URL, Ref: r.Ref, Commit: r.Commit.String(), RefMoved: r.RefMoved,
		Objects: r.Objects, New: r.New, Metadata: r.Metadata, Present: r.Present, Asked: r.Asked,
		Bytes: r.Bytes, Total: r.Total, Seconds: math.Round(r.Elapsed.Seconds()*1000) / 1000,
	}
	if !r.Previous.IsZero() {
		v.Previous = r.Previous.String()
	}
	if r.Total > 0 {
		saved := math.Round(r.Saved()*10) / 10
		v.Saved = &saved
	}
	if t := r.Target; t != nil {
		v.Target = &publishedAs{t.Name, t.Version, t.Existed, t.MetadataVersion}
	}
	return v
}

// Table is the report for people.
func (v publishView) Table(w io.Writer) {
	would, did := "", "sent"
	if v.DryRun {
		would, did = " (dry run: nothing was sent)", "to send"
	}
	sent := sizeText(v.Bytes)
	if v.Saved != nil {
		sent += fmt.Sprintf(" of %s, %.1f %% saved", sizeText(v.Total), *v.Saved)
	}
	render.Fields(w,
		"commit", v.Commit+would,
		"to", v.URL,
		"ref", v.refText(),
		"objects", fmt.Sprintf("%d: %d new, %d present, %d asked about", v.Objects, v.New, v.Present, v.Asked),
		did, fmt.Sprintf("%s, %.1f s", sent, v.Seconds),
		"target", v.targetText(),
	)
}

func (v publishView) refText() string {
	switch {
	case v.Ref == "":
		return ""
	case !v.RefMoved:
		return v.Ref + ", was there already"
	case v.Previous == "":
		return v.Ref + ", new"
	}
	return v.Ref + ", was " + v.Previous
}

func (v publishView) targetText() string {
	switch {
	case v.Target == nil:
		return ""
	case v.Target.Existed:
		return v.Target.Name + ", was there already"
	case v.DryRun:
		return v.Target.Name + ", would be signed"
	}
	return v.Target.Name + ", signed"
}

package commands

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
)

func publishCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "publish",
		Usage: "send commits to the backend, delta-wise, and have targets signed",
		Description: "Sends what the backend does not have yet, children first, then moves the ref, then adds the\n" +
			"target that devices see. Ended half way, run it again: it goes on where it was. With --keys the\n" +
			"target is signed here and not by the backend, so that the key can be where the backend is not.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "repo", Aliases: []string{"r", "C"}, Usage: "OSTree repo in `DIR`; needed"},
			&cli.StringFlag{Name: "credentials", Aliases: []string{"c"}, Usage: "credentials.zip or treehub.json in `FILE` (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named; then the context)"},
			&cli.StringSliceFlag{Name: "ref", Usage: "publish `REF`, or a commit without moving a ref; REF=HWID,… says for which hardware; repeat (default: the repo's only ref, or the one named like a hardware id)"},
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "say what would be sent, and change nothing"},
			&cli.BoolFlag{Name: "no-target", Usage: "send the commit and move the ref; sign no target"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "keep `N` requests under way", Value: treehub.DefaultJobs},
			&cli.BoolFlag{Name: "full-check", Usage: "ask the backend about every object; finds and mends what it lost"},
		},
			targetFlags(),
			destinationFlags(),
			signByFlags("the commit, and a summary that is made here,"), deltaFlags(), rateFlags(),
			keyFlags(rt, false), expiryFlags(), accountFlags()),
		Action:      func(c *cli.Context) error { return rt.publish(c) },
		Subcommands: []*cli.Command{publishCheckCommand(rt), publishSyncCommand(rt)},
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
		DryRun: c.Bool("dry-run"), FullCheck: c.Bool("full-check"), Jobs: c.Int("jobs"),
		Clock: rt.clock, Progress: rt.progress(), Log: rt.log,
	}
	// urfave/cli would want a required flag of the commands below this one, too.
	if c.String("repo") == "" {
		return opt, fail.New(fail.Usage, "see otactl publish --help", "publish: flag --repo is missing")
	}
	if err := checkJobs(opt.Jobs); err != nil {
		return opt, err
	}
	var target *publish.TargetRequest
	var err error
	if wantsTarget(c) {
		if target, err = targetRequest(c, userAgent()+" publish"); err != nil {
			return opt, err
		}
	}
	if opt.Items, err = publishItems(c, target); err != nil {
		return opt, err
	}
	if err := addDeltas(c, &opt); err != nil {
		return opt, err
	}
	if err := opt.Check(); err != nil {
		return opt, err
	}
	if opt.Repo, err = ostree.OpenRepo(c.String("repo")); err != nil {
		return opt, fail.Hint(err, "give the folder that holds config, objects and refs with -r")
	}
	if it := &opt.Items[0]; it.Rev == "" {
		if it.Rev, err = publish.DefaultRef(c.Context, opt.Repo, words(c.StringSlice("hardware-id"))); err != nil {
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
	opt.Remote, opt.Signers = p.store, p.signers
	if rt.limit == nil {
		opt.Jobs = max(opt.Jobs, p.jobs)
	}
	if p.backend == nil && target != nil {
		return opt, fail.New(fail.Usage, "use --no-target, or credentials with a tufrepo.url", "these credentials name no backend that keeps targets")
	}
	if target != nil {
		opt.Backend, err = rt.targetsBy(c, p.keeper)
	}
	return opt, err
}

// maxJobs keeps one publisher from using up a server's connections.
const maxJobs = 500

package plumbing

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/pull"
)

func pullCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "bring commits from a remote",
		ArgsUsage: "REMOTE [BRANCH[@COMMIT]...]",
		Description: "Brings the refs or checksums named, or the branches that the remote's config lists. Signatures, bindings\n" +
			"and ages are verified before anything is written, every object before it is visible; refs move last.",
		Flags: append(pullFlags(),
			&cli.StringFlag{Name: "cache-dir", Usage: "keep summaries in `DIR` instead of the repo"},
			&cli.BoolFlag{Name: "mirror", Usage: "write refs as they are in the remote; without a BRANCH all of them, and the summary"},
			&cli.StringSliceFlag{Name: "subpath", Usage: "bring only this `PATH` of the tree; may be repeated"},
			&cli.BoolFlag{Name: "http-trusted", Usage: "with a repo of mode archive, take files from a server as they come, unverified"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what static deltas would bring, and bring nothing; needs --require-static-deltas"},
			&cli.StringFlag{Name: "url", Usage: "pull from this `URL` instead of the one in the config"},
			&cli.StringSliceFlag{Name: "http-header", Usage: "send `NAME=VALUE` with each request; may be repeated"},
			&cli.StringFlag{Name: "append-user-agent", Usage: "add `TEXT` to the name that servers see"},
			&cli.IntFlag{Name: "network-retries", Usage: "try a request that failed `N` times more", Value: 5},
			&cli.BoolFlag{Name: "disable-retry-on-network-errors", Usage: "give up at the first failure"},
			&cli.Int64Flag{Name: "low-speed-limit-bytes", Usage: "give up on a reply of less than `N` bytes a second", Value: 1000},
			&cli.IntFlag{Name: "low-speed-time-seconds", Usage: "how long it may be that slow, in `SECONDS`", Value: 30},
			&cli.IntFlag{Name: "max-outstanding-fetcher-requests", Usage: "have `N` requests under way, at most 100", Value: 100},
			&cli.DurationFlag{Name: "max-time", Usage: "give up after `TIME`, such as 90m; what came is kept"},
			&cli.StringSliceFlag{Name: "localcache-repo", Aliases: []string{"L"}, Usage: "look for objects in the repo `DIR` first; may be repeated"},
			&cli.BoolFlag{Name: "timestamp-check", Aliases: []string{"T"}, Usage: "refuse a commit that is older than the one its ref stands at"},
			&cli.StringFlag{Name: "timestamp-check-from-rev", Usage: "refuse a commit that is older than `REV`"},
			&cli.IntFlag{Name: "update-frequency", Usage: "changes nothing, whatever its `MS`: progress is drawn as the terminal takes it"},
		),
		Action: e.onRepo(e.pull),
	}
}

// pullFlags are those that pull and pull-local share.
func pullFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "commit-metadata-only", Usage: "bring commits without their trees"},
		&cli.BoolFlag{Name: "untrusted", Usage: "verify files of a repo on this machine too; those of a server are always verified"},
		&cli.BoolFlag{Name: "bareuseronly-files", Usage: "refuse files with modes that a repo of mode bare-user-only cannot keep"},
		&cli.BoolFlag{Name: "require-static-deltas", Usage: "fail if there is no static delta"},
		&cli.BoolFlag{Name: "disable-static-deltas", Usage: "bring objects one by one"},
		&cli.IntFlag{Name: "depth", Usage: "bring `N` commits before each one too; -1 is all there are"},
		&cli.BoolFlag{Name: "disable-verify-bindings", Usage: "take a commit that was made for other refs"},
		&cli.BoolFlag{Name: "disable-fsync", Usage: "leave it to the system when what came is on the disk"},
		&cli.BoolFlag{Name: "per-object-fsync", Usage: "sync each file by itself, which stalls others less than one sync of the file system"},
	}
}

// commonOptions are what pullFlags say.
func (e *Env) commonOptions(c *cli.Context, repo *ostree.Repo) (pull.Options, error) {
	o := pull.Options{
		Depth: c.Int("depth"), CommitOnly: c.Bool("commit-metadata-only"), IgnoreBindings: c.Bool("disable-verify-bindings"),
		Progress: e.Progress(), Log: e.Log, Now: e.Now(), Faults: e.pullFaults(),
		NoCache: e.Getenv("OSTREE_SKIP_CACHE") != "",
	}
	if c.Bool("bareuseronly-files") {
		o.CheckFile = ostree.CheckUserOnly
	}
	switch only, none := c.Bool("require-static-deltas"), c.Bool("disable-static-deltas"); {
	case only && none:
		return o, usage("--disable-static-deltas and --require-static-deltas exclude each other")
	case only:
		o.Deltas = pull.OnlyDeltas
	case none:
		o.Deltas = pull.NoDeltas
	}
	if c.Bool("disable-fsync") {
		repo.DisableSync()
	}
	if c.Bool("per-object-fsync") {
		repo.SyncEachObject()
	}
	return o, nil
}

func (e *Env) pull(c *cli.Context, repo *ostree.Repo) error {
	name, refs, err := pullArgs(c.Args().Slice())
	if err != nil {
		return err
	}
	conf, err := e.pullableRemote(repo, name)
	if err != nil {
		return err
	}
	o, err := e.commonOptions(c, repo)
	if err != nil {
		return err
	}
	if err := e.pullOptions(c, repo, conf, &o); err != nil {
		return err
	}
	if o.Refs, err = parseWanted(refs); err != nil {
		return err
	}
	if len(o.Refs) == 0 && (!o.Mirror || len(conf.Branches) > 0) {
		if o.Refs, err = branches(conf); err != nil {
			return err
		}
		o.Others = o.Mirror
	}
	ctx, cancel := e.limitTime(c)
	defer cancel()
	remote, err := e.connect(ctx, repo, conf, e.reach(c))
	if err != nil {
		return err
	}
	if _, local := remote.(*pull.Local); local {
		o.Trusted, o.Link = !c.Bool("untrusted"), true
	} else {
		o.Trusted = c.Bool("http-trusted") && repo.Mode() == ostree.ModeArchive
	}
	start := e.Now()
	report, err := pull.Run(ctx, repo, remote, o)
	if err != nil {
		return err
	}
	if o.DryRun {
		return e.Render(dryRunView{report.Delta})
	}
	if !o.Mirror || len(o.Refs) > 0 { // else the summary came along, and is right
		if err := e.refsChanged(ctx, repo); err != nil {
			return err
		}
	}
	return e.Render(newPullView(report, e.Now().Sub(start)))
}

// pullArgs takes "REMOTE BRANCH..." or "REMOTE:BRANCH".
func pullArgs(args []string) (remote string, refs []string, err error) {
	if len(args) == 0 {
		return "", nil, usage("REMOTE must be given")
	}
	remote, ref, both := strings.Cut(args[0], ":")
	if !both {
		return remote, args[1:], nil
	}
	return remote, append([]string{ref}, args[1:]...), nil
}

// parseWanted reads what to pull: a ref, a ref at a commit, or a commit.
func parseWanted(args []string) ([]pull.Ref, error) {
	var list []pull.Ref
	for _, arg := range args {
		if c, err := ostree.ParseChecksum(arg); err == nil {
			list = append(list, pull.Ref{Commit: &c})
			continue
		}
		name, at, pinned := strings.Cut(arg, "@")
		ref := pull.Ref{Name: name}
		if pinned {
			c, err := ostree.ParseChecksum(at)
			if err != nil {
				return nil, fail.As(fmt.Errorf("%.80s: %w", arg, err), fail.Usage, "give it as BRANCH@COMMIT")
			}
			ref.Commit = &c
		}
		list = append(list, ref)
	}
	return list, nil
}

func branches(conf ostree.RemoteConfig) ([]pull.Ref, error) {
	if len(conf.Branches) == 0 {
		return nil, fail.New(fail.Usage, "name a branch, or set branches for the remote", "no branches are configured for remote %s", conf.Name)
	}
	return parseWanted(conf.Branches)
}

// pullOptions are what the flags of pull alone say, and the remote's config.
func (e *Env) pullOptions(c *cli.Context, repo *ostree.Repo, conf ostree.RemoteConfig, o *pull.Options) error {
	o.Remote, o.CollectionID = conf.Name, conf.CollectionID
	o.Mirror, o.Subpaths, o.DryRun, o.CacheDir = c.Bool("mirror"), c.StringSlice("subpath"), c.Bool("dry-run"), c.String("cache-dir")
	o.NotOlder, o.Jobs = c.Bool("timestamp-check"), c.Int("max-outstanding-fetcher-requests")
	if o.DryRun && o.Deltas != pull.OnlyDeltas {
		return usage("--dry-run needs --require-static-deltas")
	}
	for _, dir := range c.StringSlice("localcache-repo") {
		cache, err := e.openRepoAt(dir)
		if err != nil {
			return err
		}
		o.Caches = append(o.Caches, cache)
	}
	if rev := c.String("timestamp-check-from-rev"); rev != "" {
		from, err := repo.Resolve(c.Context, rev)
		if err != nil {
			return err
		}
		o.NotOlderThan = &from
	}
	return e.demandSignatures(repo, conf.Name, o)
}

// lowSpeed is what --low-speed-* say.
func lowSpeed(c *cli.Context) (bytes int64, over time.Duration) {
	return c.Int64("low-speed-limit-bytes"), time.Duration(c.Int("low-speed-time-seconds")) * time.Second
}

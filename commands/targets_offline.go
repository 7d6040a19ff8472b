package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

func offlineUpdateCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "offline-update",
		Usage:     "put a target and its signed metadata into a folder, for devices without a network",
		ArgsUsage: "NAME [DST]",
		Description: "Writes DST/tuf, DST/ostree_repo and DST/apps, which aklite-offline and aktualizr-lite install from. Everything\n" +
			"is verified on the way. A run that was cut off goes on where it was; a bundle that is there is\n" +
			"renewed in place, and what it holds is not fetched again. It is good for 30 days unless flags say so.",
		Flags: slices.Concat(bundleFlags(rt), contentFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "tuf-only", Aliases: []string{"m"}, Usage: "renew the metadata only"},
			&cli.BoolFlag{Name: "allow-multiple-targets", Usage: "add to a bundle that holds other targets"},
		}, archiveFlags(), uploadFlags()),
		Action: func(c *cli.Context) error { return rt.offlineUpdate(c) },
		Subcommands: []*cli.Command{
			offlineSignCommand(rt), offlineShowCommand(rt), offlineVerifyCommand(rt),
			offlineAddCommand(rt), offlineRemoveCommand(rt), offlinePruneCommand(rt),
			offlineUploadCommand(rt), offlinePackCommand(rt), offlineUnpackCommand(rt),
		},
	}
}

// bundleFlags say whose metadata a bundle gets, and until when.
func bundleFlags(rt *runtime) []cli.Flag {
	return append(targetsFlags(
		&cli.StringFlag{Name: "tag", Usage: "the `TAG` that the devices follow (required, but with --wave)"},
		&cli.BoolFlag{Name: "dry-run", Usage: "say what would be written, and write nothing"},
		&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "move `N` objects at once (default: as suits the machine)"},
	), slices.Concat(expiryFlags(), productionFlags(), localFlags(rt))...)
}

// contentFlags say what of a target goes into a bundle, and from where.
func contentFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "ostree-repo-source", Usage: "take the objects from the local repo in `DIR`"},
	}, appsFlags(), sbomFlags(), bundleDeltaFlags())
}

// defaultBundleDays is how long a bundle is good, as fioctl has it made.
const defaultBundleDays = 30

func (rt *runtime) offlineUpdate(c *cli.Context) error {
	archive, err := archivingOf(c)
	if err != nil {
		return err
	}
	if c.Bool("dry-run") && c.IsSet("upload") {
		return fail.New(fail.Usage, "leave one of them out", "--upload: a dry run makes nothing to be sent")
	}
	up, err := rt.uploading(c, c.String("upload"))
	if err != nil {
		return err
	}
	backend, opt, err := rt.bundleSource(c, c.Args().Get(0))
	if err != nil {
		return err
	}
	defer backend.done()
	opt.Target, opt.TUFOnly, opt.AllowMultiple = c.Args().Get(0), c.Bool("tuf-only"), c.Bool("allow-multiple-targets")
	opt.Archive = archive.file
	if err := archive.begin(c.Context, rt, opt); err != nil {
		return err
	}
	rep, err := rt.buildBundle(c, backend, archive.dst, opt)
	if err != nil {
		return err
	}
	view := buildView{BuildReport: *rep}
	if view.Archive, err = archive.finish(c.Context, rt, backend.Backend, &view.BuildReport); err != nil {
		return err
	}
	if up != nil {
		if view.Upload, err = up.send(c.Context, rt, view.Dir); err != nil {
			return err
		}
	}
	return rt.render(view)
}

// bundleOrigin is what a bundle is made from.
type bundleOrigin struct {
	offline.Backend
	api  *factory.Client // nil where there is none
	done func()          // releases it
}

// buildBundle builds opt.Target into dst.
func (rt *runtime) buildBundle(c *cli.Context, from bundleOrigin, dst string, opt offline.BuildOptions) (*offline.BuildReport, error) {
	if from.api != nil {
		if err := hasProduction(c.Context, from.api, opt); err != nil {
			return nil, err
		}
	}
	more, err := backendSBOMs(c, from.api, opt.Target)
	if err != nil {
		return nil, err
	}
	opt.SBOMs = slices.Concat(opt.SBOMs, more)
	store, err := takeApps(c, &opt)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return offline.Build(c.Context, from.Backend, dst, opt)
}

// bundleSource is where a bundle's metadata and content come from, by the flags:
// the backend of the context, or with --from a repo and keys in hand, from which
// the named targets may have to be made. The options lack the target.
func (rt *runtime) bundleSource(c *cli.Context, names ...string) (from bundleOrigin, opt offline.BuildOptions, err error) {
	if err := checkBundleTag(c); err != nil {
		return from, opt, err
	}
	if opt, err = rt.bundleOptions(c); err != nil {
		return from, opt, err
	}
	if c.String("from") != "" {
		from, err = rt.localBackend(c, opt, names)
		return from, opt, err
	}
	for _, flag := range onlyLocal {
		if c.IsSet(flag) {
			return from, opt, fail.New(fail.Usage, "name the repo with --from DIR, or leave it out: the backend signs", "--%s: for bundles without a backend", flag)
		}
	}
	p, err := rt.toBackend(c, opt.Jobs)
	if err != nil {
		return from, opt, err
	}
	if p.backend == nil {
		return from, opt, fail.New(fail.Usage, "give the backend's context file with --config", "these credentials name no backend that keeps targets")
	}
	if p.root != nil {
		opt.Roots = [][]byte{p.root}
	}
	return bundleOrigin{factoryBackend{p.backend, p.store, opt}, p.backend, func() {}}, opt, nil
}

// bundleOptions are the options that flags say by themselves.
func (rt *runtime) bundleOptions(c *cli.Context) (offline.BuildOptions, error) {
	opt := offline.BuildOptions{
		Tag: c.String("tag"), Production: c.Bool("prod"), Wave: c.String("wave"),
		DryRun: c.Bool("dry-run"), Now: rt.clock(), Progress: rt.progress(), Log: rt.log,
		MadeBy: programName + " " + buildVersion().Version,
	}
	var err error
	if opt.Jobs, err = bundleJobs(c); err != nil {
		return opt, err
	}
	if opt.SBOMs, err = sbomFiles(c.StringSlice("sbom")); err != nil {
		return opt, err
	}
	if opt.ExpiresInDays, err = expiryDays(c, defaultBundleDays); err != nil {
		return opt, err
	}
	// Without a time the backend counts days from its own clock.
	if text := c.String("expires-at"); text != "" {
		if opt.ExpiresAt, err = expiryAt(text, opt.Now); err != nil {
			return opt, err
		}
	}
	if err := bundleDeltas(c, &opt); err != nil {
		return opt, err
	}
	dir := c.String("ostree-repo-source")
	switch {
	case dir == "":
		return opt, nil
	case c.Bool("tuf-only"):
		return opt, fail.New(fail.Usage, "leave one of them out", "--ostree-repo-source: no objects are taken with --tuf-only")
	}
	repo, err := ostree.OpenRepo(dir)
	if err != nil {
		return opt, fail.As(fmt.Errorf("--ostree-repo-source: %w", err), fail.NotFound, "name the folder that has config and objects/ in it")
	}
	opt.RepoSource = repo
	return opt, nil
}

// mostJobs is how many objects may be asked to move at once: each may take a
// megabyte of memory.
const mostJobs = 256

// bundleJobs reads --jobs.
func bundleJobs(c *cli.Context) (int, error) {
	n := c.Int("jobs")
	if n < 0 || n > mostJobs {
		return 0, fail.New(fail.Usage, "leave it out: what suits the machine is taken", "--jobs %d: not from 1 to %d", n, mostJobs)
	}
	return n, nil
}

// factoryBackend is a factory and its treehub as the bundle sees them.
type factoryBackend struct {
	api   *factory.Client
	store ostree.Source
	opt   offline.BuildOptions
}

// Roots implements offline.Backend.
func (b factoryBackend) Roots() tuf.Fetcher {
	query := url.Values{"tag": {b.opt.Tag}}
	if isProduction(b.opt) {
		query.Set("production", "1")
	}
	return b.api.Fetcher(query)
}

// BundleMeta implements offline.Backend.
func (b factoryBackend) BundleMeta(ctx context.Context, target string, req offline.MetaRequest) (map[string]json.RawMessage, error) {
	return b.api.BundleMeta(ctx, target, req)
}

// Objects implements offline.Backend.
func (b factoryBackend) Objects(context.Context) (ostree.Source, error) { return b.store, nil }

type buildView struct {
	offline.BuildReport
	Archive *offline.PackReport `json:"archive,omitempty"`
	Upload  *uploadView         `json:"upload,omitempty"`
}

// Table tells a person what is on the medium now.
func (v buildView) Table(w io.Writer) {
	bundle := v.Dir
	if v.DryRun {
		bundle += " (dry run: nothing was written)"
	}
	objects, free := "", ""
	if v.Objects > 0 {
		objects = fmt.Sprintf("%d, of them %d copied (%s) and %d there already", v.Objects, v.Copied, size(v.Bytes), v.Present)
	}
	if v.Free >= 0 {
		free = size(v.Free)
		if v.DryRun {
			free += ", and " + size(v.Need) + " to be written, in whole clusters and with room for the metadata"
		}
	}
	archive, unsigned := "", ""
	if a := v.Archive; a != nil {
		archive, unsigned = fmt.Sprintf("%s (%s)", a.File, size(a.Size)), countOrNone(a.Missing)
	}
	render.Fields(w, "bundle", bundle, "target", v.Target, "commit", v.Commit, "type", v.Type, "tag", v.Tag,
		"targets", strings.Join(v.Targets, " "), "expires", date(v.Expires),
		"objects", objects, "artifact", v.artifact(), "deltas", deltasLine(v.Deltas), "content", onlyForOtactl(v.DeltaOnly),
		"apps", appsLine(v.BuildReport), "free", free, "apps left out", strings.Join(v.AppsLeftOut, " "), "signatures missing", countOrNone(v.Missing),
		"archive", archive, "index signatures missing", unsigned)
	if v.Upload != nil {
		v.Upload.Table(w)
	}
}

func countOrNone(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + " (otactl targets offline-update sign)"
}

// date is a time as people read it, or "" for none.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// size is a number of bytes as people read it.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// ownFlags refuses flags of offline-update itself for the commands below it,
// to which they mean nothing.
func ownFlags(c *cli.Context) error {
	parent := c.Lineage()[1]
	for _, f := range parent.Command.Flags {
		if name := f.Names()[0]; slices.Contains(parent.LocalFlagNames(), name) {
			return fail.New(fail.Usage, "see otactl targets offline-update "+c.Command.Name+" --help",
				"targets offline-update %s: unknown flag --%s", c.Command.Name, name)
		}
	}
	return nil
}

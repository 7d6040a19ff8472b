package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
		ArgsUsage: "NAME DST",
		Description: "Writes DST/tuf and DST/ostree_repo, which aklite-offline and aktualizr-lite install from. Everything\n" +
			"is verified on the way. A run that was cut off goes on where it was; a bundle that is there is\n" +
			"renewed in place, and what it holds is not fetched again. It is good for 30 days unless flags say so.",
		Flags: append(targetsFlags(
			&cli.StringFlag{Name: "tag", Usage: "the `TAG` that the devices follow (required)"},
			&cli.BoolFlag{Name: "tuf-only", Aliases: []string{"m"}, Usage: "renew the metadata only"},
			&cli.BoolFlag{Name: "no-apps", Usage: "leave the target's apps out"},
			&cli.BoolFlag{Name: "allow-multiple-targets", Usage: "add to a bundle that holds other targets"},
			&cli.StringFlag{Name: "ostree-repo-source", Usage: "take the objects from the local repo in `DIR`"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be written, and write nothing"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "move `N` objects at once (default: as suits the machine)"},
		), expiryFlags()...),
		Action: func(c *cli.Context) error { return rt.offlineUpdate(c) },
		Subcommands: []*cli.Command{
			offlineSignCommand(rt), offlineShowCommand(rt), offlineVerifyCommand(rt),
		},
	}
}

// defaultBundleDays is how long a bundle is good, as fioctl has it made.
const defaultBundleDays = 30

func (rt *runtime) offlineUpdate(c *cli.Context) error {
	if c.String("tag") == "" {
		return fail.New(fail.Usage, "give the tag that the devices follow, such as --tag main", "targets offline-update: flag --tag is missing")
	}
	now := rt.clock()
	days, err := expiryDays(c, defaultBundleDays)
	if err != nil {
		return err
	}
	var at time.Time // zero: the backend counts days from its own clock
	if text := c.String("expires-at"); text != "" {
		if at, err = expiryAt(text, now); err != nil {
			return err
		}
	}
	p, err := rt.toBackend(c, c.Int("jobs"))
	if err != nil {
		return err
	}
	if p.backend == nil {
		return fail.New(fail.Usage, "give the backend's context file with --config", "these credentials name no backend that keeps targets")
	}
	opt := offline.BuildOptions{
		Target: c.Args().Get(0), Tag: c.String("tag"), ExpiresInDays: days, ExpiresAt: at,
		NoApps: c.Bool("no-apps"), TUFOnly: c.Bool("tuf-only"), AllowMultiple: c.Bool("allow-multiple-targets"),
		DryRun: c.Bool("dry-run"), Jobs: c.Int("jobs"), Now: now, Progress: rt.progress(), Log: rt.log,
	}
	if p.root != nil {
		opt.Roots = [][]byte{p.root}
	}
	if dir := c.String("ostree-repo-source"); dir != "" {
		repo, err := ostree.OpenRepo(dir)
		if err != nil {
			return fail.As(fmt.Errorf("--ostree-repo-source: %w", err), fail.NotFound, "name the folder that has config and objects/ in it")
		}
		opt.RepoSource = repo
	}
	rep, err := offline.Build(c.Context, bundleBackend{p.backend, p.store, opt.Tag}, c.Args().Get(1), opt)
	if err != nil {
		return err
	}
	return rt.render(buildView{*rep})
}

// bundleBackend is a factory and its treehub as the bundle sees them.
type bundleBackend struct {
	api   *factory.Client
	store ostree.Source
	tag   string
}

// Roots implements offline.Backend.
func (b bundleBackend) Roots() tuf.Fetcher { return b.api.Fetcher(map[string][]string{"tag": {b.tag}}) }

// BundleMeta implements offline.Backend.
func (b bundleBackend) BundleMeta(ctx context.Context, target string, req offline.MetaRequest) (map[string]json.RawMessage, error) {
	return b.api.BundleMeta(ctx, target, req)
}

// Objects implements offline.Backend.
func (b bundleBackend) Objects(context.Context) (ostree.Source, error) { return b.store, nil }

type buildView struct{ offline.BuildReport }

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
	}
	render.Fields(w, "bundle", bundle, "target", v.Target, "commit", v.Commit, "tag", v.Tag,
		"targets", strings.Join(v.Targets, " "), "expires", date(v.Expires),
		"objects", objects,
		"free", free, "apps left out", strings.Join(v.AppsLeftOut, " "), "signatures missing", countOrNone(v.Missing))
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

func offlineSignCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "add a signature with an offline targets key",
		ArgsUsage: "BUNDLE",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "keys", Aliases: []string{"k"}, Required: true,
				Usage: "sign with the one targets key in `FILE` (an archive or a plain key) or in a token (a pkcs11: URI)"},
			passphraseFlag(rt),
		},
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			b, err := offline.Open(c.Args().First())
			if err != nil {
				return err
			}
			defer b.Close()
			rep, err := offline.Sign(c.Context, b, func(root *tuf.Root) (tuf.Signer, error) {
				return rt.signer(c.Context, c.String("keys"), root, tuf.RoleTargets)
			})
			if err != nil {
				return err
			}
			return rt.render(signView{*rep})
		},
	}
}

type signView struct{ offline.SignReport }

// Table tells a person who signed what, and what is still to do.
func (v signView) Table(w io.Writer) {
	render.Fields(w, "bundle", v.Dir, "signed by", v.KeyID, "targets", strings.Join(v.Targets, " "),
		"signatures", fmt.Sprintf("%d of %d", v.Signed, v.Threshold), "still missing", strconv.Itoa(v.Missing))
}

func offlineShowCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show what a bundle says it holds, until when, and who signed it",
		ArgsUsage: "BUNDLE",
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			b, err := offline.Open(c.Args().First())
			if err != nil {
				return err
			}
			defer b.Close()
			s, err := offline.Show(c.Context, b, rt.clock())
			if err != nil {
				return err
			}
			return rt.render(bundleView{*s})
		},
	}
}

type bundleView struct{ offline.Summary }

// Table shows the bundle, then its roles, targets and signatures.
func (v bundleView) Table(w io.Writer) {
	expires := date(v.Expires)
	if v.Expired {
		expires += " (expired)"
	}
	render.Fields(w, "bundle", v.Dir, "type", v.Type, "tag", v.Tag, "expires", expires,
		"apps", strings.Join(v.Apps, " "), "signatures", fmt.Sprintf("%d wanted, %d missing", v.Threshold, v.Missing))
	var roles, targets, keys [][]string
	for _, r := range v.Roles {
		roles = append(roles, []string{r.File, strconv.Itoa(r.Version), date(r.Expires)})
	}
	for _, t := range v.Targets {
		held := size(t.Bytes)
		if !t.Present {
			held += " (incomplete)"
		}
		targets = append(targets, []string{t.Name, t.Version, strings.Join(t.HardwareIDs, " "), fmt.Sprintf("%.12s", t.Commit), held})
	}
	for _, id := range v.Keys {
		keys = append(keys, []string{id, v.signedBy(id)})
	}
	for _, s := range v.Signatures {
		if !s.Valid {
			keys = append(keys, []string{s.KeyID, "bad signature: " + s.Why})
		}
	}
	fmt.Fprintln(w)
	render.Columns(w, []string{"TARGET", "VERSION", "HARDWARE", "COMMIT", "SIZE"}, targets)
	fmt.Fprintln(w)
	render.Columns(w, []string{"METADATA", "VERSION", "EXPIRES"}, roles)
	fmt.Fprintln(w)
	render.Columns(w, []string{"TARGETS KEY", "SIGNED"}, keys)
}

func (v bundleView) signedBy(id string) string {
	for _, s := range v.Signatures {
		if s.KeyID == id && s.Valid {
			return "yes"
		}
	}
	return "no"
}

func offlineVerifyCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check everything in a bundle, from the root of trust to the last object",
		ArgsUsage: "BUNDLE",
		Description: "Without --root the bundle's own first root is trusted, which finds damage but no forgery.\n" +
			"All that is wrong is listed; the exit code is 7 unless there are warnings only.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "root", Usage: "trust the root `FILE`; several go from the oldest to the newest"},
			&cli.StringFlag{Name: "tag", Usage: "it must be for `TAG`"},
			&cli.StringFlag{Name: "hardware-id", Usage: "it must have a target for hardware `ID`"},
			&cli.StringFlag{Name: "type", Usage: "it must be of type `ci|prod`"},
			&cli.StringFlag{Name: "now", Usage: "judge expiry at `TIME` (RFC 3339) and not by the clock"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "read `N` objects at once (default: as suits the machine)"},
		},
		Action: func(c *cli.Context) error { return rt.offlineVerify(c) },
	}
}

func (rt *runtime) offlineVerify(c *cli.Context) error {
	if err := ownFlags(c); err != nil {
		return err
	}
	now, err := rt.judgingTime(c)
	if err != nil {
		return err
	}
	opt := offline.VerifyOptions{
		Now: now, Tag: c.String("tag"), HardwareID: c.String("hardware-id"), Type: c.String("type"),
		Jobs: c.Int("jobs"), Progress: rt.progress(), Log: rt.log,
	}
	for _, path := range c.StringSlice("root") {
		root, err := readRootFile(path)
		if err != nil {
			return err
		}
		opt.Roots = append(opt.Roots, root)
	}
	b, err := offline.Open(c.Args().First())
	if err != nil {
		return err
	}
	defer b.Close()
	rep, err := offline.Verify(c.Context, b, opt)
	if err != nil {
		return err
	}
	if err := rt.render(verifyView{*rep}); err != nil {
		return err
	}
	return rep.Err()
}

type verifyView struct{ offline.VerifyReport }

// Table shows what was checked, and one line for each finding.
func (v verifyView) Table(w io.Writer) {
	result := "good"
	if !v.Good {
		result = "bad"
	}
	var names []string
	for _, t := range v.Targets {
		names = append(names, t.Name)
	}
	render.Fields(w, "bundle", v.Dir, "result", result, "trust from", v.Anchor, "type", v.Type, "tag", v.Tag,
		"expires", date(v.Expires), "targets", strings.Join(names, " "),
		"objects", fmt.Sprintf("%d (%s)", v.Objects, size(v.Bytes)))
	var rows [][]string
	for _, f := range v.Findings {
		kind := "BAD"
		if f.Warning {
			kind = "warning"
		}
		rows = append(rows, []string{kind, string(f.Rule), f.Path, f.Problem})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"", "RULE", "WHERE", "WHAT"}, rows)
	}
	if v.More > 0 {
		fmt.Fprintf(w, "and %d more\n", v.More)
	}
}

package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

func targetsCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "targets",
		Usage:       "what devices may install",
		Subcommands: []*cli.Command{targetsListCommand(rt), targetsShowCommand(rt), offlineUpdateCommand(rt)},
	}
}

func targetsFlags(more ...cli.Flag) []cli.Flag {
	return append(append(more,
		&cli.StringFlag{Name: "credentials", Aliases: []string{"c"}, Usage: "take backend and root of trust from the credentials.zip in `FILE`"},
	), accountFlags()...)
}

func targetsListCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list targets, after their signatures were verified",
		Flags: targetsFlags(
			&cli.StringFlag{Name: "by-tag", Usage: "only targets with `TAG`"},
			&cli.BoolFlag{Name: "raw", Usage: "print targets.json as the backend signed it"},
		),
		Action: func(c *cli.Context) error {
			t, err := rt.verifiedTargets(c)
			if err != nil {
				return err
			}
			if c.Bool("raw") {
				_, err := rt.std.Out.Write(t.raw)
				return err
			}
			list, err := t.list()
			if err != nil {
				return err
			}
			if tag := c.String("by-tag"); tag != "" {
				list = slices.DeleteFunc(list, func(v targetView) bool { return !slices.Contains(v.Tags, tag) })
			}
			return rt.render(targetsView{Version: t.targets.Version, Expires: t.expires, Targets: list})
		},
	}
}

func targetsShowCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show one target, or all of a version",
		ArgsUsage: "NAME|VERSION",
		Flags:     targetsFlags(),
		Action: func(c *cli.Context) error {
			t, err := rt.verifiedTargets(c)
			if err != nil {
				return err
			}
			list, err := t.list()
			if err != nil {
				return err
			}
			want := c.Args().First()
			found := slices.DeleteFunc(list, func(v targetView) bool { return v.Name != want && v.Version != want })
			if len(found) == 0 {
				return fail.New(fail.NotFound, "otactl targets list shows what there is", "target %s: not found", want)
			}
			return rt.render(targetDetails{found})
		},
	}
}

// verified is targets.json after the whole chain above it was checked.
type verified struct {
	targets *tuf.Targets
	raw     []byte
	expires time.Time // the earliest of all roles
}

// verifiedTargets fetches the target repository's metadata and verifies it from
// the root in the credentials on, or else from the first root the backend has.
func (rt *runtime) verifiedTargets(c *cli.Context) (*verified, error) {
	fetch, root, err := rt.metadata(c)
	if err != nil {
		return nil, err
	}
	opt := tuf.RefreshOptions{Now: rt.clock(), FirstUse: root == nil}
	if root != nil {
		opt.InitialRoots = [][]byte{root}
	}
	cache := memoryCache{}
	trust, err := tuf.Refresh(c.Context, fetch, cache, opt)
	if err != nil {
		return nil, err
	}
	rt.warnExpiry("metadata", trust.Expires(), opt.Now, soon)
	rt.warnExpiry("root", trust.Root().Expires, opt.Now, rootSoon)
	return &verified{targets: trust.Targets(), raw: cache[tuf.TargetsFile], expires: trust.Expires()}, nil
}

func (rt *runtime) metadata(c *cli.Context) (tuf.Fetcher, []byte, error) {
	path := c.String("credentials")
	if path == "" {
		api, err := rt.factory(c)
		if err != nil {
			return nil, nil, err
		}
		return api.Fetcher(nil), nil, nil
	}
	creds, err := credentials.Open(path)
	if err != nil {
		return nil, nil, err
	}
	hc, err := rt.httpClient(c.String("ca-file"), creds.ServerCA, 0)
	if err != nil {
		return nil, nil, err
	}
	p, err := rt.publisherWith(creds, hc, 1)
	if err != nil {
		return nil, nil, err
	}
	if p.backend == nil {
		return nil, nil, fail.New(fail.Usage, "use credentials with a tufrepo.url, or a context", "credentials %s name no backend that keeps targets", path)
	}
	return p.backend.Fetcher(nil), creds.Root, nil
}

// How long before an expiry it is worth a word: a backend renews timestamps by
// itself every few days, a root takes people.
const (
	soon     = 24 * time.Hour
	rootSoon = 30 * 24 * time.Hour
)

func (rt *runtime) warnExpiry(what string, expires, now time.Time, early time.Duration) {
	if left := expires.Sub(now); !expires.IsZero() && left < early {
		rt.log.Warn(what+" expires soon", "at", expires.Format(time.RFC3339), "hours-left", int(left.Hours()))
	}
}

type targetView struct {
	Name        string          `json:"name"`
	Version     string          `json:"version"`
	Commit      string          `json:"commit"`
	HardwareIDs []string        `json:"hardware_ids"`
	Tags        []string        `json:"tags"`
	Apps        []string        `json:"apps,omitempty"`
	CreatedAt   string          `json:"created_at,omitempty"`
	Custom      json.RawMessage `json:"custom,omitempty"`

	fields tuf.Custom
}

// list is every OSTREE target, the highest version first.
func (v *verified) list() ([]targetView, error) {
	out := []targetView{}
	for name, t := range v.targets.Targets {
		f, err := t.Fields()
		if err != nil {
			return nil, fail.As(fmt.Errorf("target %s: %w", name, err), fail.Verification, "")
		}
		if f.TargetFormat != "" && f.TargetFormat != "OSTREE" {
			continue
		}
		view := targetView{
			Name: name, Version: f.Version, Commit: t.Commit(), HardwareIDs: f.HardwareIDs, Tags: f.Tags,
			CreatedAt: f.CreatedAt, Custom: t.Custom, fields: f,
		}
		for app := range f.Apps {
			view.Apps = append(view.Apps, app)
		}
		slices.Sort(view.Apps)
		out = append(out, view)
	}
	slices.SortFunc(out, func(a, b targetView) int {
		return cmp.Or(compareVersions(b.Version, a.Version), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

// compareVersions orders numbers as numbers, and anything else as text below
// them.
func compareVersions(a, b string) int {
	x, xerr := strconv.Atoi(a)
	y, yerr := strconv.Atoi(b)
	switch {
	case xerr == nil && yerr == nil:
		return cmp.Compare(x, y)
	case xerr == nil:
		return 1
	case yerr == nil:
		return -1
	}
	return strings.Compare(a, b)
}

type targetsView struct {
	Version int          `json:"targets_version"`
	Expires time.Time    `json:"expires"`
	Targets []targetView `json:"targets"`
}

// Table lists the targets.
func (v targetsView) Table(w io.Writer) {
	if len(v.Targets) == 0 {
		fmt.Fprintln(w, "no targets")
		return
	}
	rows := make([][]string, 0, len(v.Targets))
	for _, t := range v.Targets {
		rows = append(rows, []string{t.Name, t.Version, strings.Join(t.Tags, ","), strings.Join(t.HardwareIDs, ","), t.Commit[:min(12, len(t.Commit))], t.CreatedAt})
	}
	render.Columns(w, []string{"NAME", "VERSION", "TAGS", "HARDWARE", "COMMIT", "CREATED"}, rows)
}

type targetDetails struct {
	Targets []targetView `json:"targets"`
}

// Table shows each target, with a blank line between.
func (d targetDetails) Table(w io.Writer) {
	for i, t := range d.Targets {
		if i > 0 {
			fmt.Fprintln(w)
		}
		pairs := []string{
			"name", t.Name, "version", t.Version, "commit", t.Commit,
			"hardware", strings.Join(t.HardwareIDs, ", "), "tags", strings.Join(t.Tags, ", "),
			"arch", t.fields.Arch, "created", t.CreatedAt, "updated", t.fields.UpdatedAt, "build", t.fields.URI,
		}
		for _, app := range t.Apps {
			pairs = append(pairs, "app "+app, t.fields.Apps[app].URI)
		}
		render.Fields(w, pairs...)
	}
}

// memoryCache is a tuf.Cache that forgets when the command ends.
type memoryCache map[string][]byte

// Roots lists the stored roots' versions.
func (m memoryCache) Roots(context.Context) ([]int, error) {
	var out []int
	for name := range m {
		if v, ok := strings.CutSuffix(name, ".root.json"); ok {
			if n, err := strconv.Atoi(v); err == nil {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// Load is what was stored.
func (m memoryCache) Load(_ context.Context, name string) ([]byte, error) {
	if data, ok := m[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("%s: %w", name, tuf.ErrNotFound)
}

// Store keeps data until the end.
func (m memoryCache) Store(_ context.Context, name string, data []byte) error {
	m[name] = slices.Clone(data)
	return nil
}

// Remove forgets it.
func (m memoryCache) Remove(_ context.Context, name string) error {
	delete(m, name)
	return nil
}

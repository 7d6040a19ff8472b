package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

func targetsCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "targets",
		Usage: "what devices may install",
		Subcommands: []*cli.Command{
			targetsListCommand(rt), targetsShowCommand(rt),
			targetsAddCommand(rt), targetsTagCommand(rt), targetsPruneCommand(rt), targetsEditCommand(rt),
			targetsSignCommand(rt), targetsUploadCommand(rt), staticDeltasCommand(rt),
			offlineUpdateCommand(rt),
		},
	}
}

func targetsFlags(more ...cli.Flag) []cli.Flag {
	return append(append(more,
		&cli.StringFlag{Name: "credentials", Aliases: []string{"c"}, Usage: "take backend, root of trust and signing key from the credentials.zip in `FILE` (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)"},
	), accountFlags()...)
}

// verified is targets.json after the whole chain above it was checked.
type verified struct {
	keeper
	trust    *tuf.Trust
	raw      []byte
	checksum string        // what the backend calls it; may be ""
	warnings []tuf.Warning // what expires soon
}

// verifiedTargets fetches the target repository's metadata and verifies it from
// the root in the credentials on, or else from the first root the backend has,
// by way of the one that was seen last where keys are given to sign with. What
// expires soon is warned about.
func (rt *runtime) verifiedTargets(c *cli.Context) (*verified, error) {
	k, err := rt.targetsBackend(c)
	if err == nil && len(c.StringSlice("keys")) > 0 {
		k.root, err = rt.signingRoot(c.Context, k.backend, k.root)
	}
	if err != nil {
		return nil, err
	}
	return rt.verifyTargets(c.Context, k)
}

// verifyTargets is verifiedTargets of a backend; its root may be nil.
func (rt *runtime) verifyTargets(ctx context.Context, k keeper) (*verified, error) {
	opt := tuf.RefreshOptions{Now: rt.clock(), FirstUse: k.root == nil, Dialects: dialects()}
	if k.root != nil {
		opt.InitialRoots = [][]byte{k.root}
	}
	cache := memoryCache{}
	fetch := k.backend.Fetcher(nil)
	trust, err := tuf.Refresh(ctx, fetch, cache, opt)
	if err != nil {
		return nil, err
	}
	v := &verified{keeper: k, trust: trust, raw: cache[tuf.TargetsFile], checksum: fetch.Checksum(tuf.TargetsFile), warnings: trust.Warnings(opt.Now)}
	for _, e := range v.warnings {
		rt.log.Warn(e.Text)
	}
	return v, nil
}

// targetsBackend is who keeps the targets.
func (rt *runtime) targetsBackend(c *cli.Context) (keeper, error) {
	path := rt.credentialsPath(c)
	if path == "" {
		api, err := rt.factory(c)
		return keeper{backend: api}, err
	}
	a, err := rt.accessWith(c, path, 1)
	if err != nil {
		return keeper{}, err
	}
	if a.backend == nil {
		return keeper{}, fail.New(fail.Usage, "use credentials with a tufrepo.url, or a context", "credentials %s name no backend that keeps targets", path)
	}
	return a.keeper, nil
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

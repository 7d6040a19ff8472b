package commands

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// production is what production devices of a tag trust, verified.
type production struct {
	trust *tuf.Trust
	raw   []byte // the targets.json; nil where the tag has none yet
}

func (p *production) root() *tuf.Root { return p.trust.Root() }

// targets are the production targets, nil where there are none.
func (p *production) targets() (*tuf.TargetsDraft, error) {
	if p.raw == nil {
		return nil, nil
	}
	return tuf.DraftTargets(p.raw)
}

// production fetches and verifies the production metadata of a tag: the chain of
// roots in any case, and targets where there are any. anchor is a root file that
// is trusted, of CI or production, or nil to believe the backend's first one.
func (rt *runtime) production(ctx context.Context, api *factory.Client, tag string, anchor []byte) (*production, error) {
	fetch := api.Fetcher(url.Values{"production": {"1"}, "tag": {tag}})
	opt := tuf.RefreshOptions{Now: rt.clock(), FirstUse: anchor == nil, Log: rt.log}
	if anchor != nil {
		root, err := rootLike(ctx, fetch, anchor)
		if err != nil {
			return nil, err
		}
		opt.InitialRoots = [][]byte{root}
	}
	cache := memoryCache{}
	trust, err := tuf.Refresh(ctx, fetch, cache, opt)
	if errors.Is(err, tuf.ErrNotFound) {
		if _, terr := fetch.Fetch(ctx, tuf.TimestampFile, limits.Timestamp); errors.Is(terr, tuf.ErrNotFound) {
			return rt.productionRoot(ctx, fetch, opt)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("production metadata of tag %s: %w", tag, err)
	}
	rt.warnProduction(trust)
	return &production{trust: trust, raw: cache[tuf.TargetsFile]}, nil
}

// targetsOf are the production targets of a tag, or those of CI for "".
func (rt *runtime) targetsOf(c *cli.Context, tag string) (*verified, error) {
	if tag == "" {
		return rt.verifiedTargets(c)
	}
	k, err := rt.targetsBackend(c)
	if err != nil {
		return nil, err
	}
	p, err := rt.production(c.Context, k.backend, tag, k.root)
	if err != nil {
		return nil, err
	}
	if p.raw == nil {
		return nil, fail.New(fail.NotFound, "they begin with the first complete wave of it: otactl waves list", "tag %q has no production targets", tag)
	}
	return &verified{keeper: k, trust: p.trust, raw: p.raw, warnings: p.trust.Warnings(rt.clock())}, nil
}

// productionRoot is what there is before the first wave of a tag is complete.
func (rt *runtime) productionRoot(ctx context.Context, fetch tuf.Fetcher, opt tuf.RefreshOptions) (*production, error) {
	trust, err := tuf.Chain(ctx, fetch, memoryCache{}, opt)
	if errors.Is(err, tuf.ErrNoRoot) {
		return nil, fail.As(fmt.Errorf("production root: %w", err), fail.NotFound, "give the factory an offline targets key first: otactl keys tuf")
	}
	if err == nil {
		err = trust.CheckRoot(opt.Now)
	}
	if err != nil {
		return nil, fmt.Errorf("production root: %w", err)
	}
	rt.warnProduction(trust)
	return &production{trust: trust}, nil
}

// warnProduction says what is to be known of production metadata.
func (rt *runtime) warnProduction(trust *tuf.Trust) {
	for _, e := range trust.Warnings(rt.clock()) {
		rt.log.Warn("production: " + e.Text)
	}
}

// rootLike is the root, of the kind that fetch brings, of the version of a trusted
// root. Those of CI and production differ in who may sign targets, and are signed
// by the same keys.
func rootLike(ctx context.Context, fetch tuf.Fetcher, anchor []byte) ([]byte, error) {
	trusted, err := tuf.ParseRoot(anchor)
	if err != nil {
		return nil, fmt.Errorf("trusted root: %w", err)
	}
	name := tuf.RootName(trusted.Version)
	file, err := fetch.Fetch(ctx, name, limits.Root)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if err := trusted.Verify(tuf.RoleRoot, file); err != nil {
		return nil, fmt.Errorf("%s against the trusted root: %w", name, err)
	}
	return file, nil
}

// rootFlag lets a person say where trust begins.
func rootFlag() cli.Flag {
	return &cli.StringFlag{Name: "root", Usage: "trust the root in `FILE`, of CI or production (default: the backend's, by way of the one seen last)"}
}

// trustedRoot is the file that --root names, or nil.
func trustedRoot(c *cli.Context) ([]byte, error) {
	path := c.String("root")
	if path == "" {
		return nil, nil
	}
	file, err := fsx.ReadFile(path, limits.Root)
	if err != nil {
		return nil, fail.As(fmt.Errorf("--root: %w", err), fail.Usage, "give a root.json that you trust")
	}
	return file, nil
}

// ciTargets are the targets that CI has signed, verified.
func (rt *runtime) ciTargets(ctx context.Context, api *factory.Client, anchor []byte) (*tuf.TargetsDraft, error) {
	fetch := api.Fetcher(nil)
	opt := tuf.RefreshOptions{Now: rt.clock(), FirstUse: anchor == nil, Log: rt.log}
	if anchor != nil {
		root, err := rootLike(ctx, fetch, anchor)
		if err != nil {
			return nil, err
		}
		opt.InitialRoots = [][]byte{root}
	}
	cache := memoryCache{}
	if _, err := tuf.Refresh(ctx, fetch, cache, opt); err != nil {
		return nil, fmt.Errorf("CI metadata: %w", err)
	}
	return tuf.DraftTargets(cache[tuf.TargetsFile])
}

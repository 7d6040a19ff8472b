package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/tuf"
)

// targetsBy is who signs what is published: this program, with --keys or with
// the key that came with the credentials, or else the backend.
func (rt *runtime) targetsBy(c *cli.Context, k keeper) (publish.Backend, error) {
	rt.checkSigning(c, k)
	if !k.signsHere(c) {
		return k.backend, nil
	}
	root, err := rt.signingRoot(c.Context, k.backend, k.root)
	if err != nil {
		return nil, err
	}
	k.root = root
	return signingBackend{k.backend, rt, c, k}, nil
}

// signingBackend is a backend whose targets are signed here.
type signingBackend struct {
	*factory.Client
	rt *runtime
	c  *cli.Context
	k  keeper
}

// Targets implements publish.Backend: what the backend's API says, or where
// there is none, what is signed.
func (b signingBackend) Targets(ctx context.Context) (map[string]tuf.Target, error) {
	if !b.MetadataOnly() {
		return b.Client.Targets(ctx)
	}
	v, err := b.rt.targetsToSign(ctx, b.k)
	if err != nil || v.raw == nil {
		return nil, err
	}
	t, err := tuf.ParseTargets(v.raw)
	if err != nil {
		return nil, err
	}
	return t.Targets, nil
}

// AddTargets implements publish.Backend: what the backend has is verified, the
// targets are added to it and signed, and the file is brought back. If somebody
// else changes targets meanwhile that is done again, since nothing is lost by it.
func (b signingBackend) AddTargets(ctx context.Context, add map[string]tuf.Target, _ string) (factory.Added, error) {
	for attempt := 1; ; attempt++ {
		added, err := b.addOnce(ctx, add)
		if errors.Is(err, factory.ErrSuperseded) && attempt < maxAllocations {
			continue
		}
		return added, err
	}
}

func (b signingBackend) addOnce(ctx context.Context, add map[string]tuf.Target) (factory.Added, error) {
	v, err := b.rt.targetsToSign(ctx, b.k)
	if err != nil {
		return factory.Added{}, err
	}
	d, err := v.toDraft()
	if err != nil {
		return factory.Added{}, err
	}
	created, err := addTo(d, add)
	if err != nil || !created {
		return factory.Added{Version: d.Version()}, err
	}
	ch := &changing{v, d}
	file, rep, err := b.rt.signDraft(b.c, ch)
	if err != nil {
		return factory.Added{}, err
	}
	return factory.Added{Created: true, Version: d.Version() + 1}, ch.put(ctx, file, rep)
}

// addTo adds targets to a draft, and says whether any was not there.
func addTo(d *tuf.TargetsDraft, add map[string]tuf.Target) (created bool, err error) {
	for name, t := range add {
		entry, err := json.Marshal(t)
		if err != nil {
			return false, fmt.Errorf("target %s: %w", name, err)
		}
		old := d.Entry(name)
		if err := d.Set(name, entry); err != nil {
			return false, err
		}
		if old != nil && !bytes.Equal(old, d.Entry(name)) {
			return false, fail.New(fail.Conflict, "leave --version out to get the next free one", "target %s: there is one of this name with other content", name)
		}
		created = created || old == nil
	}
	return created, nil
}

// targetsToSign is targets.json as the repository has it, for a next one to be
// made from: verified from the root of trust on, by way of each root since. It
// may have expired, since whoever signs the next one makes it good again, and
// there may be none yet. Snapshot and timestamp are not asked for: they follow,
// and the repository takes a file only in place of the one that it has.
func (rt *runtime) targetsToSign(ctx context.Context, k keeper) (*verified, error) {
	root, err := rt.signingRoot(ctx, k.backend, k.root)
	if err != nil {
		return nil, err
	}
	fetch, now := k.backend.Fetcher(nil), rt.clock()
	trust, err := tuf.Chain(ctx, fetch, memoryCache{}, tuf.RefreshOptions{Now: now, InitialRoots: [][]byte{root}, Dialects: dialects()})
	if err != nil {
		return nil, err
	}
	if err := trust.CheckRoot(now); err != nil {
		return nil, err
	}
	raw, err := fetch.Fetch(ctx, tuf.TargetsFile, limits.Targets)
	switch {
	case errors.Is(err, tuf.ErrNotFound):
		raw = nil
	case err != nil:
		return nil, err
	default:
		if err := trust.Root().Verify(tuf.RoleTargets, raw); err != nil {
			return nil, err
		}
	}
	return &verified{keeper: k, trust: trust, raw: raw, checksum: fetch.Checksum(tuf.TargetsFile)}, nil
}

package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// vouched is what signed data lets this device install.
type vouched struct {
	targets *tuf.Targets
	names   []string // when not nil, only these of the targets are meant
	cached  bool     // the source's metadata could not be used; this is what was stored
}

// refresh brings the stored metadata up to date from src and says what it
// vouches for. All expiries are held against one reading of the clock.
func (a *Agent) refresh(ctx context.Context, src Source) (*vouched, error) {
	now := a.clock()
	if err := a.provision(ctx, src.Rules().FirstUse); err != nil {
		return nil, err
	}
	statement, _, err := a.checkStatement(ctx, src, now)
	if err != nil {
		return nil, err
	}
	rules := src.Rules()
	trust, err := tuf.Refresh(ctx, src.Metadata(), a.db.Metadata(), tuf.RefreshOptions{
		Now: now, FirstUse: rules.FirstUse, EqualTimestamp: true, Dialects: a.dialects,
	})
	if err == nil {
		return a.vouch(src, statement, trust, now, false)
	}
	if rules.StoredAfter(err) && ctx.Err() == nil {
		if stored, serr := tuf.FromCache(ctx, a.db.Metadata(), now, a.dialects...); serr == nil {
			a.log.WarnContext(ctx, "metadata could not be updated, the stored one is used", "err", err)
			return a.vouch(src, statement, stored, now, true)
		}
	}
	return nil, coded(metadataCode(err, rules), fmt.Errorf("metadata: %w", err))
}

// vouch holds what a source says of itself against the root by which its
// metadata was judged: it may have shown a newer one only now.
func (a *Agent) vouch(src Source, statement []byte, trust *tuf.Trust, now time.Time, cached bool) (*vouched, error) {
	names, err := a.judge(src, statement, trust, now)
	if err != nil {
		return nil, err
	}
	return &vouched{targets: trust.Targets(), names: names, cached: cached}, nil
}

// stored verifies what is stored, expiry included, and what src says of itself;
// src may be nil.
func (a *Agent) stored(ctx context.Context, src Source) (*vouched, error) {
	now := a.clock()
	trust, err := tuf.FromCache(ctx, a.db.Metadata(), now, a.dialects...)
	if err != nil {
		return nil, coded(CheckinSecurityError, fmt.Errorf("stored metadata: %w", err))
	}
	v := &vouched{targets: trust.Targets(), cached: true}
	if src != nil {
		_, v.names, err = a.checkStatement(ctx, src, now)
	}
	return v, err
}

// metadataCode sorts what went wrong with metadata.
func metadataCode(err error, r Rules) Code {
	switch {
	case errors.Is(err, tuf.ErrExpired):
		return CheckinExpiredMetadata
	case errors.Is(err, tuf.ErrHash), errors.Is(err, tuf.ErrRollback):
		return CheckinSecurityError
	case errors.Is(err, tuf.ErrNotFound), errors.Is(err, tuf.ErrNoRoot):
		return r.Missing
	}
	switch fail.ClassOf(err) {
	case fail.Network, fail.Auth, fail.NotFound:
		return r.Fetch
	}
	return CheckinFailure
}

// checkStatement reads the list of targets that a source is meant to install,
// and has it judged by the newest root that there is. Both are nil when the
// source makes no statement.
func (a *Agent) checkStatement(ctx context.Context, src Source, now time.Time) (statement []byte, names []string, err error) {
	if statement, err = src.Statement(ctx); err != nil {
		return nil, nil, coded(CheckinInvalidBundleMetadata, err)
	}
	if one, ok := src.(indexed); statement == nil && !(ok && one.HasIndex()) {
		return nil, nil, nil
	}
	trust, err := a.chain(ctx, src, now)
	if err != nil {
		return nil, nil, err
	}
	names, err = a.judge(src, statement, trust, now)
	return statement, names, err
}

// judge verifies a source's index and its statement, and whether that is meant
// for this device. It returns the names in it, or nil where there is none.
func (a *Agent) judge(src Source, statement []byte, trust *tuf.Trust, now time.Time) ([]string, error) {
	if err := checkIndex(src, trust.Root()); err != nil || statement == nil {
		return nil, err
	}
	b, err := trust.VerifyBundle(statement, now)
	switch {
	case errors.Is(err, tuf.ErrExpired), errors.Is(err, tuf.ErrClock):
		return nil, coded(metadataCode(err, src.Rules()), err)
	case err != nil:
		return nil, coded(CheckinInvalidBundleMetadata, err)
	}
	if err := a.meantForUs(b); err != nil {
		return nil, err
	}
	return append([]string{}, b.Targets...), nil
}

// indexed is a source that comes with a signed index of all that is in it, by
// which it is judged before anything in it is believed.
type indexed interface {
	HasIndex() bool
	VerifyIndex(root *tuf.Root) error
}

// checkIndex verifies the index of a source that has one.
func checkIndex(src Source, root *tuf.Root) error {
	one, ok := src.(indexed)
	if !ok || !one.HasIndex() {
		return nil
	}
	return coded(CheckinInvalidBundleMetadata, one.VerifyIndex(root))
}

// meantForUs compares the bundle's type and tag with the device's.
func (a *Agent) meantForUs(b *tuf.BundleTargets) error {
	isType := b.Type == string(ciDevice) || b.Type == string(prodDevice)
	if isType && a.kind != unregistered && b.Type != string(a.kind) {
		return failure(CheckinInvalidBundleMetadata, fail.Verification, "take a bundle for this kind of device",
			"bundle is of type %s and this is a %s device", b.Type, a.kind)
	}
	if tags := a.cfg.Pacman.Tags; len(tags) > 0 && !slices.Contains(tags, b.Tag) {
		return failure(CheckinInvalidBundleMetadata, fail.Verification, "take a bundle for this tag, or change [pacman] tags",
			"bundle is for tag %.80q and this device follows %q", b.Tag, tags)
	}
	return nil
}

// chain is the root that a source's statement is verified with: the newest one
// stored, and every next one that the source has, each signed by the one
// before. Nothing is stored.
func (a *Agent) chain(ctx context.Context, src Source, now time.Time) (*tuf.Trust, error) {
	rules := src.Rules()
	trust, err := tuf.Chain(ctx, src.Metadata(), a.db.Metadata(), tuf.RefreshOptions{
		Now: now, FirstUse: rules.FirstUse, Log: a.log, Dialects: a.dialects,
	})
	if errors.Is(err, tuf.ErrNoRoot) && !rules.FirstUse {
		return nil, failure(rules.Missing, fail.NotFound,
			"check in online once, put the factory's root into import/repo/root.json, or let the first bundle bring it with [otactl] trust_first_bundle = true",
			"this device knows no root of trust, and may not take its first one from a bundle")
	}
	switch {
	case errors.Is(err, tuf.ErrNoRoot):
		return nil, coded(rules.Missing, err)
	case err != nil:
		return nil, coded(UnknownError, fmt.Errorf("root chain: %w", err))
	}
	return trust, nil
}

package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/tuf"
)

// bundle is the Source in a folder.
type bundle struct {
	b        *offline.Bundle
	repoPath string // of the device
	// holds says whether the device has a commit whole; nil asks its repo.
	holds func(ostree.Checksum) (bool, error)
	// room is asked before a superblock is copied to the device; nil where there
	// is none.
	room delta.Room
	own  config.Own
	log  *slog.Logger
}

// OpenBundle opens the bundle in dir, or that is the file dir, as a source of
// updates.
func (a *Agent) OpenBundle(dir string) (Source, error) {
	b, err := offline.Open(dir)
	if err != nil {
		return nil, unopened(err)
	}
	return &bundle{b: b, repoPath: a.root.RepoPath(), room: a.roomFor, own: a.cfg.Own, log: a.log}, nil
}

// unopened gives the code to an error of offline.Open that speaks of the bundle.
func unopened(err error) error {
	if fail.ClassOf(err) == fail.Verification {
		return coded(CheckinInvalidBundleMetadata, err)
	}
	return err
}

// HasIndex implements indexed; a folder has none.
func (s *bundle) HasIndex() bool { return s.b.HasIndex() }

// VerifyIndex implements indexed.
func (s *bundle) VerifyIndex(root *tuf.Root) error { return s.b.VerifyIndex(root) }

func (s *bundle) Metadata() tuf.Fetcher { return s.b.Metadata() }

// Statement is the signed list of what the bundle is for. Without it a device
// could not tell a bundle for another tag or kind of device from its own, and
// whoever holds the stick could take it away; so it has to be there.
func (s *bundle) Statement(ctx context.Context) ([]byte, error) {
	data, err := s.b.BundleTargets(ctx)
	switch {
	case !errors.Is(err, tuf.ErrNotFound):
		return data, err
	case s.own.AcceptUnlistedBundle:
		s.log.WarnContext(ctx, "bundle does not say which targets it is for; all that fit are taken", "bundle", s.b.Dir())
		return nil, nil
	case s.noMetadata(ctx):
		// It is refused here, and not when the check-in gets to it: by then a
		// stick could show some.
		return nil, failure(CheckinMetadataNotFound, fail.NotFound, "check the bundle's tuf folder", "bundle %s: it has no metadata", s.b.Dir())
	}
	return nil, failure(CheckinInvalidBundleMetadata, fail.Verification, "build the bundle again; [otactl] accept_unlisted_bundle takes those of old tools",
		"bundle %s: tuf/%s is missing, so nothing says what the bundle is for", s.b.Dir(), tuf.BundleTargetsFile)
}

// noMetadata says that the bundle lacks more than the list of its targets.
func (s *bundle) noMetadata(ctx context.Context) bool {
	_, err := s.b.Metadata().Fetch(ctx, "timestamp.json", limits.Timestamp)
	return errors.Is(err, tuf.ErrNotFound)
}

func (s *bundle) Offers(ctx context.Context, commit ostree.Checksum, appURIs []string) (bool, error) {
	there, err := s.leadsTo(ctx, commit)
	if err != nil || !there || len(appURIs) == 0 {
		return there, err
	}
	have, err := s.b.AppURIs(ctx)
	if err != nil {
		return false, fmt.Errorf("bundle %s: apps: %w", s.b.Dir(), err)
	}
	for _, uri := range appURIs {
		if _, ok := slices.BinarySearch(have, uri); !ok {
			return false, nil
		}
	}
	return true, nil
}

// leadsTo says whether this device can get to a commit by the bundle: its
// objects are there, or a delta from what the device has. Where the device has
// the commit itself any delta will do: it is not applied.
func (s *bundle) leadsTo(ctx context.Context, commit ostree.Checksum) (bool, error) {
	repo, err := s.b.Repo(ctx)
	if err != nil {
		return false, err
	}
	there, err := repo.Has(ctx, []ostree.ObjectID{{Sum: commit, Type: ostree.TypeCommit}})
	if err != nil || there[0] {
		return err == nil, err
	}
	list, err := s.readable(ctx, commit)
	if err != nil || len(list) == 0 {
		return false, err
	}
	holds := s.holds
	if holds == nil {
		device, err := s.device()
		if err != nil {
			return false, err
		}
		holds = device.IsComplete
	}
	for _, d := range list {
		if d.Scratch() {
			return true, nil
		}
		if ok, err := holds(d.From); ok || err != nil {
			return ok, err
		}
	}
	return holds(commit)
}

// device is the repo of the device.
func (s *bundle) device() (*ostree.Repo, error) {
	repo, err := ostree.OpenRepo(s.repoPath)
	if err != nil {
		return nil, fmt.Errorf("sysroot: %w", err)
	}
	return repo, nil
}

// Deltas implements Source.
func (s *bundle) Deltas(ctx context.Context, commit ostree.Checksum) ([]offline.Delta, error) {
	there, err := s.readable(ctx, commit)
	if err != nil || len(there) == 0 {
		return nil, err
	}
	device, err := s.device()
	if err != nil {
		return nil, err
	}
	byName := map[delta.Name]offline.Delta{}
	for _, d := range there {
		byName[d.Name] = d
	}
	names, err := delta.Usable(ctx, device, commit, maps.Keys(byName))
	list := make([]offline.Delta, len(names))
	for i, n := range names {
		list[i] = byName[n]
	}
	return list, err
}

// readable are the deltas that lead to a commit, from whatever one. One that is
// damaged as far as can be told without reading its parts is passed over.
func (s *bundle) readable(ctx context.Context, commit ostree.Checksum) ([]offline.Delta, error) {
	scratch := delta.Scratch{Room: s.room}
	if s.repoPath != "" {
		scratch.Dir = filepath.Join(s.repoPath, "tmp")
	}
	there, err := s.b.DeltasTo(ctx, commit, scratch)
	if err != nil {
		return nil, err
	}
	var list []offline.Delta
	for _, d := range there {
		if d.Err != nil {
			s.log.WarnContext(ctx, "static delta of the bundle is passed over", "delta", d.Name, "err", d.Err)
			continue
		}
		list = append(list, d)
	}
	return list, nil
}

func (s *bundle) Objects(ctx context.Context) (ostree.Source, error) { return s.b.Repo(ctx) }

// Rules: whoever holds the stick must not be able to give a device its first
// root, and a bundle that is merely older than the device's metadata may still
// carry a target that the newer metadata names as well.
func (s *bundle) Rules() Rules {
	return Rules{
		FirstUse:    s.own.TrustFirstBundle,
		StoredAfter: func(err error) bool { return errors.Is(err, tuf.ErrRollback) },
		Jobs:        runtime.GOMAXPROCS(0) + 1,
		TellStored:  true,
		Missing:     CheckinMetadataNotFound,
		Fetch:       CheckinFailure,
	}
}

func (s *bundle) Close() error { return s.b.Close() }

package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"

	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// bundle is the Source in a folder.
type bundle struct {
	b        *offline.Bundle
	firstUse bool
	log      *slog.Logger
}

// OpenBundle opens the bundle in dir as a source of updates.
func (a *Agent) OpenBundle(dir string) (Source, error) {
	b, err := offline.Open(dir)
	if err != nil {
		return nil, err
	}
	return &bundle{b: b, firstUse: a.cfg.Own.TrustFirstBundle, log: a.log}, nil
}

func (s *bundle) Metadata() tuf.Fetcher { return s.b.Metadata() }

func (s *bundle) Statement(ctx context.Context) ([]byte, error) {
	data, err := s.b.BundleTargets(ctx)
	if errors.Is(err, tuf.ErrNotFound) {
		s.log.WarnContext(ctx, "bundle does not say which targets it is for; bundles of old tools don't, and all that fit are taken")
		return nil, nil
	}
	return data, err
}

func (s *bundle) Offers(ctx context.Context, commit ostree.Checksum, appURIs []string) (bool, error) {
	repo, err := s.b.Repo(ctx)
	if err != nil {
		return false, err
	}
	there, err := repo.Has(ctx, []ostree.ObjectID{{Sum: commit, Type: ostree.TypeCommit}})
	if err != nil || len(there) != 1 || !there[0] || len(appURIs) == 0 {
		return err == nil && len(there) == 1 && there[0], err
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

func (s *bundle) Objects(ctx context.Context) (ostree.Source, error) { return s.b.Repo(ctx) }

// Rules: whoever holds the stick must not be able to give a device its first
// root, and a bundle that is merely older than the device's metadata may still
// carry a target that the newer metadata names as well.
func (s *bundle) Rules() Rules {
	return Rules{
		FirstUse:    s.firstUse,
		StoredAfter: func(err error) bool { return errors.Is(err, tuf.ErrRollback) },
		Jobs:        runtime.GOMAXPROCS(0) + 1,
		TellStored:  true,
		Missing:     CheckinMetadataNotFound,
		Fetch:       CheckinFailure,
	}
}

func (s *bundle) Close() error { return s.b.Close() }

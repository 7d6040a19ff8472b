package metadata

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// Production metadata lies in the store beside that of CI: for each tag a
// targets.json that was signed elsewhere, with a snapshot and a timestamp that
// are signed here. A wave has the same three files while devices may be handed
// them.
const (
	// Snapshots and timestamps of all production sets are numbered by one
	// counter each, so that those of a tag can be made higher than those of any
	// other.
	prodSnapshotCounter  = "prod-snapshot"
	prodTimestampCounter = "prod-timestamp"
)

// targetSet is one targets.json of production devices and what is signed over
// it: a tag's production set, or a wave's.
type targetSet struct{ kind, name string }

func prodSet(tag string) targetSet  { return targetSet{"prod", tag} }
func waveSet(name string) targetSet { return targetSet{"wave", name} }

func (s targetSet) role(r tuf.Role) string { return s.kind + "-" + string(r) + "/" + s.name }

// ErrNoProduction says that there is no production root yet.
var ErrNoProduction = errors.New("there is no production root")

// prodRoot is the newest production root.
func prodRoot(tx *store.MetadataTx) (*tuf.Root, error) {
	f, err := tx.Current(prodRootRole)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoProduction
	}
	if err != nil {
		return nil, err
	}
	return tuf.ParseRoot(f.Bytes)
}

// signTag signs snapshot and timestamp of each set of a tag that devices may be
// handed: the production set first, then the waves in the order in which a
// device may go through them. Whichever way a device takes upwards, at whatever
// time, it meets greater numbers; it is never handed a set below one that it was
// handed.
func (a *Author) signTag(tx *store.MetadataTx, tag string, now time.Time) error {
	sets, err := setsOf(tx, tag)
	if err != nil {
		return err
	}
	lasting, err := tx.LastBundle(bundleTimestamps(tag))
	if err != nil {
		return err
	}
	for _, s := range sets {
		if err := a.signSet(tx, s, lasting, now); err != nil {
			return fmt.Errorf("%s %s: %w", s.kind, s.name, err)
		}
	}
	return nil
}

func setsOf(tx *store.MetadataTx, tag string) ([]targetSet, error) {
	var sets []targetSet
	_, err := tx.Current(prodSet(tag).role(tuf.RoleTargets))
	switch {
	case err == nil:
		sets = append(sets, prodSet(tag))
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	waves, err := tx.OpenWaves(tag)
	for _, w := range waves {
		sets = append(sets, waveSet(w.Name))
	}
	return sets, err
}

// signSet signs a timestamp that lives at least until lasting, when the last
// bundle of the tag expires: a device that has seen it may be handed that bundle
// and has to get by with what it has stored.
func (a *Author) signSet(tx *store.MetadataTx, s targetSet, lasting, now time.Time) error {
	targets, err := tx.Current(s.role(tuf.RoleTargets))
	if err != nil {
		return err
	}
	exp := expiry(now, a.life.Targets)
	v, err := tx.NextVersion(prodSnapshotCounter)
	if err != nil {
		return err
	}
	snapshot, err := tuf.NewSnapshot(v, exp, targets.Bytes)
	if err != nil {
		return err
	}
	file, err := a.sign(tx, tuf.RoleSnapshot, snapshot, limits.Snapshot)
	if err != nil {
		return err
	}
	if err := tx.Put(store.File{Role: s.role(tuf.RoleSnapshot), Version: v, Online: true, Expires: exp, Bytes: file}); err != nil {
		return err
	}
	if exp = expiry(now, a.life.Timestamp); lasting.After(exp) {
		exp = lasting
	}
	if v, err = tx.NextVersion(prodTimestampCounter); err != nil {
		return err
	}
	timestamp, err := tuf.NewTimestamp(v, exp, file)
	if err != nil {
		return err
	}
	if file, err = a.sign(tx, tuf.RoleTimestamp, timestamp, limits.Timestamp); err != nil {
		return err
	}
	return tx.Put(store.File{Role: s.role(tuf.RoleTimestamp), Version: v, Online: true, Expires: exp, Bytes: file})
}

// tagPause is how often a tag is signed again for devices that change to it, at
// most: a device can change its tag as often as it likes.
const tagPause = time.Minute

// ErrTooEarly says that a tag was signed again a moment ago.
var ErrTooEarly = errors.New("the tag was signed a moment ago")

// FollowTag signs a tag's sets again for a device that comes from another tag,
// where it may have met higher numbers of snapshot and timestamp; ErrTooEarly
// where that was done a moment ago.
func (a *Author) FollowTag(ctx context.Context, tag string) error {
	now := a.clock()
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		sets, err := setsOf(tx, tag)
		if err != nil || len(sets) == 0 {
			return err
		}
		lowest, err := tx.Current(sets[0].role(tuf.RoleTimestamp))
		if err != nil {
			return err
		}
		last, err := tx.LastVersion(prodTimestampCounter)
		if err != nil || lowest.Version+len(sets) > last {
			return err
		}
		signed, err := a.signedAt(tx, sets[0])
		if err != nil {
			return err
		}
		if now.Sub(signed) < tagPause {
			return ErrTooEarly
		}
		return a.signTag(tx, tag, now)
	})
}

// signedAt is when snapshot and timestamp of a set were signed. The timestamp
// does not tell, since it may live as long as a bundle.
func (a *Author) signedAt(tx *store.MetadataTx, s targetSet) (time.Time, error) {
	f, err := tx.Current(s.role(tuf.RoleSnapshot))
	return f.Expires.Add(-a.life.Targets), err
}

// signProduction signs all production sets again: after the keys of snapshot or
// timestamp have been replaced, say.
func (a *Author) signProduction(tx *store.MetadataTx, now time.Time) error {
	tags, err := tx.WaveTags()
	for _, tag := range tags {
		if err == nil {
			err = a.signTag(tx, tag, now)
		}
	}
	return err
}

// renewProduction signs the sets of a tag again when one of them has grown old.
func (a *Author) renewProduction(tx *store.MetadataTx, now time.Time) error {
	tags, err := tx.WaveTags()
	if err != nil {
		return err
	}
	for _, tag := range tags {
		sets, err := setsOf(tx, tag)
		if err != nil {
			return err
		}
		due := false
		for _, s := range sets {
			signed, err := a.signedAt(tx, s)
			if err != nil {
				return err
			}
			due = due || now.Sub(signed) >= a.life.RenewTimestamp
		}
		if !due {
			continue
		}
		a.log.Info("renewing production snapshot and timestamp", "tag", tag)
		if err := a.signTag(tx, tag, now); err != nil {
			return err
		}
	}
	return nil
}

// ProductionFile is a file as clients that name a tag fetch it: the roots, and
// the production set of the tag. What is not there is store.ErrNotFound.
func (a *Author) ProductionFile(ctx context.Context, tag, name string) ([]byte, error) {
	return a.setFile(ctx, prodSet(tag), name)
}

// roleOf is the role of the files that each set has of its own.
func roleOf(name string) (tuf.Role, bool) {
	switch name {
	case tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile:
		return tuf.Role(strings.TrimSuffix(name, ".json")), true
	}
	return "", false
}

func (a *Author) setFile(ctx context.Context, s targetSet, name string) ([]byte, error) {
	if role, ok := roleOf(name); ok {
		return a.newest(ctx, s.role(role))
	}
	return a.ProdRoot(ctx, name)
}

// DeviceFile is a file as a production device fetches it: the production roots,
// and either the production set of its tag or that of a wave. Before a device is
// handed a wave's files that is noted, and from then on it is not handed older
// ones: it would take those for a rollback.
func (a *Author) DeviceFile(ctx context.Context, d store.Device, tag, name string) ([]byte, error) {
	if _, ok := roleOf(name); !ok {
		return a.ProdRoot(ctx, name)
	}
	for range 3 { // a wave may end while it is handed over
		w, handed, err := a.db.WaveFor(ctx, d, tag)
		if errors.Is(err, store.ErrNotFound) {
			return a.setFile(ctx, prodSet(tag), name)
		}
		if err == nil && !handed {
			err = a.db.HandWave(ctx, d, w)
		}
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return a.setFile(ctx, waveSet(w.Name), name)
	}
	return nil, store.ErrNotFound
}

// ProductionTargets are the production targets.json of tags, by tag; no tag is
// every tag. One that has none is left out.
func (a *Author) ProductionTargets(ctx context.Context, tags []string) (map[string][]byte, error) {
	if len(tags) == 0 {
		var err error
		if tags, err = a.db.WaveTags(ctx); err != nil {
			return nil, err
		}
	}
	out := map[string][]byte{}
	for _, tag := range tags {
		file, err := a.newest(ctx, prodSet(tag).role(tuf.RoleTargets))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			out[tag] = file
		}
	}
	return out, nil
}

// WaveTargets are the targets.json of active waves, by name; no name is every
// active wave. One that is not active is left out.
func (a *Author) WaveTargets(ctx context.Context, names []string) (map[string][]byte, error) {
	active, err := a.db.ActiveWaves(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, w := range active {
		if len(names) > 0 && !slices.Contains(names, w.Name) {
			continue
		}
		if out[w.Name], err = a.db.WaveTargets(ctx, w.Name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// OnlineTargetsKey is the targets key of the root in force that is on this
// server, or store.ErrNotFound.
func (a *Author) OnlineTargetsKey(ctx context.Context) (*tuf.PublicKey, error) {
	f, err := a.db.Metadata(ctx, string(tuf.RoleRoot))
	if err != nil {
		return nil, err
	}
	root, err := tuf.ParseRoot(f.Bytes)
	if err != nil {
		return nil, err
	}
	k, err := a.keys.signer(root, tuf.RoleTargets)
	if fail.ClassOf(err) == fail.NotFound {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return k.Public(), nil
}

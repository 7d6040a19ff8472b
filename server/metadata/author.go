// Package metadata authors the backend's TUF metadata: it decides what is in a
// file and which version it has, signs it, and stores it.
//
// Every version that was ever signed is stored, and a number is given out
// once, from a counter that only grows; a file for an offline bundle takes its
// number from the same counter as the online ones (docs/adr explains the
// order). It trusts the database and its key files. It never signs a file it
// did not author, but for a wave's targets, each of which it has signed before,
// and never serves a file before the database holds it.
package metadata

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// Life says for how long files are signed, and after how long they are signed
// again, though nothing in them changed.
type Life struct {
	Root, Targets, Timestamp                time.Duration
	RenewRoot, RenewTargets, RenewTimestamp time.Duration // age; snapshot goes with targets
}

const day = 24 * time.Hour

// DefaultLife leaves at least four years of root, eleven months of targets and
// half a week of timestamp to whoever fetches them.
func DefaultLife() Life {
	return Life{
		Root: 5 * 365 * day, RenewRoot: 365 * day,
		Targets: 365 * day, RenewTargets: 30 * day,
		Timestamp: 7 * day, RenewTimestamp: 84 * time.Hour,
	}
}

// Author signs and stores metadata. It is safe for concurrent use.
type Author struct {
	db    *store.DB
	keys  *keyring
	clock clock.Clock
	life  Life
	log   *slog.Logger

	updating sync.Mutex // keys are made and deleted by one root transaction at a time

	mu      sync.Mutex
	files   map[string]store.File // the newest one of each role that was asked for
	verdict verdict
}

// Open loads the keys from dir, makes keys, root and an empty targets.json on
// the first start, and renews what has grown old.
func Open(ctx context.Context, db *store.DB, dir string, life Life, clk clock.Clock, log *slog.Logger) (*Author, error) {
	a := &Author{db: db, clock: clk, life: life, log: log, files: map[string]store.File{}}
	_, err := db.Metadata(ctx, string(tuf.RoleRoot))
	first := errors.Is(err, store.ErrNotFound)
	if err != nil && !first {
		return nil, err
	}
	if a.keys, err = openKeys(dir, first); err != nil {
		return nil, err
	}
	if first {
		if err := a.begin(ctx); err != nil {
			return nil, fmt.Errorf("make the first metadata: %w", err)
		}
	}
	if err := a.addProdRoots(ctx); err != nil {
		return nil, fmt.Errorf("make the production roots: %w", err)
	}
	if err := a.sweepKeys(ctx); err != nil {
		return nil, err
	}
	if err := a.seedVersions(ctx); err != nil {
		return nil, err
	}
	return a, a.Renew(ctx)
}

// begin makes version 1 of everything, in one transaction.
func (a *Author) begin(ctx context.Context) error {
	now := a.clock()
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		if err := a.firstRoot(tx, now); err != nil {
			return err
		}
		_, err := a.newTargets(tx, tuf.NewTargetsDraft(), now)
		return err
	})
}

// firstRoot signs root 1, which names this server's keys, and its production
// twin.
func (a *Author) firstRoot(tx *store.MetadataTx, now time.Time) error {
	v, err := tx.NextVersion(string(tuf.RoleRoot))
	if err != nil {
		return err
	}
	r := tuf.NewRoot(v, expiry(now, a.life.Root), tuf.Changelog{Message: changedBy, Timestamp: now})
	for _, role := range roles {
		k, err := a.keys.first(role)
		if err != nil {
			return err
		}
		r.AddKey(role, k.Public())
	}
	file, err := a.put(tx, tuf.RoleRoot, v, r.Expires, r, limits.Root)
	if err != nil {
		return err
	}
	return a.putProdRoot(tx, file, v, r.Expires)
}

// newTargets signs targets, and the snapshot and timestamp that name them.
func (a *Author) newTargets(tx *store.MetadataTx, targets *tuf.TargetsDraft, now time.Time) (store.File, error) {
	var f store.File
	k, err := a.signer(tx, tuf.RoleTargets)
	if err != nil {
		return f, err
	}
	v, err := tx.NextVersion(string(tuf.RoleTargets))
	if err != nil {
		return f, err
	}
	exp := expiry(now, a.life.Targets)
	file, err := targets.Sign(v, exp, k)
	if errors.Is(err, tuf.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", ErrFull, err)
	}
	if err != nil {
		return f, fmt.Errorf("sign targets: %w", err)
	}
	f = store.File{Role: string(tuf.RoleTargets), Version: v, Online: true, Expires: exp, Bytes: file}
	if err := tx.Put(f); err != nil {
		return f, err
	}
	return f, a.newSnapshot(tx, file, exp, now)
}

// newSnapshot signs a snapshot over a targets.json, and the timestamp that names
// it.
func (a *Author) newSnapshot(tx *store.MetadataTx, targets []byte, exp, now time.Time) error {
	v, err := tx.NextVersion(string(tuf.RoleSnapshot))
	if err != nil {
		return err
	}
	s, err := tuf.NewSnapshot(v, exp, targets)
	if err != nil {
		return err
	}
	file, err := a.put(tx, tuf.RoleSnapshot, v, exp, s, limits.Snapshot)
	if err != nil {
		return err
	}
	return a.newTimestamp(tx, file, now)
}

// newTimestamp signs the online timestamp over a snapshot file. It lives at
// least as long as every bundle made so far: a device that has seen it may be
// handed such a bundle and then has to get by with what it has stored.
func (a *Author) newTimestamp(tx *store.MetadataTx, snapshot []byte, now time.Time) error {
	exp := expiry(now, a.life.Timestamp)
	last, err := tx.LastBundle(string(tuf.RoleTimestamp))
	if err != nil {
		return err
	}
	if last.After(exp) {
		exp = last
	}
	_, err = a.signTimestamp(tx, snapshot, exp, true)
	return err
}

func (a *Author) signTimestamp(tx *store.MetadataTx, snapshot []byte, exp time.Time, online bool) ([]byte, error) {
	v, err := tx.NextVersion(string(tuf.RoleTimestamp))
	if err != nil {
		return nil, err
	}
	t, err := tuf.NewTimestamp(v, exp, snapshot)
	if err != nil {
		return nil, err
	}
	file, err := a.sign(tx, tuf.RoleTimestamp, t, limits.Timestamp)
	if err != nil {
		return nil, err
	}
	return file, tx.Put(store.File{Role: string(tuf.RoleTimestamp), Version: v, Online: online, Expires: exp, Bytes: file})
}

// put signs and stores an online file.
func (a *Author) put(tx *store.MetadataTx, role tuf.Role, v int, exp time.Time, signed any, max int64) ([]byte, error) {
	file, err := a.sign(tx, role, signed, max)
	if err != nil {
		return nil, err
	}
	return file, tx.Put(store.File{Role: string(role), Version: v, Online: true, Expires: exp, Bytes: file})
}

func (a *Author) sign(tx *store.MetadataTx, role tuf.Role, signed any, max int64) ([]byte, error) {
	k, err := a.signer(tx, role)
	if err != nil {
		return nil, err
	}
	file, err := tuf.Sign(signed, k)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", role, err)
	}
	if int64(len(file)) > max {
		return nil, fmt.Errorf("sign %s: %w (%d bytes of %d)", role, ErrFull, len(file), max)
	}
	return file, nil
}

// expiry is in whole seconds, as the wire format has it.
func expiry(now time.Time, life time.Duration) time.Time {
	return now.Add(life).Truncate(time.Second)
}

// Checksum is the hex SHA-256 of a file, for x-ats-role-checksum.
func Checksum(file []byte) string {
	h := sha256.Sum256(file)
	return hex.EncodeToString(h[:])
}

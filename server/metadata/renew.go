package metadata

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// Renew signs again what has grown old: root, then targets with snapshot and
// timestamp, then the two that follow from targets signed elsewhere, then the
// timestamp alone; and the same two of production sets. Each new file has a new
// version. What this server did not author, or cannot sign for alone, it leaves
// as it is.
func (a *Author) Renew(ctx context.Context) error {
	now := a.clock()
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		if err := a.renewRoot(tx, now); err != nil {
			return err
		}
		for _, renew := range []func(*store.MetadataTx, time.Time) (bool, error){
			a.renewTargets, a.renewSnapshot, a.renewTimestamp,
		} {
			done, err := renew(tx, now)
			if err != nil {
				return err
			}
			if done {
				break // what follows from it was signed with it
			}
		}
		return a.renewProduction(tx, now)
	})
}

// renewTargets says whether it signed targets, snapshot and timestamp.
func (a *Author) renewTargets(tx *store.MetadataTx, now time.Time) (bool, error) {
	f, err := tx.Current(string(tuf.RoleTargets))
	if err != nil || !old(f, now, a.life.Targets, a.life.RenewTargets) {
		return false, err
	}
	foreign, err := tx.Elsewhere(f.Role, f.Version)
	if err != nil || foreign {
		return false, err
	}
	root, err := currentRoot(tx)
	if err != nil || !a.alone(root, tuf.RoleTargets) {
		return false, err
	}
	d, err := tuf.DraftTargets(f.Bytes)
	if err != nil {
		return false, err
	}
	a.log.Info("renewing targets, snapshot and timestamp", "expires", f.Expires)
	_, err = a.newTargets(tx, d, now)
	return true, err
}

// renewSnapshot says whether it signed snapshot and timestamp. It has to where
// targets are signed elsewhere, and the snapshot does not go with them.
func (a *Author) renewSnapshot(tx *store.MetadataTx, now time.Time) (bool, error) {
	f, err := tx.Current(string(tuf.RoleSnapshot))
	if err != nil || !old(f, now, a.life.Targets, a.life.RenewTargets) {
		return false, err
	}
	targets, err := tx.Current(string(tuf.RoleTargets))
	if err != nil {
		return false, err
	}
	a.log.Info("renewing snapshot and timestamp", "expires", f.Expires)
	return true, a.newSnapshot(tx, targets.Bytes, expiry(now, a.life.Targets), now)
}

func (a *Author) renewTimestamp(tx *store.MetadataTx, now time.Time) (bool, error) {
	f, err := tx.Current(string(tuf.RoleTimestamp))
	if err != nil || !old(f, now, a.life.Timestamp, a.life.RenewTimestamp) {
		return false, err
	}
	s, err := tx.Current(string(tuf.RoleSnapshot))
	if err != nil {
		return false, err
	}
	a.log.Info("renewing the timestamp", "expires", f.Expires)
	return true, a.newTimestamp(tx, s.Bytes, now)
}

// renewRoot extends a root that this server can sign alone; others are for
// their owners to renew.
func (a *Author) renewRoot(tx *store.MetadataTx, now time.Time) error {
	f, err := tx.Current(string(tuf.RoleRoot))
	if err != nil || !old(f, now, a.life.Root, a.life.RenewRoot) {
		return err
	}
	if _, err := tx.RootUpdate(); !errors.Is(err, store.ErrNotFound) {
		return err // its version is promised to the open transaction
	}
	k, err := a.signer(tx, tuf.RoleRoot)
	if err != nil {
		return nil
	}
	pair, online, err := a.inForce(tx)
	if err != nil {
		return err
	}
	d, err := a.nextRoot(pair, online, k, now)
	if err != nil {
		a.log.Warn("the root is due for renewal and this server can't sign it", "expires", f.Expires, "error", err)
		return nil
	}
	a.log.Info("renewing the root", "expires", f.Expires)
	_, _, err = a.bringIntoForce(tx, d)
	return err
}

// nextRoot is the root in force with a longer life, signed by k.
func (a *Author) nextRoot(p author.Pair, online map[tuf.Role]string, k tuf.Signer, now time.Time) (*author.Draft, error) {
	d, err := author.Begin(p, tuf.Changelog{Message: changedBy, Timestamp: now}, online)
	if err != nil {
		return nil, err
	}
	if err := d.Extend(expiry(now, a.life.Root)); err != nil {
		return nil, err
	}
	if err := d.Sign(k); err != nil {
		return nil, err
	}
	return d, d.Complete()
}

// changedBy is what the changelog of a root says that this server made.
const changedBy = "otactl serve"

// old says whether f, signed for life, is older than renew.
func old(f store.File, now time.Time, life, renew time.Duration) bool {
	return f.Expires.Sub(now) <= life-renew
}

// alone says whether this server signs for a role without anybody else: its key
// is here, the root names it, and one signature is enough.
func (a *Author) alone(root *tuf.Root, role tuf.Role) bool {
	_, err := a.keys.find(root, role)
	return err == nil && root.Roles[role].Threshold == 1
}

// mayAuthor is ErrElsewhere unless this server signs for the role alone.
func (a *Author) mayAuthor(tx *store.MetadataTx, role tuf.Role) error {
	root, err := currentRoot(tx)
	if err == nil && !a.alone(root, role) {
		err = fmt.Errorf("%s: %w", role, ErrElsewhere)
	}
	return err
}

func currentRoot(tx *store.MetadataTx) (*tuf.Root, error) {
	f, err := tx.Current(string(tuf.RoleRoot))
	if err != nil {
		return nil, err
	}
	return tuf.ParseRoot(f.Bytes)
}

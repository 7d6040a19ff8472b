package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// NewOnlineKeys puts new keys, made here, in the place of the online keys of
// roles in the open transaction. They are on the disk before the transaction
// names them, and sign nothing before it is applied.
func (a *Author) NewOnlineKeys(ctx context.Context, acc Access, kind tuf.KeyType, roles []tuf.Role) error {
	a.updating.Lock()
	defer a.updating.Unlock()
	may := func(tx *store.MetadataTx) error {
		_, _, err := a.openUpdate(tx, acc)
		return err
	}
	if err := a.db.UpdateMetadata(ctx, may); err != nil {
		return err
	}
	keys := map[tuf.Role]*tuf.PublicKey{}
	for _, role := range roles {
		k, err := a.keys.stage(role, kind)
		if err != nil {
			return errors.Join(err, a.unstage(keys))
		}
		keys[role] = k
	}
	now := a.clock()
	err := a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		u, d, err := a.openUpdate(tx, acc)
		if err != nil {
			return err
		}
		if err := a.abandon(tx, u, roles); err != nil {
			return err
		}
		for _, role := range roles {
			if _, ok := d.Online[role]; !ok {
				return refuse("the %s key is not on this server; rotate it as an offline key", role)
			}
			if err := d.RotateOnlineKey(role, keys[role]); err != nil {
				return refuse("%v", err)
			}
		}
		return tx.PutRootUpdate(a.fill(u, d, acc.Subject, now))
	})
	if err != nil {
		return errors.Join(err, a.unstage(keys))
	}
	return a.sweepKeys(ctx)
}

// unstage deletes keys that were made just now and that nothing names.
func (a *Author) unstage(keys map[tuf.Role]*tuf.PublicKey) error {
	var errs []error
	for role, k := range keys {
		errs = append(errs, a.keys.remove(role, k.Equal))
	}
	return errors.Join(errs...)
}

// abandon retires the keys that the open transaction staged for roles.
func (a *Author) abandon(tx *store.MetadataTx, u *store.RootUpdate, roles []tuf.Role) error {
	f, err := tx.Current(string(tuf.RoleRoot))
	if err != nil {
		return err
	}
	root, err := tuf.ParseRoot(f.Bytes)
	if err != nil {
		return err
	}
	var list []string
	for _, role := range roles {
		id, online := u.Online[string(role)]
		if _, inForce := root.Keys[id]; online && !inForce {
			list = append(list, string(role)+":"+id)
		}
	}
	return retire(tx, list)
}

// ApplyRootUpdate brings the new roots into force, all at once: the roots, and
// what has to be signed again because an online key is another one. A
// transaction that may not be applied is an *IssuesError and stays as it is.
func (a *Author) ApplyRootUpdate(ctx context.Context, acc Access) error {
	a.updating.Lock()
	defer a.updating.Unlock()
	now := a.clock()
	var replaced []string
	err := a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		u, d, err := a.openUpdate(tx, acc)
		if err != nil {
			return err
		}
		issues, err := a.issues(tx, u, d, now)
		if err != nil {
			return err
		}
		if len(issues.Errors) > 0 {
			return &IssuesError{issues}
		}
		if err := d.Complete(); err != nil {
			return err
		}
		production, err := a.resignFor(tx, u, d)
		if err != nil {
			return err
		}
		old, updated, err := a.bringIntoForce(tx, d)
		if err != nil {
			return err
		}
		if replaced, err = a.storeResigned(tx, production, now); err != nil {
			return err
		}
		if err := retire(tx, retired(old, updated, u.FirstTime)); err != nil {
			return err
		}
		if err := tx.EndRootUpdate(); err != nil {
			return err
		}
		return a.signAgain(tx, old, updated, now)
	})
	if err != nil {
		return err
	}
	a.forget(replaced...)
	// The roots are in force now, whatever happens to the files of old keys: they
	// are tried again at the next start.
	if err := a.sweepKeys(ctx); err != nil {
		a.log.Error("keys that are no longer used could not be deleted; it is tried again at the next start", "error", err)
	}
	return nil
}

// bringIntoForce stores the new roots.
func (a *Author) bringIntoForce(tx *store.MetadataTx, d *author.Draft) (old, updated *tuf.Root, err error) {
	if old, err = tuf.ParseRoot(d.Current.CI); err != nil {
		return nil, nil, err
	}
	if updated, err = tuf.ParseRoot(d.Updated.CI); err != nil {
		return nil, nil, err
	}
	v, err := tx.NextVersion(string(tuf.RoleRoot))
	if err != nil {
		return nil, nil, err
	}
	if v != updated.Version {
		return nil, nil, fmt.Errorf("the next root is version %d and the staged one %d", v, updated.Version)
	}
	for role, file := range map[string][]byte{string(tuf.RoleRoot): d.Updated.CI, prodRootRole: d.Updated.Prod} {
		err := tx.Put(store.File{Role: role, Version: v, Online: true, Expires: updated.Expires, Bytes: file})
		if err != nil {
			return nil, nil, err
		}
	}
	return old, updated, nil
}

// signAgain signs what the new root no longer vouches for, and what names it.
func (a *Author) signAgain(tx *store.MetadataTx, old, updated *tuf.Root, now time.Time) error {
	changed := func(role tuf.Role) bool {
		before, err := a.keys.signer(old, role)
		if err != nil {
			return false // it is signed elsewhere
		}
		_, err = updated.WithRootID(role, before)
		return err != nil
	}
	f, err := tx.Current(string(tuf.RoleTargets))
	if err != nil {
		return err
	}
	foreign, err := tx.Elsewhere(f.Role, f.Version)
	if err != nil {
		return err
	}
	if err := updated.Verify(tuf.RoleTargets, f.Bytes); err != nil && (foreign || !a.alone(updated, tuf.RoleTargets)) {
		a.log.Warn("targets.json has to be signed anew where its keys are, and brought here: the new root does not vouch for it", "error", err)
	}
	switch {
	case changed(tuf.RoleTargets) && !foreign:
		d, err := tuf.DraftTargets(f.Bytes)
		if err != nil {
			return err
		}
		_, err = a.newTargets(tx, d, now)
		return err
	case changed(tuf.RoleSnapshot):
		return a.newSnapshot(tx, f.Bytes, expiry(now, a.life.Targets), now)
	case changed(tuf.RoleTimestamp):
		s, err := tx.Current(string(tuf.RoleSnapshot))
		if err != nil {
			return err
		}
		return a.newTimestamp(tx, s.Bytes, now)
	}
	return nil
}

// retiredKeys is the setting that names keys whose files are to be deleted. It
// is written together with the root that makes them useless.
const retiredKeys = "retired-keys"

// retired names the keys that updated no longer lets sign, as ROLE:ID of the
// key itself; after the first time the root keys as well.
func retired(old, updated *tuf.Root, firstTime bool) []string {
	var list []string
	for _, role := range roles {
		for _, id := range old.Roles[role].KeyIDs {
			k := old.Keys[id]
			still := slices.ContainsFunc(updated.Roles[role].KeyIDs, func(id string) bool { return updated.Keys[id].Equal(k) })
			if !still || firstTime && role == tuf.RoleRoot {
				list = append(list, string(role)+":"+keyName(k))
			}
		}
	}
	return list
}

// retire adds to the keys whose files are to be deleted. Those that could not be
// deleted so far stay among them.
func retire(tx *store.MetadataTx, list []string) error {
	left, err := unswept(tx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(append(left, list...))
	if err != nil {
		return err
	}
	return tx.SetSetting(retiredKeys, string(text))
}

// unswept are the retired keys whose files may still be there.
func unswept(tx *store.MetadataTx) (list []string, err error) {
	text, err := tx.Setting(retiredKeys)
	if err != nil || text == "" {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("database: %s: %w", retiredKeys, err)
	}
	return list, nil
}

// keyName is the id of a key by itself, whatever a root calls it.
func keyName(k *tuf.PublicKey) string {
	text, err := json.Marshal(k)
	if err != nil {
		return k.ID
	}
	own, err := tuf.ParsePublicKey(text)
	if err != nil {
		return k.ID
	}
	return own.ID
}

// sweepKeys deletes the files of keys that were retired. One that the database
// says nothing of stays: the database may be an older one that somebody put
// back, and a key is not to be had again.
func (a *Author) sweepKeys(ctx context.Context) error {
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		gone, err := unswept(tx)
		if err != nil || len(gone) == 0 {
			return err
		}
		for _, role := range roles {
			err := a.keys.remove(role, func(k *tuf.PublicKey) bool { return slices.Contains(gone, string(role)+":"+k.ID) })
			if err != nil {
				return err
			}
		}
		return tx.SetSetting(retiredKeys, "[]")
	})
}

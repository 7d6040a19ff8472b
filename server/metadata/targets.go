package metadata

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// ConflictError says that a target is there already with other content.
type ConflictError struct {
	Name  string // the target to be added
	Other string // the target in its way
	Why   string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("target %s: %s", e.Name, e.Why)
}

// AddTargets adds targets and signs targets, snapshot and timestamp in one
// transaction. Targets that are there already with the same content are left
// alone; when all are, nothing is signed and added is false. One that differs
// from what is there is a *ConflictError. Version is that of targets.json.
func (a *Author) AddTargets(ctx context.Context, add map[string]tuf.Target) (version int, added bool, err error) {
	now := a.clock()
	err = a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		f, err := tx.Current(string(tuf.RoleTargets))
		if err != nil {
			return err
		}
		have, err := tuf.ParseTargets(f.Bytes)
		if err != nil {
			return err
		}
		version = have.Version
		merged, fresh, err := merge(have.Targets, add, now)
		if err != nil || !fresh {
			return err
		}
		if err := a.newTargets(tx, merged, now); err != nil {
			return err
		}
		f, err = tx.Current(string(tuf.RoleTargets))
		version, added = f.Version, true
		return err
	})
	return version, added, err
}

// merge is have with add in it, and whether anything is new in it.
func merge(have, add map[string]tuf.Target, now time.Time) (map[string]tuf.Target, bool, error) {
	merged := maps.Clone(have)
	fresh := false
	for _, name := range slices.Sorted(maps.Keys(add)) {
		t := add[name]
		old, there := merged[name]
		if there {
			same, err := alike(old, t)
			if err != nil {
				return nil, false, err
			}
			if !same {
				return nil, false, &ConflictError{Name: name, Other: name, Why: "there is one of this name with other content"}
			}
			continue
		}
		if err := versionFree(merged, name, t); err != nil {
			return nil, false, err
		}
		stamped, err := stamp(t, now)
		if err != nil {
			return nil, false, err
		}
		merged[name] = stamped
		fresh = true
	}
	return merged, fresh, nil
}

// versionFree holds that a hardware id has one target per version: a device
// that finds two cannot tell which is meant.
func versionFree(have map[string]tuf.Target, name string, t tuf.Target) error {
	c, err := t.Fields()
	if err != nil {
		return err
	}
	for _, other := range slices.Sorted(maps.Keys(have)) {
		o, err := have[other].Fields()
		if err != nil {
			return err
		}
		if o.Version != c.Version {
			continue
		}
		for _, hw := range c.HardwareIDs {
			if slices.Contains(o.HardwareIDs, hw) {
				return &ConflictError{Name: name, Other: other,
					Why: fmt.Sprintf("version %s for %s is there already as %s", c.Version, hw, other)}
			}
		}
	}
	return nil
}

// stamp sets createdAt and updatedAt where the publisher left them out.
func stamp(t tuf.Target, now time.Time) (tuf.Target, error) {
	c, err := t.Fields()
	if err != nil {
		return t, err
	}
	at := now.Format(time.RFC3339)
	if c.CreatedAt == "" {
		c.CreatedAt = at
	}
	if c.UpdatedAt == "" {
		c.UpdatedAt = at
	}
	t.Custom, err = json.Marshal(c)
	return t, err
}

// alike says whether two targets differ in more than their times.
func alike(x, y tuf.Target) (bool, error) {
	if x.Length != y.Length || !maps.Equal(x.Hashes, y.Hashes) {
		return false, nil
	}
	a, err := timeless(x)
	if err != nil {
		return false, err
	}
	b, err := timeless(y)
	return bytes.Equal(a, b), err
}

func timeless(t tuf.Target) ([]byte, error) {
	c, err := t.Fields()
	if err != nil {
		return nil, err
	}
	c.CreatedAt, c.UpdatedAt = "", ""
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return tuf.Canonical(b)
}

// Targets is the current targets.json.
func (a *Author) Targets(ctx context.Context) (*tuf.Targets, error) {
	f, err := a.db.Metadata(ctx, string(tuf.RoleTargets))
	if err != nil {
		return nil, err
	}
	return tuf.ParseTargets(f.Bytes)
}

// newest is a role's newest online file. Its bytes are shared by all who ask, so
// that a fleet that fetches a large file at once needs it in memory once.
func (a *Author) newest(ctx context.Context, role string) ([]byte, error) {
	v, err := a.db.NewestVersion(ctx, role)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, ok := a.files[role]; ok && f.Version == v {
		return f.Bytes, nil
	}
	f, err := a.db.MetadataVersion(ctx, role, v)
	if err == nil {
		a.files[role] = f
	}
	return f.Bytes, err
}

// forget drops what newest holds of a role whose file was replaced under its
// version.
func (a *Author) forget(role string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.files, role)
}

var fileName = regexp.MustCompile(`^(?:([1-9][0-9]{0,8})\.root|(root|timestamp|snapshot|targets))\.json$`)

// File is a file as clients fetch it: "root.json" for the newest root,
// "3.root.json", "timestamp.json" and so on. Anything else is
// store.ErrNotFound.
func (a *Author) File(ctx context.Context, name string) ([]byte, error) {
	return a.file(ctx, name, string(tuf.RoleRoot))
}

// file is a file as clients fetch it, with the roots of a store role.
func (a *Author) file(ctx context.Context, name, rootRole string) ([]byte, error) {
	m := fileName.FindStringSubmatch(name)
	if m == nil {
		return nil, store.ErrNotFound
	}
	if m[1] == "" {
		role := m[2]
		if role == string(tuf.RoleRoot) {
			role = rootRole
		}
		return a.newest(ctx, role)
	}
	v, err := strconv.Atoi(m[1])
	if err != nil {
		return nil, errors.Join(store.ErrNotFound, err)
	}
	f, err := a.db.MetadataVersion(ctx, rootRole, v)
	return f.Bytes, err
}

package metadata

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// Change says what a change of the targets came to.
type Change struct {
	Version  int    // of targets.json now
	Checksum string // of targets.json now
	Changed  bool   // false: all was as asked for, and nothing was signed
}

// ConflictError says that a target is in the way of a change.
type ConflictError struct {
	Name string // the target to be added or changed
	Why  string
}

func (e *ConflictError) Error() string { return fmt.Sprintf("target %s: %s", e.Name, e.Why) }

// InUseError says that a target cannot go because something stands on it.
type InUseError struct {
	Name string
	By   string // "production targets of tag main"
}

func (e *InUseError) Error() string { return fmt.Sprintf("target %s is in use by %s", e.Name, e.By) }

// Errors of changes that came too late or by the wrong way.
var (
	// ErrMoved says that targets.json is not the one that a change was made from.
	ErrMoved = errors.New("targets.json has been changed since it was read")
	// ErrNoBase says that a change of all targets does not say what it was made from.
	ErrNoBase = errors.New("a change of all targets must say which targets.json it was made from")
	// ErrFull says that a file would grow beyond what clients accept.
	ErrFull = errors.New("the metadata file would be longer than clients accept")
	// ErrElsewhere says that the role is signed elsewhere, and not by this server alone.
	ErrElsewhere = errors.New("this server does not sign for the role alone")
)

// edit is one change of the targets, inside its transaction.
type edit struct {
	*tuf.TargetsDraft
	tx      *store.MetadataTx
	now     time.Time
	taken   map[store.TargetVersion]string // by this change, and by which target
	changed bool
	inUse   map[string]string // targets that cannot go, and by whom; nil until it is asked for
}

func notThere(name string) error {
	return &RequestError{NotFound: true, Why: fmt.Sprintf("target %s is not there", name)}
}

// change runs fn over the current targets, alone among writers, and signs what
// came of it. With base, which is a checksum, the current targets.json has to
// be that one.
func (a *Author) change(ctx context.Context, base string, fn func(*edit) error) (out Change, err error) {
	now := a.clock()
	err = a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		e, sum, err := startEdit(tx, base, now)
		if err != nil {
			return err
		}
		out = Change{Version: e.Version(), Checksum: sum}
		if err := fn(e); err != nil || !e.changed {
			return err
		}
		if err := a.mayAuthor(tx, tuf.RoleTargets); err != nil {
			return err
		}
		if err := tx.TakeVersions(e.taken); err != nil {
			return err
		}
		f, err := a.newTargets(tx, e.TargetsDraft, now)
		out = Change{Version: f.Version, Checksum: Checksum(f.Bytes), Changed: true}
		return err
	})
	return out, err
}

// startEdit reads the current targets to be changed, and their checksum.
func startEdit(tx *store.MetadataTx, base string, now time.Time) (*edit, string, error) {
	f, err := tx.Current(string(tuf.RoleTargets))
	if err != nil {
		return nil, "", err
	}
	sum := Checksum(f.Bytes)
	if base != "" && base != sum {
		return nil, "", ErrMoved
	}
	d, err := tuf.DraftTargets(f.Bytes)
	return &edit{TargetsDraft: d, tx: tx, now: now, taken: map[store.TargetVersion]string{}}, sum, err
}

// take takes the name of a new target, and its version for each of its hardware
// ids: a device that finds two, now or later, cannot tell which is meant.
func (e *edit) take(name string) error {
	if taken, err := e.tx.NameTaken(name); err != nil {
		return err
	} else if taken {
		return &ConflictError{Name: name, Why: "there was one of this name; a name is used once"}
	}
	c, err := e.fields(name)
	if err != nil {
		return err
	}
	for _, hw := range c.HardwareIDs {
		if err := e.takeVersion(name, hw, c.Version); err != nil {
			return err
		}
	}
	return nil
}

func (e *edit) takeVersion(name, hwid, version string) error {
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return refuse("target %s: version %q is not a whole number", name, version)
	}
	v := store.TargetVersion{HardwareID: hwid, Version: n}
	owner, here := e.taken[v]
	if !here {
		owner, err = e.tx.VersionOwner(v)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		e.taken[v] = name
		return nil
	case err != nil:
		return err
	case e.Entry(owner) == nil:
		return &ConflictError{Name: name, Why: fmt.Sprintf("version %s for %s was that of %s, which is gone; a version is used once", version, hwid, owner)}
	}
	return &ConflictError{Name: name, Why: fmt.Sprintf("version %s for %s is there already as %s", version, hwid, owner)}
}

// seedVersions notes the versions of targets that were added before versions
// were noted. None could be taken out then, so the current ones are all.
func (a *Author) seedVersions(ctx context.Context) error {
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		if any, err := tx.AnyVersionTaken(); err != nil || any {
			return err
		}
		e, _, err := startEdit(tx, "", a.clock())
		if err != nil {
			return err
		}
		for _, name := range e.Names() {
			if err := e.take(name); err != nil {
				return fmt.Errorf("note the version of a target: %w", err)
			}
		}
		return tx.TakeVersions(e.taken)
	})
}

// HighestVersion is the highest version that a target ever had, of one of the
// hardware ids or, without any, of all; 0 for none.
func (a *Author) HighestVersion(ctx context.Context, hwids ...string) (int64, error) {
	return a.db.HighestVersion(ctx, hwids...)
}

// Targets is the current targets.json and its checksum, to be looked at.
func (a *Author) Targets(ctx context.Context) (*tuf.TargetsDraft, string, error) {
	file, err := a.newest(ctx, string(tuf.RoleTargets))
	if err != nil {
		return nil, "", err
	}
	d, err := tuf.DraftTargets(file)
	return d, Checksum(file), err
}

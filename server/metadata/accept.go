package metadata

import (
	"context"
	"fmt"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// SignatureError says that a file is not signed by enough of the keys that the
// current root names.
type SignatureError struct{ Why string }

func (e *SignatureError) Error() string { return e.Why }

// Accept takes a targets.json that was signed elsewhere, and signs a snapshot
// and a timestamp over it. base is as for Replace. The file has to be signed by
// the threshold of the current root, to have the version that follows the
// current one, and not to have expired; what is in it is held to the same as
// what Replace is given. It is stored in canonical form with its signatures,
// and never signed again by this server.
func (a *Author) Accept(ctx context.Context, base string, file []byte) (out Change, err error) {
	if base == "" {
		return Change{}, ErrNoBase
	}
	canon, next, err := readUpload(file)
	if err != nil {
		return Change{}, err
	}
	now := a.clock()
	err = a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		e, _, err := startEdit(tx, base, now)
		if err != nil {
			return err
		}
		if err := a.checkUpload(tx, canon, next, now); err != nil {
			return err
		}
		if err := e.replace(next); err != nil {
			return err
		}
		if err := tx.TakeVersions(e.taken); err != nil {
			return err
		}
		out = Change{Version: next.Version(), Checksum: Checksum(canon), Changed: true}
		return a.putUpload(tx, canon, next, now)
	})
	return out, err
}

// readUpload reads every entry of a file: it will be served as it is.
func readUpload(file []byte) ([]byte, *tuf.TargetsDraft, error) {
	if len(file) > limits.Targets {
		return nil, nil, fmt.Errorf("targets.json: %w (%d bytes of %d)", ErrFull, len(file), limits.Targets)
	}
	canon, err := tuf.Normalise(file)
	if err != nil {
		return nil, nil, err
	}
	if _, err := tuf.ParseTargets(canon); err != nil {
		return nil, nil, err
	}
	d, err := tuf.DraftTargets(canon)
	return canon, d, err
}

func (a *Author) checkUpload(tx *store.MetadataTx, canon []byte, next *tuf.TargetsDraft, now time.Time) error {
	root, err := currentRoot(tx)
	if err != nil {
		return err
	}
	rep, err := root.Signatures(tuf.RoleTargets, canon)
	if err != nil {
		return err
	}
	if rep.Threshold < 1 || rep.Missing() > 0 {
		return &SignatureError{fmt.Sprintf("targets.json: %d of the %d distinct keys that root %d wants for targets signed validly (bad: %d, unknown: %d)",
			len(rep.Valid), rep.Threshold, root.Version, len(rep.Invalid), len(rep.Unknown))}
	}
	version, err := tx.NextVersion(string(tuf.RoleTargets))
	if err != nil {
		return err
	}
	if next.Version() != version {
		return refuse("targets.json: it is version %d, and %d follows", next.Version(), version)
	}
	if !next.Expires().After(now) {
		return refuse("targets.json: it expired at %s", next.Expires().Format(time.RFC3339))
	}
	return nil
}

func (a *Author) putUpload(tx *store.MetadataTx, canon []byte, next *tuf.TargetsDraft, now time.Time) error {
	f := store.File{Role: string(tuf.RoleTargets), Version: next.Version(), Online: true, Expires: next.Expires(), Bytes: canon}
	if err := tx.Put(f); err != nil {
		return err
	}
	if err := tx.MarkElsewhere(f.Role, f.Version); err != nil {
		return err
	}
	return a.newSnapshot(tx, canon, expiry(now, a.life.Targets), now)
}

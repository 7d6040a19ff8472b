package metadata

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// WaveError says why a wave cannot be made or changed as it was asked for.
type WaveError struct {
	Code string // for programs: "wave_active"
	Why  string // for people
}

func (e *WaveError) Error() string { return e.Why }

func refuseWave(code, format string, args ...any) error {
	return &WaveError{Code: code, Why: fmt.Sprintf(format, args...)}
}

// NewWave is a wave to be made. Targets is a targets.json in canonical form
// whose targets are well formed and carry the one tag.
type NewWave struct {
	Name    string
	Version int // of Targets
	Tag     string
	Targets []byte
	By      string // who makes it
}

// CreateWave takes a wave: its targets are the tag's production targets, but for
// those that were dropped, and new ones. The signatures have to be by targets
// keys of the production root. Where this server has the online targets key, it
// adds its own signature to targets that it has signed for CI or production
// before.
func (a *Author) CreateWave(ctx context.Context, n NewWave) error {
	now := a.clock()
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		root, err := prodRoot(tx)
		if err != nil {
			return err
		}
		if err := free(tx, n); err != nil {
			return err
		}
		targets, err := tuf.DraftTargets(n.Targets)
		if err != nil {
			return err
		}
		if !targets.Expires().After(now) {
			return refuseWave("bad_wave", "the targets expired on %s", targets.Expires().Format(time.RFC3339))
		}
		if err := a.signaturesCount(root, n.Targets); err != nil {
			return err
		}
		production, err := currentTargets(tx, prodSet(n.Tag).role(tuf.RoleTargets))
		if err != nil {
			return err
		}
		if err := follows(targets, production, n.Tag); err != nil {
			return err
		}
		file, err := a.countersign(tx, root, n.Targets, targets, production)
		if err != nil {
			return err
		}
		return tx.AddWave(store.Wave{Name: n.Name, Version: n.Version, Tag: n.Tag, Created: now, CreatedBy: n.By}, file)
	})
}

// free holds that the name is new and that no other wave of the tag is under way.
func free(tx *store.MetadataTx, n NewWave) error {
	_, err := tx.Wave(n.Name)
	if err == nil {
		return refuseWave("wave_exists", "there is a wave of the name %s already; names are not used twice", n.Name)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	other, err := tx.ActiveWave(n.Tag)
	if err == nil {
		return refuseWave("wave_active", "wave %s of tag %s is active; complete or cancel it first", other.Name, n.Tag)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// currentTargets reads the newest file of a targets role; it has no targets where
// there is none.
func currentTargets(tx *store.MetadataTx, role string) (*tuf.TargetsDraft, error) {
	f, err := tx.Current(role)
	if errors.Is(err, store.ErrNotFound) {
		return tuf.NewTargetsDraft(), nil
	}
	if err != nil {
		return nil, err
	}
	return tuf.DraftTargets(f.Bytes)
}

// signaturesCount wants each signature to be valid and by a targets key of the
// production root, and one of them to be by a key that is not on this server.
func (a *Author) signaturesCount(root *tuf.Root, file []byte) error {
	sigs, err := root.Signatures(tuf.RoleTargets, file)
	if err != nil {
		return err
	}
	if bad := slices.Concat(sigs.Invalid, sigs.Unknown); len(bad) > 0 {
		return refuseWave("bad_signature", "the signature by key %.80q is not a valid one by a targets key of production root %d", bad[0], root.Version)
	}
	online, err := a.keys.signer(root, tuf.RoleTargets)
	if !slices.ContainsFunc(sigs.Valid, func(id string) bool { return err != nil || id != online.Public().ID }) {
		return refuseWave("bad_signature", "the targets are not signed by an offline targets key of production root %d", root.Version)
	}
	return nil
}

// follows holds that targets come after the tag's production targets: a higher
// version, none of those changed, and what is new of that version.
func follows(targets, production *tuf.TargetsDraft, tag string) error {
	if targets.Version() <= production.Version() {
		return refuseWave("wave_version", "production targets of tag %s have version %d, and the wave's version %d is not higher",
			tag, production.Version(), targets.Version())
	}
	for _, name := range targets.Names() {
		old := production.Entry(name)
		if old != nil && !bytes.Equal(old, targets.Entry(name)) {
			return refuseWave("target_exists", "target %s is a production target of tag %s already, with other content", name, tag)
		}
		if old != nil {
			continue
		}
		t, err := targets.Target(name)
		if err != nil {
			return err
		}
		c, err := t.Fields()
		if err != nil {
			return err
		}
		if c.Version != strconv.Itoa(targets.Version()) {
			return refuseWave("bad_wave", "target %s is new in the wave and of version %s, not of the wave's version %d", name, c.Version, targets.Version())
		}
	}
	return nil
}

// countersign adds the online signature, if the production root lists this
// server's targets key, and if each target is one that was signed here before,
// and so is what stands beside them, which may name others whom devices believe:
// whoever has stolen an offline key still has to get the target through CI.
func (a *Author) countersign(tx *store.MetadataTx, root *tuf.Root, file []byte, targets, production *tuf.TargetsDraft) ([]byte, error) {
	signer, err := a.keys.signer(root, tuf.RoleTargets)
	if err != nil {
		return file, nil // it is kept elsewhere
	}
	ci, err := currentTargets(tx, string(tuf.RoleTargets))
	if err != nil {
		return nil, err
	}
	if len(targets.OtherFields(ci)) > 0 && len(targets.OtherFields(production)) > 0 {
		a.log.Warn("a wave says more than its targets, and that was not signed before; the online key does not sign it", "fields", targets.OtherFields(ci))
		return file, nil
	}
	for _, name := range targets.Names() {
		if production.Entry(name) != nil { // and the same: follows has seen to that
			continue
		}
		same, err := sameButTags(ci.Entry(name), targets.Entry(name))
		if err != nil {
			return nil, err
		}
		if !same {
			a.log.Warn("a wave holds a target that CI has not signed; the online key does not sign it", "target", name)
			return file, nil
		}
	}
	signed, err := tuf.AddSignature(file, signer)
	if errors.Is(err, tuf.ErrDuplicate) {
		return file, nil
	}
	return signed, err
}

// sameButTags says whether two entries differ in their tags alone, and in when
// those were changed; the first may be missing.
func sameButTags(a, b json.RawMessage) (bool, error) {
	if a == nil {
		return false, nil
	}
	tagless := map[string]any{"tags": nil, "updatedAt": nil}
	a, err := tuf.WithCustom(a, tagless)
	if err != nil {
		return false, err
	}
	b, err = tuf.WithCustom(b, tagless)
	return bytes.Equal(a, b), err
}

// activeWave is the active wave of a name, or a *WaveError.
func activeWave(tx *store.MetadataTx, name string) (store.Wave, error) {
	w, err := tx.Wave(name)
	if errors.Is(err, store.ErrNotFound) {
		return w, refuseWave("wave_not_found", "there is no wave of this name")
	}
	if err == nil && w.Status != store.WaveActive {
		err = refuseWave("wave_finished", "wave %s is %s already", w.Name, w.Status)
	}
	return w, err
}

// SignWave adds signatures to an active wave.
func (a *Author) SignWave(ctx context.Context, name string, add []tuf.Signature) error {
	err := a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		w, err := activeWave(tx, name)
		if err != nil {
			return err
		}
		root, err := prodRoot(tx)
		if err != nil {
			return err
		}
		file, err := tx.WaveTargets(w)
		if err != nil {
			return err
		}
		if err := fresh(root, file, add); err != nil {
			return err
		}
		if file, err = withSignatures(file, add); err != nil {
			return err
		}
		if err := a.signaturesCount(root, file); err != nil {
			return err
		}
		return a.replaceWave(tx, w, file)
	})
	a.forget(waveSet(name).role(tuf.RoleTargets)) // once it is replaced: whoever reads now reads the new one
	return err
}

// fresh holds that no signature is by a key that has signed.
func fresh(root *tuf.Root, file []byte, add []tuf.Signature) error {
	have, err := root.Signatures(tuf.RoleTargets, file)
	if err != nil {
		return err
	}
	for _, s := range add {
		for _, id := range have.Valid {
			if id == s.KeyID || root.Keys[s.KeyID] != nil && root.Keys[s.KeyID].Equal(root.Keys[id]) {
				return refuseWave("already_signed", "key %.80q has signed this wave already", s.KeyID)
			}
		}
	}
	return nil
}

// withSignatures is a file with more signatures behind those that it has.
func withSignatures(file []byte, add []tuf.Signature) ([]byte, error) {
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	e.Signatures = slices.Concat(e.Signatures, add)
	return e.File()
}

// replaceWave stores a wave's file with other signatures. A wave that devices
// may have gets new snapshots with it: they name the file by its hash.
func (a *Author) replaceWave(tx *store.MetadataTx, w store.Wave, file []byte) error {
	if err := tx.SetWaveTargets(w, file); err != nil {
		return err
	}
	f, err := tx.Current(waveSet(w.Name).role(tuf.RoleTargets))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Bytes = file
	if err := tx.Replace(f); err != nil {
		return err
	}
	return a.signTag(tx, w.Tag, a.clock())
}

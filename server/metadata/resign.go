package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// ProductionSignatures are further signatures on production targets, by tag, and
// on active waves, by name, that a new production root asks for.
type ProductionSignatures struct {
	Tags  map[string][]tuf.Signature `json:"tags,omitempty"`
	Waves map[string][]tuf.Signature `json:"waves,omitempty"`
}

// resigned is a targets.json with the signatures that a new production root lets
// count.
type resigned struct {
	set     targetSet
	wave    store.Wave // of a wave
	file    []byte
	changed bool
	handed  bool // devices may be handed it
	missing int  // signatures that the new root wants besides
}

// resign says what becomes of production targets and active waves when the
// production root updated follows old: signatures that no longer count go, those
// in add come, and what this server's key has signed its new key signs.
func (a *Author) resign(tx *store.MetadataTx, old, updated *tuf.Root, add ProductionSignatures) ([]resigned, error) {
	tags, err := tx.WaveTags()
	if err != nil {
		return nil, err
	}
	var all []resigned
	for _, tag := range tags {
		f, err := tx.Current(prodSet(tag).role(tuf.RoleTargets))
		if err == nil {
			all = append(all, resigned{set: prodSet(tag), file: f.Bytes, handed: true})
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		waves, err := resignedWaves(tx, tag)
		if err != nil {
			return nil, err
		}
		all = append(all, waves...)
	}
	for i := range all {
		sigs := add.Tags
		if all[i].set.kind == "wave" {
			sigs = add.Waves
		}
		if err := a.resignFile(&all[i], old, updated, sigs[all[i].set.name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// resignedWaves are the active wave of a tag, and the canceled ones that some
// device still has.
func resignedWaves(tx *store.MetadataTx, tag string) ([]resigned, error) {
	waves, err := tx.OpenWaves(tag)
	if err != nil {
		return nil, err
	}
	active, err := tx.ActiveWave(tag)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil && !slices.ContainsFunc(waves, func(w store.Wave) bool { return w.Seq == active.Seq }) {
		waves = append(waves, active)
	}
	var all []resigned
	for _, w := range waves {
		r := resigned{set: waveSet(w.Name), wave: w}
		f, err := tx.Current(r.set.role(tuf.RoleTargets))
		switch {
		case err == nil: // what devices have: of a canceled wave only this is signed again
			r.file, r.handed = f.Bytes, true
		case errors.Is(err, store.ErrNotFound):
			r.file, err = tx.WaveTargets(w)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func (a *Author) resignFile(r *resigned, old, updated *tuf.Root, add []tuf.Signature) error {
	before := r.file
	was, err := old.Signatures(tuf.RoleTargets, before)
	if err != nil {
		return err
	}
	if r.file, err = withSignatures(before, without(before, add)); err != nil {
		return err
	}
	counts, err := updated.Signatures(tuf.RoleTargets, r.file)
	if err != nil {
		return err
	}
	if r.file, err = only(r.file, counts.Valid); err != nil {
		return err
	}
	mine, err := a.keys.signer(old, tuf.RoleTargets)
	if err == nil && slices.Contains(was.Valid, mine.Public().ID) {
		next, err := a.keys.signer(updated, tuf.RoleTargets)
		if err == nil {
			file, serr := tuf.AddSignature(r.file, next)
			if serr != nil && !errors.Is(serr, tuf.ErrDuplicate) {
				return serr
			}
			if serr == nil {
				r.file = file
			}
		}
	}
	if counts, err = updated.Signatures(tuf.RoleTargets, r.file); err != nil {
		return err
	}
	r.missing, r.changed = counts.Missing(), !bytes.Equal(before, r.file)
	return nil
}

// without is add but for those by keys that have signed file: somebody may have
// done so since they were staged.
func without(file []byte, add []tuf.Signature) []tuf.Signature {
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		return add
	}
	return slices.DeleteFunc(slices.Clone(add), func(s tuf.Signature) bool { return signedBy(e, s.KeyID) })
}

func signedBy(e *tuf.Envelope, id string) bool {
	return slices.ContainsFunc(e.Signatures, func(s tuf.Signature) bool { return s.KeyID == id })
}

// only is a file with the signatures of these key ids and no others.
func only(file []byte, ids []string) ([]byte, error) {
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	e.Signatures = slices.DeleteFunc(e.Signatures, func(s tuf.Signature) bool { return !slices.Contains(ids, s.KeyID) })
	return e.File()
}

// storeResigned stores what resign made, and signs all production snapshots and
// timestamps anew. Whoever calls it forgets the roles that it returns once the
// transaction is done.
func (a *Author) storeResigned(tx *store.MetadataTx, all []resigned, now time.Time) (roles []string, err error) {
	for _, r := range all {
		if !r.changed {
			continue
		}
		if r.set.kind == "wave" {
			if err := tx.SetWaveTargets(r.wave, r.file); err != nil {
				return nil, err
			}
		}
		if !r.handed {
			continue
		}
		role := r.set.role(tuf.RoleTargets)
		f, err := tx.Current(role)
		if err != nil {
			return nil, err
		}
		f.Bytes = r.file
		if err := tx.Replace(f); err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	return roles, a.signProduction(tx, now)
}

// resignFor is resign for the open root transaction.
func (a *Author) resignFor(tx *store.MetadataTx, u *store.RootUpdate, d *author.Draft) ([]resigned, error) {
	var add ProductionSignatures
	if len(u.Signatures) > 0 {
		if err := json.Unmarshal(u.Signatures, &add); err != nil {
			return nil, fmt.Errorf("database: signatures of the root transaction: %w", err)
		}
	}
	if len(d.Current.Prod) == 0 {
		return nil, nil // nothing can have been signed under it
	}
	old, err := tuf.ParseRoot(d.Current.Prod)
	if err != nil {
		return nil, err
	}
	updated, err := tuf.ParseRoot(d.Updated.Prod)
	if err != nil {
		return nil, err
	}
	return a.resign(tx, old, updated, add)
}

// productionIssues adds what devices have now and would refuse under the new
// production root. What only devices have that were handed a canceled wave does
// not hold everybody else up.
func (a *Author) productionIssues(tx *store.MetadataTx, u *store.RootUpdate, d *author.Draft, list *author.Issues) error {
	all, err := a.resignFor(tx, u, d)
	for _, r := range all {
		if !r.handed || r.missing == 0 {
			continue
		}
		n := author.Note{Kind: "targets-signatures", Args: map[string]string{r.set.kind: r.set.name},
			Message: fmt.Sprintf("%s would lack %d signatures under the new root; add them with otactl keys tuf sign-prod-targets", r.set, r.missing)}
		if r.wave.Status == store.WaveCanceled {
			list.Warnings = append(list.Warnings, n)
		} else {
			list.Errors = append(list.Errors, n)
		}
	}
	return err
}

// String names the set for people.
func (s targetSet) String() string {
	if s.kind == "wave" {
		return "wave " + s.name
	}
	return "the production targets of tag " + s.name
}

// takeSignatures adds signatures to the open transaction. One that is not by a
// targets key of the new production root, or on what is not there, is refused.
func (a *Author) takeSignatures(tx *store.MetadataTx, u *store.RootUpdate, d *author.Draft, add ProductionSignatures) error {
	var have ProductionSignatures
	if len(u.Signatures) > 0 {
		if err := json.Unmarshal(u.Signatures, &have); err != nil {
			return fmt.Errorf("database: signatures of the root transaction: %w", err)
		}
	}
	have.Tags, have.Waves = together(have.Tags, add.Tags), together(have.Waves, add.Waves)
	var err error
	if u.Signatures, err = json.Marshal(have); err != nil {
		return err
	}
	all, err := a.resignFor(tx, u, d)
	if err != nil {
		return refuse("signatures on production targets: %v", err)
	}
	for kind, sigs := range map[string]map[string][]tuf.Signature{"prod": add.Tags, "wave": add.Waves} {
		for name, list := range sigs {
			i := slices.IndexFunc(all, func(r resigned) bool { return r.set == targetSet{kind, name} })
			if i < 0 {
				return refuse("signatures on %s %s: there are no such targets", kind, name)
			}
			if err := kept(all[i].file, list); err != nil {
				return refuse("signatures on %s %s: %v", kind, name, err)
			}
		}
	}
	return nil
}

// together is both: several people sign one after the other. Of two signatures
// by one key the later one stays.
func together(a, b map[string][]tuf.Signature) map[string][]tuf.Signature {
	out := map[string][]tuf.Signature{}
	maps.Copy(out, a)
	for name, add := range b {
		list := slices.DeleteFunc(slices.Clone(out[name]), func(s tuf.Signature) bool {
			return slices.ContainsFunc(add, func(o tuf.Signature) bool { return o.KeyID == s.KeyID })
		})
		out[name] = append(list, add...)
	}
	return out
}

// kept holds that a file is signed by whoever made these signatures.
func kept(file []byte, list []tuf.Signature) error {
	e, err := tuf.ParseEnvelope(file)
	if err != nil {
		return err
	}
	for _, s := range list {
		if !signedBy(e, s.KeyID) {
			return fmt.Errorf("the one by key %.80q is not a valid one by a targets key of the new production root", s.KeyID)
		}
	}
	return nil
}

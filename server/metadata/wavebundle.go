package metadata

import (
	"errors"
	"slices"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// waveOfBundle is the set of an active wave that has all its signatures. Who
// asks for it offers the wave to every device that the bundle comes to: in its
// rollout or not, such a device can't be handed the production targets any more,
// which are older. So each target that only the wave has is noted, and a device
// that runs one is handed the wave from then on.
func (a *Author) waveOfBundle(tx *store.MetadataTx, req BundleRequest, now time.Time) (*current, error) {
	w, err := tx.Wave(req.Wave)
	if errors.Is(err, store.ErrNotFound) || err == nil && w.Status != store.WaveActive {
		return nil, &RequestError{NotFound: true, Why: "No active Wave with the specified name was found"}
	}
	if err != nil {
		return nil, err
	}
	file, expires, err := ready(tx, w, now)
	if err != nil {
		return nil, err
	}
	if err := onlyInWave(tx, w, file, req); err != nil {
		return nil, err
	}
	if err := tx.AddWaveBundle(w, req.Target, now, req.By); err != nil {
		return nil, err
	}
	if err := a.openWave(tx, w, file, expires, now); err != nil {
		return nil, err
	}
	return readCurrent(tx, bundleProd, w.Tag, prodRootRole, waveSet(w.Name).role)
}

// onlyInWave refuses targets that production has already, the one asked for and
// those of the list to extend: by them nobody could tell which devices have the
// wave's metadata from a bundle.
func onlyInWave(tx *store.MetadataTx, w store.Wave, file []byte, req BundleRequest) error {
	production, err := currentTargets(tx, prodSet(w.Tag).role(tuf.RoleTargets))
	if err != nil {
		return err
	}
	names := []string{req.Target}
	if req.Extend != nil {
		old, err := tuf.ParseBundleTargets(req.Extend)
		if err != nil {
			return refuse("bundle-targets: %v", err)
		}
		names = slices.Concat(names, old.Targets)
	}
	for _, name := range names {
		if production.Entry(name) != nil {
			return refuse("target %s is a production target already, which wave %s did not bring; make a bundle of production targets for it", name, w.Name)
		}
	}
	return nil
}

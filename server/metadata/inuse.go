package metadata

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// unused holds that a target is neither in production nor in a wave under way:
// devices there would be left with a target that nobody can look at.
func (e *edit) unused(name string) error {
	if e.inUse == nil {
		if err := e.findUse(); err != nil {
			return err
		}
	}
	if by := e.inUse[name]; by != "" {
		return &InUseError{Name: name, By: by}
	}
	return nil
}

func (e *edit) findUse() error {
	e.inUse = map[string]string{}
	prefix := prodSet("").role(tuf.RoleTargets)
	files, err := e.tx.CurrentBelow(prefix)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := e.uses(f.Bytes, "the production targets of tag "+strings.TrimPrefix(f.Role, prefix)); err != nil {
			return err
		}
	}
	tags, err := e.tx.WaveTags()
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if err := e.findWave(tag); err != nil {
			return err
		}
	}
	return nil
}

func (e *edit) findWave(tag string) error {
	w, err := e.tx.ActiveWave(tag)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := e.tx.WaveTargets(w)
	if err != nil {
		return err
	}
	return e.uses(file, "wave "+w.Name)
}

// uses notes all targets of a targets.json.
func (e *edit) uses(file []byte, by string) error {
	d, err := tuf.DraftTargets(file)
	if err != nil {
		return fmt.Errorf("%s: %w", by, err)
	}
	for _, name := range d.Names() {
		e.inUse[name] = by
	}
	return nil
}

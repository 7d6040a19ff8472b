package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// What a new targets key signs again comes from the backend, and the key that
// signed it before may be replaced because somebody has stolen it. So it is held
// against what is in force, and shown.

// errPassedOver says that a wave is left unsigned, which was told.
var errPassedOver = errors.New("passed over")

// vouchTag holds that a file is a tag's production targets: signed by all that
// the production root in force asks for, and of that tag.
func (w *rootWork) vouchTag(d *author.Draft, tag string, file []byte) error {
	prod, err := tuf.ParseRoot(d.Current.Prod)
	if err != nil {
		return err
	}
	if err := prod.Verify(tuf.RoleTargets, file); err != nil {
		return err
	}
	t, err := tuf.ParseTargets(file)
	if err != nil {
		return err
	}
	for name, target := range t.Targets {
		f, err := target.Fields()
		if err != nil {
			return err
		}
		if !slices.Equal(f.Tags, []string{tag}) {
			return fail.New(fail.Verification, "don't sign it; ask who runs the backend", "target %s carries the tags %s", name, strings.Join(f.Tags, ","))
		}
	}
	w.showTargets("production targets of tag "+tag, t)
	return nil
}

// vouchWave holds a wave's targets to what waves sign does.
func (w *rootWork) vouchWave(ctx context.Context, d *author.Draft, name string, file []byte) error {
	wave, err := w.api.Wave(ctx, name, false)
	if err != nil {
		return err
	}
	prod, err := w.rt.production(ctx, w.api, wave.Tag, d.Current.CI)
	if err != nil {
		return err
	}
	before, err := prod.targets()
	if err != nil {
		return err
	}
	ci, err := w.rt.ciTargets(ctx, w.api, d.Current.CI)
	if err != nil {
		return err
	}
	draft, err := tuf.DraftTargets(file)
	if err != nil {
		return err
	}
	if _, err := publish.ReviewWave(draft, before, ci, wave.Tag); err != nil {
		return err
	}
	t, err := tuf.ParseTargets(file)
	if err == nil {
		w.showTargets("wave "+name, t)
	}
	return err
}

// showTargets tells the person what is about to be signed.
func (w *rootWork) showTargets(what string, t *tuf.Targets) {
	var names []string
	for name := range t.Targets {
		names = append(names, name)
	}
	slices.Sort(names)
	w.rt.say("  %s: version %d, good until %s", oneLine(what), t.Version, date(t.Expires))
	for _, name := range names {
		w.rt.say("    %s  commit %s", oneLine(name), oneLine(t.Targets[name].Commit()))
	}
}

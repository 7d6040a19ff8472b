package conformance_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
	"github.com/otactl/otactl/tuf/tuftest"
)

// in gives a key the form that another dialect has for it.
func (k *key) in(t *testing.T, l lang) *key {
	other := newKey(t, l, ed)
	other.signer = k.signer
	other.public["keyval"] = doc{"public": publicText(t, k.signer.Public())}
	other.id = l.keyID(t, other)
	return other
}

// Nothing switches dialect along a chain, whoever signed it: not a root, not a
// role below it, not a whole repository under the same keys and versions.
func TestNothingSwitchesDialect(t *testing.T) {
	for from, to := range map[lang]lang{ota: standard, standard: ota} {
		for what, served := range map[string][]string{
			"a root": {root}, "a timestamp": {timestamp}, "a snapshot": {snapshot}, "targets": {targets}, "all": topLevel(),
		} {
			t.Run(string(from)+" to "+string(to)+"/"+what, func(t *testing.T) {
				d := newDevice(t, from)
				d.r.everything()
				other := newRepo(t, to)
				for _, role := range topLevel() {
					k := d.r.keys[role][0].in(t, to)
					other.setKeys(role, 1, []*key{k}, []*key{k})
				}
				other.everything()
				other.everything()
				for _, role := range served {
					d.r.files[role] = other.files[role]
				}
				if slices.Contains(served, root) {
					d.r.files[root] = [][]byte{other.files[root][0], other.files[root][1], other.files[root][2]}
				}
				cache := &tuftest.Cache{Files: maps.Clone(d.cache)}
				before := maps.Clone(cache.Files)
				_, err := tuf.Refresh(t.Context(), d.r, cache, tuf.RefreshOptions{Now: today(), Dialects: []tuf.Dialect{spec.Dialect{}}})
				if _, ok := errors.AsType[*tuf.Error](err); !ok {
					t.Errorf("got %v", err)
				}
				delete(before, tuf.RootName(3)) // ours, which comes before what is refused
				for name, file := range before {
					if string(cache.Files[name]) != string(file) {
						t.Errorf("%s has changed", name)
					}
				}
			})
		}
	}
}

// What a device has stored is read in the dialect of the stored root.
func TestStoredMetadataIsReadInItsDialect(t *testing.T) {
	for _, l := range []lang{ota, standard} {
		d := newDevice(t, l)
		cache := &tuftest.Cache{Files: d.cache}
		trust, err := tuf.FromCache(t.Context(), cache, today(), spec.Dialect{})
		if err != nil || trust.Dialect().Name() != string(l) || trust.Targets().Version != 2 {
			t.Errorf("%s: %v", l, err)
		}
		_, err = tuf.FromCache(t.Context(), cache, today())
		if l.spec() != errors.Is(err, tuf.ErrNoRoot) {
			t.Errorf("%s without the dialect of the specification: %v", l, err)
		}
		if chain, err := tuf.Chain(t.Context(), d.r, cache, tuf.RefreshOptions{Now: today(), Dialects: []tuf.Dialect{spec.Dialect{}}}); err != nil || chain.Root().Version != 2 {
			t.Errorf("%s: the chain alone: %v", l, err)
		}
	}
}

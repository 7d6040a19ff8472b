package pull

import (
	"errors"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
)

// TestACommitMustBeMadeForTheCollectionHoweverItIsReached: by a ref, by its
// checksum or as a parent.
func TestACommitMustBeMadeForTheCollectionHoweverItIsReached(t *testing.T) {
	w := newWorld(t)
	unbound := w.commit("main")
	bound := w.commit("main", "--add-metadata-string=ostree.collection-binding=org.example.A")
	for name, o := range map[string]Options{
		"by its checksum": {Refs: []Ref{{Commit: &unbound}}},
		"by a ref":        {Refs: []Ref{{Name: "main", Commit: &unbound}}},
		"as a parent":     {Depth: 1},
	} {
		o.CollectionID = "org.example.A"
		if _, err := w.pull(o); !errors.Is(err, ostree.ErrNotBound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.mustPull(Options{CollectionID: "org.example.A", Refs: []Ref{{Commit: &bound}}})
	testkit.OSTree(t, "--repo="+w.served, "config", "set", "core.collection-id", "org.example.A")
	local, err := OpenLocal(w.served)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), repoOf(t, ostree.ModeArchive), local, Options{Remote: "origin", Refs: []Ref{{Commit: &unbound}}}); !errors.Is(err, ostree.ErrNotBound) {
		t.Errorf("from a repo on this machine: %v", err)
	}
}

// TestAServerPutsNoRefIntoACollectionThatItIsNotConfiguredFor although its
// summary says that it is that one.
func TestAServerPutsNoRefIntoACollectionThatItIsNotConfiguredFor(t *testing.T) {
	w := newWorld(t)
	w.commit("main", "--add-metadata-string=ostree.collection-binding=org.example.A")
	testkit.OSTree(t, "--repo="+w.served, "config", "set", "core.collection-id", "org.example.B")
	w.summary()
	mirrored := func(o Options) map[ostree.CollectionRef]ostree.Checksum {
		t.Helper()
		w.repo = repoOf(t, ostree.ModeArchive)
		o.Mirror, o.Refs = true, []Ref{{Name: "main"}}
		w.mustPull(o)
		refs, err := w.repo.MirrorRefs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return refs
	}
	for configured, want := range map[string]string{"org.example.A": "org.example.A", "": "org.example.B"} {
		refs := mirrored(Options{CollectionID: configured})
		if refs[ostree.CollectionRef{Collection: want, Name: "main"}].IsZero() || len(refs) != 1 {
			t.Errorf("configured is %q: %v", configured, refs)
		}
	}
}

package storetest

import (
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/ostree"
)

func TestStoresKeepTheirPromises(t *testing.T) {
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBare, ostree.ModeBareUser} {
		t.Run(string(mode), func(t *testing.T) {
			Run(t, func(t *testing.T) ostree.Store {
				r, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), mode)
				if err != nil {
					t.Fatal(err)
				}
				return r
			})
		})
	}
	t.Run("memory", func(t *testing.T) {
		Run(t, func(*testing.T) ostree.Store { return &Memory{} })
	})
	t.Run("memory, ordered", func(t *testing.T) {
		Run(t, func(*testing.T) ostree.Store { return &Memory{Rules: ostree.Traits{Ordered: true}} })
	})
}

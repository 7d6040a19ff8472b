package storetest

import (
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/ostree"
)

func repo(t *testing.T, mode ostree.Mode) *ostree.Repo {
	t.Helper()
	r, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), mode)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStoresKeepTheirPromises(t *testing.T) {
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBare, ostree.ModeBareUser} {
		t.Run(string(mode), func(t *testing.T) {
			Run(t, func(t *testing.T) ostree.Store { return repo(t, mode) })
		})
	}
	t.Run("bare-user-only", func(t *testing.T) {
		RunPlain(t, func(t *testing.T) ostree.Store { return repo(t, ostree.ModeBareUserOnly) })
	})
	t.Run("memory", func(t *testing.T) {
		Run(t, func(*testing.T) ostree.Store { return &Memory{} })
	})
	t.Run("memory, every other call fails", func(t *testing.T) {
		Run(t, func(*testing.T) ostree.Store { return patient{&Faulty{Store: &Memory{}, Faults: &everyOther{}}} })
	})
	t.Run("archive, every other call fails", func(t *testing.T) {
		Run(t, func(t *testing.T) ostree.Store {
			return patient{&Faulty{Store: repo(t, ostree.ModeArchive), Faults: &everyOther{}}}
		})
	})
	t.Run("memory, ordered", func(t *testing.T) {
		Run(t, func(*testing.T) ostree.Store { return &Memory{Rules: ostree.Traits{Ordered: true}} })
	})
}

func TestStoresAreSources(t *testing.T) {
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBare, ostree.ModeBareUser, ostree.ModeBareUserOnly} {
		t.Run(string(mode), func(t *testing.T) {
			RunSource(t, func(t *testing.T, s *Sample) ostree.Source { return Filled(t, repo(t, mode), s) })
		})
	}
	t.Run("memory", func(t *testing.T) {
		RunSource(t, func(t *testing.T, s *Sample) ostree.Source { return Filled(t, &Memory{}, s) })
	})
}

// A store that fails at any one call leaves a copy that can be done again.
func TestACopySurvivesAnyOneFault(t *testing.T) {
	for _, point := range []string{"has", "begin", "put", "close"} {
		for nth := 1; nth < 60; nth += 4 {
			sample := NewSample(t, 3, 4, "a")
			store := &Faulty{Store: repo(t, ostree.ModeArchive), Faults: FailAt(point, nth)}
			_, err := ostree.Copy(t.Context(), store, sample, sample.Commit, ostree.CopyOptions{})
			if err == nil {
				break
			}
			Filled(t, store.Store, sample)
			if _, err := ostree.Verify(t.Context(), store.Store, sample.Commit, ostree.VerifyOptions{}); err != nil {
				t.Errorf("%s, %d: %v", point, nth, err)
			}
		}
	}
}

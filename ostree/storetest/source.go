package storetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/otactl/otactl/ostree"
)

// RunSource checks the promises of ostree.Source on sources that serve makes:
// each holds all of the sample, at the ref "main", and nothing else.
func RunSource(t *testing.T, serve func(t *testing.T, s *Sample) ostree.Source) {
	s := NewPlainSample(t, 2, 3, "a")
	src := serve(t, s)
	t.Run("has answers id by id", func(t *testing.T) {
		ids := append([]ostree.ObjectID{{Sum: ostree.Checksum{1}, Type: ostree.TypeFile}}, s.Files...)
		found, err := src.Has(t.Context(), ids)
		if err != nil || len(found) != len(ids) {
			t.Fatalf("%v, %v", found, err)
		}
		for i, ok := range found {
			if ok != (i > 0) {
				t.Errorf("object %s: there is %v", ids[i], ok)
			}
		}
	})
	t.Run("an object reads back, as often as it is opened", func(t *testing.T) {
		for _, id := range append(s.Files, ostree.ObjectID{Sum: s.Root, Type: ostree.TypeDirTree}, ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommit}) {
			obj, err := src.Object(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := ostree.VerifyObject(t.Context(), obj); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
			if got, err := read(t.Context(), obj); id.Type != ostree.TypeFile && (err != nil || !bytes.Equal(got, s.Raw(id))) {
				t.Errorf("%s reads back as %x, %v", id, got, err)
			}
		}
	})
	t.Run("a missing object is a MissingError", func(t *testing.T) { isMissing(t, src) })
	t.Run("refs", func(t *testing.T) {
		if c, err := src.Ref(t.Context(), "main"); err != nil || c != s.Commit {
			t.Errorf("main is %s, %v", c, err)
		}
		if c, err := src.Ref(t.Context(), "no/such"); !errors.Is(err, ostree.ErrRefNotFound) {
			t.Errorf("%s, %v, want ErrRefNotFound", c, err)
		}
	})
	t.Run("a copy of it is whole", func(t *testing.T) {
		dst := &Memory{Rules: ostree.Traits{Ordered: true}}
		if _, err := ostree.Copy(t.Context(), dst, src, s.Commit, ostree.CopyOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := ostree.Verify(t.Context(), dst, s.Commit, ostree.VerifyOptions{}); err != nil {
			t.Error(err)
		}
	})
}

func isMissing(t *testing.T, s ostree.Source) {
	t.Helper()
	for _, typ := range []ostree.ObjectType{ostree.TypeFile, ostree.TypeDirTree, ostree.TypeCommit, ostree.TypeCommitMeta} {
		obj, err := s.Object(t.Context(), ostree.ObjectID{Sum: ostree.Checksum{1}, Type: typ})
		if err == nil {
			_, err = read(t.Context(), obj)
		}
		if _, ok := errors.AsType[*ostree.MissingError](err); !ok {
			t.Errorf("%s: %v, want a MissingError", typ, err)
		}
	}
}

// Filled is a store with all of the sample in it, at the ref "main".
func Filled(t *testing.T, s ostree.Store, sample *Sample) ostree.Store {
	t.Helper()
	if _, err := ostree.Copy(t.Context(), s, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetRef(t.Context(), "main", sample.Commit, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

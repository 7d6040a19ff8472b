package ostree_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// generous gives many objects at a time, or whatever else answer says.
type generous struct {
	*storetest.Sample
	answer func(ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error

	mu   sync.Mutex
	ones int // objects that were asked for by themselves
}

func (s *generous) GivesMany() bool { return true }

func (s *generous) GetMany(_ context.Context, ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
	return s.answer(ids, give)
}

func (s *generous) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	obj, err := s.Sample.Object(ctx, id)
	if err != nil {
		return nil, err
	}
	return opened{obj, s}, nil
}

// opened is an object that counts when it is opened.
type opened struct {
	ostree.Object
	src *generous
}

func (o opened) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	o.src.mu.Lock()
	o.src.ones++
	o.src.mu.Unlock()
	return o.Object.OpenArchive(ctx)
}

func (s *generous) all(ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
	for _, id := range ids {
		if err := give(id, bytes.Clone(s.Raw(id))); err != nil {
			return err
		}
	}
	return nil
}

// Whatever an answer of many objects lacks, and however it ends, all of them
// arrive, and nothing that is not what its name says.
func TestObjectsComeManyAtATimeAndTheRestOneByOne(t *testing.T) {
	s := &generous{Sample: storetest.NewSample(t, 30, 40, "a")}
	for what, c := range map[string]struct {
		answer func(ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error
		most   int // objects by themselves
	}{
		"all": {s.all, 2}, // the commit, and that it has no detached metadata
		"every second": {func(ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
			return s.all(ids[:len(ids)/2], give)
		}, 1000},
		"none": {func([]ostree.ObjectID, func(ostree.ObjectID, []byte) error) error { return nil }, 1300},
		"broken off": {func(ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
			return errors.Join(s.all(ids[:1], give), errors.New("the line broke"))
		}, 1300},
		"twice": {func(ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
			return errors.Join(s.all(ids, give), s.all(ids, give))
		}, 2},
		"what nobody asked for": {func(_ []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
			return give(ostree.ObjectID{Sum: ostree.Checksum{1}, Type: ostree.TypeFile}, []byte("x"))
		}, 1300},
	} {
		t.Run(what, func(t *testing.T) {
			s.answer, s.ones = c.answer, 0
			dst := newRepo(t, ostree.ModeArchive)
			if _, err := ostree.Copy(t.Context(), dst, s, s.Commit, ostree.CopyOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := ostree.Verify(t.Context(), dst, s.Commit, ostree.VerifyOptions{}); err != nil {
				t.Error(err)
			}
			if s.ones > c.most {
				t.Errorf("%d objects were asked for by themselves, want at most %d", s.ones, c.most)
			}
		})
	}
}

func TestAFileThatComesWithManyIsVerified(t *testing.T) {
	s := &generous{Sample: storetest.NewSample(t, 2, 3, "a")}
	s.answer = func(ids []ostree.ObjectID, give func(ostree.ObjectID, []byte) error) error {
		for _, id := range ids {
			data := bytes.Clone(s.Raw(id))
			data[len(data)-1] ^= 1
			if err := give(id, data); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := ostree.Copy(t.Context(), newRepo(t, ostree.ModeArchive), s, s.Commit, ostree.CopyOptions{})
	if _, corrupt := errors.AsType[*ostree.CorruptError](err); !corrupt {
		t.Errorf("%v, want a CorruptError", err)
	}
}

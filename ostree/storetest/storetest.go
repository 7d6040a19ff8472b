// Package storetest holds an implementation of ostree.Store to the promises
// that ostree.Copy builds on, and has a store in memory and one that fails on
// demand for tests of whatever uses a Store.
//
// It is imported by tests alone.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
)

// Run checks each promise of ostree.Store on stores that newStore makes; each
// must be empty and able to keep owners, modes and xattrs.
func Run(t *testing.T, newStore func(t *testing.T) ostree.Store) {
	contract{NewSample}.run(t, newStore)
}

// RunPlain is Run for stores that keep neither owners nor xattrs, and no mode
// beyond those of bare-user-only.
func RunPlain(t *testing.T, newStore func(t *testing.T) ostree.Store) {
	contract{NewPlainSample}.run(t, newStore)
}

// contract is what a Store promises, checked with samples of one kind.
type contract struct {
	sample func(t testing.TB, dirs, files int, text string) *Sample
}

func (c contract) run(t *testing.T, newStore func(t *testing.T) ostree.Store) {
	for _, p := range []struct {
		name string
		test func(t *testing.T, s ostree.Store)
	}{
		{"what was put reads back after close", c.readsBack},
		{"has answers id by id", c.hasAnswers},
		{"a missing object is a MissingError", c.missingObject},
		{"a corrupt object is refused and not there", c.corruptObject},
		{"an object may be put twice, also at once", c.putTwice},
		{"a put that is cancelled takes no other of its object with it", c.putCancelled},
		{"a closed session takes nothing", c.closedSession},
		{"an aborted session leaves whole objects or none", c.abortedSession},
		{"an ordered store refuses a parent before its children", c.orderHeld},
		{"a missing ref is ErrRefNotFound", c.missingRef},
		{"a ref moves only to a complete commit", c.refToComplete},
		{"a ref moves only from where it is thought to be", c.refFromKnown},
		{"a copy is complete, and a second one moves nothing", c.copyTwice},
		{"a copy that broke off goes on", c.copyResumes},
	} {
		t.Run(p.name, func(t *testing.T) { p.test(t, newStore(t)) })
	}
}

func begin(t *testing.T, s ostree.Store) ostree.Session {
	t.Helper()
	session, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// put stores objects in a session of their own.
func put(t *testing.T, s ostree.Store, objs ...ostree.Object) error {
	t.Helper()
	session := begin(t, s)
	for _, o := range objs {
		if err := session.Put(t.Context(), o); err != nil {
			session.Abort()
			return err
		}
	}
	return session.Close(t.Context())
}

func has(t *testing.T, s ostree.Store, id ostree.ObjectID) bool {
	t.Helper()
	found, err := s.Has(t.Context(), []ostree.ObjectID{id})
	if err != nil || len(found) != 1 {
		t.Fatalf("has %s: %v, %v", id, found, err)
	}
	return found[0]
}

func (c contract) readsBack(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 1, 2, "a")
	for _, id := range sample.Files {
		if err := put(t, s, sample.object(t, id)); err != nil {
			t.Fatal(err)
		}
		obj, err := s.Object(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a handle can be opened again
			if err := ostree.VerifyObject(t.Context(), obj); err != nil {
				t.Error(err)
			}
		}
	}
	meta := ostree.ObjectID{Sum: dirMetaOf(t, sample), Type: ostree.TypeDirMeta}
	if err := put(t, s, sample.object(t, meta)); err != nil {
		t.Fatal(err)
	}
	obj, err := s.Object(t.Context(), meta)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read(t.Context(), obj); err != nil || !bytes.Equal(got, sample.Raw(meta)) {
		t.Errorf("dirmeta reads back as %x, %v", got, err)
	}
}

func dirMetaOf(t *testing.T, s *Sample) ostree.Checksum {
	t.Helper()
	c, err := ostree.LoadCommit(t.Context(), s, s.Commit)
	if err != nil {
		t.Fatal(err)
	}
	return c.Meta
}

func (c contract) hasAnswers(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 1, 3, "a")
	if err := put(t, s, sample.object(t, sample.Files[1]), sample.object(t, sample.Files[4])); err != nil {
		t.Fatal(err)
	}
	found, err := s.Has(t.Context(), sample.Files)
	if err != nil || len(found) != len(sample.Files) {
		t.Fatalf("%v, %v", found, err)
	}
	for i, ok := range found {
		if ok != (i == 1 || i == 4) {
			t.Errorf("object %d: there is %v", i, ok)
		}
	}
	if none, err := s.Has(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("asked about nothing: %v, %v", none, err)
	}
}

func (c contract) missingObject(t *testing.T, s ostree.Store) {
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

func (c contract) corruptObject(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 0, 0, "a")
	id := sample.Files[1]
	good := sample.Raw(id)
	for name, raw := range map[string][]byte{
		"flipped bit":     append([]byte{}, append(good[:20:20], append([]byte{good[20] ^ 1}, good[21:]...)...)...),
		"cut":             good[:len(good)-2],
		"bytes behind":    append(append([]byte{}, good...), 0),
		"nothing":         {},
		"another's bytes": sample.Raw(sample.Files[0]),
	} {
		if err := put(t, s, archived(id, raw)); err == nil {
			t.Errorf("%s: taken", name)
		}
		if has(t, s, id) {
			t.Fatalf("%s: is there", name)
		}
	}
	meta := ostree.NewMetadata(ostree.TypeDirMeta, []byte("no dirmeta"))
	if err := put(t, s, meta); err == nil || has(t, s, meta.ID()) {
		t.Errorf("metadata not in normal form was taken: %v", err)
	}
}

func (c contract) putTwice(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 0, 0, "a")
	session := begin(t, s)
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { errs[i] = session.Put(t.Context(), sample.object(t, sample.Files[i%2])) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if err := session.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := put(t, s, sample.object(t, sample.Files[0])); err != nil {
		t.Errorf("again, in another session: %v", err)
	}
	if !has(t, s, sample.Files[0]) || !has(t, s, sample.Files[1]) {
		t.Error("what was put is not there")
	}
}

func (c contract) putCancelled(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 0, 0, "a")
	id := sample.Files[1]
	session := begin(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stuck := &stuckReader{began: make(chan struct{}), over: ctx.Done()}
	gaveUp, put := make(chan error, 1), make(chan error, 1)
	go func() { gaveUp <- session.Put(ctx, stuck.object(id, int64(len(sample.Raw(id))))) }()
	<-stuck.began
	go func() { put <- session.Put(t.Context(), sample.object(t, id)) }()
	time.Sleep(time.Millisecond) // it may be done by then, or wait for the other
	cancel()
	if err := <-gaveUp; err == nil {
		t.Error("an object was taken that did not come")
	}
	if err := <-put; err != nil {
		t.Errorf("the other: %v", err)
	}
	if err := session.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !has(t, s, id) {
		t.Error("what was put is not there")
	}
}

func (c contract) closedSession(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 0, 0, "a")
	session := begin(t, s)
	if err := session.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	session.Abort() // after Close, nothing happens
	if err := session.Put(t.Context(), sample.object(t, sample.Files[0])); err == nil {
		t.Error("a closed session took an object")
	}
	if has(t, s, sample.Files[0]) {
		t.Error("it is there")
	}
}

func (c contract) abortedSession(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 0, 0, "a")
	session := begin(t, s)
	if err := session.Put(t.Context(), sample.object(t, sample.Files[3])); err != nil {
		t.Fatal(err)
	}
	session.Abort()
	if !has(t, s, sample.Files[3]) {
		return
	}
	obj, err := s.Object(t.Context(), sample.Files[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := ostree.VerifyObject(t.Context(), obj); err != nil {
		t.Errorf("it is there, but: %v", err)
	}
}

func (c contract) orderHeld(t *testing.T, s ostree.Store) {
	if !s.Traits().Ordered {
		return // it promises nothing of the kind
	}
	sample := c.sample(t, 1, 1, "a")
	for _, id := range []ostree.ObjectID{{Sum: sample.Root, Type: ostree.TypeDirTree}, {Sum: sample.Commit, Type: ostree.TypeCommit}} {
		if err := put(t, s, sample.object(t, id)); err == nil || has(t, s, id) {
			t.Errorf("%s was taken before its children: %v", id, err)
		}
	}
}

func (c contract) missingRef(t *testing.T, s ostree.Store) {
	if at, err := s.Ref(t.Context(), "no/such"); !errors.Is(err, ostree.ErrRefNotFound) {
		t.Errorf("%s, %v, want ErrRefNotFound", at, err)
	}
}

func copied(t *testing.T, s ostree.Store, sample *Sample) ostree.CopyReport {
	t.Helper()
	report, err := ostree.Copy(t.Context(), s, sample, sample.Commit, ostree.CopyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (c contract) refToComplete(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 1, 1, "a")
	if err := s.SetRef(t.Context(), "main", sample.Commit, nil); err == nil {
		t.Error("a ref names a commit that is not there")
	}
	if _, err := s.Ref(t.Context(), "main"); !errors.Is(err, ostree.ErrRefNotFound) {
		t.Errorf("after that: %v, want ErrRefNotFound", err)
	}
	copied(t, s, sample)
	if err := s.SetRef(t.Context(), "main", sample.Commit, nil); err != nil {
		t.Fatal(err)
	}
	if at, err := s.Ref(t.Context(), "main"); err != nil || at != sample.Commit {
		t.Errorf("ref is %s, %v", at, err)
	}
}

func (c contract) refFromKnown(t *testing.T, s ostree.Store) {
	a, b := c.sample(t, 1, 1, "a"), c.sample(t, 1, 1, "b")
	copied(t, s, a)
	copied(t, s, b)
	none := ostree.Checksum{}
	if err := s.SetRef(t.Context(), "main", a.Commit, &b.Commit); !errors.Is(err, ostree.ErrRefMoved) {
		t.Errorf("from a commit where there was none: %v, want ErrRefMoved", err)
	}
	if err := s.SetRef(t.Context(), "main", a.Commit, &none); err != nil {
		t.Fatal(err)
	}
	if err := s.SetRef(t.Context(), "main", b.Commit, &none); !errors.Is(err, ostree.ErrRefMoved) {
		t.Errorf("from none where there was one: %v, want ErrRefMoved", err)
	}
	if at, err := s.Ref(t.Context(), "main"); err != nil || at != a.Commit {
		t.Errorf("ref is %s, %v, want it unmoved", at, err)
	}
	if err := s.SetRef(t.Context(), "main", b.Commit, &a.Commit); err != nil {
		t.Errorf("from where it is: %v", err)
	}
}

func (c contract) copyTwice(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 4, 5, "a")
	first := copied(t, s, sample)
	if want := 4 + 20 + 4 + 1 + 1 + 1; first.Copied != want { // files, dirtrees, root, dirmeta, commit
		t.Errorf("copied %d objects, want %d", first.Copied, want)
	}
	report, err := ostree.Verify(t.Context(), s, sample.Commit, ostree.VerifyOptions{})
	if err != nil || report.Objects != first.Copied {
		t.Errorf("verified %+v, %v", report, err)
	}
	if again := copied(t, s, sample); again.Copied != 0 || again.Bytes != 0 {
		t.Errorf("a second copy moved %+v", again)
	}
	next := c.sample(t, 4, 5, "b")
	if r := copied(t, s, next); r.Copied != 3 { // the file, the root, the commit
		t.Errorf("a change of one file moved %d objects, want 3", r.Copied)
	}
}

func (c contract) copyResumes(t *testing.T, s ostree.Store) {
	sample := c.sample(t, 4, 5, "a")
	for nth := 1; ; nth += 7 {
		_, err := ostree.Copy(t.Context(), s, sample, sample.Commit, ostree.CopyOptions{Faults: FailAt("copy.put", nth)})
		if err == nil {
			break
		}
		if !errors.Is(err, ErrInjected) {
			t.Fatal(err)
		}
		if has(t, s, ostree.ObjectID{Sum: sample.Commit, Type: ostree.TypeCommit}) {
			t.Fatal("the commit is there before all it reaches")
		}
	}
	if _, err := ostree.Verify(t.Context(), s, sample.Commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

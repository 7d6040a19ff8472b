package ostree_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

func newRepo(t *testing.T, mode ostree.Mode) *ostree.Repo {
	t.Helper()
	repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), mode)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func holds(t *testing.T, s ostree.Source, id ostree.ObjectID) bool {
	t.Helper()
	found, err := s.Has(t.Context(), []ostree.ObjectID{id})
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// child gives a sample a commit on top of its own, of the same tree.
func child(t *testing.T, s *storetest.Sample, parent ostree.Checksum, subject string) ostree.Checksum {
	t.Helper()
	c, err := ostree.LoadCommit(t.Context(), s, s.Commit)
	if err != nil {
		t.Fatal(err)
	}
	c.Parent, c.Subject = &parent, subject
	data, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	id := ostree.NewMetadata(ostree.TypeCommit, data).ID()
	s.SetRaw(id, data)
	return id.Sum
}

func TestDepthBringsParentsAndEndsWhereTheyEnd(t *testing.T) {
	s := storetest.NewSample(t, 2, 2, "a")
	one := child(t, s, ostree.Checksum{9}, "one") // whose parent nobody has
	two := child(t, s, one, "two")
	three := child(t, s, two, "three")
	for depth, want := range map[int]int{0: 1, 1: 2, 2: 3, 7: 3, -1: 3} {
		dst := newRepo(t, ostree.ModeArchive)
		mustCopy(t, dst, s, three, ostree.CopyOptions{Depth: depth})
		got := 0
		for _, c := range []ostree.Checksum{one, two, three} {
			if whole, err := dst.IsComplete(c); err != nil {
				t.Fatal(err)
			} else if whole {
				got++
			}
		}
		if got != want {
			t.Errorf("depth %d: %d commits, want %d", depth, got, want)
		}
	}
	dst := newRepo(t, ostree.ModeArchive)
	mustCopy(t, dst, s, three, ostree.CopyOptions{})
	if r := mustCopy(t, dst, s, three, ostree.CopyOptions{Depth: 1}); r.Copied != 1 {
		t.Errorf("one more parent later: %+v, want one object", r)
	}
	if _, err := ostree.CopyAll(t.Context(), dst, s, []ostree.Checksum{three, {9}}, ostree.CopyOptions{}); err == nil {
		t.Error("a commit that was asked for is missing, and nobody says so")
	}
}

// Two branches meet in a commit that is there. The one that reaches it first
// wants nothing before it, the other does.
func TestDepthReachesAsFarWhicheverBranchIsSlow(t *testing.T) {
	s := storetest.NewSample(t, 2, 2, "a")
	before := child(t, s, ostree.Checksum{9}, "before")
	met := child(t, s, before, "met")
	middle := child(t, s, met, "middle")
	long, short := child(t, s, middle, "long"), child(t, s, met, "short")
	dst := newRepo(t, ostree.ModeArchive)
	mustCopy(t, dst, s, met, ostree.CopyOptions{})
	there := make(chan struct{})
	src := &counted{Source: s, wait: func(id ostree.ObjectID, _ int) {
		switch id {
		case ostree.ObjectID{Sum: middle, Type: ostree.TypeCommit}:
			close(there)
		case ostree.ObjectID{Sum: short, Type: ostree.TypeCommit}:
			<-there
			time.Sleep(100 * time.Millisecond) // for the other branch to go on
		}
	}}
	if _, err := ostree.CopyAll(t.Context(), dst, src, []ostree.Checksum{long, short}, ostree.CopyOptions{Depth: 2}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]ostree.Checksum{"before": before, "met": met, "middle": middle, "long": long, "short": short} {
		if whole, err := dst.IsComplete(c); err != nil || !whole {
			t.Errorf("%s is not there, %v", name, err)
		}
	}
}

func TestCommitsThatShareATreeMoveItOnce(t *testing.T) {
	s := storetest.NewSample(t, 5, 5, "a")
	two := child(t, s, s.Commit, "two")
	dst := ordered()
	r, err := ostree.CopyAll(t.Context(), dst, s, []ostree.Checksum{s.Commit, two}, ostree.CopyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if seen := map[ostree.ObjectID]bool{}; true {
		for _, id := range dst.Puts() {
			if seen[id] {
				t.Errorf("%s moved twice", id)
			}
			seen[id] = true
		}
		if r.Copied != len(seen) {
			t.Errorf("%+v, and %d objects moved", r, len(seen))
		}
	}
}

func TestSubpathsBringOnlyWhatTheyName(t *testing.T) {
	s := storetest.NewSample(t, 4, 3, "a")
	dst := newRepo(t, ostree.ModeArchive)
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{Subpaths: []string{"/dir1", "/dir3/file3-0", "/first", "/none"}})
	want := map[string]bool{"/first": true, "/empty": false, "/dir1/file1-0": true, "/dir1/file1-2": true, "/dir3/file3-0": true, "/dir3/file3-1": false}
	for path, there := range want {
		e, err := ostree.Lookup(t.Context(), s, s.Commit, path)
		if err != nil {
			t.Fatal(err)
		}
		if got := holds(t, dst, ostree.ObjectID{Sum: e.Sum, Type: ostree.TypeFile}); got != there {
			t.Errorf("%s is there: %v", path, got)
		}
	}
	if _, err := ostree.Lookup(t.Context(), dst, s.Commit, "/dir0/file0-0"); err == nil {
		t.Error("the directory that nobody asked for is there")
	}
	if !dst.IsPartial(s.Commit) {
		t.Error("the commit is not marked as partial")
	}
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{})
	if dst.IsPartial(s.Commit) {
		t.Error("it is still marked after all of it came")
	}
	if _, err := ostree.Verify(t.Context(), dst, s.Commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"dir1", ""} {
		if _, err := ostree.Copy(t.Context(), dst, s, s.Commit, ostree.CopyOptions{Subpaths: []string{bad}}); err == nil {
			t.Errorf("subpath %q was taken", bad)
		}
	}
}

func TestCommitOnlyLeavesItPartial(t *testing.T) {
	s := storetest.NewSample(t, 2, 2, "a")
	dst := newRepo(t, ostree.ModeArchive)
	if r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{CommitOnly: true}); r.Copied != 1 || !dst.IsPartial(s.Commit) {
		t.Errorf("%+v, partial: %v", r, dst.IsPartial(s.Commit))
	}
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{})
	if r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{CommitOnly: true}); r.Copied != 0 || dst.IsPartial(s.Commit) {
		t.Errorf("of one that is complete: %+v, partial: %v", r, dst.IsPartial(s.Commit))
	}
}

func TestANearerCopyIsUsedAndNotTrusted(t *testing.T) {
	s, near := storetest.NewSample(t, 3, 3, "a"), storetest.NewSample(t, 3, 3, "a")
	near.SetRaw(near.Files[0], near.Raw(near.Files[1])) // damaged
	near.SetRaw(ostree.ObjectID{Sum: near.Root, Type: ostree.TypeDirTree}, []byte{1})
	near.SetRaw(near.Files[5], nil)
	src := &counted{Source: s}
	dst := newRepo(t, ostree.ModeArchive)
	r := mustCopy(t, dst, src, s.Commit, ostree.CopyOptions{Caches: []ostree.Source{near}})
	if _, err := ostree.Verify(t.Context(), dst, s.Commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	if opened := src.opened(); opened != 2+3 { // the commit, its detached metadata, and what near has not or not whole
		t.Errorf("%d objects came from afar, want 5", opened)
	}
	if r.Cached == 0 || r.Copied != 4 {
		t.Errorf("%+v", r)
	}
}

func TestWhoTrustsTheSourceDoesNotTrustANearerCopy(t *testing.T) {
	s, near := storetest.NewSample(t, 2, 2, "a"), storetest.NewSample(t, 2, 2, "a")
	near.SetRaw(near.Files[0], near.Raw(near.Files[1]))
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBareUser} {
		dst := newRepo(t, mode)
		r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{Trusted: true, Caches: []ostree.Source{near}})
		if _, err := ostree.Verify(t.Context(), dst, s.Commit, ostree.VerifyOptions{}); err != nil || r.Cached == 0 {
			t.Errorf("%s: %+v, %v", mode, r, err)
		}
	}
}

// counted counts what is opened, how often, and how many at once.
type counted struct {
	ostree.Source
	wait func(id ostree.ObjectID, n int) // called with how many are open
	mu   sync.Mutex
	list []ostree.ObjectID
	now  int
}

func (c *counted) opened() int { return len(c.list) }

func (c *counted) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	return ostree.NewArchived(id, func(ctx context.Context) (io.ReadCloser, int64, error) {
		c.mu.Lock()
		c.list = append(c.list, id)
		c.now++
		now := c.now
		c.mu.Unlock()
		defer func() { c.mu.Lock(); c.now--; c.mu.Unlock() }()
		if c.wait != nil {
			c.wait(id, now)
		}
		obj, err := c.Source.Object(ctx, id)
		if err != nil {
			return nil, 0, err
		}
		return obj.OpenArchive(ctx)
	}), nil
}

func TestAsManyRequestsAreUnderWayAsThereMayBe(t *testing.T) {
	s := storetest.NewSample(t, 30, 30, "a")
	src := &counted{Source: s}
	over, enough := make(chan struct{}), false
	var once sync.Once
	src.wait = func(id ostree.ObjectID, n int) {
		if n == 64 {
			once.Do(func() { enough = true; close(over) })
		}
		if id.Type != ostree.TypeFile {
			return // there are not as many until all directories are read
		}
		select {
		case <-over:
		case <-time.After(20 * time.Second):
			once.Do(func() { close(over) })
		}
	}
	dst := newRepo(t, ostree.ModeArchive)
	mustCopy(t, dst, src, s.Commit, ostree.CopyOptions{Jobs: 64})
	if !enough {
		t.Error("there were never 64 requests under way")
	}
}

func TestACommitIsJudgedBeforeAnythingIsWritten(t *testing.T) {
	s := storetest.NewSample(t, 2, 2, "a")
	refused := errors.New("not signed")
	dst := newRepo(t, ostree.ModeArchive)
	_, err := ostree.Copy(t.Context(), dst, s, s.Commit, ostree.CopyOptions{
		CheckCommit: func(_ context.Context, c ostree.Checksum, data, detached []byte) error {
			if c != s.Commit || !bytes.Equal(data, s.Raw(ostree.ObjectID{Sum: c, Type: ostree.TypeCommit})) || detached != nil {
				t.Errorf("judged is %s: %x, %x", c, data, detached)
			}
			return refused
		}})
	if !errors.Is(err, refused) {
		t.Errorf("error is %v", err)
	}
	n := 0
	if err := dst.ListObjects(t.Context(), func(ostree.ObjectID) error { n++; return nil }); err != nil || n != 0 {
		t.Errorf("%d objects were written (%v)", n, err)
	}
}

func TestWhatWasLoadedIsNotReadAgainAndNotTrusted(t *testing.T) {
	s := storetest.NewSample(t, 1, 1, "a")
	id := ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommit}
	meta := ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommitMeta}
	loaded := map[ostree.ObjectID][]byte{id: s.Raw(id), meta: nil}
	src := &counted{Source: s}
	mustCopy(t, newRepo(t, ostree.ModeArchive), src, s.Commit, ostree.CopyOptions{Loaded: loaded})
	for _, o := range src.list {
		if o == id || o == meta {
			t.Errorf("%s was read again", o)
		}
	}
	loaded[id] = append(bytes.Clone(loaded[id]), 0)
	if _, err := ostree.Copy(t.Context(), newRepo(t, ostree.ModeArchive), src, s.Commit, ostree.CopyOptions{Loaded: loaded}); err == nil {
		t.Error("another commit was taken for it")
	}
}

func TestFilesThatAreNotWantedAreRefusedByTheirHeader(t *testing.T) {
	s := storetest.NewSample(t, 1, 1, "a") // one of its files is setuid
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBareUser} {
		dst := newRepo(t, mode)
		_, err := ostree.Copy(t.Context(), dst, s, s.Commit, ostree.CopyOptions{CheckFile: ostree.CheckUserOnly})
		bad, ok := errors.AsType[*ostree.CorruptError](err)
		if !ok || bad.ID != s.Files[3] || holds(t, dst, s.Files[3]) {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestTrustedFilesAreTakenAsTheyComeAndOthersNot(t *testing.T) {
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBareUser} {
		s := storetest.NewSample(t, 1, 1, "a")
		s.SetRaw(s.Files[1], s.Raw(s.Files[0]))
		if _, err := ostree.Copy(t.Context(), newRepo(t, mode), s, s.Commit, ostree.CopyOptions{}); err == nil {
			t.Errorf("%s: a damaged file was taken", mode)
		}
		mustCopy(t, newRepo(t, mode), s, s.Commit, ostree.CopyOptions{Trusted: true})
		tree := ostree.ObjectID{Sum: s.Root, Type: ostree.TypeDirTree}
		s.SetRaw(tree, []byte{0})
		if _, err := ostree.Copy(t.Context(), newRepo(t, mode), s, s.Commit, ostree.CopyOptions{Trusted: true}); err == nil {
			t.Errorf("%s: a damaged dirtree was taken", mode)
		}
	}
}

func TestLinkedFilesAreTheSourcesOwn(t *testing.T) {
	s := storetest.NewSample(t, 2, 2, "a")
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBareUser} {
		src, dst := newRepo(t, mode), newRepo(t, mode)
		mustCopy(t, src, s, s.Commit, ostree.CopyOptions{})
		mustCopy(t, dst, src, s.Commit, ostree.CopyOptions{Link: true})
		if !sameFile(t, objectFile(src, s.Files[1]), objectFile(dst, s.Files[1])) {
			t.Errorf("%s: a file was copied and not linked", mode)
		}
		other := newRepo(t, ostree.ModeBareUserOnly)
		if mode == ostree.ModeBareUser {
			other = newRepo(t, ostree.ModeArchive)
		}
		if mode == ostree.ModeArchive {
			other = newRepo(t, ostree.ModeBareUser)
		}
		mustCopy(t, other, src, s.Commit, ostree.CopyOptions{Link: true})
		if _, err := ostree.Verify(t.Context(), other, s.Commit, ostree.VerifyOptions{}); err != nil {
			t.Errorf("%s into %s: %v", mode, other.Mode(), err)
		}
	}
}

func TestADamagedFileIsNotLinkedUnlessItIsTrusted(t *testing.T) {
	s := storetest.NewSample(t, 2, 2, "a")
	src := newRepo(t, ostree.ModeArchive)
	mustCopy(t, src, s, s.Commit, ostree.CopyOptions{})
	path := objectFile(src, s.Files[1])
	if err := os.WriteFile(path, s.Raw(s.Files[0]), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ostree.Copy(t.Context(), newRepo(t, ostree.ModeArchive), src, s.Commit, ostree.CopyOptions{Link: true}); err == nil {
		t.Error("a damaged file was linked")
	}
	mustCopy(t, newRepo(t, ostree.ModeArchive), src, s.Commit, ostree.CopyOptions{Link: true, Trusted: true})
}

func TestOnlyWhatWasVerifiedIsLinked(t *testing.T) {
	s := storetest.NewSample(t, 2, 2, "a")
	for _, trusted := range []bool{false, true} {
		src, near, dst := newRepo(t, ostree.ModeArchive), newRepo(t, ostree.ModeArchive), newRepo(t, ostree.ModeArchive)
		mustCopy(t, src, s, s.Commit, ostree.CopyOptions{})
		mustCopy(t, near, s, s.Commit, ostree.CopyOptions{})
		h := s.Root.String()
		damaged := fmt.Sprintf("%s/objects/%s/%s.dirtree", src.Path(), h[:2], h[2:])
		if err := os.WriteFile(damaged, []byte("no dirtree"), 0o644); err != nil {
			t.Fatal(err)
		}
		// The cache has it whole: that does not make the damaged one any better.
		mustCopy(t, dst, src, s.Commit, ostree.CopyOptions{Link: true, Trusted: trusted, Caches: []ostree.Source{near}})
		if _, err := ostree.Verify(t.Context(), dst, s.Commit, ostree.VerifyOptions{}); err != nil {
			t.Error(err)
		}
		if sameFile(t, objectFile(near, s.Files[0]), objectFile(dst, s.Files[0])) {
			t.Error("a file of the cache was linked, whoever may write to it")
		}
	}
}

func objectFile(r *ostree.Repo, id ostree.ObjectID) string {
	h := id.Sum.String()
	ext := "file"
	if r.Mode() == ostree.ModeArchive {
		ext = "filez"
	}
	return fmt.Sprintf("%s/objects/%s/%s.%s", r.Path(), h[:2], h[2:], ext)
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	x, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(x, y)
}

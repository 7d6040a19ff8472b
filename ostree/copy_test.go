package ostree_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/ostree/variant"
)

func ordered() *storetest.Memory {
	return &storetest.Memory{Rules: ostree.Traits{Ordered: true, Batch: 8}}
}

func mustCopy(t *testing.T, dst ostree.Store, src ostree.Source, c ostree.Checksum, opt ostree.CopyOptions) ostree.CopyReport {
	t.Helper()
	report, err := ostree.Copy(t.Context(), dst, src, c, opt)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// both gives b what a holds.
func both(t *testing.T, a, b *storetest.Sample) {
	t.Helper()
	err := ostree.Closure(t.Context(), a, a.Commit, func(id ostree.ObjectID) error {
		b.SetRaw(id, a.Raw(id))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnOrderedStoreIsNotAskedBelowWhatItHas(t *testing.T) {
	one, two := storetest.NewSample(t, 10, 10, "a"), storetest.NewSample(t, 10, 10, "b")
	dst := ordered()
	mustCopy(t, dst, one, one.Commit, ostree.CopyOptions{})
	report := mustCopy(t, dst, two, two.Commit, ostree.CopyOptions{})
	// The commit, root, dirmeta, and what the root names: 4 files, 10 dirtrees.
	if report.Asked != 3+14 || report.Copied != 3 {
		t.Errorf("%+v, want 17 asked and 3 copied", report)
	}
}

func TestFullCheckAsksAboutEveryObject(t *testing.T) {
	s := storetest.NewSample(t, 10, 10, "a")
	dst := ordered()
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{})
	lost := s.Files[50]
	dst.SetRaw(lost, nil)
	if r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{}); r.Copied != 0 {
		t.Errorf("without it: %+v", r)
	}
	r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{FullCheck: true})
	if r.Copied != 1 || r.Asked != 1+1+1+10+4+100 {
		t.Errorf("with it: %+v, want the one object that was lost, and all asked", r)
	}
}

func TestWhatKnownCommitsHoldIsNotAskedFor(t *testing.T) {
	old, s := storetest.NewSample(t, 10, 10, "a"), storetest.NewSample(t, 10, 10, "b")
	both(t, old, s)
	dst := &storetest.Memory{} // not ordered: only Known can save questions
	mustCopy(t, dst, old, old.Commit, ostree.CopyOptions{})
	r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{Known: []ostree.Checksum{old.Commit, {9}}})
	if r.Asked != 3 || r.Copied != 3 { // commit, root, first file
		t.Errorf("%+v, want 3 asked and 3 copied", r)
	}
	if r.Objects != 3+3+10+1 { // with the files and dirtrees that were met and known
		t.Errorf("%+v, want 17 objects met", r)
	}
}

func TestDryRunMovesNothingAndSaysWhatWould(t *testing.T) {
	s := storetest.NewSample(t, 3, 3, "a")
	dst := ordered()
	would := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{DryRun: true})
	if n := len(dst.Puts()); n != 0 {
		t.Fatalf("%d objects moved", n)
	}
	did := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{})
	if would != did {
		t.Errorf("dry run said %+v, the copy %+v", would, did)
	}
}

func TestChildrenComeBeforeParentsAndTheCommitLast(t *testing.T) {
	s := storetest.NewSample(t, 20, 5, "a")
	dst := ordered() // refuses the wrong order by itself
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{Jobs: 16})
	puts := dst.Puts()
	if last := puts[len(puts)-1]; last.Sum != s.Commit {
		t.Errorf("the last object is %s, want the commit", last)
	}
}

// TestOneSlowObjectHoldsUpOnlyItsParents blocks one file until everything that
// does not wait for it is there.
func TestOneSlowObjectHoldsUpOnlyItsParents(t *testing.T) {
	s := storetest.NewSample(t, 6, 6, "a")
	slow := s.Files[len(s.Files)-1]
	others := len(s.Files) - 1 + 5 + 1 // the other files, five of six dirtrees, the dirmeta
	release := make(chan struct{})
	var mu sync.Mutex
	seen := 0
	dst := ordered()
	dst.OnPut = func(id ostree.ObjectID) error {
		if id == slow {
			select {
			case <-release:
				return nil
			case <-time.After(20 * time.Second):
				return errors.New("the others wait for the slow one")
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if seen++; seen == others {
			close(release)
		}
		return nil
	}
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{Jobs: 4})
}

// TestJobsObjectsMoveAtOnce lets no put go on before as many as Jobs are under
// way.
func TestJobsObjectsMoveAtOnce(t *testing.T) {
	for _, c := range []struct{ jobs, max, want int }{{8, 0, 8}, {24, 0, 24}, {24, 5, 5}} {
		s := storetest.NewSample(t, 8, 4, "a")
		together := make(chan struct{})
		var mu sync.Mutex
		now, most := 0, 0
		dst := ordered()
		dst.Rules.MaxParallel = c.max
		dst.OnPut = func(id ostree.ObjectID) error {
			mu.Lock()
			if now++; now > most {
				if most = now; most == c.want {
					close(together)
				}
			}
			mu.Unlock()
			defer func() { mu.Lock(); now--; mu.Unlock() }()
			select {
			case <-together:
				return nil
			case <-time.After(20 * time.Second):
				return errors.New("too few at once")
			}
		}
		mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{Jobs: c.jobs})
		if most != c.want {
			t.Errorf("jobs %d, store takes %d: %d at once", c.jobs, c.max, most)
		}
	}
}

func TestCopyNamesTheBadObjectAndLeavesNoCommit(t *testing.T) {
	for _, kind := range []string{"file", "dirtree", "missing"} {
		s := storetest.NewSample(t, 3, 3, "a")
		bad := s.Files[5]
		switch kind {
		case "dirtree":
			bad = ostree.ObjectID{Sum: s.Root, Type: ostree.TypeDirTree}
			s.SetRaw(bad, append(bytes.Clone(s.Raw(bad)), 0))
		case "file":
			s.SetRaw(bad, s.Raw(s.Files[6]))
		case "missing":
			s.SetRaw(bad, nil)
		}
		dst := ordered()
		_, err := ostree.Copy(t.Context(), dst, s, s.Commit, ostree.CopyOptions{})
		corrupt, isCorrupt := errors.AsType[*ostree.CorruptError](err)
		missing, isMissing := errors.AsType[*ostree.MissingError](err)
		switch {
		case kind == "missing" && (!isMissing || missing.ID != bad):
			t.Errorf("%s: %v", kind, err)
		case kind != "missing" && (!isCorrupt || corrupt.ID != bad):
			t.Errorf("%s: %v", kind, err)
		}
		if dst.Raw(bad) != nil || dst.Raw(ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommit}) != nil {
			t.Errorf("%s: the bad object or the commit is there", kind)
		}
	}
}

func TestCopyEndsWithItsContext(t *testing.T) {
	s := storetest.NewSample(t, 3, 3, "a")
	ctx, cancel := context.WithCancel(t.Context())
	dst := ordered()
	dst.OnPut = func(ostree.ObjectID) error { cancel(); return ctx.Err() }
	if _, err := ostree.Copy(ctx, dst, s, s.Commit, ostree.CopyOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want it canceled", err)
	}
}

func TestCopyReportsProgress(t *testing.T) {
	s := storetest.NewSample(t, 3, 3, "a")
	var sink counting
	r := mustCopy(t, ordered(), s, s.Commit, ostree.CopyOptions{Progress: &sink})
	if done, total := sink.Value(); int(done) != r.Copied || total != done {
		t.Errorf("progress says %d of %d, copied were %d", done, total, r.Copied)
	}
}

type counting struct{ progress.Counter }

func (c *counting) Start(string, progress.Unit, int64) progress.Task { return c }

func TestDetachedMetadataComesAlongAlsoLater(t *testing.T) {
	s := storetest.NewSample(t, 1, 1, "a")
	meta := ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommitMeta}
	dst, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{})
	for _, data := range [][]byte{{}, variant.Dict(variant.Entry{Key: "a", Value: variant.Text("x")}).Data()} {
		s.SetRaw(meta, data)
		if r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{}); r.Copied != 1 {
			t.Errorf("%x: %+v, want one object copied", data, r)
		}
		obj, err := dst.Object(t.Context(), meta)
		if err != nil {
			t.Fatal(err)
		}
		rc, _, err := obj.OpenArchive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(rc)
		if err := errors.Join(err, rc.Close()); err != nil || !bytes.Equal(got, data) {
			t.Errorf("it holds %x, %v, want %x", got, err, data)
		}
	}
	if r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{}); r.Copied != 0 {
		t.Errorf("unchanged: %+v", r)
	}
	s.SetRaw(meta, variant.Dict(variant.Entry{Key: "a", Value: variant.Text("y")}).Data())
	if r := mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{KeepDetached: true}); r.Copied != 0 {
		t.Errorf("to be kept: %+v", r)
	}
}

func TestDetachedMetadataBeyondItsCapIsNotTaken(t *testing.T) {
	s := storetest.NewSample(t, 1, 1, "a")
	much := variant.Dict(variant.Entry{Key: "a", Value: variant.Text(strings.Repeat("x", limits.DetachedMetadata))}).Data()
	s.SetRaw(ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommitMeta}, much)
	dst, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ostree.Copy(t.Context(), dst, s, s.Commit, ostree.CopyOptions{})
	if _, large := errors.AsType[*fsx.TooLargeError](err); !large {
		t.Errorf("error %v", err)
	}
}

func TestMalformedDetachedMetadataEndsACopyOrStaysBehind(t *testing.T) {
	s := storetest.NewSample(t, 1, 1, "a")
	id := ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommitMeta}
	s.SetRaw(id, []byte("borkborkbork\n"))
	dst, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ostree.Copy(t.Context(), dst, s, s.Commit, ostree.CopyOptions{})
	if _, corrupt := errors.AsType[*ostree.CorruptError](err); !corrupt {
		t.Errorf("error %v, want a *CorruptError", err)
	}
	mustCopy(t, dst, s, s.Commit, ostree.CopyOptions{LaxDetached: true})
	if has, err := dst.Has(t.Context(), []ostree.ObjectID{id, {Sum: s.Commit, Type: ostree.TypeCommit}}); err != nil || has[0] || !has[1] {
		t.Errorf("there are %v (%v), want the commit alone", has, err)
	}
}

// deep makes a commit whose directories nest that deep.
func deep(t *testing.T, levels int) (*storetest.Memory, ostree.Checksum) {
	t.Helper()
	m := &storetest.Memory{}
	add := func(typ ostree.ObjectType, o interface{ Marshal() ([]byte, error) }) ostree.Checksum {
		data, err := o.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		id := ostree.NewMetadata(typ, data).ID()
		m.SetRaw(id, data)
		return id.Sum
	}
	meta := add(ostree.TypeDirMeta, &ostree.DirMeta{Mode: 0o40755})
	tree := add(ostree.TypeDirTree, &ostree.DirTree{})
	for range levels - 1 {
		tree = add(ostree.TypeDirTree, &ostree.DirTree{Dirs: []ostree.TreeDir{{Name: "d", Tree: tree, Meta: meta}}})
	}
	return m, add(ostree.TypeCommit, &ostree.Commit{Time: time.Unix(0, 0), Tree: tree, Meta: meta})
}

func TestTreesMayNestOnlySoDeep(t *testing.T) {
	for levels, good := range map[int]bool{256: true, 257: false} {
		src, c := deep(t, levels)
		_, copyErr := ostree.Copy(t.Context(), ordered(), src, c, ostree.CopyOptions{})
		_, verifyErr := ostree.Verify(t.Context(), src, c, ostree.VerifyOptions{})
		for what, err := range map[string]error{"copy": copyErr, "verify": verifyErr} {
			if _, corrupt := errors.AsType[*ostree.CorruptError](err); corrupt == good {
				t.Errorf("%s of %d levels: %v", what, levels, err)
			}
		}
	}
}

func TestVerifyFindsEveryBadObject(t *testing.T) {
	s := storetest.NewSample(t, 3, 3, "a")
	s.SetRaw(s.Files[5], s.Raw(s.Files[6]))
	s.SetRaw(s.Files[7], nil)
	r, err := ostree.Verify(t.Context(), s, s.Commit, ostree.VerifyOptions{KeepOn: true})
	if err == nil || len(r.Problems) != 2 {
		t.Errorf("%v, problems %v; want the corrupt and the missing one", err, r.Problems)
	}
	tree := ostree.ObjectID{Sum: s.Root, Type: ostree.TypeDirTree}
	s.SetRaw(tree, []byte{1})
	if _, err := ostree.Verify(t.Context(), s, s.Commit, ostree.VerifyOptions{KeepOn: true}); err == nil {
		t.Error("a corrupt root was not found")
	}
	s.SetRaw(ostree.ObjectID{Sum: s.Commit, Type: ostree.TypeCommit}, []byte{1})
	r, err = ostree.Verify(t.Context(), s, s.Commit, ostree.VerifyOptions{KeepOn: true})
	if err == nil || len(r.Problems) != 1 {
		t.Errorf("corrupt commit: %v, %v", err, r.Problems)
	}
}

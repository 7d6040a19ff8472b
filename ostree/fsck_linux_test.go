package ostree

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// victim is an object of the tip that the commit before has not, of type typ.
func victim(t *testing.T, r *Repo, commits []Checksum, typ ObjectType) ObjectID {
	t.Helper()
	old := map[ObjectID]bool{}
	var found ObjectID
	err := Closure(t.Context(), r, commits[0], func(id ObjectID) error {
		old[id] = true
		return nil
	})
	if err == nil {
		err = Closure(t.Context(), r, commits[1], func(id ObjectID) error {
			if id.Type == typ && !old[id] && found.Type == 0 {
				found = id
			}
			return nil
		})
	}
	if err != nil || found.Type == 0 {
		t.Fatal(found, err)
	}
	return found
}

func TestFsckNamesTheCommitsThatReachABadObject(t *testing.T) {
	for _, typ := range []ObjectType{TypeFile, TypeDirTree, TypeCommit} {
		r, commits := theirRepo(t, ModeArchive)
		id := victim(t, r, commits, typ)
		if err := os.WriteFile(r.objectPath(id), []byte("whoops, not what it was"), 0o644); err != nil {
			t.Fatal(err)
		}
		report, err := Fsck(t.Context(), r, FsckOptions{KeepOn: true})
		if err != nil || len(report.Problems) != 1 {
			t.Fatalf("%s: %v, %v", typ, report.Problems, err)
		}
		p, ok := errors.AsType[*FsckProblem](report.Problems[0])
		if !ok || p.ID != id || !slices.Equal(p.Commits, commits[1:]) {
			t.Errorf("%s: %v", typ, report.Problems[0])
		}
		if r.IsPartial(commits[1]) {
			t.Errorf("%s: it changed something", typ)
		}
		report, err = Fsck(t.Context(), r, FsckOptions{Delete: true})
		if err != nil || !slices.Equal(report.Deleted, []ObjectID{id}) || !slices.Equal(report.Marked, commits[1:]) {
			t.Fatalf("%s: %+v, %v", typ, report, err)
		}
		if there, err := r.has(id); there || err != nil {
			t.Errorf("%s: there %v, %v", typ, there, err)
		}
		if why, marked, err := r.PartialReasonOf(commits[1]); why != PartialFsck || !marked || err != nil {
			t.Errorf("%s: %q, %v, %v", typ, why, marked, err)
		}
		if r.IsPartial(commits[0]) {
			t.Errorf("%s: a commit that is whole is marked", typ)
		}
	}
}

// TestWhatFsckDeletedIsMendedByAPull, with the real ostree as well as with Copy.
func TestWhatFsckDeletedIsMendedByAPull(t *testing.T) {
	for _, theirs := range []bool{true, false} {
		src, commits := theirRepo(t, ModeArchive)
		r := copyRepo(t, src)
		id := victim(t, r, commits, TypeFile)
		if err := os.WriteFile(r.objectPath(id), []byte("whoops"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Fsck(t.Context(), r, FsckOptions{Delete: true}); err != nil {
			t.Fatal(err)
		}
		report, err := Fsck(t.Context(), r, FsckOptions{})
		if err != nil || report.Damaged != 1 || len(report.Problems) != 1 {
			t.Errorf("before: %+v, %v", report, err)
		}
		if theirs {
			cli(t, "--repo="+r.Path(), "pull-local", src.Path())
		} else if _, err := Copy(t.Context(), r, src, commits[1], CopyOptions{}); err != nil {
			t.Fatal(err)
		}
		report, err = Fsck(t.Context(), r, FsckOptions{})
		if err != nil || len(report.Problems) > 0 || report.Partial > 0 {
			t.Errorf("after: %+v, %v", report, err)
		}
	}
}

func TestACommitThatLacksAnObjectIsMarkedIfAsked(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	id := victim(t, r, commits, TypeFile)
	if err := os.Remove(r.objectPath(id)); err != nil {
		t.Fatal(err)
	}
	report, err := Fsck(t.Context(), r, FsckOptions{Mark: true})
	if err != nil || len(report.Problems) != 1 || !slices.Equal(report.Marked, commits[1:]) {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestFsckSeesWhatIsNoFile(t *testing.T) {
	for _, put := range []func(path string) error{
		func(path string) error { return os.Mkdir(path, 0o755) },
		func(path string) error { return syscall.Mkfifo(path, 0o644) },
		func(path string) error { return os.Symlink("/etc/passwd", path) },
	} {
		src, commits := theirRepo(t, ModeArchive)
		r := copyRepo(t, src)
		id := victim(t, r, commits, TypeDirTree)
		if err := errors.Join(os.Remove(r.objectPath(id)), put(r.objectPath(id))); err != nil {
			t.Fatal(err)
		}
		report, err := Fsck(t.Context(), r, FsckOptions{KeepOn: true})
		if err != nil || len(report.Problems) == 0 || !strings.Contains(report.Problems[0].Error(), id.String()) {
			t.Errorf("%v, %v", report.Problems, err)
		}
		// A copy does not take it for the object that it is in the place of.
		_, err = Copy(t.Context(), r, src, commits[1], CopyOptions{FullCheck: true})
		there, hasErr := r.has(id)
		if hasErr != nil || err == nil && !there {
			t.Errorf("a copy says %v and the object is there: %v, %v", err, there, hasErr)
		}
	}
}

func TestFsckHoldsCommitsAgainstRefs(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	cli(t, "--repo="+r.Path(), "refs", "--create=other", commits[1].String())
	report, err := Fsck(t.Context(), r, FsckOptions{KeepOn: true, Bindings: true})
	if err != nil || len(report.Problems) != 1 || !errors.Is(report.Problems[0], ErrNotBound) {
		t.Errorf("bindings: %v, %v", report.Problems, err)
	}
	cli(t, "--repo="+r.Path(), "refs", "--delete", "main")
	report, err = Fsck(t.Context(), r, FsckOptions{KeepOn: true, BackRefs: true})
	if err != nil || len(report.Problems) != 3 || !errors.Is(report.Problems[2], ErrRefNotFound) {
		t.Errorf("back refs: %v, %v", report.Problems, err)
	}
	collection := newRepo(t, ModeArchive)
	cli(t, "--repo="+collection.Path(), "config", "set", "core.collection-id", "org.example.A")
	tree := t.TempDir()
	out := cli(t, "--repo="+collection.Path(), "commit", "-b", "x", tree)
	cli(t, "--repo="+collection.Path(), "refs", "--collections", "--create=org.example.B:x", out)
	report, err = Fsck(t.Context(), openRepo(t, collection.Path()), FsckOptions{KeepOn: true, Bindings: true})
	if err != nil || len(report.Problems) != 1 || !errors.Is(report.Problems[0], ErrOtherCollection) {
		t.Errorf("collections: %v, %v", report.Problems, err)
	}
}

func TestFsckLeavesTombstonesForParentsThatAreGone(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	if err := os.Remove(r.objectPath(ObjectID{commits[0], TypeCommit})); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Fsck(t.Context(), r, FsckOptions{Tombstones: true}); err != nil {
			t.Fatal(err)
		}
		if list, err := r.Tombstones(t.Context()); err != nil || !slices.Equal(list, commits[:1]) {
			t.Errorf("%v, %v", list, err)
		}
	}
	config, err := os.ReadFile(filepath.Join(r.Path(), "config"))
	if err != nil || !strings.Contains(string(config), "tombstone-commits=true") {
		t.Errorf("%s, %v", config, err)
	}
	src, _ := theirRepo(t, ModeArchive)
	if _, err := Copy(t.Context(), r, src, commits[0], CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if there, err := r.HasTombstone(commits[0]); there || err != nil {
		t.Errorf("it is back, and so is its tombstone: %v, %v", there, err)
	}
}

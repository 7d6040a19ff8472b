package ostree

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree/variant"
)

func archiveRepo(t *testing.T) *Repo {
	t.Helper()
	repo, err := CreateRepo(filepath.Join(t.TempDir(), "repo"), ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func someTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"a": "1", "b": "2", "large": string(make([]byte, inMemory+1))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSecondCommitOfATreeWritesNothing(t *testing.T) {
	repo, dir, ctx := archiveRepo(t), someTree(t), context.Background()
	first, err := CommitTree(ctx, repo, dir, TreeOptions{})
	if err != nil || first.ContentWritten != 3 || first.MetadataWritten != 2 {
		t.Fatalf("first: %+v, %v", first, err)
	}
	second, err := CommitTree(ctx, repo, dir, TreeOptions{})
	if err != nil || second.ContentWritten+second.MetadataWritten != 0 || second.Content != 3 {
		t.Errorf("second: %+v, %v", second, err)
	}
	if first.Tree != second.Tree || first.Meta != second.Meta {
		t.Errorf("trees differ: %s, %s", first.Tree, second.Tree)
	}
}

// hook runs once, when the walk first says how far it is.
type hook struct {
	progress.Counter
	run func()
}

func (h *hook) Start(string, progress.Unit, int64) progress.Task { return h }
func (h *hook) Grow(int64)                                       { h.run() }

// The staging folder below the tree that is read fills and empties meanwhile.
func TestATreeMayHoldTheRepoItIsCommittedTo(t *testing.T) {
	dir := someTree(t)
	repo, err := CreateRepo(filepath.Join(dir, "repo"), ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		report, err := CommitTree(t.Context(), repo, dir, TreeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		commit, _, err := WriteCommit(t.Context(), repo, report.Tree, report.Meta, CommitOptions{Time: time.Unix(1, 0), Branch: "main"})
		if err != nil {
			t.Fatal(err)
		}
		at, err := Lookup(t.Context(), repo, commit, "/repo/tmp")
		if err != nil {
			t.Fatal(err)
		}
		if list, err := Children(t.Context(), repo, at); err != nil || len(list) > 0 {
			t.Errorf("%d entries of the repo's own tmp were committed, %v", len(list), err)
		}
	}
}

func TestCommitOfATreeThatChangesMeanwhileFails(t *testing.T) {
	repo, dir := archiveRepo(t), someTree(t)
	swap := &hook{run: func() { _ = os.Remove(filepath.Join(dir, "large")) }}
	if _, err := CommitTree(context.Background(), repo, dir, TreeOptions{Progress: swap}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v, want one about the file that went", err)
	}
}

func TestCommitThatIsCancelledMakesNoObjectVisible(t *testing.T) {
	repo, dir := archiveRepo(t), someTree(t)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := CommitTree(ctx, repo, dir, TreeOptions{Progress: &hook{run: cancel}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	err := repo.ListObjects(context.Background(), func(id ObjectID) error { return errors.New(id.String()) })
	if err != nil {
		t.Errorf("visible: %v", err)
	}
}

func TestCommitOfATreeThatIsNotThereIsRefused(t *testing.T) {
	repo := archiveRepo(t)
	_, _, err := WriteCommit(context.Background(), repo, Checksum{1}, Checksum{2}, CommitOptions{Branch: "main", Time: time.Unix(1, 0)})
	if _, missing := errors.AsType[*MissingError](err); !missing {
		t.Errorf("error is %v", err)
	}
	if refs, _ := repo.Refs(context.Background()); len(refs) != 0 {
		t.Errorf("refs: %v", refs)
	}
}

func TestBindingsNameTheRefsACommitWasMadeFor(t *testing.T) {
	repo, ctx := archiveRepo(t), context.Background()
	tree, err := CommitTree(ctx, repo, someTree(t), TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opt := CommitOptions{Branch: "os/main", BindRefs: []string{"a"}, Time: time.Unix(1, 0),
		Metadata: []variant.Entry{{Key: KeyVersion, Value: variant.Text("7")}}}
	sum, made, err := WriteCommit(ctx, repo, tree.Tree, tree.Meta, opt)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	c, err := LoadCommit(ctx, repo, sum)
	if err != nil || c.Version() != "7" {
		t.Fatal(c, err)
	}
	for ref, good := range map[string]bool{"os/main": true, "up:os/main": true, "a": true, "main": false, "b": false} {
		if err := c.CheckBinding(ref); good != (err == nil) || !good && !errors.Is(err, ErrNotBound) {
			t.Errorf("CheckBinding(%s) = %v", ref, err)
		}
	}
}

func TestACommitMayNameAnotherCollectionThanItsRepo(t *testing.T) {
	repo, err := CreateRepoWith(filepath.Join(t.TempDir(), "repo"), ModeArchive, CreateOptions{CollectionID: "org.example.Here"})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := CommitTree(t.Context(), repo, someTree(t), TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for want, metadata := range map[string][]variant.Entry{
		"org.example.Here":  nil,
		"org.example.There": {{Key: KeyCollectionBinding, Value: variant.Text("org.example.There")}},
	} {
		sum, _, err := WriteCommit(t.Context(), repo, tree.Tree, tree.Meta, CommitOptions{Branch: "main", Time: time.Unix(1, 0), Metadata: metadata})
		if err != nil {
			t.Fatal(err)
		}
		c, err := LoadCommit(t.Context(), repo, sum)
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := c.Lookup(KeyCollectionBinding); !ok || v.Text() != want {
			t.Errorf("bound to %v, want %s", v, want)
		}
	}
}

func TestFsckNamesEveryBadObject(t *testing.T) {
	repo, ctx := archiveRepo(t), context.Background()
	tree, err := CommitTree(ctx, repo, someTree(t), TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := WriteCommit(ctx, repo, tree.Tree, tree.Meta, CommitOptions{Branch: "main", Time: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	root, err := LoadDirTree(ctx, repo, tree.Tree)
	if err != nil {
		t.Fatal(err)
	}
	object := func(i int) string {
		return filepath.Join(repo.Path(), ObjectID{root.Files[i].Sum, TypeFile}.ArchivePath())
	}
	if err := errors.Join(os.Remove(object(0)), os.WriteFile(object(1), []byte("junk"), 0o644)); err != nil {
		t.Fatal(err)
	}
	all, err := Fsck(ctx, repo, FsckOptions{KeepOn: true})
	if err != nil || len(all.Problems) != 2 {
		t.Errorf("all: %+v, %v", all, err)
	}
	first, err := Fsck(ctx, repo, FsckOptions{})
	if err != nil || len(first.Problems) != 1 {
		t.Errorf("first: %+v, %v", first, err)
	}
}

// TestFsckSeesTheMarkOfAnOldTransaction, for the time of which libostree takes
// every commit for a partial one.
func TestFsckSeesTheMarkOfAnOldTransaction(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	if err := os.Symlink("pid=1", filepath.Join(r.Path(), "transaction")); err != nil {
		t.Fatal(err)
	}
	report, err := Fsck(t.Context(), r, FsckOptions{})
	if err != nil || report.Partial != len(commits) || len(report.Problems) > 0 {
		t.Errorf("%+v, %v; want %d partial commits", report, err, len(commits))
	}
}

func TestTreeThatHoldsItsRepoIsCommittedWithoutWhatIsBeingStaged(t *testing.T) {
	dir := someTree(t)
	repo, err := CreateRepo(filepath.Join(dir, "repo"), ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "repo/tmp/stray"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r, err := CommitTree(t.Context(), repo, dir, TreeOptions{NoXattrs: true})
		if err != nil {
			t.Fatal(err)
		}
		at, err := LoadDirTree(t.Context(), repo, r.Tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"repo", "tmp"} {
			d, ok := at.Dir(name)
			if !ok {
				t.Fatalf("there is no folder %s", name)
			}
			if at, err = LoadDirTree(t.Context(), repo, d.Tree); err != nil {
				t.Fatal(err)
			}
		}
		if len(at.Files)+len(at.Dirs) > 0 {
			t.Errorf("tmp of the repo was committed with %v %v", at.Files, at.Dirs)
		}
	}
}

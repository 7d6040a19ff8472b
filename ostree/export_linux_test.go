package ostree

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// committed is the tree at dir as a commit of repo.
func committed(t *testing.T, repo *Repo, dir string) Checksum {
	t.Helper()
	tree, err := CommitTree(t.Context(), repo, dir, TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sum, _, err := WriteCommit(t.Context(), repo, tree.Tree, tree.Meta, CommitOptions{Branch: "main", Time: time.Unix(1600000000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// What goes out as an archive comes in as the same tree, here and with the
// original, attributes and all.
func TestAnExportedTreeIsImportedAsItWas(t *testing.T) {
	repo, dir := newRepo(t, ModeArchive), someTree(t)
	if err := os.Chmod(filepath.Join(dir, "large"), 0o4711); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("large", filepath.Join(dir, strings.Repeat("long", 40))); err != nil {
		t.Fatal(err)
	}
	sum := committed(t, repo, dir)
	archive := filepath.Join(t.TempDir(), "tree.tar")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Export(t.Context(), repo, sum, f, ExportOptions{}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ostree", "--repo="+repo.Path(), "commit", "--orphan", "--tree=tar="+archive).Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ParseChecksum(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := Diff(t.Context(), DiffCommit(openRepo(t, repo.Path()), sum), DiffCommit(openRepo(t, repo.Path()), theirs))
	if err != nil || len(changes) > 0 {
		t.Errorf("the original imports it with changes: %v, %v", changes, err)
	}
}

func TestAnExportOfACorruptFileEndsInTheMiddle(t *testing.T) {
	repo, dir := newRepo(t, ModeBareUser), someTree(t)
	sum := committed(t, repo, dir)
	at, err := Lookup(t.Context(), repo, sum, "/large")
	if err != nil {
		t.Fatal(err)
	}
	path := repo.objectPath(ObjectID{at.Sum, TypeFile})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[0] ^= 1
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	err = Export(t.Context(), repo, sum, io.Discard, ExportOptions{})
	if bad, ok := errors.AsType[*CorruptError](err); !ok || bad.ID.Sum != at.Sum {
		t.Errorf("error is %v", err)
	}
}

func TestDiffSaysWhatTheOriginalSays(t *testing.T) {
	repo, dir := newRepo(t, ModeBareUser), someTree(t)
	for _, d := range []string{"gone/deep", "kept", "typed"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := committed(t, repo, dir)
	for _, step := range []error{
		os.RemoveAll(filepath.Join(dir, "gone")), os.Chmod(filepath.Join(dir, "kept"), 0o700), os.Remove(filepath.Join(dir, "typed")),
		os.WriteFile(filepath.Join(dir, "typed"), nil, 0o644), os.MkdirAll(filepath.Join(dir, "new/deep"), 0o755),
		os.WriteFile(filepath.Join(dir, "new/deep/file"), []byte("x"), 0o644), os.Truncate(filepath.Join(dir, "large"), 5),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	after := committed(t, repo, dir)
	folder := DiffFolder(dir, DiskOptions{})
	for name, sides := range map[string][2]DiffTree{
		"commits": {DiffCommit(repo, before), DiffCommit(repo, after)}, "commit and folder": {DiffCommit(repo, before), folder},
	} {
		changes, err := Diff(t.Context(), sides[0], sides[1])
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		for _, c := range changes {
			got.WriteString(string(rune(c.Kind)) + c.Path + "\n")
		}
		if want := "M/large\nM/kept\nM/typed\nD/gone\nA/new\nA/new/deep\nA/new/deep/file\n"; got.String() != want {
			t.Errorf("%s:\n%swant:\n%s", name, got.String(), want)
		}
	}
	if changes, err := Diff(t.Context(), DiffCommit(repo, after), folder); err != nil || len(changes) > 0 {
		t.Errorf("a folder against its own commit: %v, %v", changes, err)
	}
	uid := uint32(4711)
	if changes, err := Diff(t.Context(), DiffCommit(repo, after), DiffFolder(dir, DiskOptions{UID: &uid})); err != nil || len(changes) < 5 {
		t.Errorf("with another owner: %v, %v", changes, err)
	}
}

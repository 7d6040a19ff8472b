package summary

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

var now = time.Unix(1_800_000_000, 0)

func open(t *testing.T, path string) *ostree.Repo {
	t.Helper()
	r, err := ostree.OpenRepo(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(t *testing.T, r *ostree.Repo) *Summary {
	t.Helper()
	data, _, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What libostree wrote about a repo and what we write says the same.
func TestUpdateSaysWhatLibostreeSays(t *testing.T) {
	path, data := realSummary(t)
	theirs, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	repo := open(t, path)
	mine := []variant.Entry{{Key: "mine", Value: variant.Bool(true)}}
	if err := Update(t.Context(), repo, Options{Now: theirs.LastModified, Metadata: mine}, nil); err != nil {
		t.Fatal(err)
	}
	ours := read(t, repo)
	if len(ours.Refs) != len(theirs.Refs) || len(ours.Collections) != len(theirs.Collections) {
		t.Fatalf("%d refs, %d collections, want %d and %d", len(ours.Refs), len(ours.Collections), len(theirs.Refs), len(theirs.Collections))
	}
	same := func(a, b Ref) bool {
		return a.Name == b.Name && a.Commit == b.Commit && a.Size == b.Size && a.Time.Equal(b.Time) && a.Version == b.Version
	}
	for i := range ours.Refs {
		if !same(ours.Refs[i], theirs.Refs[i]) {
			t.Errorf("ref is %+v, want %+v", ours.Refs[i], theirs.Refs[i])
		}
	}
	for i, c := range ours.Collections {
		if c.ID != theirs.Collections[i].ID || !same(c.Refs[0], theirs.Collections[i].Refs[0]) {
			t.Errorf("collection is %+v, want %+v", c, theirs.Collections[i])
		}
	}
	if ours.Metadata.Len() != theirs.Metadata.Len() {
		t.Errorf("%d keys of metadata, want %d", ours.Metadata.Len(), theirs.Metadata.Len())
	}
	for i := range theirs.Metadata.Len() {
		key, want := theirs.Metadata.At(i).At(0).Text(), theirs.Metadata.At(i).At(1).Variant()
		got, ok := ours.Metadata.Lookup(key)
		if !ok || got.Type().String() != want.Type().String() || key != KeyCollectionMap && string(got.Data()) != string(want.Data()) {
			t.Errorf("%s is %v %x, want %v %x", key, got, got.Data(), want, want.Data())
		}
	}
}

func TestLibostreePullsByASummaryOfOurs(t *testing.T) {
	path := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	if err := Update(t.Context(), open(t, path), Options{Now: now}, nil); err != nil {
		t.Fatal(err)
	}
	client := filepath.Join(t.TempDir(), "client")
	testkit.OSTree(t, "--repo="+client, "init", "--mode=archive")
	testkit.OSTree(t, "--repo="+client, "remote", "add", "--no-gpg-verify", "o", "file://"+path)
	if out := testkit.OSTree(t, "--repo="+client, "remote", "refs", "o"); out != "o:os/main" {
		t.Errorf("refs are %q", out)
	}
	testkit.OSTree(t, "--repo="+client, "pull", "--mirror", "o")
	if out := testkit.OSTree(t, "--repo="+path, "summary", "--view"); !strings.Contains(out, "* os/main") {
		t.Errorf("libostree shows %s", out)
	}
}

func TestSignaturesOfAnotherSummaryGoAway(t *testing.T) {
	path := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	repo := open(t, path)
	sig := variant.Dict(variant.Entry{Key: "k", Value: variant.Text("v")}).Data()
	if err := Update(t.Context(), repo, Options{Now: now}, func([]byte) ([]byte, error) { return sig, nil }); err != nil {
		t.Fatal(err)
	}
	if _, got, err := Read(repo); err != nil || string(got) != string(sig) {
		t.Errorf("signatures are %x, %v", got, err)
	}
	for _, name := range []string{File, SigFile} {
		if st, err := os.Stat(filepath.Join(path, name)); err != nil || !st.ModTime().Equal(now) {
			t.Errorf("%s: changed %v, %v; want the time of the summary", name, st, err)
		}
	}
	if err := Update(t.Context(), repo, Options{Now: now}, nil); err != nil {
		t.Fatal(err)
	}
	if _, got, err := Read(repo); err != nil || got != nil {
		t.Errorf("signatures are %x, %v; want none", got, err)
	}
}

// trip fails at the nth fault point.
type trip struct{ left int }

var errTrip = errors.New("tripped")

func (f *trip) At(string) error {
	if f.left--; f.left < 0 {
		return errTrip
	}
	return nil
}

func TestWriteThatFailsLeavesNoHalfFile(t *testing.T) {
	path := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	repo := open(t, path)
	before, err := Build(t.Context(), repo, Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	oldSig, newSig := []byte("old"), []byte("new")
	after, err := Build(t.Context(), repo, Options{Now: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		if err := Write(t.Context(), repo, before, oldSig, now); err != nil {
			t.Fatal(err)
		}
		err := write(repo, after, newSig, now, &trip{n})
		if (err == nil) != (n == 4) {
			t.Fatalf("step %d: %v", n, err)
		}
		data, sig, err := Read(repo)
		if err != nil || string(data) != string(before) && string(data) != string(after) || string(sig) != "old" && string(sig) != "new" {
			t.Errorf("step %d: half a file: %v", n, err)
		}
		if string(data) == string(before) && string(sig) == "new" {
			t.Errorf("step %d: signatures before what they sign", n)
		}
		if left, _ := filepath.Glob(path + "/tmp/*file*"); len(left) > 0 {
			t.Errorf("step %d: left behind: %v", n, left)
		}
	}
}

func TestSummaryOfARepoWithoutItsCommitIsNotMade(t *testing.T) {
	path := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	repo := open(t, path)
	tip, err := repo.Ref(t.Context(), "os/main")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, ostree.ObjectID{Sum: tip, Type: ostree.TypeCommit}.ArchivePath())); err != nil {
		t.Fatal(err)
	}
	if err := Update(t.Context(), repo, Options{Now: now}, nil); err == nil || !strings.Contains(err.Error(), "os/main") {
		t.Errorf("err = %v, want one that names the ref", err)
	}
	if _, _, err := Read(repo); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a summary was written: %v", err)
	}
}

func TestMetadataOfSomebodysOwnMayNotStandInForOSTrees(t *testing.T) {
	path := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	_, err := Build(t.Context(), open(t, path), Options{Now: now, Metadata: []variant.Entry{{Key: KeyMode, Value: variant.Text("bare")}}})
	if err == nil {
		t.Error("a summary with two modes was made")
	}
}

// A mirror need not be a collection itself.
func TestAMirrorWithoutACollectionIDListsWhatItMirrors(t *testing.T) {
	repo := open(t, testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main"))
	tip, err := repo.Ref(t.Context(), "os/main")
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.SetMirrorRef(t.Context(), ostree.CollectionRef{Collection: "org.example.There", Name: "main"}, tip); err != nil {
		t.Fatal(err)
	}
	if err := Update(t.Context(), repo, Options{Now: now}, nil); err != nil {
		t.Fatal(err)
	}
	if ref, ok := read(t, repo).CollectionRef("org.example.There", "main"); !ok || ref.Commit != tip {
		t.Errorf("the mirrored ref is at %v, %v", ref.Commit, ok)
	}
}

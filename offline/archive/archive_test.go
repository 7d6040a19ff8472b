package archive

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// noise is what no compressor makes shorter.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.New(rand.NewSource(int64(n))).Read(b)
	return b
}

// files are members of all kinds: empty, tiny, whole blocks, compressible,
// and longer than a piece.
func files() map[string][]byte {
	return map[string][]byte{
		"README.txt": []byte("hello\n"),
		"apps/blobs/sha256/" + strings.Repeat("ab", 32): nil,
		"apps/blobs/sha256/" + strings.Repeat("cd", 32): noise(3*pieceSize + 17),
		"ostree_repo/config":                            []byte("[core]\nrepo_version=1\nmode=archive-z2\n"),
		"ostree_repo/objects/00/a.filez":                noise(40_000),
		"ostree_repo/objects/00/b.dirtree":              bytes.Repeat([]byte("name "), 20_000),
		"ostree_repo/objects/01/a.filez":                noise(blockSize),
		"ostree_repo/objects/01/b.filez":                noise(2 * pieceSize),
		"tuf/1.root.json":                               []byte(`{"root":1}`),
	}
}

const statement = `{"signatures":[],"signed":{"_type":"Targets","x-fio-offline-bundle":{}}}`

func unsigned(signed json.RawMessage) ([]byte, error) { return tuf.Sign(signed) }

// pack is the archive of files.
func pack(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out)
	check(t, err)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		check(t, w.Add(name, int64(len(files[name])), bytes.NewReader(files[name])))
	}
	check(t, w.Finish([]byte(statement), unsigned))
	return out.Bytes()
}

func open(t testing.TB, file []byte) *File {
	t.Helper()
	a, err := New(bytes.NewReader(file), int64(len(file)))
	check(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func TestAnArchiveGivesBackItsFilesAsAFileSystem(t *testing.T) {
	want := files()
	a := open(t, pack(t, want))
	want[nameBundleTargets], want[nameIndex] = []byte(statement), a.Index()
	var walked []string
	check(t, fs.WalkDir(a, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			walked = append(walked, name)
		}
		return err
	}))
	if there := slices.Sorted(maps.Keys(want)); !slices.Equal(walked, there) {
		t.Errorf("a walk finds %q; there are %q", walked, there)
	}
	for name, data := range want {
		got, err := fs.ReadFile(a, name)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(data))
		}
	}
}

func TestAMemberIsReadFromWhereverOneLikes(t *testing.T) {
	all := files()
	name := "apps/blobs/sha256/" + strings.Repeat("cd", 32)
	f, err := open(t, pack(t, all)).Open(name)
	check(t, err)
	for _, at := range []int64{0, 1, pieceSize - 3, pieceSize, 2*pieceSize + 5, 3*pieceSize + 10} {
		got := make([]byte, min(7, int64(len(all[name]))-at))
		if _, err := f.(io.ReaderAt).ReadAt(got, at); err != nil || !bytes.Equal(got, all[name][at:at+int64(len(got))]) {
			t.Errorf("at %d: %v", at, err)
		}
	}
	if n, err := f.(io.ReaderAt).ReadAt(make([]byte, 20), int64(len(all[name]))-3); n != 3 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

func TestTheSameFilesGiveTheSameArchive(t *testing.T) {
	if a, b := pack(t, files()), pack(t, files()); !bytes.Equal(a, b) {
		t.Error("two runs differ")
	}
}

func TestAnyTarUnpacksAnArchive(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bundle.ota")
	check(t, os.WriteFile(path, pack(t, files()), 0o600))
	if out, err := exec.Command("tar", "--zstd", "-C", dir, "-xf", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := files()
	want[nameBundleTargets] = []byte(statement)
	for name, data := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	sums, err := exec.Command("sh", "-c", `cd "$0" && grep -v ^+ index.members | cut -d' ' -f2- | sed 's/ /  /' | sha256sum -c --quiet`, dir).CombinedOutput()
	if err != nil {
		t.Errorf("sha256sum: %v: %s", err, sums)
	}
}

func TestAnArchiveIsRefusedWhereItCannotLie(t *testing.T) {
	full := medium.Volume{Free: 10, MaxFile: math.MaxInt64}
	fat32 := medium.Volume{Free: 1 << 40, MaxFile: math.MaxUint32}
	unknown := medium.Volume{Free: -1, MaxFile: math.MaxInt64}
	for _, c := range []struct {
		bytes  int64
		volume medium.Volume
		fits   bool
	}{
		{10, full, true}, {11, full, false}, {math.MaxUint32, fat32, true}, {math.MaxUint32 + 1, fat32, false}, {1 << 50, unknown, true},
	} {
		if err := fitsOn(c.bytes, c.volume); (err == nil) != c.fits || err != nil && (fail.ClassOf(err) != fail.NoSpace || fail.HintOf(err) == "") {
			t.Errorf("%d bytes on %+v: %v", c.bytes, c.volume, err)
		}
	}
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	check(t, os.Symlink("file", filepath.Join(dir, "link")))
	for path, class := range map[string]fail.Class{
		"new.ota": fail.Unknown, "file": fail.Unknown, "missing/new.ota": fail.NotFound, ".": fail.Conflict, "link": fail.Conflict,
	} {
		err := Place(filepath.Join(dir, path))
		if fail.ClassOf(err) != class || (err == nil) != (class == fail.Unknown) || err != nil && fail.HintOf(err) == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

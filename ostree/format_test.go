package ostree

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

// The names below were given to these objects by libostree.
const (
	helloSum   = "44f778e59f0a4748d6b0c90a47347212a231c4ad1e8f7ea5c5dffc7749153a6b"
	linkSum    = "73baaba0102e9154b8522687d33eedb8ed1bc78eadb82428b2616144ec502934"
	emptySum   = "d3fa9214de0816a2cf5475da17be2036ae0eda3df526eff7c1ddee082c6e5b58"
	runSum     = "9884240eeaf7ae74702c70c5bbc17029aa5261c1cb59062e9e0e60011e0900f6"
	dirMetaSum = "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488"
	subTreeSum = "8f0c943afcea6dae045c9d76872a3800498baed9733e391c307eae38588ce925"
	rootSum    = "69fa6fec6bf626bb4f905f06ec517c0427de60ce3b2e4da02b7f0c1929e63d15"
	commitSum  = "6cb4bcebef8dd7e15aacc6ae3c35d2205eaa1e7d1d55169a1417af59479b7623"
)

func sum(t testing.TB, s string) Checksum {
	t.Helper()
	c, err := ParseChecksum(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func runHeader() *FileHeader {
	return &FileHeader{Mode: 0o104755, Size: 10, Xattrs: []Xattr{
		{Name: "user.zz", Value: []byte("b")}, {Name: "user.aa", Value: []byte("xyz")}}}
}

func TestFileObjectsHaveTheNamesThatLibostreeGivesThem(t *testing.T) {
	for _, c := range []struct {
		name    string
		header  *FileHeader
		payload string
		want    string
	}{
		{"regular", &FileHeader{Mode: 0o100644}, "hello\n", helloSum},
		{"symlink", &FileHeader{Mode: 0o120777, Target: "hello"}, "", linkSum},
		{"empty", &FileHeader{Mode: 0o100600}, "", emptySum},
		{"suid with xattrs", runHeader(), "#!/bin/sh\n", runSum},
	} {
		got, err := ContentChecksum(c.header, strings.NewReader(c.payload))
		if err != nil || got.String() != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func testCommit(t testing.TB) *Commit {
	return &Commit{
		Metadata: variant.Dict(variant.Entry{Key: "version", Value: variant.Text("1.2")},
			variant.Entry{Key: "ostree.ref-binding", Value: variant.Texts("main")}),
		Subject: "subj", Body: "body", Time: time.Unix(1600000000, 0).UTC(),
		Tree: sum(t, rootSum), Meta: sum(t, dirMetaSum),
	}
}

func testTree(t testing.TB) *DirTree {
	return &DirTree{
		Files: []TreeFile{{"run", sum(t, runSum)}, {"hello", sum(t, helloSum)}, {"link", sum(t, linkSum)}},
		Dirs:  []TreeDir{{"sub", sum(t, subTreeSum), sum(t, dirMetaSum)}},
	}
}

func TestMetadataObjectsHaveTheNamesThatLibostreeGivesThem(t *testing.T) {
	for _, c := range []struct {
		name string
		typ  ObjectType
		obj  interface{ Marshal() ([]byte, error) }
		want string
	}{
		{"dirmeta", TypeDirMeta, &DirMeta{Mode: 0o40755}, dirMetaSum},
		{"dirtree of one file", TypeDirTree, &DirTree{Files: []TreeFile{{"empty", sum(t, emptySum)}}}, subTreeSum},
		{"root dirtree", TypeDirTree, testTree(t), rootSum},
		{"commit", TypeCommit, testCommit(t), commitSum},
	} {
		data, err := c.obj.Marshal()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		obj := NewMetadata(c.typ, data)
		if got := obj.ID().Sum.String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if err := VerifyObject(t.Context(), obj); err != nil {
			t.Errorf("%s: what was written is not taken back: %v", c.name, err)
		}
	}
}

func TestCommitReadsBack(t *testing.T) {
	want := testCommit(t)
	parent := sum(t, helloSum)
	want.Parent = &parent
	data, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCommit(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Version() != "1.2" {
		t.Errorf("version = %q", got.Version())
	}
	got.Metadata, want.Metadata = variant.Value{}, variant.Value{}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b variant.Value) bool { return true })); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
}

// filezBytes is h and payload in archive form.
func filezBytes(t testing.TB, h *FileHeader, payload string) []byte {
	t.Helper()
	z, err := newFilezReader(h, io.NopCloser(strings.NewReader(payload)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestArchiveFormIsLibostrees(t *testing.T) {
	raw, err := hex.DecodeString("0000001a000000000000000000000006" + "0000000000000000" + "000081a4" + "00000000" + "0019" + "cb48cdc9c9e70200")
	if err != nil {
		t.Fatal(err)
	}
	h, payload, err := ReadFilez(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(payload)
	if err != nil || string(text) != "hello\n" || h.Mode != 0o100644 || h.Size != 6 {
		t.Errorf("read %q, %+v, %v", text, h, err)
	}
	if mine := filezBytes(t, &FileHeader{Mode: 0o100644, Size: 6}, "hello\n"); !bytes.Equal(mine[:34], raw[:34]) {
		t.Errorf("header is %x, want %x", mine[:34], raw[:34])
	}
}

// readFilez reads all of raw and says what was wrong.
func readFilez(raw []byte) (string, error) {
	_, payload, err := ReadFilez(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	defer payload.Close()
	text, err := io.ReadAll(payload)
	return string(text), err
}

func TestArchiveFormIsReadStrictly(t *testing.T) {
	good := filezBytes(t, &FileHeader{Mode: 0o100644, Size: 6}, "hello\n")
	link := filezBytes(t, &FileHeader{Mode: 0o120777, Target: "hello"}, "")
	edit := func(at int, b byte) []byte {
		c := bytes.Clone(good)
		c[at] = b
		return c
	}
	for name, raw := range map[string][]byte{
		"padding after the length":  edit(5, 1),
		"length of zero":            edit(3, 0),
		"length beyond the cap":     edit(0, 0xff),
		"size one too small":        edit(15, 5),
		"size one too large":        edit(15, 7),
		"device":                    edit(31, 1),
		"bytes after the stream":    append(bytes.Clone(good), 0),
		"more than a buffer after":  append(bytes.Clone(good), make([]byte, 2*bufferSize)...),
		"cut in the stream":         good[:len(good)-1],
		"cut in the header":         good[:20],
		"nothing":                   {},
		"symlink with bytes behind": append(bytes.Clone(link), 0),
		"header longer than its variant": append([]byte{0, 0, 0, 0x1b, 0, 0, 0, 0},
			append(bytes.Clone(good[8:34]), append([]byte{0}, good[34:]...)...)...),
	} {
		_, err := readFilez(raw)
		var bad *formatError
		if !errors.As(err, &bad) {
			t.Errorf("%s: err = %v, want a format error", name, err)
		}
	}
}

// TestNothingBehindTheStreamIsMissed guards against a decompressor that reads
// ahead of the stream's end.
func TestNothingBehindTheStreamIsMissed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		text := make([]byte, rng.IntN(3000))
		for j := range text {
			text[j] = byte(rng.IntN(1 + i))
		}
		raw := filezBytes(t, &FileHeader{Mode: 0o100644, Size: uint64(len(text))}, string(text))
		if got, err := readFilez(raw); err != nil || got != string(text) {
			t.Fatalf("stream %d: %v", i, err)
		}
		for _, extra := range []int{1, 2, 7, 9} {
			if _, err := readFilez(append(bytes.Clone(raw), make([]byte, extra)...)); err == nil {
				t.Fatalf("stream %d: %d bytes behind it were not seen", i, extra)
			}
		}
		if _, err := readFilez(raw[:len(raw)-1]); err == nil {
			t.Fatalf("stream %d: cut by a byte and not seen", i)
		}
	}
}

type failingReader struct {
	io.Reader
	err error
}

func (r failingReader) Read(p []byte) (int, error) {
	if n, err := r.Reader.Read(p); err != io.EOF {
		return n, err
	}
	return 0, r.err
}

func TestAFailingSourceIsNotACorruptObject(t *testing.T) {
	good := filezBytes(t, &FileHeader{Mode: 0o100644, Size: 6}, "hello\n")
	gone := errors.New("connection reset")
	for _, n := range []int{0, 5, 20, 36} {
		obj := NewArchived(ObjectID{sum(t, helloSum), TypeFile}, func(context.Context) (io.ReadCloser, int64, error) {
			return io.NopCloser(failingReader{bytes.NewReader(good[:n]), gone}), -1, nil
		})
		err := VerifyObject(t.Context(), obj)
		if _, corrupt := errors.AsType[*CorruptError](err); corrupt || !errors.Is(err, gone) {
			t.Errorf("after %d bytes: %v, want the source's own error", n, err)
		}
	}
}

func TestDirTreeRefusesBadNames(t *testing.T) {
	s := sum(t, helloSum)
	long := strings.Repeat("x", 256)
	for _, name := range []string{"", ".", "..", "a/b", "a\x00b", "\xff", long} {
		if _, err := (&DirTree{Files: []TreeFile{{name, s}}}).Marshal(); err == nil {
			t.Errorf("file %q was written", name)
		}
		if _, err := (&DirTree{Dirs: []TreeDir{{name, s, s}}}).Marshal(); err == nil {
			t.Errorf("directory %q was written", name)
		}
	}
	if _, err := (&DirTree{Files: []TreeFile{{"a", s}, {"a", s}}}).Marshal(); err == nil {
		t.Error("a name was written twice")
	}
	if _, err := (&DirTree{Files: []TreeFile{{"a", s}}, Dirs: []TreeDir{{"a", s, s}}}).Marshal(); err == nil {
		t.Error("a name was written as file and as directory")
	}
}

// rawTree serialises entries as they are.
func rawTree(files []TreeFile, dirs []TreeDir) []byte {
	var fs, ds []variant.Value
	for _, f := range files {
		fs = append(fs, variant.Tuple(treeFileType, variant.Text(f.Name), variant.Bytes(f.Sum[:])))
	}
	for _, d := range dirs {
		ds = append(ds, variant.Tuple(treeDirType, variant.Text(d.Name), variant.Bytes(d.Tree[:]), variant.Bytes(d.Meta[:])))
	}
	return variant.Tuple(dirTreeType, variant.Array(treeFileType, fs...), variant.Array(treeDirType, ds...)).Data()
}

func TestParseDirTreeRefusesUnsortedAndDouble(t *testing.T) {
	s := sum(t, helloSum)
	for name, raw := range map[string][]byte{
		"files out of order":       rawTree([]TreeFile{{"b", s}, {"a", s}}, nil),
		"file twice":               rawTree([]TreeFile{{"a", s}, {"a", s}}, nil),
		"directories out of order": rawTree(nil, []TreeDir{{"b", s, s}, {"a", s, s}}),
		"file and directory":       rawTree([]TreeFile{{"a", s}}, []TreeDir{{"a", s, s}}),
		"dot dot":                  rawTree(nil, []TreeDir{{"..", s, s}}),
		"slash":                    rawTree([]TreeFile{{"a/b", s}}, nil),
	} {
		if _, err := ParseDirTree(raw); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := ParseDirTree(rawTree([]TreeFile{{"a", s}, {"b", s}}, []TreeDir{{"c", s, s}})); err != nil {
		t.Errorf("a good tree: %v", err)
	}
}

func TestHeadersRefuseWhatNoFileHas(t *testing.T) {
	for name, h := range map[string]*FileHeader{
		"directory":                 {Mode: 0o40755},
		"fifo":                      {Mode: 0o10644},
		"bits beyond the mode":      {Mode: 0o100644 | 1<<20},
		"regular file with target":  {Mode: 0o100644, Target: "x"},
		"symlink without target":    {Mode: 0o120777},
		"symlink with size":         {Mode: 0o120777, Target: "x", Size: 3},
		"xattr without name":        {Mode: 0o100644, Xattrs: []Xattr{{}}},
		"xattr twice":               {Mode: 0o100644, Xattrs: []Xattr{{Name: "a"}, {Name: "a"}}},
		"xattr with zero in a name": {Mode: 0o100644, Xattrs: []Xattr{{Name: "a\x00b"}}},
	} {
		if _, err := h.Marshal(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := (&DirMeta{Mode: 0o100755}).Marshal(); err == nil {
		t.Error("a dirmeta that is no directory's was taken")
	}
}

// TestAHeaderWithoutXattrsIsWrittenAsAnyOther, on both sides of where its
// offset becomes wider.
func TestAHeaderWithoutXattrsIsWrittenAsAnyOther(t *testing.T) {
	for n := range limits.SymlinkTarget + 1 {
		h := &FileHeader{UID: 1, GID: 0xfffffffe, Mode: 0o100644, Size: 1 << 40}
		if n > 0 {
			h = &FileHeader{UID: 7, Mode: 0o120777, Target: strings.Repeat("t", n)}
		}
		short, err := h.Marshal()
		if want := variant.Tuple(fileHeaderType, h.members()...).Data(); err != nil || !bytes.Equal(short, want) {
			t.Fatalf("target of %d bytes: %x, %v, want %x", n, short, err, want)
		}
		long, err := h.marshalFilez()
		all := append([]variant.Value{variant.BigUint64(h.Size)}, h.members()...)
		if want := variant.Tuple(filezHeaderType, all...).Data(); err != nil || !bytes.Equal(long, want) {
			t.Fatalf("target of %d bytes: %x, %v, want %x", n, long, err, want)
		}
	}
}

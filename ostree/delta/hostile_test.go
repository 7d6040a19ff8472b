package delta

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// crafted is a delta put together by hand.
type crafted struct {
	ops    []byte
	blob   []byte
	modes  [][3]uint32
	xattrs []variant.Value // lists; nil: an empty one
	table  []ostree.ObjectID
	usize  uint64
	packed func(payload []byte) []byte // nil: not packed
	head   func(*Superblock)           // spoils the superblock
}

// num makes the arguments of an operation.
func num(code byte, args ...uint64) []byte {
	b := []byte{code}
	for _, a := range args {
		b = binary.AppendUvarint(b, a)
	}
	return b
}

func (c *crafted) payload() []byte {
	d := newDraft()
	for _, m := range c.modes {
		d.modes = append(d.modes, variant.Tuple(modeType, variant.BigUint32(m[0]), variant.BigUint32(m[1]), variant.BigUint32(m[2])))
	}
	if d.xattrs = c.xattrs; d.xattrs == nil {
		d.xattrs = append(d.xattrs, variant.Array(xattrType))
	}
	d.ops = c.ops
	d.put(chunk{mem: c.blob}, int64(len(c.blob)))
	var out bytes.Buffer
	if err := d.write(context.Background(), &out, nil, nil); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// aCommit is a commit whose tree is empty.
func aCommit(t testing.TB) (commit ostree.Object, others []ostree.Object) {
	t.Helper()
	tree, err := (&ostree.DirTree{}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	meta, err := (&ostree.DirMeta{Mode: 0o40755}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	dirtree, dirmeta := ostree.NewMetadata(ostree.TypeDirTree, tree), ostree.NewMetadata(ostree.TypeDirMeta, meta)
	c := &ostree.Commit{Time: time.Unix(1700000000, 0), Tree: dirtree.ID().Sum, Meta: dirmeta.ID().Sum}
	data, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return ostree.NewMetadata(ostree.TypeCommit, data), []ostree.Object{dirtree, dirmeta}
}

func bytesOf(t testing.TB, o ostree.Object) []byte {
	t.Helper()
	rc, _, err := o.OpenArchive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// write puts the delta into a folder.
func (c *crafted) write(t testing.TB, dir string) string {
	t.Helper()
	commit, _ := aCommit(t)
	part := append([]byte{packedNone}, c.payload()...)
	if c.packed != nil {
		part = c.packed(c.payload())
	}
	var table []byte
	for _, id := range c.table {
		table = append(append(table, byte(id.Type)), id.Sum[:]...)
	}
	s := &Superblock{Name: Name{To: commit.ID().Sum}, Time: time.Unix(1700000000, 0), Order: Little, Commit: bytesOf(t, commit),
		Parts: []Part{{Sum: sha256.Sum256(part), Size: uint64(len(part)), USize: c.usize, Objects: table}}}
	if c.head != nil {
		c.head(s)
	}
	if err := os.WriteFile(filepath.Join(dir, "0"), part, 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "superblock")
	if err := writeRope(path, s.marshal(s.head(nil, nil))); err != nil {
		t.Fatal(err)
	}
	return path
}

func fileObject(t testing.TB, mode uint32, data string) ostree.ObjectID {
	t.Helper()
	c, err := ostree.ContentChecksum(&ostree.FileHeader{Mode: mode}, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return ostree.ObjectID{Sum: c, Type: ostree.TypeFile}
}

func TestHostileDeltasAreRefusedAndLeaveNothing(t *testing.T) {
	hello := fileObject(t, 0o100644, "hello\n")
	source := fileObject(t, 0o100644, strings.Repeat("0123456789", 10))
	_, others := aCommit(t)
	tree := others[0].ID()
	base := func(ops ...[]byte) crafted {
		return crafted{ops: bytes.Join(ops, nil), blob: append([]byte("hello\n"), source.Sum[:]...), modes: [][3]uint32{{0, 0, 0o100644}, {0, 0, 0o120777}},
			table: []ostree.ObjectID{hello}, usize: 6}
	}
	with := func(c crafted, change func(*crafted)) crafted { change(&c); return c }
	good := num('S', 0, 0, 6, 0)
	const huge = 1 << 63
	read := num('r', 6)
	patch := func(add, extra, seek int64, data string) []byte {
		return append(appendNumber(appendNumber(appendNumber(nil, add), extra), seek), data...)
	}
	patched := func(p []byte) crafted {
		c := base(num('o', 0, 0, 6), read, num('B', 38, uint64(len(p))), num('c'))
		c.blob = append(c.blob, p...)
		return c
	}
	cases := []struct {
		name string
		c    crafted
		says string // in the error
		op   int64  // -1: none
	}{
		{"unknown operation", base([]byte{'X'}), "operation 'X' is not known", 0},
		{"operation without its arguments", base([]byte{'S', 0, 0}), "ends in the middle", 0},
		{"number of 11 bytes", base([]byte("S\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")), "number", 0},
		{"number over 64 bits", base([]byte("S\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")), "64 bits", 0},
		{"size of 2^63", base(num('S', 0, 0, huge, 0)), "not in the blob", 0},
		{"offset of 2^63", base(num('S', 0, 0, 6, huge)), "not in the blob", 0},
		{"offset and size that overflow", base(num('S', 0, 0, 6, math.MaxUint64-3)), "not in the blob", 0},
		{"mode out of range", base(num('S', 2, 0, 6, 0)), "mode 2 of 2", 0},
		{"mode of 2^63", base(num('S', huge, 0, 6, 0)), "mode", 0},
		{"xattrs out of range", base(num('S', 0, 1, 6, 0)), "xattrs 1 of 1", 0},
		{"more objects than listed", base(good, good), "only 1 objects", 5},
		{"fewer objects than listed", base(), "makes 0 objects", -1},
		{"write without a file", base(num('w', 1, 0)), "no file is open", 0},
		{"close without a file", base(num('c')), "no file is open", 0},
		{"file not closed", base(num('o', 0, 0, 6), num('w', 6, 0)), "not closed", 0},
		{"file too short", base(num('o', 0, 0, 6), num('w', 5, 0), num('c')), "has 5 bytes", 7},
		{"file too long", base(num('o', 0, 0, 6), num('w', 6, 0), num('w', 1, 0), num('c')), "only 0 are left", 7},
		{"open in a file", base(num('o', 0, 0, 6), num('o', 0, 0, 6)), "not closed", 4},
		{"symlink opened", base(num('o', 1, 0, 6)), "symlink", 0},
		{"patch without an old file", base(num('o', 0, 0, 6), num('B', 0, 6), num('c')), "no file to patch", 4},
		{"patch after a write", base(num('o', 0, 0, 6), num('w', 1, 0), read, num('B', 0, 6), num('c')), "whole file", 9},
		{"source's name out of range", base(num('r', 7)), "not in the blob", 0},
		{"source offset of 2^63", base(num('o', 0, 0, 6), read, num('w', 6, huge), num('c')), "in no file", 6},
		{"source offset behind its end", base(num('o', 0, 0, 6), read, num('w', 6, 95), num('c')), "too early", 6},
		{"source that is not there", with(base(num('o', 0, 0, 6), num('r', 0), num('w', 6, 0), num('c')), func(c *crafted) { c.blob = make([]byte, 40) }), "is missing", -2},
		{"patch with a negative piece", patched(patch(-1, 7, 0, "hello\n")), "piece of -1", 6},
		{"patch with a piece too long", patched(patch(7, 0, 0, "hello\n")), "only 6 are left", 6},
		{"patch with a piece of 2^63", patched(patch(math.MaxInt64, 6, 0, "hello\n")), "piece of", 6},
		{"patch that moves too far", patched(append(patch(0, 0, math.MaxInt64, ""), patch(6, 0, 0, "hello\n")...)), "moves", 6},
		{"patch that ends early", patched(patch(0, 6, 0, "hel")), "before the file", 6},
		{"patch that goes on", patched(patch(0, 6, 0, "hello\n.")), "goes on", 6},
		{"another content", base(num('S', 0, 0, 5, 0)), "checksum is", 0},
		{"another mode", with(base(good), func(c *crafted) { c.modes[0][2] = 0o104755 }), "checksum is", 0},
		{"mode of a device", with(base(good), func(c *crafted) { c.modes[0][2] = 0o20644 }), "mode", 0},
		{"metadata opened as a file", with(base(num('o', 0, 0, 6)), func(c *crafted) { c.table[0] = tree }), "opens a dirtree", 0},
		{"file's bytes as a dirtree", with(base(num('S', 6, 0)), func(c *crafted) { c.table[0] = tree }), "checksum is", 0},
		{"more than was promised", with(base(good), func(c *crafted) { c.usize = 5 }), "promises", 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeBareUser)
			if err != nil {
				t.Fatal(err)
			}
			putSource(t, repo, source, strings.Repeat("0123456789", 10))
			before := objectsOf(t, repo)
			f, err := Open(tc.c.write(t, t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			_, err = ApplyFile(t.Context(), repo, f, ApplyOptions{})
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("error %v, want one with %q", err, tc.says)
			}
			var e *BadError
			if tc.op != -2 && (!errors.As(err, &e) || e.Part != 0 || e.Op != tc.op || tc.op >= 0 && e.Object != tc.c.table[0] && tc.op != 5) {
				t.Errorf("error %v names part, object and operation otherwise: %+v", err, e)
			}
			if after := objectsOf(t, repo); after != before {
				t.Errorf("objects are there:\n%s", after)
			}
		})
	}
}

func putSource(t testing.TB, repo *ostree.Repo, id ostree.ObjectID, data string) {
	t.Helper()
	s, err := repo.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	obj := ostree.NewFile(id.Sum, &ostree.FileHeader{Mode: 0o100644, Size: uint64(len(data))}, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(data)), nil
	})
	if err := errors.Join(s.Put(t.Context(), obj), s.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// objectsOf lists what is visible in a repo, and what a delta may have left in
// its folder for temporary files.
func objectsOf(t testing.TB, repo *ostree.Repo) string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(filepath.Join(repo.Path(), "objects"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(repo.Path(), "tmp", "otactl-delta-*"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(list, left...), "\n")
}

package delta

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/ostree/variant"
)

// realSuperblocks are those of libostree's old repos.
func realSuperblocks(f *testing.F) [][]byte {
	var all [][]byte
	for _, tarball := range []string{"pre-endian-deltas-repo-big.tar.xz", "pre-endian-deltas-repo-little.tar.xz"} {
		found, err := filepath.Glob(filepath.Join(unpack(f, tarball), "*/deltas/*/*/superblock"))
		if err != nil || len(found) == 0 {
			f.Fatalf("no superblocks in %s: %v", tarball, err)
		}
		for _, path := range found {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			all = append(all, data)
		}
	}
	return all
}

func FuzzSuperblock(f *testing.F) {
	for _, data := range realSuperblocks(f) {
		f.Add(data)
	}
	c := spoil(f, nil)
	data, err := os.ReadFile(c.write(f, f.TempDir()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(Wrap(data, variant.Dict(variant.Entry{Key: "ostree.sign.dummy", Value: variant.Array(variant.MustType("ay"), variant.Bytes([]byte("x")))})))
	f.Fuzz(func(t *testing.T, data []byte) {
		raw, signatures, err := Unwrap(data)
		if err != nil {
			return
		}
		if signatures.IsValid() && !bytes.Equal(Wrap(raw, signatures), data) {
			t.Fatalf("%x is wrapped otherwise", data)
		}
		s, err := ParseSuperblock(raw)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if _, err := s.marshal(ropeOf(s.Metadata.Data())).WriteTo(&out); err != nil || !bytes.Equal(out.Bytes(), raw) {
			t.Fatalf("%x is written as %x: %v", raw, out.Bytes(), err)
		}
		s.Sizes()
	})
}

func FuzzIndex(f *testing.F) {
	n := Name{ostree.Checksum{1}, ostree.Checksum{2}}
	f.Add(Index{n: {3}, Name{To: n.To}: {4}}.Marshal())
	f.Add(Index{}.Marshal())
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := ParseIndex(n.To, data)
		if err != nil {
			return
		}
		again, err := ParseIndex(n.To, x.Marshal())
		if err != nil || len(again) != len(x) {
			t.Fatalf("%x is written as %x: %v", data, x.Marshal(), err)
		}
	})
}

func FuzzName(f *testing.F) {
	n := Name{ostree.Checksum{1}, ostree.Checksum{2}}
	f.Add(n.String(), n.Dir()[len("deltas/"):len("deltas/")+2], n.Dir()[len("deltas/ab/"):])
	f.Fuzz(func(t *testing.T, name, fan, rest string) {
		if n, err := ParseName(name); err == nil && n.String() != name {
			t.Fatalf("%q is written as %q", name, n)
		}
		if n, ok := parseDir(fan, rest); ok && n.Dir() != "deltas/"+fan+"/"+rest {
			t.Fatalf("%q/%q is written as %q", fan, rest, n.Dir())
		}
		if c, ok := parseIndexName(fan, rest); ok && IndexPath(c) != "delta-indexes/"+fan+"/"+rest {
			t.Fatalf("%q/%q is written as %q", fan, rest, IndexPath(c))
		}
	})
}

// tallied reads all that is put into it, and remembers how much.
type tallied struct{ bytes int64 }

func (s *tallied) Put(ctx context.Context, obj ostree.Object) error {
	var rc io.ReadCloser
	var err error
	if obj.ID().Type == ostree.TypeFile {
		_, rc, err = obj.OpenFile(ctx)
	} else {
		rc, _, err = obj.OpenArchive(ctx)
	}
	if err != nil {
		return err
	}
	defer rc.Close()
	n, err := io.Copy(io.Discard, rc)
	s.bytes += n
	return err
}

func (s *tallied) Close(context.Context) error { return nil }
func (s *tallied) Abort()                      {}

// FuzzPart runs the program of a part against a store that has one file.
func FuzzPart(f *testing.F) {
	source := strings.Repeat("0123456789", 10)
	id := fileObject(f, 0o100644, source)
	store := &storetest.Memory{}
	s, err := store.Begin(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	obj := ostree.NewFile(id.Sum, &ostree.FileHeader{Mode: 0o100644, Size: uint64(len(source))}, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(source)), nil
	})
	if err := s.Put(f.Context(), obj); err != nil {
		f.Fatal(err)
	}
	if err := s.Close(f.Context()); err != nil {
		f.Fatal(err)
	}
	temp := f.TempDir()
	for _, seed := range partSeeds(id) {
		f.Add(seed.payload(), seed.tableBytes(), seed.usize)
	}
	f.Fuzz(func(t *testing.T, payload, table []byte, usize uint64) {
		usize %= 1 << 20
		part := append([]byte{packedNone}, payload...)
		head := Part{Sum: sha256.Sum256(part), Size: uint64(len(part)), USize: usize, Objects: table[:len(table)/entrySize*entrySize]}
		sums := &tallied{}
		a := &applier{super: &Superblock{Parts: []Part{head}}, session: sums, work: make(chan struct{}, 1), windows: semaphore.NewWeighted(windows),
			task:    progress.Start(nil, "", progress.Count, 0),
			sources: sources{repo: store, dir: temp},
			open:    func(context.Context, int) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(part)), nil }}
		u := &unpacker{dir: a.sources.dir}
		u.limits.Dictionary = limits.XZDictionary
		_ = a.part(t.Context(), u, 0)
		if uint64(sums.bytes) > usize {
			t.Fatalf("%d bytes were written, %d were promised", sums.bytes, usize)
		}
	})
}

func (c *crafted) tableBytes() []byte {
	var table []byte
	for _, id := range c.table {
		table = append(append(table, byte(id.Type)), id.Sum[:]...)
	}
	return table
}

// partSeeds use every operation.
func partSeeds(source ostree.ObjectID) []crafted {
	file := ostree.ObjectID{Sum: ostree.Checksum{9}, Type: ostree.TypeFile}
	tree := ostree.ObjectID{Sum: ostree.Checksum{8}, Type: ostree.TypeDirTree}
	stream := append(appendNumber(appendNumber(appendNumber(nil, 50), 4), -20), make([]byte, 54)...)
	stream = append(appendNumber(appendNumber(appendNumber(stream, 6), 0), 0), make([]byte, 6)...)
	blob := append(append([]byte("hello\n"), source.Sum[:]...), stream...)
	modes := [][3]uint32{{0, 0, 0o100644}, {0, 0, 0o120777}}
	join := func(ops ...[]byte) []byte { return bytes.Join(ops, nil) }
	return []crafted{
		{ops: num('S', 0, 0, 6, 0), blob: blob, modes: modes, table: []ostree.ObjectID{file}, usize: 6},
		{ops: join(num('S', 6, 0), num('S', 1, 0, 5, 0)), blob: blob, modes: modes, table: []ostree.ObjectID{tree, file}, usize: 6},
		{ops: join(num('r', 6), num('o', 0, 0, 60), num('B', 38, uint64(len(stream))), num('c'), num('R')), blob: blob, modes: modes, table: []ostree.ObjectID{file}, usize: 60},
		{ops: join(num('o', 0, 0, 30), num('r', 6), num('w', 10, 90), num('R'), num('w', 6, 0), num('r', 6), num('w', 14, 3), num('c')),
			blob: blob, modes: modes, table: []ostree.ObjectID{file}, usize: 30},
	}
}

func FuzzPatch(f *testing.F) {
	var m matcher
	for _, c := range changes(f) {
		old, new := c[0][:min(len(c[0]), 3000)], c[1][:min(len(c[1]), 3000)]
		m.index(old)
		f.Add(appendPatch(nil, old, new, m.pieces(new)), old, int64(len(new)))
	}
	f.Fuzz(func(t *testing.T, patch, old []byte, size int64) {
		size &= 1<<20 - 1
		n, err := io.Copy(io.Discard, newPatched(bytes.NewReader(patch), bytes.NewReader(old), int64(len(old)), size))
		if n > size || err == nil && n != size {
			t.Fatalf("a file of %d bytes came out with %d: %v", size, n, err)
		}
	})
}

// FuzzDiff makes patches and copies of any two files, and runs them.
func FuzzDiff(f *testing.F) {
	for _, c := range changes(f) {
		f.Add(c[0][:min(len(c[0]), 2000)], c[1][:min(len(c[1]), 2000)])
	}
	f.Fuzz(func(t *testing.T, old, new []byte) {
		var m matcher
		m.index(old)
		pieces := m.pieces(new)
		p := plan{way: patch, pieces: pieces, blob: int64(24*len(pieces) + len(new))}
		if got := assemble(t, p, old, new); !bytes.Equal(got, new) {
			t.Fatalf("patch of %x gives %x, want %x", old, got, new)
		}
		if got := assemble(t, copySteps(old, new, pieces), old, new); !bytes.Equal(got, new) {
			t.Fatalf("copies of %x give %x, want %x", old, got, new)
		}
	})
}

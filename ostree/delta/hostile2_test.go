package delta

import (
	"bytes"
	"errors"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta/xz"
	"github.com/otactl/otactl/ostree/variant"
)

// spoil is a delta that is good but for what change does to its superblock.
func spoil(t testing.TB, change func(*Superblock)) crafted {
	t.Helper()
	return crafted{ops: num('S', 0, 0, 6, 0), blob: []byte("hello\n"), modes: [][3]uint32{{0, 0, 0o100644}},
		table: []ostree.ObjectID{fileObject(t, 0o100644, "hello\n")}, usize: 6, head: change}
}

func TestHostileSuperblocksAreRefused(t *testing.T) {
	other := ostree.Checksum{1, 2, 3}
	object := func(typ byte) func(*Superblock) {
		return func(s *Superblock) { s.Parts[0].Objects = append([]byte{typ}, other[:]...) }
	}
	cases := map[string]struct {
		change func(*Superblock)
		says   string
	}{
		"part with another checksum":  {func(s *Superblock) { s.Parts[0].Sum = other }, "checksum is"},
		"part shorter than announced": {func(s *Superblock) { s.Parts[0].Size++ }, "shorter"},
		"part longer than announced":  {func(s *Superblock) { s.Parts[0].Size-- }, "longer"},
		"part that is not there":      {func(s *Superblock) { s.Parts = append(s.Parts, s.Parts[0]) }, "part 1"},
		"size of 2^63":                {func(s *Superblock) { s.Parts[0].Size = 1 << 63 }, "promises more"},
		"sizes of 2^64-1":             {func(s *Superblock) { s.Parts[0].Size, s.Parts[0].USize = math.MaxUint64, math.MaxUint64 }, "promises more"},
		"fallback of 2^63":            {func(s *Superblock) { s.Fallbacks = []Fallback{{ostree.ObjectID{Sum: other, Type: 1}, 1 << 63, 0}} }, "promises more"},
		"fallback twice": {func(s *Superblock) {
			f := Fallback{ostree.ObjectID{Sum: other, Type: 1}, 1, 1}
			s.Fallbacks = []Fallback{f, f}
		}, "twice"},
		"fallback that can't be had":    {func(s *Superblock) { s.Fallbacks = []Fallback{{ostree.ObjectID{Sum: other, Type: 1}, 1, 1}} }, "would have to be fetched"},
		"fallback of a wrong type":      {func(s *Superblock) { s.Fallbacks = []Fallback{{ostree.ObjectID{Sum: other, Type: 6}, 1, 1}} }, "type 6"},
		"object of type 0":              {object(0), "type 0"},
		"detached metadata as object":   {object(6), "type 6"},
		"another commit":                {object(4), "commit other than"},
		"table that is cut":             {func(s *Superblock) { s.Parts[0].Objects = s.Parts[0].Objects[:32] }, "multiple of 33"},
		"commit that is another":        {func(s *Superblock) { s.Name.To = other }, "the commit in it is"},
		"from a commit that is missing": {func(s *Superblock) { s.Name.From = other }, "missing"},
		"deltas before it":              {func(s *Superblock) { s.Before = make([]byte, 64) }, "builds on other deltas"},
		"closure that is not whole":     {func(*Superblock) {}, "dirtree is missing"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeBareUser)
			if err != nil {
				t.Fatal(err)
			}
			c := spoil(t, tc.change)
			f, err := Open(c.write(t, t.TempDir()))
			if err == nil {
				defer f.Close()
				_, err = ApplyFile(t.Context(), repo, f, ApplyOptions{})
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("error %v, want one with %q", err, tc.says)
			}
			commit, _ := aCommit(t)
			if whole, err := repo.IsComplete(commit.ID().Sum); whole || err != nil {
				t.Errorf("the commit counts as complete: %v", err)
			}
			if after := objectsOf(t, repo); after != "" && name != "closure that is not whole" {
				t.Errorf("objects are there:\n%s", after)
			}
		})
	}
}

func TestMetadataOfASuperblockIsHeldAgainstItsParts(t *testing.T) {
	cases := map[string]struct {
		entries []variant.Entry
		says    string
	}{
		"byte order unknown":      {[]variant.Entry{{Key: keyEndianness, Value: variant.Byte('x')}}, "want l or B"},
		"byte order of a string":  {[]variant.Entry{{Key: keyEndianness, Value: variant.Text("l")}}, "want y"},
		"byte order twice":        {[]variant.Entry{{Key: keyEndianness, Value: variant.Byte('l')}, {Key: keyEndianness, Value: variant.Byte('l')}}, "twice"},
		"inline part not listed":  {[]variant.Entry{{Key: "/1", Value: variant.Byte(0)}}, "doesn't list"},
		"inline part -1":          {[]variant.Entry{{Key: "/-1", Value: variant.Byte(0)}}, "doesn't list"},
		"inline part 00":          {[]variant.Entry{{Key: "/00", Value: variant.Byte(0)}}, "doesn't list"},
		"inline part of a string": {[]variant.Entry{{Key: "/0", Value: variant.Text("x")}}, "want (yay)"},
		"detached of a string":    {[]variant.Entry{{Key: "/commitmeta", Value: variant.Text("x")}}, "want a{sv}"},
	}
	commit, _ := aCommit(t)
	for name, tc := range cases {
		s := &Superblock{Name: Name{To: commit.ID().Sum}, Time: time.Unix(1, 0), Order: Little, Commit: bytesOf(t, commit), Parts: []Part{{}}}
		for i, e := range tc.entries {
			if strings.HasPrefix(e.Key, "/") {
				tc.entries[i].Key = s.Name.Dir() + e.Key
			}
		}
		var out bytes.Buffer
		if _, err := s.marshal(ropeOf(variant.Dict(tc.entries...).Data())).WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		_, err := ParseSuperblock(out.Bytes())
		var e *BadError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: error %v, want one with %q", name, err, tc.says)
		}
	}
}

// A part may unpack to what its superblock promises, and not much more.
func TestXZBombInAPartIsDefused(t *testing.T) {
	c := spoil(t, nil)
	c.packed = func([]byte) []byte {
		var out bytes.Buffer
		if err := xz.Encode(&out, &zeros{64 << 20}, 64<<10); err != nil {
			t.Fatal(err)
		}
		return append([]byte{packedXZ}, out.Bytes()...)
	}
	f, err := Open(c.write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeBareUser)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = ApplyFile(t.Context(), repo, f, ApplyOptions{})
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "part 0: xz stream: gives more than the") {
		t.Errorf("error %v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

// zeros gives n zero bytes.
type zeros struct{ n int }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(len(p), z.n)
	clear(p[:n])
	z.n -= n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

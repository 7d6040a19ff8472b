package delta

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// A superblock may be long: what it says is understood in little more memory
// than it takes, or refused.
func TestALongSuperblockTakesLittleMemory(t *testing.T) {
	commit, _ := aCommit(t)
	cases := map[string]struct {
		fill func(*Superblock) []variant.Entry
		says string // in the error; "": good
	}{
		"deltas before it": {func(s *Superblock) []variant.Entry { s.Before = make([]byte, 32<<20); return nil }, ""},
		"fallbacks": {func(s *Superblock) []variant.Entry {
			s.Fallbacks = slices.Repeat([]Fallback{{ID: ostree.ObjectID{Type: ostree.TypeFile}}}, limits.DeltaFallbacks+1)
			return nil
		}, "leaves out 65537 objects"},
		"metadata": {func(s *Superblock) []variant.Entry {
			entries := make([]variant.Entry, limits.DeltaKeys)
			for i := range entries {
				entries[i] = variant.Entry{Key: fmt.Sprint(i), Value: variant.Byte(0)}
			}
			return entries
		}, "has 66561 keys"},
		"bytes beside the parts": {func(s *Superblock) []variant.Entry {
			s.Before = make([]byte, limits.DeltaSuperblock)
			return []variant.Entry{{Key: "/0", Value: variant.Tuple(inlineType, variant.Byte(0), variant.Bytes(make([]byte, 100)))}}
		}, "beside its parts"},
	}
	for name, tc := range cases {
		s := &Superblock{Name: Name{To: commit.ID().Sum}, Time: time.Unix(1, 0), Order: Little, Commit: bytesOf(t, commit)}
		var out bytes.Buffer
		if _, err := s.marshal(s.head(tc.fill(s), nil)).WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		*s = Superblock{}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseSuperblock(out.Bytes())
		runtime.ReadMemStats(&after)
		if bad := (*BadError)(nil); tc.says == "" && err != nil || tc.says != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: error %v, want one with %q", name, err, tc.says)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", name, grown)
		}
	}
}

func TestPartsInsideASuperblockAreNoneOfItsOwnBytes(t *testing.T) {
	part := variant.Tuple(inlineType, variant.Byte(0), variant.Bytes(make([]byte, 1000)))
	s := &Superblock{Metadata: variant.Dict(variant.Entry{Key: "a", Value: variant.Text("b")}, variant.Entry{Key: "c", Value: part})}
	if err := s.checkSize(limits.DeltaSuperblock + len(part.Data())); err != nil {
		t.Error(err)
	}
	if err := s.checkSize(limits.DeltaSuperblock + len(part.Data()) + 1); err == nil {
		t.Error("a byte more is taken")
	}
}

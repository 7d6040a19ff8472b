package summary

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// The metadata keys of a summary, and of a ref in it.
const (
	KeyLastModified  = "ostree.summary.last-modified"     // t, big-endian: seconds since 1970
	KeyExpires       = "ostree.summary.expires"           // t, big-endian: seconds since 1970
	KeyMode          = "ostree.summary.mode"              // s: archive-z2, bare, …
	KeyTombstones    = "ostree.summary.tombstone-commits" // b
	KeyIndexedDeltas = "ostree.summary.indexed-deltas"    // b
	KeyCollectionID  = "ostree.summary.collection-id"     // s
	KeyCollectionMap = "ostree.summary.collection-map"    // a{sa(s(taya{sv}))}
	KeyStaticDeltas  = "ostree.static-deltas"             // a{sv}: name to ay of 32

	KeyCommitTimestamp = "ostree.commit.timestamp" // t, big-endian, of a ref
	KeyCommitVersion   = "ostree.commit.version"   // s, of a ref
)

var (
	summaryType  = variant.MustType("(a(s(taya{sv}))a{sv})")
	refType      = variant.MustType("(s(taya{sv}))")
	commitType   = variant.MustType("(taya{sv})")
	mapType      = variant.MustType("a{sa(s(taya{sv}))}")
	mapEntryType = variant.MustType("{sa(s(taya{sv}))}")
)

// Summary is a summary as it was parsed. Of what it says nothing is verified.
type Summary struct {
	Refs        []Ref        // of the repo itself, ascending by name
	Collections []Collection // of other collections that it mirrors, ascending by id
	Metadata    variant.Value

	CollectionID  string      // that Refs belong to, or ""
	Mode          ostree.Mode // "" where the summary doesn't say; archive-z2 reads as ModeArchive
	LastModified  time.Time   // zero where the summary doesn't say
	Expires       time.Time   // zero for never
	Tombstones    bool        // deleted commits leave a tombstone
	IndexedDeltas bool        // the deltas to a commit are in delta-indexes/
	// Deltas are the static deltas, "FROM-TO" or for one from scratch "TO", each
	// with the SHA-256 of its superblock. It is nil where the summary has no
	// list of them, and empty where there are none.
	Deltas map[string][32]byte

	raw variant.Value
}

// Raw is the whole of a summary that was parsed.
func (s *Summary) Raw() variant.Value { return s.raw }

// Collection is the refs of another collection.
type Collection struct {
	ID   string
	Refs []Ref // ascending by name
}

// Ref is where a ref stands.
type Ref struct {
	Name     string
	Size     uint64 // of the commit object in bytes, as the server says
	Commit   ostree.Checksum
	Metadata variant.Value // a{sv}

	Time    time.Time // of the commit; zero where the summary doesn't say
	Version string    // of the commit; "" where the summary doesn't say
}

// bad is an error about a summary's form.
func bad(format string, args ...any) error {
	return fail.New(fail.Verification, "have the summary made anew on the server", "summary: "+format, args...)
}

// Parse reads a summary and refuses one that departs from the format in any
// way. It refers to b, which must not change after it.
func Parse(b []byte) (*Summary, error) {
	if len(b) > limits.Summary {
		return nil, bad("%d bytes, at most %d are allowed", len(b), limits.Summary)
	}
	v, err := variant.Parse(summaryType, b)
	if err != nil {
		return nil, bad("not in normal form: %w", err)
	}
	s := &Summary{Metadata: v.At(1), raw: v}
	if s.Refs, err = parseRefs(v.At(0)); err != nil {
		return nil, err
	}
	if err := checkKeys("metadata", s.Metadata); err != nil {
		return nil, err
	}
	return s, s.readMetadata()
}

func parseRefs(list variant.Value) ([]Ref, error) {
	refs := make([]Ref, list.Len())
	for i := range refs {
		r, err := parseRef(list.At(i))
		if err != nil {
			return nil, err
		}
		if i > 0 && refs[i-1].Name >= r.Name {
			return nil, bad("ref %s is there twice or out of order", r.Name)
		}
		refs[i] = r
	}
	return refs, nil
}

func parseRef(v variant.Value) (Ref, error) {
	name, at := v.At(0).Text(), v.At(1)
	if err := ostree.CheckRef(name); err != nil || strings.Contains(name, ":") {
		return Ref{}, bad("%.80q is not a ref's name", name)
	}
	r := Ref{Name: name, Size: at.At(0).Uint64(), Metadata: at.At(2)}
	if sum := at.At(1).Bytes(); copy(r.Commit[:], sum) != len(r.Commit) || len(sum) != len(r.Commit) {
		return r, bad("ref %s: checksum is %d bytes, want %d", name, len(sum), len(r.Commit))
	}
	if err := checkKeys("ref "+name, r.Metadata); err != nil {
		return r, err
	}
	var err error
	if r.Time, err = timeOf(r.Metadata, KeyCommitTimestamp); err != nil {
		return r, err
	}
	r.Version, err = textOf(r.Metadata, KeyCommitVersion)
	return r, err
}

func (s *Summary) readMetadata() error {
	var err error
	if s.CollectionID, err = textOf(s.Metadata, KeyCollectionID); err != nil {
		return err
	}
	mode, err := textOf(s.Metadata, KeyMode)
	if err != nil {
		return err
	}
	if s.Mode = ostree.Mode(mode); mode == "archive-z2" {
		s.Mode = ostree.ModeArchive
	}
	if s.LastModified, err = timeOf(s.Metadata, KeyLastModified); err != nil {
		return err
	}
	if s.Expires, err = timeOf(s.Metadata, KeyExpires); err != nil {
		return err
	}
	if s.Tombstones, err = boolOf(s.Metadata, KeyTombstones); err != nil {
		return err
	}
	if s.IndexedDeltas, err = boolOf(s.Metadata, KeyIndexedDeltas); err != nil {
		return err
	}
	if s.Deltas, err = parseDeltas(s.Metadata); err != nil {
		return err
	}
	return s.readCollections()
}

func (s *Summary) readCollections() error {
	v, ok, err := typed(s.Metadata, KeyCollectionMap, mapType.String())
	if !ok || err != nil {
		return err
	}
	for i := range v.Len() {
		c := Collection{ID: v.At(i).At(0).Text()}
		if ostree.CheckCollectionID(c.ID) != nil {
			return bad("%.80q is not a collection id", c.ID)
		}
		if i > 0 && s.Collections[i-1].ID >= c.ID {
			return bad("collection %s is there twice or out of order", c.ID)
		}
		if c.Refs, err = parseRefs(v.At(i).At(1)); err != nil {
			return err
		}
		s.Collections = append(s.Collections, c)
	}
	return nil
}

func parseDeltas(dict variant.Value) (map[string][32]byte, error) {
	v, ok, err := typed(dict, KeyStaticDeltas, "a{sv}")
	if !ok || err != nil {
		return nil, err
	}
	deltas := make(map[string][32]byte, v.Len())
	for i := range v.Len() {
		name, sum := v.At(i).At(0).Text(), v.At(i).At(1).Variant()
		if !isDelta(name) {
			return nil, bad("%.140q is not the name of a static delta", name)
		}
		if _, ok := deltas[name]; ok {
			return nil, bad("static delta %s is there twice", name)
		}
		if sum.Type().String() != "ay" || len(sum.Bytes()) != 32 {
			return nil, bad("static delta %s: %v where its checksum should be", name, sum)
		}
		deltas[name] = [32]byte(sum.Bytes())
	}
	return deltas, nil
}

// isDelta says whether s is "TO" or "FROM-TO", in hex.
func isDelta(s string) bool {
	from, to, both := strings.Cut(s, "-")
	if _, err := ostree.ParseChecksum(from); err != nil {
		return false
	}
	if !both {
		return true
	}
	_, err := ostree.ParseChecksum(to)
	return err == nil
}

// Ref finds a ref of the repo itself.
func (s *Summary) Ref(name string) (Ref, bool) { return find(s.Refs, name) }

// CollectionRef finds a ref by its collection; that of the repo itself goes
// with Refs.
func (s *Summary) CollectionRef(collection, name string) (Ref, bool) {
	if collection == s.CollectionID && collection != "" {
		return s.Ref(name)
	}
	for _, c := range s.Collections {
		if c.ID == collection {
			return find(c.Refs, name)
		}
	}
	return Ref{}, false
}

func find(refs []Ref, name string) (Ref, bool) {
	i, ok := slices.BinarySearchFunc(refs, name, func(r Ref, n string) int { return cmp.Compare(r.Name, n) })
	if !ok {
		return Ref{}, false
	}
	return refs[i], true
}

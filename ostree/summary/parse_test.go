package summary

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// realSummary is one that the real program made: two refs, a mirrored
// collection, a static delta, metadata of somebody's own.
func realSummary(tb testing.TB) (repo string, data []byte) {
	tb.Helper()
	repo = testkit.ArchiveRepo(tb, testkit.SmallOS(tb, "1"), "os/main", "version=1.5")
	testkit.OSTree(tb, "--repo="+repo, "config", "set", "core.collection-id", "org.example.One")
	testkit.OSTree(tb, "--repo="+repo, "refs", "os/main", "--create=other")
	testkit.OSTree(tb, "--repo="+repo, "refs", "--collections", "--create=org.example.Two:x/y", "other")
	testkit.OSTree(tb, "--repo="+repo, "static-delta", "generate", "--empty", "os/main")
	testkit.OSTree(tb, "--repo="+repo, "summary", "-u", "--add-metadata=mine=true")
	data, err := os.ReadFile(repo + "/summary")
	if err != nil {
		tb.Fatal(err)
	}
	return repo, data
}

func TestParseReadsWhatLibostreeWrites(t *testing.T) {
	repo, data := realSummary(t)
	s, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	tip := testkit.OSTree(t, "--repo="+repo, "rev-parse", "os/main")
	r, ok := s.Ref("os/main")
	if !ok || r.Commit.String() != tip || r.Version != "1.5" || r.Time != time.Unix(1_700_000_000, 0).UTC() {
		t.Errorf("ref os/main is %+v, want commit %s", r, tip)
	}
	size, err := os.Stat(repo + "/" + ostree.ObjectID{Sum: r.Commit, Type: ostree.TypeCommit}.ArchivePath())
	if err != nil || uint64(size.Size()) != r.Size {
		t.Errorf("the commit's size is %d, want that of %v (%v)", r.Size, size, err)
	}
	if _, ok := s.Ref("none"); ok {
		t.Error("a ref was found that is not there")
	}
	for _, c := range []struct{ collection, ref string }{{"org.example.One", "other"}, {"org.example.Two", "x/y"}} {
		if r, ok := s.CollectionRef(c.collection, c.ref); !ok || r.Commit.String() != tip {
			t.Errorf("ref %s of %s is %+v", c.ref, c.collection, r)
		}
	}
	if s.Mode != ostree.ModeArchive || s.CollectionID != "org.example.One" || s.LastModified.IsZero() ||
		!s.Expires.IsZero() || s.Tombstones || !s.IndexedDeltas {
		t.Errorf("metadata is %+v", s)
	}
	if _, ok := s.Deltas[tip]; !ok || len(s.Deltas) != 1 {
		t.Errorf("deltas are %x", s.Deltas)
	}
	out, err := s.Marshal()
	if err != nil || !bytes.Equal(out, data) {
		t.Errorf("it is written in another way: %v", err)
	}
}

// plain makes a summary out of refs and metadata as they stand, whatever they
// are.
func plain(refs []Ref, metadata ...variant.Entry) []byte {
	return variant.Tuple(summaryType, variant.Array(refType, packRefs(refs)...), variant.Dict(metadata...)).Data()
}

func TestParseRefusesWhatDepartsFromTheFormat(t *testing.T) {
	hex := strings.Repeat("ab", 32)
	deltas := func(entries ...variant.Entry) []byte {
		return plain(nil, variant.Entry{Key: KeyStaticDeltas, Value: variant.Dict(entries...)})
	}
	collections := func(ids ...string) []byte {
		var list []variant.Value
		for _, id := range ids {
			list = append(list, variant.Tuple(mapEntryType, variant.Text(id), variant.Array(refType)))
		}
		return plain(nil, variant.Entry{Key: KeyCollectionMap, Value: variant.Array(mapEntryType, list...)})
	}
	short := variant.Tuple(refType, variant.Text("a"),
		variant.Tuple(commitType, variant.Uint64(1), variant.Bytes(make([]byte, 31)), variant.Dict()))
	for name, data := range map[string][]byte{
		"no bytes of the right form": []byte("borkborkbork\n"),
		"refs out of order":          plain([]Ref{{Name: "b"}, {Name: "a"}}),
		"ref there twice":            plain([]Ref{{Name: "a"}, {Name: "a"}}),
		"ref without a name":         plain([]Ref{{}}),
		"ref that is a path":         plain([]Ref{{Name: "../../etc/passwd"}}),
		"ref of a remote":            plain([]Ref{{Name: "origin:main"}}),
		"ref that looks like a sum":  plain([]Ref{{Name: hex}}),
		"checksum too short":         variant.Tuple(summaryType, variant.Array(refType, short), variant.Dict()).Data(),
		"key twice":                  plain(nil, variant.Entry{Key: "a", Value: variant.Text("1")}, variant.Entry{Key: "a", Value: variant.Text("2")}),
		"key of a ref twice": plain([]Ref{{Name: "a", Metadata: variant.Dict(
			variant.Entry{Key: "k", Value: variant.Text("1")}, variant.Entry{Key: "k", Value: variant.Text("2")})}}),
		"commit time of another type": plain([]Ref{{Name: "a", Metadata: variant.Dict(variant.Entry{Key: KeyCommitTimestamp, Value: variant.Text("1")})}}),
		"time after the year 9999":    plain(nil, variant.Entry{Key: KeyLastModified, Value: variant.BigUint64(1 << 63)}),
		"mode that is a number":       plain(nil, variant.Entry{Key: KeyMode, Value: variant.Uint64(1)}),
		"delta with a short checksum": deltas(variant.Entry{Key: hex, Value: variant.Bytes(make([]byte, 31))}),
		"delta of another type":       deltas(variant.Entry{Key: hex, Value: variant.Text(hex)}),
		"delta that is a path":        deltas(variant.Entry{Key: "../" + hex, Value: variant.Bytes(make([]byte, 32))}),
		"delta twice":                 deltas(variant.Entry{Key: hex, Value: variant.Bytes(make([]byte, 32))}, variant.Entry{Key: hex, Value: variant.Bytes(make([]byte, 32))}),
		"collection that is a path":   collections("../a.b"),
		"collections out of order":    collections("org.b", "org.a"),
		"collection twice":            collections("org.a", "org.a"),
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := Parse(data); err == nil {
				t.Errorf("it was read as %+v", s)
			} else if fail.ClassOf(err) != fail.Verification {
				t.Errorf("class of %v is %v, want Verification", err, fail.ClassOf(err))
			}
		})
	}
}

// The seeds are short, and a real summary is in the corpus: what a fuzzer finds
// interesting it first makes shorter, byte by byte.
func FuzzSummary(f *testing.F) {
	sum := make([]byte, 32)
	ref := Ref{Name: "a", Metadata: variant.Dict(variant.Entry{Key: KeyCommitTimestamp, Value: variant.BigUint64(1)})}
	f.Add(plain(nil))
	f.Add(plain([]Ref{ref, {Name: "b/c"}}))
	f.Add(plain(nil, variant.Entry{Key: KeyMode, Value: variant.Text("bare")}, variant.Entry{Key: KeyTombstones, Value: variant.Bool(true)}))
	f.Add(plain(nil, variant.Entry{Key: KeyStaticDeltas, Value: variant.Dict(variant.Entry{Key: strings.Repeat("ab", 32), Value: variant.Bytes(sum)})}))
	f.Add(plain(nil, variant.Entry{Key: KeyCollectionMap, Value: packCollections([]Collection{{ID: "a.b", Refs: []Ref{ref}}})}))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
		if err != nil {
			return
		}
		out, err := s.Marshal()
		if err != nil || !bytes.Equal(out, data) {
			t.Fatalf("%x is written as %x (%v)", data, out, err)
		}
	})
}

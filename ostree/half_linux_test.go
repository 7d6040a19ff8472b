package ostree

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var aVersion = FileVersion{ETag: `"5f-62"`, Modified: "Thu, 26 Nov 2026 20:00:00 GMT"}

// halfIn begins the half of an object in a stage.
func halfIn(t *testing.T, s *stage, id ObjectID) *half {
	t.Helper()
	h := s.newHalf(id, aVersion, worthKeeping)
	if h == nil {
		t.Fatal("no half was begun")
	}
	return h
}

func TestAHalfIsForOneAtATime(t *testing.T) {
	r := newRepo(t, ModeArchive)
	id := plain(t, "x").ID()
	begin := func() *stage {
		t.Helper()
		s, err := r.openStage(t.Context(), keeping)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.close)
		return s
	}
	h := halfIn(t, begin(), id)
	if _, err := h.Write([]byte("some")); err != nil {
		t.Fatal(err)
	}
	later := begin()
	if later.openHalf(id) != nil || later.newHalf(id, aVersion, worthKeeping) != nil {
		t.Error("somebody else got what is being written")
	}
	h.leave()
	got := later.openHalf(id)
	if got == nil {
		t.Fatal("what was left can't be opened")
	}
	defer got.leave()
	kept, _ := got.kept()
	data, err := io.ReadAll(kept)
	if err != nil || string(data) != "some" || got.version != aVersion || got.length != worthKeeping {
		t.Errorf("%q, %+v, %v", data, got, err)
	}
}

// A full disk, or more than was announced, must not stop the object itself.
func TestAHalfThatCantGrowCostsTheObjectNothing(t *testing.T) {
	r := newRepo(t, ModeArchive)
	s, err := r.openStage(t.Context(), keeping)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	full := halfIn(t, s, plain(t, "full").ID())
	full.out = brokenWriter{}
	long := halfIn(t, s, plain(t, "long").ID())
	for _, h := range []*half{full, long} {
		for range 2 {
			if n, err := h.Write(make([]byte, worthKeeping+1)); n != worthKeeping+1 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if st, err := h.file.Stat(); err != nil || st.Size() != 0 || h.have != 0 {
			t.Errorf("%v, %v: %d bytes are said to be there", st, err, h.have)
		}
		h.drop()
	}
}

// What is kept for a killed process must not be what fills the disk: the halves
// of others go, and those at work, but not one that is being read.
func TestHalvesGiveTheirRoomToAnObject(t *testing.T) {
	for _, mode := range []Mode{ModeArchive, ModeBare} {
		r, err := CreateRepo(filepath.Join(smallDisk(t, 16<<20), "repo"), mode)
		if err != nil {
			t.Fatal(err)
		}
		setCore(t, r, "min-free-space-size", "8MB")
		begin := func() *session {
			t.Helper()
			s, err := r.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Abort)
			return s.(*session)
		}
		filled := func(s *session, text string) *half {
			t.Helper()
			h := halfIn(t, s.stage, plain(t, text).ID())
			if _, err := h.Write(make([]byte, worthKeeping)); err != nil || h.have != worthKeeping {
				t.Fatal(h.have, err)
			}
			return h
		}
		before := begin()
		for _, text := range []string{"a", "b", "read"} {
			filled(before, text).leave()
		}
		before.Abort()
		s := begin()
		c, d, e := filled(s, "c"), filled(s, "d"), filled(s, "e")
		read := s.openHalf(plain(t, "read").ID())
		if read == nil {
			t.Fatal("what was left can't be opened")
		}
		if err := s.Put(t.Context(), noise(t, 1, 5<<20)); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if c.have+d.have+e.have > 0 || read.have != worthKeeping {
			t.Errorf("%s: %d, %d, %d and %d bytes are kept", mode, c.have, d.have, e.have, read.have)
		}
		for _, h := range []*half{c, d, e, read} {
			h.drop()
		}
		if left, err := filepath.Glob(filepath.Join(r.Path(), "tmp", halfPrefix+"*")); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", mode, left, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no") }

func TestAHalfIsNotWrittenOverWhatIsThere(t *testing.T) {
	r := newRepo(t, ModeArchive)
	s, err := r.openStage(t.Context(), keeping)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	id := plain(t, "x").ID()
	other := filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, []byte("mine"), 0o600), os.Link(other, s.halfPath(id))); err != nil {
		t.Fatal(err)
	}
	if s.newHalf(id, aVersion, worthKeeping) != nil {
		t.Error("it was taken for a half")
	}
	if data, err := os.ReadFile(other); err != nil || string(data) != "mine" {
		t.Errorf("%q, %v", data, err)
	}
	halfIn(t, s, id).drop() // it is out of the way
}

func TestAHalfOfNoVersionOrOfASmallObjectIsNotKept(t *testing.T) {
	r := newRepo(t, ModeArchive)
	s, err := r.openStage(t.Context(), keeping)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	id := plain(t, "x").ID()
	for name, h := range map[string]*half{
		"no version":        s.newHalf(id, FileVersion{}, worthKeeping),
		"no length":         s.newHalf(id, aVersion, -1),
		"small":             s.newHalf(id, aVersion, worthKeeping-1),
		"a head of no size": s.newHalf(id, FileVersion{ETag: string(make([]byte, halfHead))}, worthKeeping),
	} {
		if h != nil {
			t.Errorf("%s: it is kept", name)
			h.drop()
		}
	}
	if _, err := os.Stat(s.halfPath(id)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}

func FuzzHalf(f *testing.F) {
	for _, h := range []*half{{version: aVersion, length: worthKeeping}, {version: FileVersion{ETag: "x"}, length: 1 << 40}} {
		f.Add(h.head())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var h half
		if h.parseHead(data) == nil && !bytes.Equal(h.head(), data) {
			t.Errorf("%q is written as %q", data, h.head())
		}
	})
}

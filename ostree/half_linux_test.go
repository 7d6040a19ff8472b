package ostree

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var aVersion = FileVersion{ETag: `"5f-62"`, Modified: "Thu, 26 Nov 2026 20:00:00 GMT"}

// halfIn begins a half in a stage.
func halfIn(t *testing.T, s *stage, name halfName) *half {
	t.Helper()
	h := s.newHalf(name, aVersion, worthKeeping)
	if h == nil {
		t.Fatal("no half was begun")
	}
	return h
}

func TestAHalfIsForOneAtATime(t *testing.T) {
	r := newRepo(t, ModeArchive)
	name := aName(t, "x")
	begin := func() *stage {
		t.Helper()
		s, err := r.openStage(t.Context(), keeping)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.close)
		return s
	}
	h := halfIn(t, begin(), name)
	if _, err := h.Write([]byte("some")); err != nil {
		t.Fatal(err)
	}
	later := begin()
	if later.openHalf(name) != nil || later.newHalf(name, aVersion, worthKeeping) != nil {
		t.Error("somebody else got what is being written")
	}
	h.leave()
	got := later.openHalf(name)
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

// aName is that of the half of a file object.
func aName(t *testing.T, text string) halfName {
	t.Helper()
	return halfOf(plain(t, text).ID().Sum, TypeFile.Ext())
}

// A full disk, or more than was announced, must not stop the object itself.
func TestAHalfThatCantGrowCostsTheObjectNothing(t *testing.T) {
	r := newRepo(t, ModeArchive)
	s, err := r.openStage(t.Context(), keeping)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	full := halfIn(t, s, aName(t, "full"))
	full.out = brokenWriter{}
	long := halfIn(t, s, aName(t, "long"))
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
			h := halfIn(t, s.stage, aName(t, text))
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
		read := s.openHalf(aName(t, "read"))
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

// fromBytes opens a file of a server that knows ranges.
func fromBytes(data []byte) Opener {
	return func(_ context.Context, at Place) (*Rest, error) {
		return &Rest{io.NopCloser(bytes.NewReader(data[at.Offset:])), Place{at.Offset, int64(len(data)), aVersion}}, nil
	}
}

// readOf reads a file whole.
func readOf(t *testing.T, file *Resumed, want []byte) {
	t.Helper()
	in, _, err := file.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if err = errors.Join(err, in.Close()); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

// What is here of a file stays until whoever reads it is done with it, unless
// somebody needs the room.
func TestWhatIsKeptOfAFileGivesWayOnceItWasRead(t *testing.T) {
	r := newRepo(t, ModeBareUser)
	begin := func() Session {
		t.Helper()
		s, err := r.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Abort)
		return s
	}
	data := make([]byte, worthKeeping+1)
	sum := Checksum{1}
	before := Resume(begin(), sum, fromBytes(data))
	readOf(t, before, data)
	if before.Settle(errors.New("killed"), false) {
		t.Error("it is to be read again")
	}

	s := begin()
	asked := 0
	file := Resume(s, sum, func(ctx context.Context, at Place) (*Rest, error) {
		asked++
		return fromBytes(data)(ctx, at)
	})
	readOf(t, file, data)
	if n := r.KeptOf(sum); n != uint64(len(data)) || asked > 0 {
		t.Errorf("%d bytes are kept before it is settled, and it was asked for %d times", n, asked)
	}
	r.SetRoom(func(uint64) error {
		if r.KeptOf(sum) > 0 {
			return ErrNoSpace
		}
		return nil
	})
	if err := RoomIn(s)(1); err != nil || r.KeptOf(sum) != 0 {
		t.Errorf("%d bytes are kept that others need, %v", r.KeptOf(sum), err)
	}
	readOf(t, file, data)
	if file.Settle(nil, false) || asked != 1 {
		t.Errorf("it is to be read again, or was asked for %d times", asked)
	}
	if _, err := os.Lstat(r.halfPath(halfOf(sum, partExt))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left: %v", err)
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
	name := aName(t, "x")
	other := filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, []byte("mine"), 0o600), os.Link(other, s.repo.halfPath(name))); err != nil {
		t.Fatal(err)
	}
	if s.newHalf(name, aVersion, worthKeeping) != nil {
		t.Error("it was taken for a half")
	}
	if data, err := os.ReadFile(other); err != nil || string(data) != "mine" {
		t.Errorf("%q, %v", data, err)
	}
	halfIn(t, s, name).drop() // it is out of the way
}

func TestAHalfOfNoVersionOrOfASmallObjectIsNotKept(t *testing.T) {
	r := newRepo(t, ModeArchive)
	s, err := r.openStage(t.Context(), keeping)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	name := aName(t, "x")
	for name, h := range map[string]*half{
		"no version":        s.newHalf(name, FileVersion{}, worthKeeping),
		"no length":         s.newHalf(name, aVersion, -1),
		"small":             s.newHalf(name, aVersion, worthKeeping-1),
		"a head of no size": s.newHalf(name, FileVersion{ETag: string(make([]byte, halfHead))}, worthKeeping),
	} {
		if h != nil {
			t.Errorf("%s: it is kept", name)
			h.drop()
		}
	}
	if _, err := os.Stat(s.repo.halfPath(name)); !errors.Is(err, os.ErrNotExist) {
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

package treehub

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/client/oauth"
	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

func open(t *testing.T, s *treehubtest.Server, auth httpx.Auth) *Store {
	t.Helper()
	st, err := New(Options{BaseURL: s.URL, Retry: quick, Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// file makes a file object of n random bytes in archive form; sized says
// whether its source knows how long that is.
func file(t *testing.T, n int, sized bool) (ostree.Object, []byte) {
	t.Helper()
	id, data := storetest.RandomFile(t, n)
	return storetest.Archived(id, data, sized), data
}

func put(t *testing.T, st *Store, obj ostree.Object) error {
	t.Helper()
	se, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := se.Put(t.Context(), obj); err != nil {
		se.Abort()
		return err
	}
	return se.Close(t.Context())
}

func TestTreehubKeepsAStoresPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) ostree.Store {
		s := treehubtest.New(t)
		s.Strict = true
		return open(t, s, nil)
	})
}

func TestObjectsArriveWholeWhateverTheirSize(t *testing.T) {
	spools := t.TempDir() // the system's is shared with the tests of others
	t.Setenv("TMPDIR", spools)
	s := treehubtest.New(t)
	st := open(t, s, nil)
	var failed atomic.Bool
	s.Fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n%2 == 0 {
			return false
		}
		failed.Store(true)
		w.WriteHeader(http.StatusServiceUnavailable) // every second attempt
		return true
	}
	for _, n := range []int{1, 1000, inMemory, inMemory + 1, unsizedMemory, unsizedMemory + 1, 3 << 20} {
		for _, sized := range []bool{true, false} {
			obj, want := file(t, n, sized)
			if err := put(t, st, obj); err != nil {
				t.Fatalf("%d bytes, sized=%v: %v", n, sized, err)
			}
			if got := s.Objects()[obj.ID().ArchivePath()]; !bytes.Equal(got, want) {
				t.Errorf("%d bytes, sized=%v: %d bytes arrived, want %d", n, sized, len(got), len(want))
			}
		}
	}
	if !failed.Load() {
		t.Error("no attempt failed")
	}
	if left, err := os.ReadDir(spools); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestCorruptObjectIsNamedAndNotSent(t *testing.T) {
	s := treehubtest.New(t)
	for _, n := range []int{1000, inMemory + 5000} {
		good, data := file(t, n, true)
		data[len(data)/2] ^= 1
		bad := ostree.NewArchived(good.ID(), func(context.Context) (io.ReadCloser, int64, error) {
			return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
		})
		err := put(t, open(t, s, nil), bad)
		if c, ok := errors.AsType[*ostree.CorruptError](err); !ok || c.ID != good.ID() {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if s.Requests() != 0 {
		t.Errorf("%d requests were made", s.Requests())
	}
}

func TestAnObjectThatIsThereIsASuccess(t *testing.T) {
	s := treehubtest.New(t)
	st := open(t, s, nil)
	obj, data := file(t, 100, true)
	for range 2 {
		if err := put(t, st, obj); err != nil {
			t.Fatal(err)
		}
	}
	if got := st.Tally(); got != (ostree.Tally{Stored: 1, Existed: 1, Bytes: int64(len(data))}) {
		t.Errorf("%+v", got)
	}
}

func TestRefusalsAreTold(t *testing.T) {
	s := treehubtest.New(t)
	obj, _ := file(t, 100, true)
	for _, tc := range []struct {
		code   int
		reason string
		is     error
		class  fail.Class
	}{
		{401, "", nil, fail.Auth}, {507, "", ostree.ErrNoSpace, fail.NoSpace}, {412, "missing_child", ErrMissingChild, fail.Verification},
		{413, "", nil, fail.Network}, {400, "corrupt", nil, fail.Network},
	} {
		s.Reset()
		s.Fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(tc.code)
			io.WriteString(w, `{"code":"`+tc.reason+`"}`)
			return true
		}
		err := put(t, open(t, s, nil), obj)
		if tc.is != nil && !errors.Is(err, tc.is) || fail.ClassOf(err) != tc.class || !strings.Contains(err.Error(), obj.ID().String()) {
			t.Errorf("%d: %v (class %v)", tc.code, err, fail.ClassOf(err))
		}
		if s.Requests() != 1 {
			t.Errorf("%d: %d attempts, want 1", tc.code, s.Requests())
		}
	}
}

func TestHasKeepsOrderAndAsksInParallel(t *testing.T) {
	s := treehubtest.New(t)
	st := open(t, s, nil)
	var ids []ostree.ObjectID
	var want []bool
	for i := range 40 {
		obj, _ := file(t, 10, true)
		if i%3 == 0 {
			if err := put(t, st, obj); err != nil {
				t.Fatal(err)
			}
		}
		ids, want = append(ids, obj.ID()), append(want, i%3 == 0)
	}
	var under atomic.Int32
	gate := make(chan struct{})
	s.Fault = func(int, http.ResponseWriter, *http.Request) bool {
		if under.Add(1) == 4 {
			close(gate) // the first three wait for a fourth beside them
		}
		<-gate
		return false
	}
	got, err := st.Has(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("object %d: %v, want %v", i, got[i], want[i])
		}
	}
}

func TestRunOutTokenIsRenewedWithinAPush(t *testing.T) {
	s := treehubtest.New(t)
	s.Token = "t1"
	var issued atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"access_token":"t`+string('0'+rune(issued.Add(1)))+`"}`)
	})
	auth := oauth.New(oauth.Options{Server: serveMux(t, mux), ClientID: "id", Retry: quick})
	st := open(t, s, auth)
	obj, _ := file(t, 10, true)
	if err := put(t, st, obj); err != nil {
		t.Fatal(err)
	}
	s.Token = "t2" // the server forgets t1
	obj, _ = file(t, 10, true)
	if err := put(t, st, obj); err != nil || issued.Load() != 2 {
		t.Fatalf("%v, %d tokens", err, issued.Load())
	}
	s.Token = "never"
	obj, _ = file(t, 10, true)
	s.Reset()
	if err := put(t, st, obj); fail.ClassOf(err) != fail.Auth || s.Requests() != 2 {
		t.Errorf("%v after %d requests, want Auth after 2", err, s.Requests())
	}
}

func TestRefMovesOnlyFromWhereItWasExpected(t *testing.T) {
	a, b, c := sum("a"), sum("b"), sum("c")
	s := treehubtest.New(t)
	st := open(t, s, nil)
	s.SetRef("os/main", a.String())
	if err := st.SetRef(t.Context(), "os/main", c, &b); !errors.Is(err, ostree.ErrRefMoved) || s.Ref("os/main") != a.String() {
		t.Errorf("%v, ref %s", err, s.Ref("os/main"))
	}
	if err := st.SetRef(t.Context(), "os/main", c, &ostree.Checksum{}); !errors.Is(err, ostree.ErrRefMoved) {
		t.Errorf("must not exist: %v", err)
	}
	if err := st.SetRef(t.Context(), "os/main", b, &a); err != nil || s.Ref("os/main") != b.String() {
		t.Errorf("%v, ref %s", err, s.Ref("os/main"))
	}
	if err := st.SetRef(t.Context(), "os/main", c, nil); err != nil || s.Ref("os/main") != c.String() {
		t.Errorf("%v, ref %s", err, s.Ref("os/main"))
	}
	if got, err := st.Ref(t.Context(), "os/main"); err != nil || got != c {
		t.Errorf("%v, %v", got, err)
	}
}

// A server that moves the ref between our look and our move has the last word.
func TestRefRaceIsLostCleanly(t *testing.T) {
	a, b, c := sum("a"), sum("b"), sum("c")
	s := treehubtest.New(t)
	s.Strict = true
	s.SetRef("main", a.String())
	s.Fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			s.SetRef("main", b.String())
		}
		return false
	}
	err := open(t, s, nil).SetRef(t.Context(), "main", c, &a)
	if !errors.Is(err, ostree.ErrRefMoved) || fail.ClassOf(err) != fail.Conflict || s.Ref("main") != b.String() {
		t.Errorf("%v, ref %s", err, s.Ref("main"))
	}
}

// A ref that was moved and whose answer got lost is there already when the
// request is sent again.
func TestLostAnswerToAMoveIsNoConflict(t *testing.T) {
	a, c := sum("a"), sum("c")
	s := treehubtest.New(t)
	s.Strict = true
	s.SetRef("main", a.String())
	var posts atomic.Int32
	s.Fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			if posts.Add(1) == 1 {
				s.SetRef("main", c.String())
				panic(http.ErrAbortHandler)
			}
		}
		return false
	}
	if err := open(t, s, nil).SetRef(t.Context(), "main", c, &a); err != nil {
		t.Error(err)
	}
}

func TestBadRefNamesNeverLeave(t *testing.T) {
	s := treehubtest.New(t)
	for _, name := range []string{"", "/", "a//b", "../x", "a/../b", "a/.", "a\nb"} {
		if err := open(t, s, nil).SetRef(t.Context(), name, sum("a"), nil); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%q: %v", name, err)
		}
	}
	if s.Requests() != 0 {
		t.Errorf("%d requests", s.Requests())
	}
	if err := open(t, s, nil).SetRef(t.Context(), "a b/c%2e?#", sum("a"), nil); err != nil || s.Ref("a b/c%2e?#") == "" {
		t.Errorf("odd but good name: %v", err)
	}
}

func sum(s string) ostree.Checksum {
	var c ostree.Checksum
	copy(c[:], s)
	return c
}

func TestManifestKeepsWhatATreehubLooksFor(t *testing.T) {
	j, err := ManifestJSON(strings.NewReader(`<?xml version="1.0"?><!-- c --><manifest><default revision="main" sync-j="4"/><project name="a" path="meta-updater"/><project name="b"><copyfile src="x"/></project></manifest>`))
	want := `{"manifest":{"default":{"@revision":"main","@sync-j":"4"},"project":[{"@name":"a","@path":"meta-updater"},{"@name":"b","copyfile":{"@src":"x"}}]}}`
	if err != nil || string(j) != want {
		t.Errorf("%s, %v", j, err)
	}
	for _, bad := range []string{"", "text", "<a>", "<a></b>", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "<a>&x;</a>"} {
		if j, err := ManifestJSON(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gave %s", bad, j)
		}
	}
}

func FuzzManifestJSON(f *testing.F) {
	f.Add([]byte(`<manifest><default revision="x"/></manifest>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ManifestJSON(bytes.NewReader(data))
	})
}

func serveMux(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// TestWhatAnAttemptStillReadsIsNotWrittenOver: an object's memory is used again
// only when no transport has it any more.
func TestWhatAnAttemptStillReadsIsNotWrittenOver(t *testing.T) {
	s := treehubtest.New(t)
	hasty := &storetest.Hasty{}
	st, err := New(Options{BaseURL: s.URL, Retry: quick, HTTP: &http.Client{Transport: hasty}})
	if err != nil {
		t.Fatal(err)
	}
	sample := storetest.NewSample(t, 10, 10, "a")
	if _, err := ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Error(err)
	}
	hasty.Check(t, len(sample.Files))
}

package ostreehub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/client/ostreehub/ostreehubtest"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

func open(t *testing.T, s *ostreehubtest.Server, local ostree.Source) *Store {
	t.Helper()
	st, err := New(Options{URL: s.URL, Retry: quick, Local: local})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// noProblems: the server saw nothing that it should not have.
func noProblems(t *testing.T, s *ostreehubtest.Server) {
	t.Helper()
	for _, p := range s.Problems() {
		t.Error(p)
	}
}

// TestOstreehubKeepsAStoresPromises: of a server that can be downloaded from,
// which the suite needs to read back what it wrote.
func TestOstreehubKeepsAStoresPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) ostree.Store {
		s := ostreehubtest.New(t)
		s.Download = true
		t.Cleanup(func() { noProblems(t, s) })
		return open(t, s, nil)
	})
}

func copyTo(t *testing.T, st *Store, sample *storetest.Sample) (ostree.CopyReport, error) {
	t.Helper()
	return ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{FullCheck: true})
}

func put(t *testing.T, st *Store, objs ...ostree.Object) error {
	t.Helper()
	session, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objs {
		if err := session.Put(t.Context(), o); err != nil {
			session.Abort()
			return err
		}
	}
	return session.Close(t.Context())
}

func TestARepoArrivesChildrenFirstInFewRequests(t *testing.T) {
	s := ostreehubtest.New(t)
	sample := storetest.NewSample(t, 40, 50, "a") // 2,046 objects
	st := open(t, s, sample)
	report, err := copyTo(t, st, sample)
	if err != nil {
		t.Fatal(err)
	}
	noProblems(t, s)
	if err := st.SetRef(t.Context(), "main", sample.Commit, &ostree.Checksum{}); err != nil {
		t.Fatal(err)
	}
	if got := string(s.File("refs/heads/main")); got != sample.Commit.String()+"\n" {
		t.Errorf("ref is %q", got)
	}
	if got, want := s.Requests("put"), 30; got > want {
		t.Errorf("%d tars for %d objects, want at most %d", got, report.Copied, want)
	}
	if got := s.Requests("check"); got > 60 {
		t.Errorf("%d questions about %d objects", got, report.Asked)
	}
	if n := s.Connections(); n > checks+pushes {
		t.Errorf("%d connections", n)
	}
	if n := s.Correlations(); n != 1 {
		t.Errorf("%d correlation ids in one run", n)
	}
	if tally := st.Tally(); int(tally.Stored) != report.Copied || tally.Bytes != report.Bytes {
		t.Errorf("tally is %+v, the copy says %d and %d bytes", tally, report.Copied, report.Bytes)
	}
	again, err := copyTo(t, st, sample)
	if err != nil || again.Copied != 0 {
		t.Errorf("a second push moved %d, %v", again.Copied, err)
	}
}

func TestAChangedObjectIsSentAgain(t *testing.T) {
	s := ostreehubtest.New(t)
	sample := storetest.NewSample(t, 2, 2, "a")
	st := open(t, s, sample)
	if _, err := copyTo(t, st, sample); err != nil {
		t.Fatal(err)
	}
	path := sample.Files[0].ArchivePath()
	s.Set(path, []byte("rotten"))
	report, err := copyTo(t, st, sample)
	if err != nil || report.Copied != 1 || !bytes.Equal(s.File(path), sample.Raw(sample.Files[0])) {
		t.Errorf("%d objects sent, %v", report.Copied, err)
	}
}

func TestObjectsArriveWholeWhateverTheirSize(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, inMemory - 600, inMemory, inMemory + 1, 3*inMemory + 7} {
		s := ostreehubtest.New(t)
		id, data := storetest.RandomFile(t, n)
		if err := put(t, open(t, s, nil), storetest.Archived(id, data, true)); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if !bytes.Equal(s.File(id.ArchivePath()), data) {
			t.Errorf("%d bytes: something else arrived", n)
		}
		noProblems(t, s)
	}
}

func TestACorruptObjectIsNamedAndNotSent(t *testing.T) {
	for _, n := range []int{100, 2 * inMemory} {
		s := ostreehubtest.New(t)
		id, data := storetest.RandomFile(t, n)
		data[len(data)/2] ^= 1
		err := put(t, open(t, s, nil), storetest.Archived(id, data, true))
		if bad, ok := errors.AsType[*ostree.CorruptError](err); !ok || bad.ID != id {
			t.Errorf("%d bytes: %v", n, err)
		}
		if s.Requests("put") != 0 {
			t.Errorf("%d bytes: something was sent", n)
		}
	}
}

// TestAFileThatChangesWhileItIsSentArrivesNowhere: what the server gets is not
// the end of a tar.
func TestAFileThatChangesWhileItIsSentArrivesNowhere(t *testing.T) {
	s := ostreehubtest.New(t)
	id, data := storetest.RandomFile(t, 2*inMemory)
	var opened atomic.Int32
	obj := ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) {
		if opened.Add(1) <= 2 { // to look how long it is, and to verify it
			return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
		}
		other := bytes.Clone(data)
		other[len(other)-1] ^= 1
		return io.NopCloser(bytes.NewReader(other)), int64(len(other)), nil
	})
	if err := put(t, open(t, s, nil), obj); err == nil {
		t.Error("no error")
	}
	if s.File(id.ArchivePath()) != nil {
		t.Error("it was stored")
	}
}

func TestTransientFailuresCostNoObject(t *testing.T) {
	for name, fault := range map[string]func(w http.ResponseWriter, r *http.Request){
		"503":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"429":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"reset in the middle": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, 1000)
			panic(http.ErrAbortHandler)
		},
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		},
	} {
		s := ostreehubtest.New(t)
		s.Fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n%3 != 0 {
				return false
			}
			fault(w, r)
			return true
		}
		sample := storetest.NewSample(t, 8, 60, "a")
		st := open(t, s, sample)
		report, err := copyTo(t, st, sample)
		if err == nil {
			err = st.SetRef(t.Context(), "main", sample.Commit, nil)
		}
		if err != nil || len(s.Files()) != report.Objects+1 {
			t.Errorf("%s: %d of %d objects and the ref, %v", name, len(s.Files()), report.Objects, err)
		}
		noProblems(t, s)
	}
}

func TestWhatCouldNotBeStoredIsSentAgain(t *testing.T) {
	s := ostreehubtest.New(t)
	sample := storetest.NewSample(t, 1, 1, "a")
	s.FailSync(2)
	if _, err := copyTo(t, open(t, s, sample), sample); err != nil {
		t.Error(err)
	}
	s = ostreehubtest.New(t)
	s.FailSync(1000)
	st := open(t, s, sample)
	if _, err := copyTo(t, st, sample); err == nil || !strings.Contains(err.Error(), "could not store 1 of the files") {
		t.Errorf("%v, want that the server could not store it", err)
	}
	if n := st.Tally().Stored; n != 0 {
		t.Errorf("%d objects are counted as stored", n)
	}
}

func TestRefusalsEndAtOnce(t *testing.T) {
	for code, class := range map[int]fail.Class{
		401: fail.Auth, 403: fail.Auth, 413: fail.Network, 507: fail.NoSpace, 400: fail.Network,
	} {
		s := ostreehubtest.New(t)
		var puts atomic.Int32
		s.Fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			puts.Add(1)
			w.WriteHeader(code)
			return true
		}
		id, data := storetest.RandomFile(t, 100)
		err := put(t, open(t, s, nil), storetest.Archived(id, data, true))
		if fail.ClassOf(err) != class || puts.Load() != 1 || code == 507 && !errors.Is(err, ostree.ErrNoSpace) {
			t.Errorf("%d: %v after %d tars", code, err, puts.Load())
		}
	}
}

func TestNoParentLeavesAfterAChildWasRefused(t *testing.T) {
	s := ostreehubtest.New(t)
	s.Fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && s.Requests("put") > 2 {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	sample := storetest.NewSample(t, 20, 50, "a")
	if _, err := copyTo(t, open(t, s, sample), sample); fail.ClassOf(err) != fail.Auth {
		t.Errorf("%v", err)
	}
	noProblems(t, s)
	if s.File((ostree.ObjectID{Sum: sample.Commit, Type: ostree.TypeCommit}).ArchivePath()) != nil {
		t.Error("the commit is there")
	}
}

// TestAnEndedPushComesBack: neither a caller nor Close waits for ever.
func TestAnEndedPushComesBack(t *testing.T) {
	s := ostreehubtest.New(t)
	stuck := make(chan struct{})
	defer close(stuck)
	ctx, cancel := context.WithCancel(t.Context())
	s.Fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			cancel()
			select {
			case <-stuck:
			case <-r.Context().Done():
			}
			panic(http.ErrAbortHandler)
		}
		return false
	}
	sample := storetest.NewSample(t, 40, 60, "a")
	_, err := ostree.Copy(ctx, open(t, s, sample), sample, sample.Commit, ostree.CopyOptions{FullCheck: true})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// stuck is a transport on which no tar comes to its end.
type stuck struct {
	began chan struct{}
	over  atomic.Bool
}

func (s *stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	close(s.began)
	<-r.Context().Done()
	for range 1000 {
		runtime.Gosched() // time for whoever does not wait
	}
	s.over.Store(true)
	return nil, errors.Join(r.Context().Err(), r.Body.Close())
}

// TestNothingIsSentAfterASession that was given up.
func TestNothingIsSentAfterASession(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for how, end := range map[string]func(ostree.Session){
		"aborted": func(s ostree.Session) { s.Abort() },
		"closed by who waits no longer": func(s ostree.Session) {
			if err := s.Close(gone); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		},
	} {
		line := &stuck{began: make(chan struct{})}
		st, err := New(Options{URL: "http://host/f/v2/repos/lmp", Retry: quick, HTTP: &http.Client{Transport: line}})
		if err != nil {
			t.Fatal(err)
		}
		session, err := st.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range packObjects {
			id, data := storetest.RandomFile(t, 16)
			if err := session.Put(t.Context(), storetest.Archived(id, data, true)); err != nil {
				t.Fatal(err)
			}
		}
		<-line.began
		end(session)
		if !line.over.Load() {
			t.Errorf("%s: a tar is still being sent", how)
		}
	}
}

func TestARefIsKnownByAskingForWhatItMayName(t *testing.T) {
	s := ostreehubtest.New(t)
	sample := storetest.NewSample(t, 1, 1, "a")
	local := &withRef{sample, "main", sample.Commit}
	st := open(t, s, local)
	if c, err := st.Ref(t.Context(), "main"); !errors.Is(err, ostree.ErrRefNotFound) {
		t.Errorf("%s, %v", c, err)
	}
	s.Set("refs/heads/main", []byte(sample.Commit.String()+"\n"))
	if c, err := st.Ref(t.Context(), "main"); err != nil || c != sample.Commit {
		t.Errorf("%s, %v", c, err)
	}
	other := ostree.Checksum{1}
	s.Set("refs/heads/main", []byte(other.String()+"\n"))
	if c, err := st.Ref(t.Context(), "main"); !errors.Is(err, ostree.ErrRefNotFound) {
		t.Errorf("a ref to something that is not known here: %s, %v", c, err)
	}
	s.Download = true
	if c, err := open(t, s, local).Ref(t.Context(), "main"); err != nil || c != other {
		t.Errorf("where it can be downloaded: %s, %v", c, err)
	}
}

type withRef struct {
	*storetest.Sample
	name   string
	commit ostree.Checksum
}

func (w *withRef) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	if name == w.name {
		return w.commit, nil
	}
	return w.Sample.Ref(ctx, name)
}

func TestAMoveThatIsOverwrittenIsTold(t *testing.T) {
	s := ostreehubtest.New(t)
	sample := storetest.NewSample(t, 1, 1, "a")
	st := open(t, s, sample)
	if _, err := copyTo(t, st, sample); err != nil {
		t.Fatal(err)
	}
	s.AfterPut = func(paths []string) {
		if paths[0] == "refs/heads/main" {
			s.Set("refs/heads/main", []byte(ostree.Checksum{9}.String()+"\n"))
		}
	}
	err := st.SetRef(t.Context(), "main", sample.Commit, nil)
	if !errors.Is(err, ostree.ErrRefMoved) || fail.ClassOf(err) != fail.Conflict {
		t.Error(err)
	}
	s.AfterPut = nil
	if err := st.SetRef(t.Context(), "main", sample.Commit, &ostree.Checksum{7}); !errors.Is(err, ostree.ErrRefMoved) {
		t.Errorf("from where it is not: %v", err)
	}
}

func TestConfigGoesWithARefWhereItDiffers(t *testing.T) {
	s := ostreehubtest.New(t)
	sample := storetest.NewSample(t, 1, 1, "a")
	st, err := New(Options{URL: s.URL, Retry: quick, Local: sample, Config: []byte("[core]\nmode=archive-z2\n")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := copyTo(t, st, sample); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		if err := st.SetRef(t.Context(), name, sample.Commit, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(s.File("config")); got != "[core]\nmode=archive-z2\n" {
		t.Errorf("config is %q", got)
	}
	before := s.Requests("put")
	if err := st.SetRef(t.Context(), "three", sample.Commit, nil); err != nil || s.Requests("put") != before+1 {
		t.Errorf("%v, %d tars for a ref", err, s.Requests("put")-before)
	}
}

func TestFilesArePutOnce(t *testing.T) {
	s := ostreehubtest.New(t)
	s.Download = true
	st := open(t, s, nil)
	data := bytes.Repeat([]byte("delta"), 1000)
	opened := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	for range 2 {
		if err := st.PutFile(t.Context(), "deltas/ab/cd/superblock", int64(len(data)), opened); err != nil {
			t.Fatal(err)
		}
	}
	if s.Requests("put") != 1 || !bytes.Equal(s.File("deltas/ab/cd/superblock"), data) {
		t.Errorf("%d tars", s.Requests("put"))
	}
	if got, err := st.ReadFile(t.Context(), "deltas/ab/cd/superblock", 1<<20); err != nil || !bytes.Equal(got, data) {
		t.Errorf("it reads back as %d bytes, %v", len(got), err)
	}
	for _, path := range []string{"summary", "../config", "objects/x", "deltas/../config", "/deltas/x"} {
		if err := st.PutFile(t.Context(), path, int64(len(data)), opened); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := st.PutFile(t.Context(), "deltas/x", int64(len(data))+1, opened); err == nil {
		t.Error("a file that is shorter than was said was sent")
	}
	if err := st.UpdateSummary(t.Context()); err != nil || s.Requests("summary") != 1 {
		t.Error(err)
	}
}

func TestARepoThatCompressesOnTheWayIsRefused(t *testing.T) {
	s := ostreehubtest.New(t)
	h := &ostree.FileHeader{Mode: 0o100644, Size: 1}
	sum, err := ostree.ContentChecksum(h, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	obj := ostree.NewFile(sum, h, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil })
	if err := put(t, open(t, s, nil), obj); fail.ClassOf(err) != fail.Usage || fail.HintOf(err) == "" {
		t.Error(err)
	}
}

func TestADownloadGetsItsOwnProofAlone(t *testing.T) {
	s := ostreehubtest.New(t)
	s.Token, s.Download = "secret", true
	s.Set("refs/heads/main", []byte(ostree.Checksum{1}.String()+"\n"))
	st, err := New(Options{URL: s.URL, Retry: quick, Auth: httpx.HeaderAuth{"Osf-Token": {"secret"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Ref(t.Context(), "main"); err != nil { // the server refuses a download that carries the other
		t.Fatal(err)
	}
	s.DownloadToken = "next"
	if _, err := st.Ref(t.Context(), "main"); err != nil || s.Requests("download-urls") != 2 {
		t.Errorf("a token that ran out: %v, asked %d times", err, s.Requests("download-urls"))
	}
}

func TestAddresses(t *testing.T) {
	for _, tc := range []struct{ got, want string }{
		{must(Address(DefaultServer, "f")), "https://api.foundries.io/ota/ostreehub/f/v2/repos/lmp"},
		{must(Address("http://h/x/", "f")), "http://h/x/f/v2/repos/lmp"},
		{must(OpenAddress("http://h/", "f")), "http://h/v2/repos/lmp?factory=f"},
		{must(AddressBeside("https://h:1/ota/treehub/f/api/v3/")), "https://h:1/ota/ostreehub/f/v2/repos/lmp"},
		{must(AddressBeside("https://h/short")), "ostree.server of the credentials names no factory"},
		{must(Address("https://h", "a/b")), `factory "a/b": not a name`},
		{must(OpenAddress("https://h", "")), `factory "": not a name`},
	} {
		if tc.got != tc.want {
			t.Errorf("%s, want %s", tc.got, tc.want)
		}
	}
}

func must(s string, err error) string {
	if err != nil {
		return err.Error()
	}
	return s
}

// TestAFactoryInTheQueryStaysThere: each request goes below the path.
func TestAFactoryInTheQueryStaysThere(t *testing.T) {
	s := ostreehubtest.New(t)
	var bad atomic.Value
	s.Fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if r.URL.RawQuery != "factory=f" {
			bad.Store(fmt.Sprint(r.URL))
		}
		return false
	}
	sample := storetest.NewSample(t, 1, 1, "a")
	st, err := New(Options{URL: s.URL + "?factory=f", Retry: quick, Local: sample})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := copyTo(t, st, sample); err != nil {
		t.Fatal(err)
	}
	if b := bad.Load(); b != nil {
		t.Errorf("%s", b)
	}
}

// TestWhatAnAttemptStillReadsIsNotWrittenOver: a tar's memory is used again
// only when no transport has it any more.
func TestWhatAnAttemptStillReadsIsNotWrittenOver(t *testing.T) {
	s := ostreehubtest.New(t)
	sample := storetest.NewSample(t, 40, 50, "a")
	hasty := &storetest.Hasty{}
	st, err := New(Options{URL: s.URL, Retry: quick, Local: sample, HTTP: &http.Client{Transport: hasty}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := copyTo(t, st, sample); err != nil {
		t.Error(err)
	}
	hasty.Check(t, pushes+2)
	noProblems(t, s)
}

package bucket

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// What publishers find out by asking.
var (
	_ ostree.Store      = (*Store)(nil)
	_ ostree.Files      = (*Store)(nil)
	_ ostree.RefLister  = (*Store)(nil)
	_ ostree.Summarizer = (*Store)(nil)
	_ ostree.Tallying   = (*Store)(nil)
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

func options(s *testkit.S3, prefix string) Options {
	return Options{Bucket: "site", Prefix: prefix, Endpoint: s.URL, Keys: NewKeys(KeyOptions{AccessKey: s.AccessKey, Secret: s.Secret}), Retry: quick}
}

func open(t *testing.T, o Options) *Store {
	t.Helper()
	st, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestContract(t *testing.T) {
	s := testkit.NewS3(t, "site")
	var n atomic.Int64
	storetest.Run(t, func(t *testing.T) ostree.Store {
		return open(t, options(s, fmt.Sprintf("repo-%d/os", n.Add(1))))
	})
}

// line is what is between a store and the server: it counts, and meddles.
type line struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // "PUT objects/…", from the folder of the repo on
	meddle   func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newLine(t *testing.T, s *testkit.S3, meddle func(w http.ResponseWriter, r *http.Request) bool) *line {
	t.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{meddle: meddle}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.requests = append(l.requests, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/site/")+"?"+r.URL.RawQuery)
		l.mu.Unlock()
		if l.meddle == nil || !l.meddle(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

// count is how many requests began like that so far.
func (l *line) count(prefix string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, r := range l.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func (l *line) options(s *testkit.S3) Options {
	o := options(s, "")
	o.Endpoint = l.URL
	return o
}

// file makes a file object of n random bytes; sized says whether its source
// knows how long it is in archive form.
func file(t *testing.T, n int, sized bool) ostree.Object {
	t.Helper()
	id, data := storetest.RandomFile(t, n)
	return storetest.Archived(id, data, sized)
}

func put(t *testing.T, st *Store, objs ...ostree.Object) error {
	t.Helper()
	session, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer session.Abort()
	for _, o := range objs {
		if err := session.Put(t.Context(), o); err != nil {
			return err
		}
	}
	return session.Close(t.Context())
}

// good says whether the bucket gives the object as it should be.
func good(t *testing.T, st *Store, id ostree.ObjectID) error {
	t.Helper()
	obj, err := st.Object(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return ostree.VerifyObject(t.Context(), obj)
}

func TestObjectsOfEverySizeArrive(t *testing.T) {
	s := testkit.NewS3(t, "site")
	st := open(t, options(s, ""))
	for _, size := range []int{1000, inMemory - 100, inMemory + 1, 2 << 20} {
		for _, sized := range []bool{true, false} {
			obj := file(t, size, sized)
			if err := errors.Join(put(t, st, obj), good(t, st, obj.ID())); err != nil {
				t.Errorf("%d bytes, length known %v: %v", size, sized, err)
			}
		}
	}
	if sum := st.Tally(); sum.Stored != 8 || sum.Existed != 0 {
		t.Errorf("%+v", sum)
	}
}

func TestLargeObjectsGoInPartsAndGoOnWhereTheyBroke(t *testing.T) {
	s := testkit.NewS3(t, "site")
	var broke atomic.Bool
	l := newLine(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") != "2" || broke.Swap(true) {
			return false
		}
		io.CopyN(io.Discard, r.Body, 1<<20)
		panic(http.ErrAbortHandler)
	})
	st := open(t, l.options(s))
	obj := file(t, partSize+3<<20, false)
	if err := errors.Join(put(t, st, obj), good(t, st, obj.ID())); err != nil {
		t.Fatal(err)
	}
	path := obj.ID().ArchivePath()
	if one, two := l.count("PUT "+path+"?partNumber=1"), l.count("PUT "+path+"?partNumber=2"); one != 1 || two != 2 {
		t.Errorf("part 1 was sent %d times, part 2 %d times", one, two)
	}
	if err := put(t, st, obj); err != nil || l.count("POST "+path) != 2 {
		t.Errorf("again: %v, %d requests for an upload", err, l.count("POST "+path))
	}
}

func TestAnUploadInPartsThatFailsLeavesNothing(t *testing.T) {
	s := testkit.NewS3(t, "site")
	l := newLine(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") != "2" {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	st := open(t, l.options(s))
	obj := file(t, partSize+1, true)
	if err := put(t, st, obj); fail.ClassOf(err) != fail.Auth {
		t.Errorf("%v, want one of class Auth", err)
	}
	if l.count("DELETE "+obj.ID().ArchivePath()) != 1 {
		t.Error("the parts were left behind")
	}
	if _, err := os.Stat(filepath.Join(s.Root, "site", obj.ID().ArchivePath())); err == nil {
		t.Error("the object is there")
	}
}

// damage flips a bit of each body that passes, or of the first n of them.
func damage(n int) func(http.ResponseWriter, *http.Request) bool {
	var left atomic.Int64
	left.Store(int64(n))
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/objects/") && left.Add(-1) >= 0 {
			body, _ := io.ReadAll(r.Body)
			body[len(body)/2] ^= 1
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return false
	}
}

func TestWhatIsDamagedOnTheWayIsNotStored(t *testing.T) {
	s := testkit.NewS3(t, "site")
	for _, size := range []int{1000, 2 << 20} {
		obj := file(t, size, true)
		st := open(t, newLine(t, s, damage(1<<30)).options(s))
		if err := put(t, st, obj); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%d bytes, damaged each time: %v, want one of class Verification", size, err)
		}
		if _, err := os.Stat(filepath.Join(s.Root, "site", obj.ID().ArchivePath())); err == nil {
			t.Error("it is there")
		}
		st = open(t, newLine(t, s, damage(1)).options(s))
		if err := errors.Join(put(t, st, obj), good(t, st, obj.ID())); err != nil {
			t.Errorf("%d bytes, damaged once: %v", size, err)
		}
	}
}

// TestWhatChangedSinceItWasVerifiedIsNotStored: a large object is read twice.
func TestWhatChangedSinceItWasVerifiedIsNotStored(t *testing.T) {
	s := testkit.NewS3(t, "site")
	st := open(t, options(s, ""))
	obj := file(t, 2<<20, true)
	var opened atomic.Int64
	changing := ostree.NewArchived(obj.ID(), func(ctx context.Context) (io.ReadCloser, int64, error) {
		r, n, err := obj.OpenArchive(ctx)
		if opened.Add(1) <= 2 || err != nil { // once for its length, once to verify it
			return r, n, err
		}
		data, err := io.ReadAll(r)
		data[n/2] ^= 1
		return io.NopCloser(bytes.NewReader(data)), n, err
	})
	if err := put(t, st, changing); err == nil {
		t.Error("it was taken")
	}
	if _, err := os.Stat(filepath.Join(s.Root, "site", obj.ID().ArchivePath())); err == nil {
		t.Error("it is there")
	}
}

func TestABusyServerIsAskedAgain(t *testing.T) {
	s := testkit.NewS3(t, "site")
	var asked sync.Map
	l := newLine(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		if _, again := asked.LoadOrStore(r.Method+r.URL.String(), true); again {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
		return true
	})
	st := open(t, l.options(s))
	sample := storetest.NewSample(t, 2, 2, "a")
	if _, err := ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{Jobs: 1}); err != nil {
		t.Fatal(err)
	}
	if err := st.SetRef(t.Context(), "main", sample.Commit, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := ostree.Verify(t.Context(), st, sample.Commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestManyObjectsAreLookedUpInLists(t *testing.T) {
	s := testkit.NewS3(t, "site")
	l := newLine(t, s, nil)
	st := open(t, l.options(s))
	sample := storetest.NewSample(t, 3, 5, "a")
	if _, err := ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	st = open(t, l.options(s))
	heads := l.count("HEAD ")
	if have, err := st.Has(t.Context(), sample.Files); err != nil || !have[0] || l.count("HEAD ")-heads != len(sample.Files) {
		t.Errorf("%v, %d questions for %d objects", err, l.count("HEAD ")-heads, len(sample.Files))
	}
	heads = l.count("HEAD ")
	many := slices.Clone(sample.Files)
	for len(many) <= listAfter {
		var id ostree.ObjectID
		rand.Read(id.Sum[:])
		id.Sum[0] %= 16
		id.Type = ostree.TypeFile
		many = append(many, id)
	}
	have, err := st.Has(t.Context(), many)
	if err != nil {
		t.Fatal(err)
	}
	for i, ok := range have {
		if ok != (i < len(sample.Files)) {
			t.Errorf("object %d: there is %v", i, ok)
		}
	}
	lists := l.count("GET ?list-type")
	if l.count("HEAD ") != heads || lists == 0 || lists > 16+len(sample.Files) {
		t.Errorf("%d more heads and %d lists for %d objects", l.count("HEAD ")-heads, lists, len(have))
	}
	if _, err := st.Has(t.Context(), sample.Files); err != nil || l.count("GET ?list-type") != lists {
		t.Errorf("%v; what was listed was listed again", err)
	}
	// What is sent from here on is there too.
	obj := file(t, 10, true)
	if err := put(t, st, obj); err != nil {
		t.Fatal(err)
	}
	if have, err := st.Has(t.Context(), []ostree.ObjectID{obj.ID()}); err != nil || !have[0] {
		t.Errorf("%v: an object that was sent is not there", err)
	}
}

// TestListsGoOnPageByPage: a server may give as few keys at once as it likes.
func TestListsGoOnPageByPage(t *testing.T) {
	s := testkit.NewS3(t, "site")
	l := newLine(t, s, nil)
	st := open(t, l.options(s))
	sample := storetest.NewSample(t, 0, 0, "a")
	if _, err := ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		if err := st.SetRef(t.Context(), fmt.Sprintf("os/machine-%d/main", i), sample.Commit, nil); err != nil {
			t.Fatal(err)
		}
	}
	st.pageSize = 3
	refs, err := st.Refs(t.Context())
	if err != nil || len(refs) != 7 || refs["os/machine-6/main"] != sample.Commit {
		t.Errorf("%v, %v", refs, err)
	}
	if n := l.count("GET ?continuation-token"); n != 2 {
		t.Errorf("%d further pages, want 2", n)
	}
}

func TestFilesSayHowLongTheyMayBeKept(t *testing.T) {
	s := testkit.NewS3(t, "site")
	st := open(t, options(s, ""))
	sample := storetest.NewSample(t, 0, 0, "a")
	if _, err := ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.SetRef(t.Context(), "main", sample.Commit, nil), st.UpdateSummary(t.Context())); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]string{
		sample.Files[0].ArchivePath(): {"application/octet-stream", "public, max-age=31536000, immutable"},
		"refs/heads/main":             {"text/plain", "no-cache"},
		"config":                      {"text/plain", "no-cache"},
		"summary":                     {"application/octet-stream", "no-cache"},
	} {
		resp, err := st.do(t.Context(), http.MethodHead, path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := [2]string{resp.Header.Get("Content-Type"), resp.Header.Get("Cache-Control")}; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if data, err := os.ReadFile(filepath.Join(s.Root, "site/refs/heads/main")); string(data) != sample.Commit.String()+"\n" {
		t.Errorf("ref file %q, %v", data, err)
	}
}

func TestOfManyPublishersOneMovesTheRef(t *testing.T) {
	s := testkit.NewS3(t, "site")
	for name, deaf := range map[string]bool{"a server that knows conditions": false, "one that knows none": true} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, s, func(w http.ResponseWriter, r *http.Request) bool {
				if deaf && r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" {
					w.WriteHeader(http.StatusNotImplemented)
					return true
				}
				return false
			})
			o := l.options(s)
			o.Prefix = strings.ReplaceAll(name, " ", "-")
			st := open(t, o)
			var commits []ostree.Checksum
			for i := range 4 {
				sample := storetest.NewSample(t, 0, 0, fmt.Sprint(i))
				if _, err := ostree.Copy(t.Context(), st, sample, sample.Commit, ostree.CopyOptions{}); err != nil {
					t.Fatal(err)
				}
				commits = append(commits, sample.Commit)
			}
			if deaf { // no more than one after the other can be promised
				none := ostree.Checksum{}
				if err := st.SetRef(t.Context(), "main", commits[0], &none); err != nil {
					t.Error(err)
				}
				if err := st.SetRef(t.Context(), "main", commits[1], &none); !errors.Is(err, ostree.ErrRefMoved) {
					t.Errorf("%v, want ErrRefMoved", err)
				}
				return
			}
			oneWins(t, st, commits)
		})
	}
}

// oneWins has as many publishers as commits move a ref from nothing at once.
func oneWins(t *testing.T, st *Store, commits []ostree.Checksum) {
	t.Helper()
	errs := make([]error, len(commits))
	var all sync.WaitGroup
	for i, c := range commits {
		all.Go(func() { errs[i] = st.SetRef(t.Context(), "main", c, new(ostree.Checksum)) })
	}
	all.Wait()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
			if at, err := st.Ref(t.Context(), "main"); err != nil || at != commits[i] {
				t.Errorf("the ref is %s, %v, and not the winner's", at, err)
			}
		case !errors.Is(err, ostree.ErrRefMoved):
			t.Errorf("publisher %d: %v", i, err)
		}
	}
	if won != 1 {
		t.Errorf("%d publishers moved the ref", won)
	}
}

// TestAConfigThatIsAnnouncedBeforeItIsGivenIsWaitedFor: some gateways refuse a
// config as being there already while another publisher's is on its way, and
// have none yet for who asks.
func TestAConfigThatIsAnnouncedBeforeItIsGivenIsWaitedFor(t *testing.T) {
	s := testkit.NewS3(t, "site")
	var refused atomic.Int64
	refuse := func(most int64) *Store {
		refused.Store(0)
		return open(t, newLine(t, s, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/config") || refused.Add(1) > most {
				return false
			}
			w.WriteHeader(http.StatusPreconditionFailed)
			return true
		}).options(s))
	}
	_, err := refuse(attempts).Begin(t.Context())
	if fail.ClassOf(err) != fail.Network || !strings.Contains(fmt.Sprint(err), "config") {
		t.Errorf("it is never given: %v", err)
	}
	published(t, refuse(2), "main", "a")
	if refused.Load() != 3 {
		t.Errorf("it was asked for %d times, want 3", refused.Load())
	}
}

func TestWhatIsNoPlaceToPublishTo(t *testing.T) {
	s := testkit.NewS3(t, "site")
	write := func(path, text string) {
		path = filepath.Join(s.Root, "site", path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("bare/config", "[core]\nrepo_version=1\nmode=bare\n")
	write("junk/config", "this is no config\n")
	write("signed/config", newConfig)
	write("signed/summary.sig", "x")
	for _, tc := range []struct {
		prefix, bucket string
		want           fail.Class
	}{{"bare", "site", fail.Conflict}, {"junk", "site", fail.Verification}, {"signed", "site", fail.Usage}, {"", "nowhere", fail.NotFound}, {"", "No", fail.Usage}} {
		o := options(s, tc.prefix)
		o.Bucket = tc.bucket
		if _, err := Open(t.Context(), o); fail.ClassOf(err) != tc.want || fail.HintOf(err) == "" {
			t.Errorf("%s/%s: %v (class %d, hint %q)", tc.bucket, tc.prefix, err, fail.ClassOf(err), fail.HintOf(err))
		}
	}
	o := options(s, "signed")
	o.SignSummary = func([]byte) ([]byte, error) { return nil, nil }
	open(t, o)
}

func TestParseURL(t *testing.T) {
	for url, want := range map[string][2]string{
		"s3://site":             {"site", ""},
		"s3://site/":            {"site", ""},
		"s3://a.b-c/os/stable/": {"a.b-c", "os/stable"},
	} {
		if b, p, err := ParseURL(url); err != nil || [2]string{b, p} != want {
			t.Errorf("%s: %q %q %v", url, b, p, err)
		}
	}
	for _, url := range []string{"", "s3://", "s3:///os", "site", "s3://a", "s3://site//os", "s3://site/../x", "s3://site/./x", "s3://si te", "s3://user@site", "s3://site/a b", "s3://site/a?x", "s3://site/" + strings.Repeat("x", 300)} {
		if _, _, err := ParseURL(url); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestWhatAnAttemptStillReadsIsNotWrittenOver: an object's memory is used again
// only when no transport has it any more.
func TestWhatAnAttemptStillReadsIsNotWrittenOver(t *testing.T) {
	hasty := &storetest.Hasty{}
	opt := options(testkit.NewS3(t, "site"), "hasty")
	opt.HTTP = &http.Client{Transport: hasty}
	sample := storetest.NewSample(t, 10, 10, "a")
	if _, err := ostree.Copy(t.Context(), open(t, opt), sample, sample.Commit, ostree.CopyOptions{}); err != nil {
		t.Error(err)
	}
	hasty.Check(t, len(sample.Files))
}

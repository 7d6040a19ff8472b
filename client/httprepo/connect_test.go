package httprepo

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// site serves a folder and notes what it was asked.
type webSite struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func serve(t *testing.T, h http.Handler) *webSite {
	t.Helper()
	w := &webSite{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.seen = append(w.seen, r.Clone(r.Context()))
		w.mu.Unlock()
		h.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *webSite) requests() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*http.Request(nil), w.seen...)
}

// sampleRepo is an archive repo on disk with all of a sample.
func sampleRepo(t *testing.T, s *storetest.Sample) string {
	t.Helper()
	repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Filled(t, repo, s)
	return repo.Path()
}

func connect(t *testing.T, c Config) *Source {
	t.Helper()
	s, err := Connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	s.retry = httpx.Retry{Attempts: max(c.Retries, 0) + 1, Base: time.Millisecond, Max: time.Millisecond}
	return s
}

func TestARepoOverHTTPIsASource(t *testing.T) {
	storetest.RunSource(t, func(t *testing.T, s *storetest.Sample) ostree.Source {
		return connect(t, Config{URL: serve(t, http.FileServer(http.Dir(sampleRepo(t, s)))).URL})
	})
}

func TestWhatIsSecretStaysWithItsOrigin(t *testing.T) {
	other := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "moved") }))
	home := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Mine") == "" || r.Header.Get("Authorization") == "" || r.Header.Get("Cookie") != "a=b" {
			t.Errorf("home got %v", r.Header)
		}
		http.Redirect(w, r, other.URL+"/else", http.StatusFound)
	}))
	c := Config{URL: strings.Replace(home.URL, "http://", "http://me:secret@", 1), Header: http.Header{"X-Mine": {"1"}},
		Cookies: []Cookie{{Domain: "127.0.0.1", Path: "/repo", Name: "a", Value: "b"}}}
	c.URL += "/repo"
	s := connect(t, c)
	if data, _, err := s.File(t.Context(), "summary", 100, ostree.FileVersion{}); err != nil || string(data) != "moved" {
		t.Fatalf("%q, %v", data, err)
	}
	for _, r := range other.requests() {
		for _, h := range []string{"X-Mine", "Authorization", "Cookie", "Referer"} {
			if v := r.Header.Get(h); strings.Contains(v, "secret") || v != "" && h != "Referer" {
				t.Errorf("the other origin got %s: %s", h, v)
			}
		}
	}
	if strings.Contains(s.URL(), "secret") {
		t.Error(s.URL())
	}
}

// TestCookiesGoToNamedOriginsOnly: a cookie's own domain knows neither ports nor
// schemes, and may be that of many hosts.
func TestCookiesGoToNamedOriginsOnly(t *testing.T) {
	got := make(chan string, 1)
	other := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/repo/summary" {
			got <- r.Header.Get("Cookie")
		}
		io.WriteString(w, "there")
	}))
	home := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "a=b" {
			t.Errorf("home got no cookie for %s", r.URL.Path)
		}
		if r.URL.Path == "/repo/mirrors" {
			fmt.Fprintln(w, other.URL+"/repo")
			return
		}
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
	}))
	for what, address := range map[string]string{"along a redirect": home.URL + "/repo", "to a mirror": "mirrorlist=" + home.URL + "/repo/mirrors"} {
		s := connect(t, Config{URL: address, Cookies: []Cookie{{Domain: "127.0.0.1", Path: "/", Name: "a", Value: "b"}}})
		if data, _, err := s.File(t.Context(), "summary", 100, ostree.FileVersion{}); err != nil || string(data) != "there" {
			t.Fatalf("%s: %q, %v", what, data, err)
		}
		if cookie := <-got; cookie != "" {
			t.Errorf("%s went the cookie %s", what, cookie)
		}
	}
}

func TestVersionsAreAskedForByTheirMarks(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/summary", []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := connect(t, Config{URL: serve(t, http.FileServer(http.Dir(dir))).URL})
	data, v, err := s.File(t.Context(), "summary", 100, ostree.FileVersion{})
	if err != nil || string(data) != "one" || v.Modified == "" {
		t.Fatalf("%q, %v, %v", data, v, err)
	}
	if _, _, err := s.File(t.Context(), "summary", 100, v); !errors.Is(err, ostree.ErrNotModified) {
		t.Errorf("asked again: %v", err)
	}
	if _, _, err := s.File(t.Context(), "nothing", 100, v); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, _, err := s.File(t.Context(), "summary", 2, ostree.FileVersion{}); err == nil {
		t.Error("a file longer than its cap was read")
	} else if _, ok := errors.AsType[*fsx.TooLargeError](err); !ok {
		t.Errorf("%v", err)
	}
}

func TestAServerThatWastesTimeOrSpaceIsCutOff(t *testing.T) {
	low := httpx.LowSpeed{Bytes: 1000, Time: 100 * time.Millisecond}
	drip := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}))
	s := connect(t, Config{URL: drip.URL, LowSpeed: low, Retries: -1})
	if _, err := read(t, s, someFile); err == nil || !strings.Contains(err.Error(), "less than 1000 bytes a second") {
		t.Errorf("a server that drips: %v", err)
	}
	endless := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write(bytes.Repeat([]byte("x"), 1<<16))
		}
	}))
	s = connect(t, Config{URL: endless.URL, Retries: -1})
	if _, _, err := s.File(t.Context(), "summary", 1<<20, ostree.FileVersion{}); fail.ClassOf(err) != fail.Network {
		t.Errorf("a server that sends for ever: %v", err)
	}
}

func TestAReplyThatNobodyAskedToPackIsRefused(t *testing.T) {
	home := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("accepts %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "packed")
	}))
	if _, err := read(t, connect(t, Config{URL: home.URL}), someFile); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("%v", err)
	}
}

func TestWhatIsTakenUpAgainIsNotPackedEither(t *testing.T) {
	home := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s accepts %q", r.Header.Get("Range"), r.Header.Get("Accept-Encoding"))
		}
		if r.Header.Get("Range") != "" {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Range", "bytes 3-5/6")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, "ked")
			return
		}
		w.Header().Set("Content-Length", "6")
		io.WriteString(w, "pac")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	if got, err := read(t, connect(t, Config{URL: home.URL}), someFile); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAListOfMirrorsHasTheAddressThatWasGiven(t *testing.T) {
	repo := serve(t, http.FileServer(http.Dir(sampleRepo(t, storetest.NewPlainSample(t, 1, 1, "a")))))
	list := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, repo.URL) }))
	for _, path := range []string{"/list", "/list/", "/list?of=a/"} {
		connect(t, Config{URL: "mirrorlist=" + list.URL + path, Retries: -1})
		if seen := list.requests(); seen[len(seen)-1].RequestURI != path {
			t.Errorf("%s was asked for as %s", path, seen[len(seen)-1].RequestURI)
		}
	}
}

func TestFailuresAreTriedAgainAsOftenAsAskedFor(t *testing.T) {
	for retries, good := range map[int]bool{-1: false, 2: false, 3: true} {
		var n atomic.Int32
		home := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) <= 3 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}))
		s := connect(t, Config{URL: home.URL, Retries: retries})
		if _, err := read(t, s, someFile); (err == nil) != good {
			t.Errorf("%d retries: %v after %d requests", retries, err, n.Load())
		}
	}
}

func TestContentMayBeElsewhere(t *testing.T) {
	name := func(who string) *webSite {
		return serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, who) }))
	}
	s := connect(t, Config{URL: name("meta").URL, ContentURL: name("content").URL})
	h := strings.Repeat("ab", 31)
	for path, want := range map[string]string{"summary": "meta", "config": "meta", "refs/heads/main": "meta", "objects/ab/" + h + ".commitmeta": "meta",
		"objects/ab/" + h + ".commit": "content", "objects/ab/" + h + ".filez": "content", "deltas/ab/cd/superblock": "content", "delta-indexes/ab/cd.index": "content"} {
		if got, _, err := s.File(t.Context(), path, 100, ostree.FileVersion{}); err != nil || string(got) != want {
			t.Errorf("%s comes from %s, %v", path, got, err)
		}
	}
}

func TestMirrorsStandInForEachOther(t *testing.T) {
	sample := storetest.NewPlainSample(t, 1, 1, "a")
	whole, holey := sampleRepo(t, sample), sampleRepo(t, sample)
	if err := os.Remove(filepath.Join(holey, sample.Files[0].ArchivePath())); err != nil {
		t.Fatal(err)
	}
	a, b := serve(t, http.FileServer(http.Dir(holey))), serve(t, http.FileServer(http.Dir(whole)))
	list := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "# mirrors\n\nftp://no/\nhttp://127.0.0.1:1/gone\n%s\n%s\n", a.URL, b.URL)
	}))
	s := connect(t, Config{URL: "mirrorlist=" + list.URL + "/list", Header: http.Header{"X-Mine": {"1"}}, Retries: -1})
	for range 2 {
		if _, err := read(t, s, sample.Files[0]); err != nil {
			t.Error(err)
		}
	}
	if got := list.requests(); len(got) != 1 || got[0].URL.Path != "/list" || got[0].Header.Get("X-Mine") == "" {
		t.Errorf("the list was asked for %d times", len(got))
	}
	for _, r := range append(a.requests(), b.requests()...) {
		if r.Header.Get("X-Mine") != "" {
			t.Error("a mirror elsewhere got the headers")
		}
	}
	if _, err := read(t, s, someFile); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("what no mirror has: %v", err)
	}
}

// serveTLS is a server that takes a client certificate, if one is shown.
func serveTLS(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

func countCertificates(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, len(r.TLS.PeerCertificates))
}

// keyFiles are the certificate of a server and its key, as files in dir.
func keyFiles(t *testing.T, srv *httptest.Server, dir string) (cert, key string) {
	t.Helper()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pair := srv.TLS.Certificates[0]
	return write("ca.pem", "CERTIFICATE", pair.Certificate[0]), write("key.pem", "PRIVATE KEY", mustPKCS8(t, pair.PrivateKey))
}

func TestClientsShowTheirCertificateAndCheckTheServers(t *testing.T) {
	srv := serveTLS(t, countCertificates)
	dir := t.TempDir()
	ca, key := keyFiles(t, srv, dir)
	for _, c := range []struct {
		Config
		want string // "" for refused
	}{
		{Config{}, ""},
		{Config{Permissive: true}, "0"},
		{Config{CAFile: ca}, "0"},
		{Config{CAFile: ca, CertFile: ca, Key: key}, "1"},
	} {
		c.URL, c.Retries = srv.URL, -1
		got, _, err := connect(t, c.Config).File(t.Context(), "summary", 10, ostree.FileVersion{})
		if (err == nil) != (c.want != "") || string(got) != c.want {
			t.Errorf("%+v: %q, %v", c.Config, got, err)
		}
	}
	for _, c := range []Config{{CertFile: ca}, {CAFile: key}, {CAFile: dir + "/none"}, {Proxy: "gopher://x"}, {URL: "badscheme://x"}} {
		if c.URL == "" {
			c.URL = srv.URL
		}
		if _, err := Connect(t.Context(), c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

// TestFilesForTLSThatAreMissingMatterOnlyThere: a plain server gets by without
// them, and what it redirects to is not trusted for their lack.
func TestFilesForTLSThatAreMissingMatterOnlyThere(t *testing.T) {
	plain := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "here") }))
	missing := Config{CAFile: "/nonexistent/ca", CertFile: "/nonexistent/cert", Key: "/nonexistent/key", Retries: -1}
	missing.URL = plain.URL
	if got, _, err := connect(t, missing).File(t.Context(), "summary", 10, ostree.FileVersion{}); err != nil || string(got) != "here" {
		t.Errorf("%q, %v", got, err)
	}
	secure := serveTLS(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "there") })
	leaving := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, secure.URL, http.StatusFound)
	}))
	missing.URL = leaving.URL
	if got, _, err := connect(t, missing).File(t.Context(), "summary", 10, ostree.FileVersion{}); err == nil || !strings.Contains(err.Error(), "/nonexistent/ca") {
		t.Errorf("after a redirect: %q, %v", got, err)
	}
	anybody := Config{URL: secure.URL, CAFile: missing.CAFile, Permissive: true, Retries: -1}
	if got, _, err := connect(t, anybody).File(t.Context(), "summary", 10, ostree.FileVersion{}); err != nil || string(got) != "there" {
		t.Errorf("whatever the server shows: %q, %v", got, err)
	}
	missing.URL, missing.ContentURL = plain.URL, secure.URL
	if _, err := Connect(t.Context(), missing); err == nil {
		t.Error("with a server of TLS to come they were not missed")
	}
}

// TestAClientCertificateIsShownToNamedOriginsOnly: not where one redirects to,
// nor to a mirror elsewhere.
func TestAClientCertificateIsShownToNamedOriginsOnly(t *testing.T) {
	elsewhere, home := serveTLS(t, countCertificates), serveTLS(t, countCertificates)
	leaving := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
	})
	lists := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			t.Errorf("%s was asked for without", r.URL.Path)
		}
		if r.URL.Path == "/mirrors" {
			fmt.Fprintln(w, elsewhere.URL)
			return
		}
		fmt.Fprint(w, metalink(1, hash("sha256", sum256([]byte("0"))), "<url>"+elsewhere.URL+"/summary</url>"))
	})
	ca, key := keyFiles(t, home, t.TempDir())
	for _, tt := range []struct {
		name string
		Config
		summary, object string
	}{
		{"one address", Config{URL: home.URL}, "1", "1"},
		{"objects elsewhere", Config{URL: leaving.URL, ContentURL: home.URL}, "0", "1"},
		{"mirrors", Config{URL: "mirrorlist=" + lists.URL + "/mirrors"}, "0", "0"},
		{"a metalink", Config{Metalink: lists.URL + "/link"}, "0", "0"},
	} {
		tt.CAFile, tt.CertFile, tt.Key, tt.Retries = ca, ca, key, -1
		s := connect(t, tt.Config)
		for path, want := range map[string]string{"summary": tt.summary, "objects/" + strings.Repeat("ab", 31): tt.object} {
			if got, _, err := s.File(t.Context(), path, 10, ostree.FileVersion{}); err != nil || string(got) != want {
				t.Errorf("%s: %s with %q certificates, %v", tt.name, path, got, err)
			}
		}
	}
}

func TestRequestsGoThroughTheProxy(t *testing.T) {
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.String()) }))
	s := connect(t, Config{URL: "http://nowhere.invalid/repo", Proxy: strings.TrimPrefix(proxy.URL, "http://")})
	if got, _, err := s.File(t.Context(), "summary", 100, ostree.FileVersion{}); err != nil || string(got) != "http://nowhere.invalid/repo/summary" {
		t.Errorf("%q, %v", got, err)
	}
}

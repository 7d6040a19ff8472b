// Package ostreehubtest is a small ostreehub in memory for tests: it answers
// check, tar, summary and download-urls as the service does, is strict about
// what a tar holds, notices a parent that arrives with or before its children,
// and fails where a test wants it to. No product code may import it.
package ostreehubtest

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/ostree"
)

// Server is a running ostreehub.
type Server struct {
	URL string // of the repository, ending in /v2/repos/lmp

	// Fault, when not nil, is asked before each request; it returns true when
	// it has answered. n counts requests from 1.
	Fault func(n int, w http.ResponseWriter, r *http.Request) bool
	// Token, when not empty, must come as osf-token.
	Token string
	// Download lets the repository be downloaded, by whoever has DownloadToken.
	Download      bool
	DownloadToken string
	// AfterPut, if set, is called when a tar was stored.
	AfterPut func(paths []string)

	http     *httptest.Server
	mu       sync.Mutex
	all      int
	kinds    map[string]int
	files    map[string][]byte
	problems []string
	failSync int
	ids      map[string]bool // of requests
	chains   map[string]bool // correlation ids
	conns    map[string]bool
}

// New starts an ostreehub that ends with the test.
func New(tb testing.TB) *Server {
	s := Start()
	tb.Cleanup(s.Close)
	return s
}

// Start starts an ostreehub for who has no test at hand.
func Start() *Server {
	s := &Server{kinds: map[string]int{}, files: map[string][]byte{}, ids: map[string]bool{}, chains: map[string]bool{},
		conns: map[string]bool{}, DownloadToken: "download"}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL + "/ota/ostreehub/factory/v2/repos/lmp"
	return s
}

// Close ends it.
func (s *Server) Close() { s.http.Close() }

// Base is the server's address without a path.
func (s *Server) Base() string { return s.http.URL }

// Requests is how many requests of a kind came: "check", "put", "summary",
// "download-urls", "get"; "" counts all.
func (s *Server) Requests(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == "" {
		return s.all
	}
	return s.kinds[kind]
}

// Connections is how many were made.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Correlations is how many correlation ids were seen.
func (s *Server) Correlations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.chains)
}

// File is what is stored at a path; nil: nothing.
func (s *Server) File(path string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[path]
}

// Files are the paths and bytes of all that is stored.
func (s *Server) Files() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]string, len(s.files))
	for path, data := range s.files {
		out[path] = string(data)
	}
	return out
}

// Set stores a file; nil removes it.
func (s *Server) Set(path string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data == nil {
		delete(s.files, path)
		return
	}
	s.files[path] = data
}

// FailSync makes the next n tars report a file that could not be stored.
func (s *Server) FailSync(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failSync = n
}

// Problems are what clients did wrong.
func (s *Server) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.problems...)
}

func (s *Server) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, rest, isHub := strings.Cut(r.URL.Path, "/v2/repos/lmp")
	kind := s.note(r, rest, isHub)
	switch {
	case s.Fault != nil && s.Fault(s.Requests(""), w, r):
	case kind == "get":
		s.get(w, r)
	case s.Token != "" && r.Header.Get("Osf-Token") != s.Token:
		w.WriteHeader(http.StatusUnauthorized)
	case kind == "check":
		s.check(w, r)
	case kind == "put":
		s.put(w, r)
	case kind == "summary":
	case kind == "download-urls" && s.Download:
		_ = json.NewEncoder(w).Encode([]map[string]string{
			{"download_url": "https://elsewhere.invalid/", "access_token": "none"},
			{"download_url": s.http.URL + "/bucket", "access_token": s.DownloadToken},
		})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// note counts a request and says of what kind it is.
func (s *Server) note(r *http.Request, rest string, isHub bool) string {
	kind := strings.TrimPrefix(rest, "/")
	switch {
	case !isHub:
		kind = "get"
	case kind == "" && r.Method == http.MethodPut:
		kind = "put"
	case kind == "check" && r.Method != http.MethodPost, kind == "summary" && r.Method != http.MethodPut:
		kind = "wrong method"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all++
	s.kinds[kind]++
	s.conns[r.RemoteAddr] = true
	if !isHub {
		return kind
	}
	id := r.Header.Get("X-Request-Id")
	if id == "" || s.ids[id] {
		s.problem("%s: request id %q is not new", kind, id)
	}
	s.ids[id] = true
	s.chains[r.Header.Get("X-Correlation-Id")] = true
	return kind
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+s.DownloadToken || r.Header.Get("Osf-Token") != "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	data := s.File(strings.TrimPrefix(r.URL.Path, "/bucket/"))
	if data == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = w.Write(data)
}

func crcOf(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

func (s *Server) check(w http.ResponseWriter, r *http.Request) {
	var asked map[string]uint32
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(asked) > 151 {
		s.problem("check of %d files", len(asked))
	}
	missing := map[string]uint32{}
	for path, crc := range asked {
		name, ok := strings.CutPrefix(path, "./")
		if !ok {
			s.problem("check of %s", path)
		}
		if data, ok := s.files[name]; !ok || crcOf(data) != crc {
			missing[path] = crc
		}
	}
	_ = json.NewEncoder(w).Encode(missing)
}

// put takes a tar whole or, like the service, as far as it came.
func (s *Server) put(w http.ResponseWriter, r *http.Request) {
	got, order, err := s.readTar(r.Body)
	s.mu.Lock()
	for _, path := range order {
		if id, err := ostree.ParseArchivePath(path); err == nil {
			s.checkOrder(id, got[path])
		}
	}
	for path, data := range got {
		s.files[path] = data
	}
	failed := 0
	if s.failSync > 0 {
		s.failSync--
		failed = 1
	}
	after := s.AfterPut
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if after != nil {
		after(order)
	}
	_ = json.NewEncoder(w).Encode(map[string]int{"uploaded": len(got), "synced": len(got), "upload_synced": len(got), "sync_failed": failed})
}

func (s *Server) readTar(r io.Reader) (files map[string][]byte, order []string, err error) {
	files = map[string][]byte{}
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, r)
			return files, order, err
		}
		if err != nil {
			return files, order, err
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			return files, order, err
		}
		name, ok := strings.CutPrefix(h.Name, "./")
		crc, cerr := strconv.ParseUint(h.PAXRecords["FIO.ostree.CRC"], 10, 32)
		if !ok || cerr != nil || uint32(crc) != crcOf(data) || h.Typeflag != tar.TypeReg {
			return files, order, fmt.Errorf("tar entry %s: not as it should be", h.Name)
		}
		files[name] = data
		order = append(order, name)
	}
}

// checkOrder notes what came before, or together with, what it names; s.mu is
// held.
func (s *Server) checkOrder(id ostree.ObjectID, data []byte) {
	children, err := ostree.NamedBy(id.Type, data)
	if err != nil {
		s.problem("%s: %v", id, err)
	}
	for _, child := range children {
		if _, ok := s.files[child.ArchivePath()]; !ok {
			s.problem("%s came before %s", id, child)
		}
	}
}

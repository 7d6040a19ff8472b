// Package treehubtest is a small treehub in memory for tests: it answers as
// the real one does, counts what it is asked, notices what comes out of order,
// and fails where a test wants it to. It verifies nothing and keeps nothing.
// No product code may import it.
package treehubtest

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/ostree"
)

// Server is a running treehub.
type Server struct {
	URL string // base URL, ending in /api/v3/

	// Fault, when not nil, is asked before each request; it returns true when
	// it has answered. n counts requests from 1. Behave takes it away again.
	Fault func(n int, w http.ResponseWriter, r *http.Request) bool
	// Token, when not empty, must come as bearer.
	Token string
	// Strict makes it refuse a parent before its children, as otactl's own
	// server does, and honour If-Match.
	Strict bool
	// Elsewhere makes it send clients that allow it to a storage of its own, as
	// a treehub over S3 does; without it such a client is answered 400, as by
	// one over a disk.
	Elsewhere bool

	http *httptest.Server
	mu   sync.Mutex
	all  int
	// counts by "METHOD objects" or "METHOD refs"
	counts     map[string]int
	objects    map[string][]byte
	storage    *httptest.Server
	uploads    map[string][]byte // by object's path; nil while nothing has come
	refs       map[string]string
	violations []string
	forced     int
}

// New starts a treehub that ends with the test.
func New(tb testing.TB) *Server {
	s := &Server{counts: map[string]int{}, objects: map[string][]byte{}, uploads: map[string][]byte{}, refs: map[string]string{}}
	s.http = httptest.NewServer(s)
	tb.Cleanup(s.http.Close)
	s.storage = httptest.NewServer(http.HandlerFunc(s.store))
	tb.Cleanup(s.storage.Close)
	s.URL = s.http.URL + "/api/v3/"
	return s
}

// Behave ends Fault. Requests of a client that gave up may still be under way.
func (s *Server) Behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Fault = nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v3/")
	kind, _, _ := strings.Cut(path, "/")
	s.mu.Lock()
	s.all++
	n := s.all
	s.counts[r.Method+" "+kind]++
	fault := s.Fault
	s.mu.Unlock()
	switch {
	case fault != nil && fault(n, w, r):
	case s.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.Token:
		w.WriteHeader(http.StatusUnauthorized)
	case kind == "objects":
		s.object(w, r, path)
	case kind == "refs":
		s.ref(w, r, strings.TrimPrefix(path, "refs/heads/"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *Server) object(w http.ResponseWriter, r *http.Request, path string) {
	switch {
	case r.Method == http.MethodPost && r.Header.Get("X-Ats-Accept-Redirect") == "true" && r.URL.Query().Has("size"):
		s.redirect(w, r, path)
		return
	case r.Method == http.MethodPost:
		s.post(w, r, path)
		return
	case r.Method == http.MethodPut:
		s.uploaded(w, path)
		return
	}
	s.mu.Lock()
	data, ok := s.objects[path]
	s.mu.Unlock()
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method == http.MethodGet {
		w.Write(data)
	}
}

func (s *Server) post(w http.ResponseWriter, r *http.Request, path string) {
	data, err := io.ReadAll(r.Body)
	if err != nil || int64(len(data)) != r.ContentLength || len(data) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id, err := ostree.ParseArchivePath(path)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.objects[path]; ok {
		w.WriteHeader(http.StatusConflict)
		return
	}
	for _, child := range children(id, data) {
		if _, ok := s.objects[child.ArchivePath()]; ok {
			continue
		}
		s.violations = append(s.violations, id.String()+" before "+child.String())
		if s.Strict {
			answer(w, http.StatusPreconditionFailed, "missing_child")
			return
		}
	}
	s.objects[path] = data
	w.WriteHeader(http.StatusNoContent)
}

// redirect notes an upload and says where it goes.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, begun := s.uploads[path]
	_, there := s.objects[path]
	switch {
	case !s.Elsewhere:
		answer(w, http.StatusBadRequest, "out_of_band_storage_not_supported")
	case begun || there:
		w.WriteHeader(http.StatusConflict)
	default:
		s.uploads[path] = nil
		http.Redirect(w, r, s.storage.URL+"/"+path+"?X-Amz-Signature=proof", http.StatusFound)
	}
}

// store is the storage. It refuses a second proof, as S3 does.
func (s *Server) store(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	_, begun := s.uploads[path]
	switch {
	case err != nil || int64(len(data)) != r.ContentLength || r.Header.Get("Authorization") != "" || r.Header.Get("X-Ats-Ostree-Force") != "":
		w.WriteHeader(http.StatusBadRequest)
	case r.Method != http.MethodPut || !begun || r.URL.Query().Get("X-Amz-Signature") != "proof":
		w.WriteHeader(http.StatusForbidden)
	default:
		s.uploads[path] = data
	}
}

// uploaded ends an upload.
func (s *Server) uploaded(w http.ResponseWriter, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := s.uploads[path]
	if data == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.objects[path] = data
	delete(s.uploads, path)
	w.WriteHeader(http.StatusNoContent)
}

// Forget drops what came to the storage for an object, but not that its upload
// has begun: so is one left whose client was killed.
func (s *Server) Forget(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, path)
	s.uploads[path] = nil
}

func answer(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	io.WriteString(w, `{"message":"refused","code":"`+reason+`"}`)
}

// children are the objects that one of the kinds with children names.
func children(id ostree.ObjectID, data []byte) []ostree.ObjectID {
	ids, _ := ostree.NamedBy(id.Type, data) // the real one verifies nothing either
	return ids
}

func (s *Server) ref(w http.ResponseWriter, r *http.Request, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.refs[name]
	if r.Method == http.MethodGet {
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		io.WriteString(w, old)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Ats-Ostree-Force") == "true" {
		s.forced++
	}
	match := r.Header.Get("If-Match")
	if s.Strict && (match != "" && match != `"`+old+`"` || r.Header.Get("If-None-Match") == "*" && ok) {
		answer(w, http.StatusPreconditionFailed, "ref_moved")
		return
	}
	commit := string(body)
	if missing := s.missing(commit); missing != "" {
		s.violations = append(s.violations, "ref "+name+" before "+missing)
		if s.Strict {
			answer(w, http.StatusPreconditionFailed, "commit_incomplete")
			return
		}
	}
	s.refs[name] = commit
}

// missing is one object that a commit reaches and that is not there, or "".
func (s *Server) missing(commit string) string {
	sum, err := ostree.ParseChecksum(commit)
	if err != nil {
		return "not a checksum"
	}
	todo := []ostree.ObjectID{{Sum: sum, Type: ostree.TypeCommit}}
	seen := map[ostree.ObjectID]bool{}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		data, ok := s.objects[id.ArchivePath()]
		if !ok {
			return id.String()
		}
		todo = append(todo, children(id, data)...)
	}
	return ""
}

// Complete says whether everything that commit reaches is there.
func (s *Server) Complete(commit string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missing(commit) == ""
}

// Count is how many requests of that kind came: "HEAD objects", "POST refs".
func (s *Server) Count(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[kind]
}

// Requests is how many requests came at all.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// Reset forgets the counts and keeps the store.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.violations = 0, nil
	clear(s.counts)
}

// Violations are what came before something it needs.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.violations
}

// Ref is what a ref names, or "".
func (s *Server) Ref(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refs[name]
}

// SetRef moves a ref as another publisher would; "" removes it.
func (s *Server) SetRef(name, commit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refs[name] = commit
	if commit == "" {
		delete(s.refs, name)
	}
}

// Objects is a copy of what is stored, by path.
func (s *Server) Objects() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.objects)
}

// Lose drops objects, as a server with a bad disk does.
func (s *Server) Lose(paths ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		delete(s.objects, p)
	}
}

// Spoil changes a byte of an object, as a bad disk does.
func (s *Server) Spoil(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data := slices.Clone(s.objects[path])
	data[len(data)-1] ^= 1
	s.objects[path] = data
}

// Stop ends the server for good and breaks what is under way.
func (s *Server) Stop() {
	s.http.CloseClientConnections()
	s.http.Close()
}

package tests

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// updateServer is an update-server that takes nothing but what its API documents
// and writes what it took below a folder. It fails the first upload of an update
// called "flaky" when half of it has come.
type updateServer struct {
	dir   string
	token string

	mu    sync.Mutex
	tried map[string]bool
}

// startUpdateServer is the command updateserver: its address goes to $US.
func startUpdateServer(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "updateserver DIR TOKEN")
	s := httptest.NewServer(&updateServer{dir: ts.MkAbs(args[0]), token: args[1], tried: map[string]bool{}})
	ts.Defer(s.Close)
	ts.Setenv("US", s.URL)
}

// ServeHTTP implements http.Handler.
func (u *updateServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code, err := u.answer(r)
	if err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": err.Error()})
		return
	}
	w.WriteHeader(code)
	if code == http.StatusOK {
		_, _ = io.WriteString(w, "{}")
	}
}

func (u *updateServer) answer(r *http.Request) (int, error) {
	if r.Header.Get("Authorization") != "Bearer "+u.token {
		return http.StatusUnauthorized, errors.New("no such token")
	}
	if r.Method == http.MethodGet && r.URL.Path == "/v1/updates" {
		return http.StatusOK, nil
	}
	part := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/updates/"), "/")
	if r.Method != http.MethodPost || len(part) != 2 {
		return http.StatusNotFound, errors.New("not found")
	}
	if r.Header.Get("Content-Type") != "application/x-tar" || r.ContentLength <= 0 {
		return http.StatusBadRequest, errors.New("not a tar of known length")
	}
	for key := range r.URL.Query() {
		if !slices.Contains([]string{"version", "hardware-id", "name", "ostree-hash", "apps"}, key) {
			return http.StatusBadRequest, fmt.Errorf("parameter %s is not known", key)
		}
	}
	dst := filepath.Join(u.dir, part[0], part[1])
	if _, err := os.Stat(dst); err == nil {
		return http.StatusConflict, errors.New("Update with this name and tag already exists")
	}
	if u.firstTry(part[1]) && part[1] == "flaky" {
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		return http.StatusServiceUnavailable, errors.New("not now")
	}
	if err := take(r.Body, dst+".new", part[0]); err != nil {
		return http.StatusBadRequest, err
	}
	query := r.URL.Query().Encode()
	return http.StatusCreated, errors.Join(os.WriteFile(dst+".query", []byte(query), 0o600), os.Rename(dst+".new", dst))
}

func (u *updateServer) firstTry(name string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	defer func() { u.tried[name] = true }()
	return !u.tried[name]
}

// take unpacks a bundle and wants tuf/ with a target of the tag, and content.
func take(body io.Reader, dst, tag string) error {
	if err := os.MkdirAll(dst, 0o755); err != nil {
		return err
	}
	for r := tar.NewReader(body); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			return fmt.Errorf("%s: not a file of a bundle", h.Name)
		}
		data, err := io.ReadAll(r)
		if err == nil {
			err = os.MkdirAll(filepath.Join(dst, filepath.Dir(h.Name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dst, h.Name), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	if n, err := io.Copy(io.Discard, body); n > 0 || err != nil {
		return fmt.Errorf("%d bytes after the tar, %v", n, err)
	}
	targets, err := os.ReadFile(filepath.Join(dst, "tuf/targets.json"))
	if err != nil || !strings.Contains(string(targets), `"tags":["`+tag+`"]`) {
		return fmt.Errorf("no target of tag %s, %v", tag, err)
	}
	_, err = os.Stat(filepath.Join(dst, "ostree_repo/config"))
	return err
}

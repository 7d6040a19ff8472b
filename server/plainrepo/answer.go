package plainrepo

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// ServeHTTP answers one request and logs it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := &recorder{ResponseWriter: w}
	h.answer(seen, r)
	h.log.Info("request", "from", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "status", seen.status, "bytes", seen.bytes)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this repo can only be read", http.StatusMethodNotAllowed)
		return
	}
	err := h.hand(w, r)
	switch {
	case err == nil:
	case errors.Is(err, errHidden), errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotFile):
		http.Error(w, "there is no such file", http.StatusNotFound)
	case errors.Is(err, fs.ErrPermission):
		h.log.Warn("refused: not readable by everyone", "path", r.URL.Path)
		http.Error(w, "this file is not public", http.StatusForbidden)
	default:
		h.log.Error("request failed", "path", r.URL.Path, "error", err)
		http.Error(w, "the file could not be read", http.StatusInternalServerError)
	}
}

var (
	errHidden  = errors.New("not public")
	errNotFile = errors.New("not a regular file")
)

// hand writes the file that r asks for, or returns why not before anything is
// written.
func (h *Handler) hand(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == "/config" {
		return h.handConfig(w, r)
	}
	at, ok := parsePath(r.URL.Path)
	if !ok {
		return errHidden
	}
	f, st, err := h.open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if at.forever {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	if at.area == "refs" || at.area == "" {
		return handNamed(w, r, f, st)
	}
	// Long files change only by a new file in their place.
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, st.Size(), st.ModTime().UnixNano()))
	http.ServeContent(w, r, "", st.ModTime(), f)
	return nil
}

// handNamed names a file that may change by its bytes, so that a client never
// keeps a ref or a summary that was replaced within one tick of the clock.
func handNamed(w http.ResponseWriter, r *http.Request, f *os.File, st fs.FileInfo) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, limits.Summary)); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum.Sum(nil))+`"`)
	http.ServeContent(w, r, "", st.ModTime(), f)
	return nil
}

// handConfig writes what a client has to know of the config. The rest of it
// names remotes, with passwords in their URLs and paths of keys.
func (h *Handler) handConfig(w http.ResponseWriter, r *http.Request) error {
	repo, err := ostree.OpenRepo(h.path)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("[core]\nrepo_version=1\nmode=archive-z2\n")
	for _, key := range []string{"collection-id", "tombstone-commits"} {
		if v, ok := repo.Config("core", key); ok && !strings.ContainsAny(v, "\r\n") {
			fmt.Fprintf(&b, "%s=%s\n", key, v)
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(b.String()))
	return nil
}

// open opens the file at a place. Refs may be symlinks to other refs, as
// aliases are; no other file is followed. A file that not everyone on this
// machine may read is not for the network either.
func (h *Handler) open(at place) (*os.File, fs.FileInfo, error) {
	root, stat := h.root, h.root.Lstat
	if at.area != "" {
		if st, err := h.root.Lstat(at.area); err != nil {
			return nil, nil, err
		} else if !st.IsDir() {
			return nil, nil, errNotFile
		}
		area, err := h.root.OpenRoot(at.area)
		if err != nil {
			return nil, nil, err
		}
		defer area.Close()
		root, stat = area, area.Lstat
		if at.area == "refs" {
			stat = area.Stat
		}
	}
	before, err := stat(at.name)
	if err != nil {
		return nil, nil, absent(err)
	}
	if !before.Mode().IsRegular() {
		return nil, nil, errNotFile
	}
	f, err := root.Open(at.name)
	if err != nil {
		return nil, nil, absent(err)
	}
	st, err := f.Stat()
	if err == nil && !os.SameFile(before, st) {
		err = errNotFile // somebody put a link in its place
	}
	if err == nil && st.Mode().Perm()&0o004 == 0 {
		err = fs.ErrPermission
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, st, nil
}

// absent makes one answer of all the ways in which a path can lead nowhere: a
// file where a folder should be, a link that leads out.
func absent(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom keeps sendfile, which a plain wrapper would hide.
func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := io.Copy(r.ResponseWriter, src)
	r.bytes += n
	return n, err
}

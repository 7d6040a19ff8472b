package objects

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/store"
)

// repoConfig is what a client gets to see of the repo's config, whatever an
// administrator has set in it.
const repoConfig = "[core]\nrepo_version=1\nmode=archive-z2\n"

// Treehub is the object API that publishers push to, below its base URL. Every
// request needs a publishing token.
func (s *Store) Treehub(guard *api.Guard) http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]api.Handler{
		"POST /objects/{ab}/{obj}":  s.postObject,
		"GET /refs/heads/{ref...}":  func(w http.ResponseWriter, r *http.Request) error { return s.getRef(w, r, "") },
		"POST /refs/heads/{ref...}": s.postRef,

		"POST /" + batch.MissingPath: s.postMissing,
		"POST /" + batch.ObjectsPath: s.postObjects,
		"POST /" + batch.FetchPath:   s.postFetch,

		"GET /" + batch.SizesPath + "{commit}": s.getSizes,

		"GET /refs":                      s.getRefs,
		"PUT /deltas/{ab}/{name}/{file}": s.putDelta,
		"PUT /delta-stats/{sum}":         s.putStats,
		"PUT /delta-indexes/{ab}/{file}": s.putIndex,
	} {
		mux.Handle(pattern, guard.Allow(h, store.ScopePublish))
	}
	for pattern, h := range s.files() {
		mux.Handle(pattern, guard.Allow(h, store.ScopePublish))
	}
	return speaking(mux)
}

// speaking says with each answer that many objects may come in one request, so
// that a publisher learns it from a question that it has in any case.
func speaking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(batch.Header, batch.Version)
		next.ServeHTTP(w, r)
	})
}

// Plain is the repo as ostree pulls it over HTTP, read-only.
func (s *Store) Plain() http.Handler {
	mux := http.NewServeMux()
	ref := func(w http.ResponseWriter, r *http.Request) error { return s.getRef(w, r, "\n") }
	mux.Handle("GET /refs/heads/{ref...}", api.Wrap(s.log, ref))
	for pattern, h := range s.files() {
		mux.Handle(pattern, api.Wrap(s.log, h))
	}
	return mux
}

// files are the files of a repo that both views show alike, by GET and HEAD.
func (s *Store) files() map[string]api.Handler {
	return map[string]api.Handler{
		"GET /config":                    s.getConfig,
		"GET /objects/{ab}/{obj}":        s.getObject,
		"GET /summary":                   s.getSummary,
		"GET /summary.sig":               s.getSummarySig,
		"GET /deltas/{ab}/{name}/{file}": s.getDelta,
		"GET /delta-indexes/{ab}/{file}": s.getIndex,
		"GET /delta-stats/{sum}":         s.getStats,
	}
}

func (s *Store) getConfig(w http.ResponseWriter, _ *http.Request) error {
	config := repoConfig
	if s.repo.Keyfile().Bool("core", "indexed-deltas", false) {
		config += "indexed-deltas=true\n"
	}
	text(w, config)
	return nil
}

// text answers plain text; a client that left before its end is its own affair.
func text(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

func objectID(r *http.Request) (ostree.ObjectID, error) {
	id, err := ostree.ParseArchivePath("objects/" + r.PathValue("ab") + "/" + r.PathValue("obj"))
	if err != nil || id.Type == ostree.TypeTombstoneCommit {
		return id, api.Refuse(http.StatusNotFound, "not_found", "no such object: the path is not objects/XX/REST.TYPE")
	}
	return id, nil
}

// getObject answers GET and HEAD, ranges too. An object that is still on its
// way to the disk is waited for, so that nobody builds on what a power cut
// could take away.
func (s *Store) getObject(w http.ResponseWriter, r *http.Request) error {
	id, err := objectID(r)
	if err != nil {
		return err
	}
	if err := s.flights.wait(r.Context(), []ostree.ObjectID{id}); err != nil {
		return err
	}
	if id.Type == ostree.TypeCommitMeta { // signatures may come later
		return s.serveFile(w, r, id.ArchivePath())
	}
	f, err := s.root.Open(id.ArchivePath())
	if errors.Is(err, os.ErrNotExist) {
		return api.Refuse(http.StatusNotFound, "not_found", "object "+id.String()+" is not there")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return errors.Join(errors.New("object "+id.String()+" is no regular file"), err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("ETag", `"`+id.String()+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	api.AllowTime(w, st.Size())
	http.ServeContent(w, r, "", st.ModTime(), f)
	return nil
}

func (s *Store) getRef(w http.ResponseWriter, r *http.Request, end string) error {
	name, err := api.ParseRef(r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, err := s.repo.Ref(r.Context(), name)
	if errors.Is(err, ostree.ErrRefNotFound) {
		return api.Refuse(http.StatusNotFound, "not_found", "ref "+name+" is not there")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", `"`+c.String()+`"`)
	text(w, c.String()+end)
	return nil
}

// trimHex reads 64 hex digits in either case, with white space around them.
func trimHex(b []byte) (ostree.Checksum, error) {
	return ostree.ParseChecksum(strings.ToLower(strings.TrimSpace(string(b))))
}

// Package factory is the part of the API that operators and publishers speak:
// TUF files, targets, waves, and the metadata of offline bundles.
//
// It trusts no request: names, versions and tags are parsed strictly, a target
// is taken only when the closure of its commit is whole in the repo. It signs
// nothing itself and must never hand the author anything it has not checked.
package factory

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/server/store"
)

// Repo says whether a commit is complete; else the error is an
// *objects.IncompleteError.
type Repo interface {
	Complete(ctx context.Context, commit ostree.Checksum) error
}

// API serves one factory.
type API struct {
	Name   string // of the factory
	DB     *store.DB
	Author *metadata.Author
	Repo   Repo
	Clock  clock.Clock
	Log    *slog.Logger
}

// Routes adds the API's routes to mux. Who publishes may add and tag, and bring
// what somebody with a targets key has signed; what takes targets away is for
// operators.
func (a *API) Routes(mux *http.ServeMux, guard *api.Guard) {
	const (
		user    = "/ota/repo/{factory}/api/v1/user_repo/"
		targets = "/ota/factories/{factory}/targets/"
	)
	for pattern, h := range map[string]api.Handler{
		"GET " + user + "{file}":                         a.getFile,
		"PUT " + user + "targets":                        a.putTargets,
		"PUT " + user + "targets.json":                   a.putTargets,
		"GET " + targets + "{$}":                         a.listTargets,
		"POST " + targets + "{$}":                        a.addTargets,
		"PATCH " + targets + "{$}":                       a.tagTargets,
		"GET " + targets + "{name}":                      a.getTarget,
		"POST " + targets + "{name}/meta/{$}":            a.bundle,
		"POST /ota/factories/{factory}/bundle-index/{$}": a.bundleIndex,
		"GET /projects/{factory}/lmp/builds/latest/{$}":  a.latestBuild,
	} {
		mux.Handle(pattern, guard.Allow(api.Of(a.Name, h), store.ScopePublish))
	}
	a.rootRoutes(mux, guard)
	a.waveRoutes(mux, guard)
	mux.Handle("PUT "+targets+"{$}", guard.Allow(api.Of(a.Name, a.replaceTargets)))
	mux.Handle("DELETE "+targets+"{$}", guard.Allow(api.Of(a.Name, a.pruneTargets)))
}

// getFile answers a TUF file. One set of CI metadata holds all tags, so there
// the query "tag" changes nothing; with "production" it says whose set is meant.
func (a *API) getFile(w http.ResponseWriter, r *http.Request) error {
	file, q := r.PathValue("file"), r.URL.Query()
	get := a.Author.File
	if q.Get("production") == "1" {
		get = func(ctx context.Context, name string) ([]byte, error) {
			return a.Author.ProductionFile(ctx, q.Get("tag"), name)
		}
	}
	b, err := get(r.Context(), file)
	if err != nil {
		return err
	}
	WriteFile(w, b)
	return nil
}

// WriteFile answers a signed file with its checksum in x-ats-role-checksum.
func WriteFile(w http.ResponseWriter, file []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache")
	h.Set(roleChecksum, metadata.Checksum(file))
	api.AllowTime(w, int64(len(file)))
	_, _ = w.Write(file) // a client that left is its own affair
}

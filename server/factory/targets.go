package factory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/server/objects"
	"github.com/otactl/otactl/tuf"
)

// entry is a target on the wire.
type entry struct {
	Length int64             `json:"length"`
	Hashes map[string]string `json:"hashes"`
	Custom json.RawMessage   `json:"custom,omitempty"`
}

func toEntry(t tuf.Target) entry { return entry{Length: t.Length, Hashes: t.Hashes, Custom: t.Custom} }

// listTargets answers {name: target}; ?version=V narrows it down.
func (a *API) listTargets(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Author.Targets(r.Context())
	if err != nil {
		return err
	}
	version := r.URL.Query().Get("version")
	out := map[string]entry{}
	for name, target := range t.Targets {
		c, err := target.Fields()
		if err != nil {
			return fmt.Errorf("target %s: %w", name, err)
		}
		if version == "" || version == c.Version {
			out[name] = toEntry(target)
		}
	}
	api.JSON(w, http.StatusOK, out)
	return nil
}

func (a *API) getTarget(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Author.Targets(r.Context())
	if err != nil {
		return err
	}
	target, ok := t.Targets[r.PathValue("name")]
	if !ok {
		return api.Refuse(http.StatusNotFound, "target_not_found", "there is no target of this name")
	}
	api.JSON(w, http.StatusOK, toEntry(target))
	return nil
}

// addTargets signs new targets: 201 with the new version of targets.json, or
// 200 when all of them are there already with the same content.
func (a *API) addTargets(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.Targets)
	if err != nil {
		return err
	}
	targets, creator, err := ParseTargets(body)
	if err != nil {
		return err
	}
	api.AllowWork(w)
	if err := a.checkCommits(r.Context(), targets); err != nil {
		return err
	}
	version, added, err := a.Author.AddTargets(r.Context(), targets)
	if err != nil {
		return refusal(err)
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
		a.Log.Info("targets added", "targets", slices.Sorted(maps.Keys(targets)), "version", version,
			"by", api.IdentityOf(r.Context()).Subject, "creator", strconv.QuoteToASCII(creator[:min(len(creator), 200)]))
	}
	api.JSON(w, status, map[string]int{"targets-version": version})
	return nil
}

// refusal maps what the author refuses.
func refusal(err error) error {
	if c, ok := errors.AsType[*metadata.ConflictError](err); ok {
		return api.Refuse(http.StatusConflict, "target_exists", c.Error())
	}
	if b, ok := errors.AsType[*metadata.RequestError](err); ok {
		if b.NotFound {
			return api.Refuse(http.StatusNotFound, "target_not_found", b.Why)
		}
		return api.Refuse(http.StatusBadRequest, "bad_request", b.Why)
	}
	switch {
	case errors.Is(err, metadata.ErrFull):
		return api.Refuse(http.StatusConflict, "targets_full", "targets.json would be longer than devices accept")
	case errors.Is(err, tuf.ErrNotASCII), errors.Is(err, tuf.ErrMalformed):
		return api.Refuse(http.StatusBadRequest, "bad_target", err.Error())
	}
	return err
}

func (a *API) checkCommits(ctx context.Context, targets map[string]tuf.Target) error {
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		commit, err := ostree.ParseChecksum(targets[name].Commit())
		if err != nil {
			return bad("target %s: %v", name, err)
		}
		err = a.Repo.Complete(ctx, commit)
		if e, ok := errors.AsType[*objects.IncompleteError](err); ok {
			return api.Refuse(http.StatusPreconditionFailed, "commit_incomplete",
				"target "+name+": "+e.Error()+": push the commit first")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func bad(format string, args ...any) error {
	return api.Refuse(http.StatusBadRequest, "bad_target", fmt.Sprintf(format, args...))
}

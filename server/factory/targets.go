package factory

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/tuf"
)

// roleChecksum is the header that says which targets.json an answer is from, and
// which one a change was made from.
const roleChecksum = "X-Ats-Role-Checksum"

// listTargets answers {name: target}; ?version=V narrows it down.
func (a *API) listTargets(w http.ResponseWriter, r *http.Request) error {
	targets, sum, err := a.Author.Targets(r.Context())
	if err != nil {
		return err
	}
	version := r.URL.Query().Get("version")
	out := map[string]json.RawMessage{}
	for _, name := range targets.Names() {
		if version != "" {
			is, err := versionOf(targets, name)
			if err != nil {
				return err
			}
			if is != version {
				continue
			}
		}
		out[name] = targets.Entry(name)
	}
	w.Header().Set(roleChecksum, sum)
	api.JSON(w, http.StatusOK, out)
	return nil
}

func versionOf(targets *tuf.TargetsDraft, name string) (string, error) {
	t, err := targets.Target(name)
	if err != nil {
		return "", err
	}
	c, err := t.Fields()
	if err != nil {
		return "", fmt.Errorf("target %s: %w", name, err)
	}
	return c.Version, nil
}

func (a *API) getTarget(w http.ResponseWriter, r *http.Request) error {
	targets, sum, err := a.Author.Targets(r.Context())
	if err != nil {
		return err
	}
	entry := targets.Entry(r.PathValue("name"))
	if entry == nil {
		return api.Refuse(http.StatusNotFound, "target_not_found", "there is no target of this name")
	}
	w.Header().Set(roleChecksum, sum)
	api.JSON(w, http.StatusOK, entry)
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
	if err := a.checkCommits(r.Context(), targets, targets.Names()); err != nil {
		return err
	}
	out, err := a.Author.AddTargets(r.Context(), targets)
	if err != nil {
		return refusal(err)
	}
	status := http.StatusOK
	if out.Changed {
		status = http.StatusCreated
		a.Log.Info("targets added", "targets", targets.Names(), "version", out.Version,
			"by", api.IdentityOf(r.Context()).Subject, "creator", strconv.QuoteToASCII(creator[:min(len(creator), 200)]))
	}
	answer(w, status, out)
	return nil
}

// answer says which targets.json there is now.
func answer(w http.ResponseWriter, status int, c metadata.Change) {
	w.Header().Set(roleChecksum, c.Checksum)
	api.JSON(w, status, map[string]int{"targets-version": c.Version})
}

// latestBuild answers {"data": {"build": {"build_id": N}}}: the highest version
// that a target ever had, as of a CI server that counts builds.
// ?hardware-id=A,B narrows it down to targets for those.
func (a *API) latestBuild(w http.ResponseWriter, r *http.Request) error {
	var ids []string
	if list := r.URL.Query().Get("hardware-id"); list != "" {
		ids = strings.Split(list, ",")
	}
	if !words(ids) {
		return api.Refuse(http.StatusBadRequest, "bad_request", "hardware-id must be plain names, separated by commas")
	}
	v, err := a.Author.HighestVersion(r.Context(), ids...)
	if err != nil {
		return err
	}
	api.JSON(w, http.StatusOK, map[string]any{"data": map[string]any{"build": map[string]int64{"build_id": v}}})
	return nil
}

// refusal maps what the author refuses.
func refusal(err error) error {
	if c, ok := errors.AsType[*metadata.ConflictError](err); ok {
		return api.Refuse(http.StatusConflict, "target_exists", c.Error())
	}
	if u, ok := errors.AsType[*metadata.InUseError](err); ok {
		return api.Refuse(http.StatusConflict, "target_in_use", u.Error())
	}
	if s, ok := errors.AsType[*metadata.SignatureError](err); ok {
		return api.Refuse(http.StatusBadRequest, "payload_signature_invalid", s.Error())
	}
	if b, ok := errors.AsType[*metadata.RequestError](err); ok {
		if b.NotFound {
			return api.Refuse(http.StatusNotFound, "target_not_found", b.Why)
		}
		return api.Refuse(http.StatusBadRequest, "bad_request", b.Why)
	}
	switch {
	case errors.Is(err, metadata.ErrFull), errors.Is(err, tuf.ErrTooLarge):
		return api.Refuse(http.StatusConflict, "targets_full", "targets.json would be longer than devices accept")
	case errors.Is(err, metadata.ErrElsewhere):
		return api.Refuse(http.StatusConflict, "signed_elsewhere",
			"the targets of this server are signed elsewhere: sign where the key is, with --keys, or upload a signed targets.json")
	case errors.Is(err, metadata.ErrMoved):
		return api.Refuse(http.StatusPreconditionFailed, "role_checksum_mismatch",
			"targets.json was changed meanwhile by somebody else; read it again and repeat the change")
	case errors.Is(err, metadata.ErrNoBase):
		return api.Refuse(http.StatusPreconditionRequired, "role_checksum_not_provided",
			"say in x-ats-role-checksum which targets.json the change was made from")
	case errors.Is(err, tuf.ErrNotASCII), errors.Is(err, tuf.ErrMalformed):
		return api.Refuse(http.StatusBadRequest, "bad_target", err.Error())
	}
	return err
}

func bad(format string, args ...any) error {
	return api.Refuse(http.StatusBadRequest, "bad_target", fmt.Sprintf(format, args...))
}

package factory

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
)

// bundle answers the metadata of an offline bundle with one more target in it.
func (a *API) bundle(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Tag        string          `json:"tag"`
		Days       int             `json:"expires-in-days"`
		At         time.Time       `json:"expires-at"`
		Production bool            `json:"production"`
		Wave       string          `json:"wave"`
		Extend     json.RawMessage `json:"bundle-targets"`
	}
	if err := api.ReadJSON(w, r, limits.BundleTargets+limits.ConfigFile, &req); err != nil {
		return err
	}
	switch {
	case req.Wave != "":
		return api.Refuse(http.StatusNotFound, "wave_not_found", "No active Wave with the specified name was found")
	case req.Production:
		return api.Refuse(http.StatusNotFound, "no_production_targets", "No production Targets were found for the specified tag")
	case !api.IsWord(req.Tag):
		return api.Refuse(http.StatusBadRequest, "bad_request", "tag is missing or not a plain name")
	}
	if bytes.Equal(req.Extend, []byte("null")) {
		req.Extend = nil
	}
	name := r.PathValue("name")
	out, err := a.Author.Bundle(r.Context(), metadata.BundleRequest{
		Target: name, Tag: req.Tag, Days: req.Days, At: req.At, Extend: req.Extend})
	if err != nil {
		return refusal(err)
	}
	a.Log.Info("bundle metadata signed", "target", name, "tag", req.Tag, "days", req.Days, "at", req.At,
		"by", api.IdentityOf(r.Context()).Subject)
	api.JSON(w, http.StatusOK, out)
	return nil
}

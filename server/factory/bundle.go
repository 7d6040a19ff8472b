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
	case req.Wave != "" && req.Tag != "":
		return api.Refuse(http.StatusBadRequest, "bad_request", "give a tag or a wave, not both: a wave has a tag of its own")
	case req.Wave == "" && !api.IsWord(req.Tag):
		return api.Refuse(http.StatusBadRequest, "bad_request", "tag is missing or not a plain name")
	}
	if bytes.Equal(req.Extend, []byte("null")) {
		req.Extend = nil
	}
	name, who := r.PathValue("name"), api.IdentityOf(r.Context()).Subject
	out, err := a.Author.Bundle(r.Context(), metadata.BundleRequest{
		Target: name, Tag: req.Tag, Production: req.Production, Wave: req.Wave,
		Days: req.Days, At: req.At, Extend: req.Extend, By: who})
	if err != nil {
		return waveRefusal(err)
	}
	a.Log.Info("bundle metadata signed", "target", name, "tag", req.Tag, "production", req.Production, "wave", req.Wave,
		"days", req.Days, "at", req.At, "by", who)
	api.JSON(w, http.StatusOK, out)
	return nil
}

// bundleIndex answers the index of a bundle that is one file, signed.
func (a *API) bundleIndex(w http.ResponseWriter, r *http.Request) error {
	signed, err := api.Body(w, r, limits.BundleIndex)
	if err != nil {
		return err
	}
	file, err := a.Author.BundleIndex(r.Context(), signed)
	if err != nil {
		return refusal(err)
	}
	a.Log.Info("bundle index signed", "by", api.IdentityOf(r.Context()).Subject)
	WriteFile(w, file)
	return nil
}

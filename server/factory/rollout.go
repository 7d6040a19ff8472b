package factory

import (
	"net/http"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
)

// rolloutBody is a rollout as it is asked for.
type rolloutBody struct {
	Group      string   `json:"group"`
	Limit      int      `json:"limit"`
	Percentage int      `json:"percentage"`
	UUIDs      []string `json:"uuids"`
	DryRun     bool     `json:"dry-run"`
	WantUUIDs  bool     `json:"return-uuids"`
	WantNames  bool     `json:"return-names"`
}

// ParseRollout reads the body of a request that rolls out a wave. The uuids that
// it returns are in lower case, and the group is well formed.
func ParseRollout(body []byte) (req metadata.RolloutRequest, uuids, names bool, err error) {
	var b rolloutBody
	if err := api.Decode(body, &b); err != nil {
		return req, false, false, err
	}
	bad := func(why string) error { return api.Refuse(http.StatusBadRequest, "bad_rollout", why) }
	if b.Group != "" && !api.IsWord(b.Group) {
		return req, false, false, bad("group is not a plain name")
	}
	if b.UUIDs != nil && len(b.UUIDs) == 0 { // nobody was chosen, which must not mean everybody
		return req, false, false, bad("uuids is empty; leave it out for all that fit")
	}
	if len(b.UUIDs) > metadata.MaxRollout {
		return req, false, false, bad("there are too many uuids")
	}
	req = metadata.RolloutRequest{Group: b.Group, Limit: b.Limit, Percent: b.Percentage, DryRun: b.DryRun}
	for _, text := range b.UUIDs {
		id, ok := api.ParseUUID(text)
		if !ok {
			return req, false, false, bad("uuids must be of 8-4-4-4-12 hex digits each")
		}
		req.UUIDs = append(req.UUIDs, id)
	}
	return req, b.WantUUIDs, b.WantNames, nil
}

// rolloutWave answers the wave, and which devices are new in it.
func (a *API) rolloutWave(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.ConfigFile)
	if err != nil {
		return err
	}
	req, uuids, names, err := ParseRollout(body)
	if err != nil {
		return err
	}
	req.By = api.IdentityOf(r.Context()).Subject
	wave, chosen, err := a.Author.RolloutWave(r.Context(), r.PathValue("wave"), req)
	if err != nil {
		return waveRefusal(err)
	}
	if !req.DryRun {
		a.Log.Info("wave rolled out", "wave", wave.Name, "group", req.Group, "devices", len(chosen), "by", req.By)
	}
	view, err := a.view(r, wave)
	if err != nil {
		return err
	}
	out := struct {
		waveView
		Devices int      `json:"device-num"`
		UUIDs   []string `json:"device-uuids,omitempty"`
		Names   []string `json:"device-names,omitempty"`
	}{waveView: view, Devices: len(chosen)}
	for _, d := range chosen {
		if uuids && len(chosen) <= metadata.MaxRollout {
			out.UUIDs = append(out.UUIDs, d.UUID)
		}
		if names && len(chosen) <= metadata.MaxRollout {
			out.Names = append(out.Names, d.Name)
		}
	}
	api.JSON(w, http.StatusOK, out)
	return nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

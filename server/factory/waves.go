package factory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// waveRoutes adds what waves and production targets need. Publishers may look;
// what reaches devices is the operator's to say.
func (a *API) waveRoutes(mux *http.ServeMux, guard *api.Guard) {
	const base = "/ota/factories/{factory}/"
	for pattern, h := range map[string]api.Handler{
		"GET " + base + "waves/{$}":               a.listWaves,
		"GET " + base + "waves/{wave}/{$}":        a.getWave,
		"GET " + base + "waves/{wave}/status/{$}": a.waveStatus,
		"GET " + base + "prod-targets/{$}":        a.prodTargets,
		"GET " + base + "wave-targets/{$}":        a.waveTargets,
		"GET " + base + "ci-targets.pub":          a.onlineKey,
	} {
		mux.Handle(pattern, guard.Allow(api.Of(a.Name, h), store.ScopePublish))
	}
	for pattern, h := range map[string]api.Handler{
		"POST " + base + "waves/{$}":                 a.createWave,
		"POST " + base + "waves/{wave}/sign/{$}":     a.signWave,
		"POST " + base + "waves/{wave}/rollout/{$}":  a.rolloutWave,
		"POST " + base + "waves/{wave}/complete/{$}": a.endWave(store.WaveComplete, a.Author.CompleteWave),
		"POST " + base + "waves/{wave}/cancel/{$}":   a.endWave(store.WaveCanceled, a.Author.CancelWave),
	} {
		mux.Handle(pattern, guard.Allow(api.Of(a.Name, h)))
	}
}

// waveCodes are the statuses of what the author refuses; all else is 409.
var waveCodes = map[string]int{
	"wave_not_found": http.StatusNotFound, "device_not_found": http.StatusNotFound, "group_not_found": http.StatusNotFound,
	"bad_wave": http.StatusBadRequest, "bad_rollout": http.StatusBadRequest, "bad_signature": http.StatusBadRequest,
}

func waveRefusal(err error) error {
	if e, ok := errors.AsType[*metadata.WaveError](err); ok {
		status := waveCodes[e.Code]
		if status == 0 {
			status = http.StatusConflict
		}
		return api.Refuse(status, e.Code, e.Why)
	}
	if errors.Is(err, metadata.ErrNoProduction) {
		return api.Refuse(http.StatusConflict, "no_production_root",
			"there is no production root yet: give the factory an offline targets key first")
	}
	return refusal(err)
}

func (a *API) createWave(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.Targets+limits.ConfigFile)
	if err != nil {
		return err
	}
	n, err := ParseWave(body)
	if err != nil {
		return err
	}
	t, err := tuf.DraftTargets(n.Targets)
	if err != nil {
		return err
	}
	api.AllowWork(w)
	if err := a.checkCommits(r.Context(), t, t.Names()); err != nil {
		return err
	}
	n.By = api.IdentityOf(r.Context()).Subject
	if err := a.Author.CreateWave(r.Context(), n); err != nil {
		return waveRefusal(err)
	}
	a.Log.Info("wave made", "wave", n.Name, "version", n.Version, "tag", n.Tag, "by", n.By)
	return a.answerWave(w, r, http.StatusCreated, n.Name, false)
}

func (a *API) signWave(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.ConfigFile)
	if err != nil {
		return err
	}
	sigs, err := ParseSignatures(body)
	if err != nil {
		return err
	}
	name := r.PathValue("wave")
	if err := a.Author.SignWave(r.Context(), name, sigs); err != nil {
		return waveRefusal(err)
	}
	a.Log.Info("wave signed", "wave", name, "signatures", len(sigs), "by", api.IdentityOf(r.Context()).Subject)
	return a.answerWave(w, r, http.StatusOK, name, false)
}

// endWave completes or cancels.
func (a *API) endWave(status store.WaveStatus, end func(ctx context.Context, name, by string) error) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		name, by := r.PathValue("wave"), api.IdentityOf(r.Context()).Subject
		if err := end(r.Context(), name, by); err != nil {
			return waveRefusal(err)
		}
		a.Log.Info("wave ended", "wave", name, "status", string(status), "by", by)
		return a.answerWave(w, r, http.StatusOK, name, false)
	}
}

func (a *API) getWave(w http.ResponseWriter, r *http.Request) error {
	show := r.URL.Query().Get("show-targets")
	return a.answerWave(w, r, http.StatusOK, r.PathValue("wave"), show != "" && show != "0")
}

// waveView is a wave on the wire.
type waveView struct {
	Name    string               `json:"name"`
	Version string               `json:"version"`
	Tag     string               `json:"tag"`
	Status  store.WaveStatus     `json:"status"`
	Targets json.RawMessage      `json:"targets,omitempty"`
	Groups  map[string]groupView `json:"rollout-groups"`
	History []rolloutView        `json:"rollout-history"`
	Handed  int                  `json:"devices-handed"` // have its metadata and nothing newer
	Change  changeView           `json:"change-meta"`
}

type groupView struct {
	Name      string `json:"group-name"`
	CreatedAt string `json:"created-at"`
	CreatedBy string `json:"created-by"`
}

type rolloutView struct {
	Group       string `json:"group-name"`
	By          string `json:"rollout-by"`
	At          string `json:"rollout-at"`
	FullGroup   bool   `json:"is-full-group"`
	FactoryWide bool   `json:"is-factory-wide"`
	Devices     int    `json:"num-devices"`
}

type changeView struct {
	CreatedBy string `json:"created-by"`
	CreatedAt string `json:"created-at"`
	UpdatedBy string `json:"updated-by"`
	UpdatedAt string `json:"updated-at"`
}

func (a *API) view(r *http.Request, w store.Wave) (waveView, error) {
	history, err := a.DB.Rollouts(r.Context(), w.Seq)
	if err != nil {
		return waveView{}, err
	}
	handed, err := a.DB.Handed(r.Context(), w.Seq)
	v := waveView{Handed: handed, Name: w.Name, Version: strconv.Itoa(w.Version), Tag: w.Tag, Status: w.Status,
		Groups: map[string]groupView{}, History: make([]rolloutView, 0, len(history)),
		Change: changeView{CreatedBy: w.CreatedBy, CreatedAt: stamp(w.Created), UpdatedBy: w.FinishedBy, UpdatedAt: stamp(w.Finished)}}
	for _, h := range history {
		v.History = append(v.History, rolloutView{Group: h.Group, By: h.By, At: stamp(h.At),
			FullGroup: h.Whole, FactoryWide: h.Group == "", Devices: h.Devices})
		if _, known := v.Groups[h.Group]; !known && h.Group != "" {
			v.Groups[h.Group] = groupView{Name: h.Group, CreatedAt: stamp(h.At), CreatedBy: h.By}
		}
	}
	return v, err
}

func (a *API) answerWave(w http.ResponseWriter, r *http.Request, status int, name string, targets bool) error {
	wave, err := a.wave(r, name)
	if err != nil {
		return err
	}
	v, err := a.view(r, wave)
	if err != nil {
		return err
	}
	if targets {
		if v.Targets, err = a.DB.WaveTargets(r.Context(), name); err != nil {
			return err
		}
		api.AllowTime(w, int64(len(v.Targets)))
	}
	api.JSON(w, status, v)
	return nil
}

func (a *API) wave(r *http.Request, name string) (store.Wave, error) {
	wave, err := a.DB.Wave(r.Context(), name)
	if errors.Is(err, store.ErrNotFound) {
		err = api.Refuse(http.StatusNotFound, "wave_not_found", "there is no wave of this name")
	}
	return wave, err
}

const (
	defaultPage = 20
	maxPage     = 1000
)

// listWaves answers one page, the newest waves first.
func (a *API) listWaves(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	limit, err := number(q, "limit", defaultPage, maxPage)
	if err != nil {
		return err
	}
	page, err := number(q, "page", 1, 1<<20)
	if err != nil {
		return err
	}
	list, total, err := a.DB.Waves(r.Context(), store.WaveStatus(q.Get("status")), q.Get("tag"), limit, (page-1)*limit)
	if err != nil {
		return err
	}
	out := make([]waveView, 0, len(list))
	for _, wave := range list {
		v, err := a.view(r, wave)
		if err != nil {
			return err
		}
		out = append(out, v)
	}
	var next any
	if page*limit < total {
		q.Set("page", strconv.Itoa(page+1))
		next = r.URL.Path + "?" + q.Encode()
	}
	api.JSON(w, http.StatusOK, map[string]any{"waves": out, "total": total, "next": next})
	return nil
}

// number is a positive number in a query, or def where it is left out.
func number(q url.Values, name string, def, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, api.Refuse(http.StatusBadRequest, "bad_request", fmt.Sprintf("%s must be a number from 1 to %d", name, most))
	}
	return n, nil
}

// prodTargets answers {TAG: targets.json} for ?tag=A,B, or for all tags. Only who
// asks for what is not there is told so.
func (a *API) prodTargets(w http.ResponseWriter, r *http.Request) error {
	tags := list(r.URL.Query().Get("tag"))
	files, err := a.Author.ProductionTargets(r.Context(), tags)
	if err != nil {
		return err
	}
	if len(files) == 0 && len(tags) > 0 {
		return api.Refuse(http.StatusNotFound, "no_production_targets", "No production Targets were found for the specified tag")
	}
	return answerFiles(w, files)
}

// waveTargets answers {WAVE: targets.json} for ?name=A,B, or for all active
// waves: fioctl signs all that there are, and none is all right then.
func (a *API) waveTargets(w http.ResponseWriter, r *http.Request) error {
	names := list(r.URL.Query().Get("name"))
	files, err := a.Author.WaveTargets(r.Context(), names)
	if err != nil {
		return err
	}
	if len(files) == 0 && len(names) > 0 {
		return api.Refuse(http.StatusNotFound, "wave_not_found", "No active Wave with the specified name was found")
	}
	return answerFiles(w, files)
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' })
}

func answerFiles(w http.ResponseWriter, files map[string][]byte) error {
	out := map[string]json.RawMessage{}
	size := 0
	for name, file := range files {
		out[name] = file
		size += len(file)
	}
	api.AllowTime(w, int64(size))
	api.JSON(w, http.StatusOK, out)
	return nil
}

// onlineKey answers the targets key that is on this server: with it nobody signs
// production targets.
func (a *API) onlineKey(w http.ResponseWriter, r *http.Request) error {
	k, err := a.Author.OnlineTargetsKey(r.Context())
	if errors.Is(err, store.ErrNotFound) {
		return api.Refuse(http.StatusNotFound, "no_online_key", "the targets key is not on this server")
	}
	if err != nil {
		return err
	}
	api.JSON(w, http.StatusOK, k)
	return nil
}

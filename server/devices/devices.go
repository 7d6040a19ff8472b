// Package devices registers devices: it checks who asks, signs the device's
// certificate request, and hands over the three files a device lives by. It
// also runs the OAuth 2 device flow with which an operator lets a device in.
//
// It trusts no request: a uuid, a name and a CSR are parsed strictly and have
// to agree, and a token from the device flow is good for the one uuid it was
// approved for, once. It must never learn a device's private key, and never
// answers before the device is stored.
package devices

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/pki"
	"github.com/otactl/otactl/server/store"
)

// API serves the registration of one factory's devices.
type API struct {
	Factory string
	URL     string // the API's base URL, for the page that a code is entered at
	Gateway string // the gateway's base URL, for sota.toml
	DB      *store.DB
	PKI     *pki.PKI
	Poll    time.Duration // how often a device may ask after its code
	Clock   clock.Clock
	Log     *slog.Logger
}

// Routes adds the API's routes to mux.
func (a *API) Routes(mux *http.ServeMux, guard *api.Guard) {
	open := func(h api.Handler) http.Handler { return api.Wrap(a.Log, h) }
	mux.Handle("GET /ota/devices/{$}", open(ping)) // and HEAD
	mux.Handle("POST /ota/devices/{$}", guard.Allow(a.create, store.ScopeRegister))
	mux.Handle("POST /v1/devices", guard.Allow(a.create, store.ScopeRegister))
	mux.Handle("POST /oauth/authorization/device/{$}", open(a.authorize))
	token := open(func(w http.ResponseWriter, r *http.Request) error { return a.token(w, r, guard) })
	mux.Handle("POST /oauth/token/{$}", token)
	mux.Handle("POST /oauth2/token", token)
	const base = "/ota/factories/{factory}/"
	mine := func(h api.Handler) api.Handler { return api.Of(a.Factory, h) }
	mux.Handle("GET "+base+"devices/{$}", guard.Allow(mine(a.list)))
	mux.Handle("GET "+base+"devices/{name}/{kind}", guard.Allow(mine(a.reports)))
	mux.Handle("DELETE "+base+"devices/{name}/{$}", guard.Allow(mine(a.remove)))
	mux.Handle("POST "+base+"device-codes/approve", guard.Allow(mine(a.answer(store.CodeApproved))))
	mux.Handle("POST "+base+"device-codes/deny", guard.Allow(mine(a.answer(store.CodeDenied))))
}

// ping is what a device asks before it makes a key.
func ping(w http.ResponseWriter, _ *http.Request) error {
	api.JSON(w, http.StatusOK, struct{}{})
	return nil
}

// view is a device in a list.
type view struct {
	UUID       string `json:"uuid"`
	Name       string `json:"name"`
	Factory    string `json:"factory"`
	HardwareID string `json:"hardware-id"`
	Group      string `json:"group"`
	GroupName  string `json:"device-group"` // the same: clients differ in what they look for
	Tag        string `json:"tag"`
	Target     string `json:"target-name"`
	OSTreeHash string `json:"ostree-hash"`
	Apps       string `json:"docker-apps"`
	Production bool   `json:"is-prod"`
	Wave       bool   `json:"is-wave"`    // an active wave was rolled out to it
	CreatedAt  string `json:"created-at"` // RFC 3339
	LastSeen   string `json:"last-seen"`  // RFC 3339, or ""
}

// maxList is how many devices one answer lists.
const maxList = 10_000

func (a *API) list(w http.ResponseWriter, r *http.Request) error {
	all, err := a.DB.Devices(r.Context(), maxList)
	if err != nil {
		return err
	}
	inWave, err := a.inWaves(r.Context())
	if err != nil {
		return err
	}
	out := make([]view, 0, len(all))
	for _, d := range all {
		out = append(out, view{UUID: d.UUID, Name: d.Name, Factory: a.Factory, HardwareID: d.HardwareID,
			Group: d.Group, GroupName: d.Group, Tag: d.Tags, Target: d.Target, OSTreeHash: d.OSTreeHash, Apps: d.Apps,
			Production: d.Production, Wave: inWave[d.UUID], CreatedAt: stamp(d.Created), LastSeen: stamp(d.LastSeen)})
	}
	api.JSON(w, http.StatusOK, map[string]any{"devices": out, "total": len(out)})
	return nil
}

// inWaves are the uuids of the devices that active waves were rolled out to.
func (a *API) inWaves(ctx context.Context) (map[string]bool, error) {
	active, err := a.DB.ActiveWaves(ctx)
	if err != nil {
		return nil, err
	}
	in := map[string]bool{}
	for _, w := range active {
		devices, err := a.DB.WaveDevices(ctx, w)
		if err != nil {
			return nil, err
		}
		for _, d := range devices {
			if d.RolledOut {
				in[d.UUID] = true
			}
		}
	}
	return in, nil
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// reports answers what a device sent: its events as a JSON array, or its latest
// document of a kind.
func (a *API) reports(w http.ResponseWriter, r *http.Request) error {
	d, err := a.DB.DeviceNamed(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	if r.PathValue("kind") != "events" {
		doc, err := a.DB.Doc(r.Context(), d.UUID, r.PathValue("kind"))
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/octet-stream") // it is the device's, whatever it is
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(doc) // a client that left is its own affair
		return nil
	}
	events, err := a.DB.Events(r.Context(), d.UUID)
	if err != nil {
		return err
	}
	out := make([]json.RawMessage, 0, len(events))
	for _, e := range events {
		out = append(out, e.Body)
	}
	api.JSON(w, http.StatusOK, out)
	return nil
}

// remove puts a device on the deny list.
func (a *API) remove(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	err := a.DB.DeleteDevice(r.Context(), name, a.Clock())
	if errors.Is(err, store.ErrNotFound) {
		return api.Refuse(http.StatusNotFound, "device_not_found", "there is no device of this name or uuid")
	}
	if err != nil {
		return err
	}
	a.Log.Info("device deleted", "device", name, "by", api.IdentityOf(r.Context()).Subject)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

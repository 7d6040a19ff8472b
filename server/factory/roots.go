package factory

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/tuf"
)

// rootRoutes adds the transaction on the roots. Only an operator may see or
// touch it: whoever changes roots decides whose signatures devices believe.
func (a *API) rootRoutes(mux *http.ServeMux, guard *api.Guard) {
	const updates = "/ota/repo/{factory}/api/v1/user_repo/root/updates"
	for pattern, h := range map[string]api.Handler{
		"GET " + updates:                              a.rootUpdates,
		"POST " + updates:                             a.beginRootUpdate,
		"PUT " + updates:                              a.putRootUpdate,
		"POST " + updates + "/gen-online-keys":        a.newOnlineKeys,
		"POST " + updates + "/apply":                  a.applyRootUpdate,
		"POST " + updates + "/cancel":                 a.cancelRootUpdate,
		"GET /ota/factories/{factory}/users/self/{$}": a.self,
	} {
		mux.Handle(pattern, guard.Allow(api.Of(a.Name, h)))
	}
}

// self answers who the token belongs to. There are no users here, only tokens.
func (a *API) self(w http.ResponseWriter, r *http.Request) error {
	who := api.IdentityOf(r.Context()).Subject
	api.JSON(w, http.StatusOK, map[string]any{"polis-id": who, "name": who, "role": "owner",
		"teams-ext": []string{}, "effective-scopes": []string{}})
	return nil
}

func (a *API) rootUpdates(w http.ResponseWriter, r *http.Request) error {
	out, err := a.Author.RootUpdates(r.Context())
	if err != nil {
		return rootRefusal(err)
	}
	api.JSON(w, http.StatusOK, out)
	return nil
}

// maxMessage is how many bytes the reason of a change may have.
const maxMessage = 1000

func (a *API) beginRootUpdate(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Message   string `json:"message"`
		FirstTime bool   `json:"first-time"`
	}
	if err := api.ReadJSON(w, r, limits.RootUpdate, &req); err != nil {
		return err
	}
	if strings.TrimSpace(req.Message) == "" || len(req.Message) > maxMessage {
		return api.Refuse(http.StatusBadRequest, "bad_message", "say why the root changes, in 1000 bytes at most")
	}
	who := api.IdentityOf(r.Context()).Subject
	out, err := a.Author.BeginRootUpdate(r.Context(), who, req.Message, req.FirstTime)
	if err != nil {
		return rootRefusal(err)
	}
	a.Log.Info("root transaction opened", "by", who, "first-time", req.FirstTime)
	api.JSON(w, http.StatusCreated, out)
	return nil
}

func (a *API) putRootUpdate(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		TxID string          `json:"txid"`
		CI   json.RawMessage `json:"ci-root"`
		Prod json.RawMessage `json:"prod-root"`

		Targets map[string][]wireSignature `json:"targets-signatures"` // by tag
		Waves   map[string][]wireSignature `json:"waves-signatures"`   // by name
	}
	if err := api.ReadJSON(w, r, limits.RootUpdate, &req); err != nil {
		return err
	}
	acc := access(r, req.TxID)
	sigs := metadata.ProductionSignatures{Tags: fromWire(req.Targets), Waves: fromWire(req.Waves)}
	err := a.Author.PutRootUpdate(r.Context(), acc, metadata.StagedRoots{CI: req.CI, Prod: req.Prod, Signatures: sigs})
	if err != nil {
		return rootRefusal(err)
	}
	a.Log.Info("root transaction changed", "by", acc.Subject)
	api.JSON(w, http.StatusOK, struct{}{})
	return nil
}

func access(r *http.Request, txid string) metadata.Access {
	return metadata.Access{Subject: api.IdentityOf(r.Context()).Subject, TxID: txid}
}

func (a *API) newOnlineKeys(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		TxID      string `json:"txid"`
		Type      string `json:"key-type"`
		Targets   bool   `json:"targets"`
		Snapshot  bool   `json:"snapshot"`
		Timestamp bool   `json:"timestamp"`
	}
	if err := api.ReadJSON(w, r, limits.ConfigFile, &req); err != nil {
		return err
	}
	kind := tuf.KeyType(strings.ToUpper(req.Type))
	if kind != tuf.ED25519 && kind != tuf.RSA {
		return api.Refuse(http.StatusBadRequest, "bad_key_type", "key-type must be ED25519 or RSA")
	}
	var roles []tuf.Role
	for role, asked := range map[tuf.Role]bool{
		tuf.RoleTargets: req.Targets, tuf.RoleSnapshot: req.Snapshot, tuf.RoleTimestamp: req.Timestamp} {
		if asked {
			roles = append(roles, role)
		}
	}
	if len(roles) == 0 {
		return api.Refuse(http.StatusBadRequest, "bad_roles", "name at least one of targets, snapshot and timestamp")
	}
	acc := access(r, req.TxID)
	if err := a.Author.NewOnlineKeys(r.Context(), acc, kind, roles); err != nil {
		return rootRefusal(err)
	}
	a.Log.Info("online keys made for the root transaction", "roles", roles, "type", kind, "by", acc.Subject)
	api.JSON(w, http.StatusCreated, struct{}{})
	return nil
}

func (a *API) applyRootUpdate(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		TxID string `json:"txid"`
	}
	if err := api.ReadJSON(w, r, limits.ConfigFile, &req); err != nil {
		return err
	}
	acc := access(r, req.TxID)
	if err := a.Author.ApplyRootUpdate(r.Context(), acc); err != nil {
		return rootRefusal(err)
	}
	a.Log.Info("root transaction applied", "by", acc.Subject)
	api.JSON(w, http.StatusOK, struct{}{})
	return nil
}

func (a *API) cancelRootUpdate(w http.ResponseWriter, r *http.Request) error {
	if err := a.Author.CancelRootUpdate(r.Context()); err != nil {
		return rootRefusal(err)
	}
	a.Log.Info("root transaction cancelled", "by", api.IdentityOf(r.Context()).Subject)
	api.JSON(w, http.StatusOK, struct{}{})
	return nil
}

// rootRefusal maps what the author refuses about roots. By 400, 403, 404, 409
// and 422 a client knows that nothing has changed.
func rootRefusal(err error) error {
	switch {
	case errors.Is(err, metadata.ErrNoUpdate):
		return api.Refuse(http.StatusNotFound, "no_root_update", err.Error())
	case errors.Is(err, metadata.ErrNoRootKey):
		return api.Refuse(http.StatusNotFound, "no_root_key", err.Error())
	case errors.Is(err, metadata.ErrUpdateOpen):
		return api.Refuse(http.StatusConflict, "root_update_open", err.Error()+"; apply or cancel it first")
	case errors.Is(err, metadata.ErrNotYours):
		return api.Refuse(http.StatusForbidden, "wrong_txid", err.Error()+", or it is missing and somebody else opened it")
	}
	if e, ok := errors.AsType[*metadata.IssuesError](err); ok {
		var all []string
		for _, n := range e.Issues.Errors {
			all = append(all, n.Message)
		}
		return api.Refuse(http.StatusUnprocessableEntity, "root_update_incomplete", strings.Join(all, "; "))
	}
	return refusal(err)
}

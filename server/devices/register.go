package devices

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"regexp"

	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/pki"
	"github.com/otactl/otactl/server/store"
)

const maxRequest = 256 << 10 // bytes of a registration

// request is a registration on the wire. Clients send scalars as strings.
type request struct {
	Name       string                       `json:"name"`
	UUID       string                       `json:"uuid"`
	CSR        string                       `json:"csr"`
	HardwareID string                       `json:"hardware-id"`
	SotaDir    string                       `json:"sota-config-dir"`
	Group      string                       `json:"group"`
	Overrides  map[string]map[string]string `json:"overrides"`
	UseServer  json.RawMessage              `json:"use-ostree-server"` // this server is both; any value will do

	id string // UUID in lower case, once it is checked
}

var sotaDir = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)

// check says what is wrong with the request's plain fields, and fills in
// defaults.
func (q *request) check() error {
	var ok bool
	if q.id, ok = api.ParseUUID(q.UUID); !ok {
		return invalid("uuid must be 8-4-4-4-12 hex digits")
	}
	if q.Name == "" {
		q.Name = q.id
	}
	if q.SotaDir == "" {
		q.SotaDir = "/var/sota"
	}
	switch {
	case !api.IsWord(q.Name):
		return invalid("name must be letters, digits and . _ + -, and start with a letter or digit")
	case isOthersID(q.Name, q.id):
		return invalid("name is a uuid and not this device's: an operator could not tell the two apart")
	case !api.IsWord(q.HardwareID):
		return invalid("hardware-id is missing or not a plain name")
	case q.Group != "" && !api.IsWord(q.Group):
		return invalid("group is not a plain name")
	case !sotaDir.MatchString(q.SotaDir) || path.Clean(q.SotaDir) != q.SotaDir:
		return invalid("sota-config-dir must be a clean absolute path")
	}
	return nil
}

func isOthersID(name, id string) bool {
	other, is := api.ParseUUID(name)
	return is && other != id
}

func invalid(why string) error { return api.Refuse(http.StatusBadRequest, "bad_request", why) }

// create registers a device and answers the files it lives by.
func (a *API) create(w http.ResponseWriter, r *http.Request) error {
	var q request
	if err := api.ReadJSON(w, r, maxRequest, &q); err != nil {
		return err
	}
	if err := q.check(); err != nil {
		return err
	}
	id := api.IdentityOf(r.Context())
	if id.Scope == store.ScopeRegister && id.Subject != q.id {
		return api.Refuse(http.StatusForbidden, "forbidden", "the token was approved for another device")
	}
	csr, err := pki.ParseRequest([]byte(q.CSR), a.Factory)
	if err != nil {
		return invalid(err.Error())
	}
	if csr.CommonName != q.UUID {
		return invalid("the CSR's CN is not the uuid")
	}
	sota, err := q.sota(a.Gateway)
	if err != nil {
		return invalid(err.Error())
	}
	cert, err := a.PKI.SignDevice(csr)
	if err != nil {
		return err
	}
	if err := a.keep(r, &q, sota["pacman"]["tags"], csr, id); err != nil {
		return err
	}
	api.JSON(w, http.StatusCreated, map[string]string{
		"root.crt": string(a.PKI.Root()), "client.pem": string(cert), "sota.toml": sota.String()})
	return nil
}

// keep stores the device, with the tags it will follow, and spends the token of
// a device flow with it.
func (a *API) keep(r *http.Request, q *request, tags string, csr *pki.Request, id api.Identity) error {
	spend := ""
	if id.Scope == store.ScopeRegister {
		spend = id.Secret
	}
	err := a.DB.AddDevice(r.Context(), store.Device{
		UUID: q.id, Name: q.Name, HardwareID: q.HardwareID, Group: q.Group,
		Production: csr.Production, PublicKey: csr.PublicKey, Created: a.Clock(),
		CheckIn: store.CheckIn{Tags: api.CleanTags(tags)}}, spend)
	if errors.Is(err, store.ErrExists) {
		return api.Refuse(http.StatusConflict, "device_exists", "a device of this name or uuid is registered already, or was deleted")
	}
	if err == nil {
		a.Log.Info("device registered", "device", q.id, "name", q.Name, "by", id.Subject)
	}
	return err
}

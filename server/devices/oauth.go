package devices

import (
	"crypto/rand"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/store"
)

const (
	codeLife     = 15 * time.Minute
	registerLife = 15 * time.Minute // of the token that an approved code becomes
	publishLife  = 24 * time.Hour   // of a publisher's token; garage-push never renews it
	maxForm      = 16 << 10         // bytes
)

// codeCaps bound how many codes may wait at once, in all and per address.
var codeCaps = store.CodeCaps{Total: 1000, PerPeer: 100}

// userAlphabet has no vowels, so that no word comes up, and nothing that looks
// like something else (RFC 8628 section 6.1).
const userAlphabet = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode is like ABCD-EFGH: 34 bits, which only an operator can try out.
func newUserCode() (string, error) {
	var b strings.Builder
	for i := range 8 {
		if i == 4 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userAlphabet))))
		if err != nil {
			return "", err
		}
		b.WriteByte(userAlphabet[n.Int64()])
	}
	return b.String(), nil
}

// ParseUserCode reads a user code as a person types it: case, spaces and the
// dash don't matter.
func ParseUserCode(s string) (string, bool) {
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch {
		case r == '-' || r == ' ':
			continue
		case !strings.ContainsRune(userAlphabet, r) || b.Len() > 8:
			return "", false
		}
		if b.Len() == 4 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String(), b.Len() == 9
}

// oauthError answers as RFC 6749 section 5.2 has it.
func oauthError(w http.ResponseWriter, code, message string) {
	api.JSON(w, http.StatusBadRequest, map[string]string{"error": code, "error_description": message, "message": message, "code": code})
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, err
		}
		return nil, api.Refuse(http.StatusBadRequest, "invalid_request", "the body is not a form")
	}
	return r.PostForm, nil
}

// authorize begins the device flow (RFC 8628 section 3.1).
func (a *API) authorize(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	uuid, ok := api.ParseUUID(form.Get("client_id"))
	if !ok {
		oauthError(w, "invalid_client", "client_id must be the device's uuid")
		return nil
	}
	if form.Get("scope") != a.Factory+":devices:create" {
		oauthError(w, "invalid_scope", "'scope' parameter is not valid: wrong Factory value")
		return nil
	}
	secret, code, err := a.newCode(r, uuid)
	if errors.Is(err, store.ErrTooMany) {
		return &api.Error{Status: http.StatusServiceUnavailable, Code: "too_many_codes",
			Message: "too many registrations wait for an answer; try again later", Retry: time.Minute}
	}
	if err != nil {
		return err
	}
	a.Log.Info("a device asks to register", "device", uuid, "from", code.Peer)
	api.JSON(w, http.StatusOK, map[string]any{
		"device_code": secret, "user_code": code.UserCode,
		"verification_uri":          a.URL + "/activate",
		"verification_uri_complete": a.URL + "/activate?user_code=" + code.UserCode,
		"expires_in":                int(codeLife / time.Second),
		"interval":                  int(code.Wait / time.Second),
	})
	return nil
}

func (a *API) newCode(r *http.Request, uuid string) (secret string, c store.Code, err error) {
	now := a.Clock()
	c = store.Code{ClientID: uuid, Peer: api.Peer(r), Created: now, Expires: now.Add(codeLife), Wait: a.Poll}
	for range 5 { // a user code that is in use is drawn again
		if c.UserCode, err = newUserCode(); err != nil {
			return "", c, err
		}
		secret = store.NewSecret()
		if err = a.DB.AddCode(r.Context(), secret, c, codeCaps); !errors.Is(err, store.ErrExists) {
			break
		}
	}
	return secret, c, err
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// token answers both grants: a publisher's client_credentials, and a device
// that polls.
func (a *API) token(w http.ResponseWriter, r *http.Request, guard *api.Guard) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	grant := form.Get("grant_type")
	if grant == "" {
		grant = r.URL.Query().Get("grant_type") // fiopush puts it there
	}
	switch grant {
	case "client_credentials":
		return a.clientToken(w, r, form, guard)
	case deviceGrant:
		return a.deviceToken(w, r, form, guard)
	}
	oauthError(w, "unsupported_grant_type", "grant_type must be client_credentials or "+deviceGrant)
	return nil
}

func (a *API) clientToken(w http.ResponseWriter, r *http.Request, form url.Values, guard *api.Guard) error {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	scope, err := a.DB.Client(r.Context(), id, secret)
	if errors.Is(err, store.ErrNotFound) {
		return guard.Failed(r, &api.Error{Status: http.StatusUnauthorized, Code: "invalid_client",
			Message: "the client id or its secret is wrong"})
	}
	if err != nil {
		return err
	}
	tok := store.NewSecret()
	err = a.DB.AddToken(r.Context(), tok, store.Token{Scope: scope, Subject: id, Expires: a.Clock().Add(publishLife)})
	if err != nil {
		return err
	}
	answerToken(w, tok, publishLife)
	return nil
}

func answerToken(w http.ResponseWriter, token string, life time.Duration) {
	api.JSON(w, http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int(life / time.Second)})
}

// deviceToken answers one poll (RFC 8628 section 3.5).
func (a *API) deviceToken(w http.ResponseWriter, r *http.Request, form url.Values, guard *api.Guard) error {
	uuid, _ := api.ParseUUID(form.Get("client_id"))
	tok, now := store.NewSecret(), a.Clock()
	p, err := a.DB.PollCode(r.Context(), form.Get("device_code"), uuid, tok,
		store.Token{Scope: store.ScopeRegister, Subject: uuid, Expires: now.Add(registerLife)}, now)
	if errors.Is(err, store.ErrNotFound) {
		if err := guard.Strike(r); err != nil {
			return err
		}
		oauthError(w, "invalid_grant", "the device code is unknown, used up, or of another client")
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case !now.Before(p.Expires):
		oauthError(w, "expired_token", "the code has expired; begin again")
	case p.TooSoon:
		oauthError(w, "slow_down", "the code is asked after too often")
	case p.State == store.CodePending:
		oauthError(w, "authorization_pending", "the operator has not answered yet")
	case p.State == store.CodeDenied:
		oauthError(w, "access_denied", "the operator refused the device")
	default:
		answerToken(w, tok, registerLife)
	}
	return nil
}

// answer lets an operator approve or deny a code, and says whose it is.
func (a *API) answer(state string) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var req struct {
			UserCode string `json:"user_code"`
		}
		if err := api.ReadJSON(w, r, maxForm, &req); err != nil {
			return err
		}
		unknown := api.Refuse(http.StatusNotFound, "code_not_found", "no device waits with this code; it may have expired or been answered")
		code, ok := ParseUserCode(req.UserCode)
		if !ok {
			return unknown
		}
		c, err := a.DB.AnswerCode(r.Context(), code, state, a.Clock())
		if errors.Is(err, store.ErrNotFound) {
			return unknown
		}
		if err != nil {
			return err
		}
		a.Log.Info("device code answered", "device", c.ClientID, "answer", state, "by", api.IdentityOf(r.Context()).Subject)
		api.JSON(w, http.StatusOK, map[string]string{
			"uuid": c.ClientID, "user_code": c.UserCode, "state": state, "from": c.Peer,
			"requested-at": stamp(c.Created), "expires-at": stamp(c.Expires)})
		return nil
	}
}

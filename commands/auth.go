package commands

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/oauth"
	"github.com/otactl/otactl/client/secrets"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
)

// auth is what proves who one is in an account: the environment's or the
// context file's token, an application's id and secret, or what is kept for the
// context. hc talks to the token server.
func (rt *runtime) auth(ctx context.Context, a account.Account, hc *http.Client) (httpx.Auth, error) {
	switch {
	case a.ClientID != "":
		return rt.session(a, secrets.Secret{OAuthURL: rt.oauthURL(a.URL), ClientID: a.ClientID, ClientSecret: a.ClientSecret}, nil, hc), nil
	case a.Secret == account.Inline && a.Token == "" && a.Name != "":
		return loggedOut{context: a.Name}, nil
	case a.Secret == account.Inline:
		return tokenAuth(a.Kind, a.Token), nil
	}
	store, item := rt.secrets(a.Secret, a.File), secrets.Item(a.Name, a.URL)
	secret, err := store.Get(ctx, item)
	switch {
	case errors.Is(err, secrets.ErrNone):
		return nil, fail.New(fail.Auth, "log in: otactl login "+a.Name, "context %q: %s holds no secret for %s", a.Name, store, a.URL)
	case err != nil:
		return nil, fmt.Errorf("context %q: %w", a.Name, err)
	case secret.ClientID == "":
		return tokenAuth(a.Kind, secret.Token), nil
	}
	kept := secrets.Session{Store: store, Item: item, Lock: func(ctx context.Context) (func(), error) {
		return fsx.Lock(ctx, filepath.Join(filepath.Dir(a.File), "session.lock"))
	}}
	return rt.session(a, secret, kept, hc), nil
}

// loggedOut proves nothing, and says what to do where that is not enough.
type loggedOut struct {
	httpx.Anonymous
	context string
}

// Explain implements httpx.Explainer.
func (l loggedOut) Explain(_ *http.Request, err error) error {
	if code := httpx.Code(err); code == http.StatusUnauthorized || code == http.StatusForbidden {
		return fail.Hint(err, "you are not logged in: otactl login "+l.context)
	}
	return err
}

// session is an application's login; store may be nil.
func (rt *runtime) session(a account.Account, s secrets.Secret, store oauth.TokenStore, hc *http.Client) *oauth.Session {
	opt := oauth.SessionOptions{
		URL: s.OAuthURL, ClientID: s.ClientID, ClientSecret: s.ClientSecret, Store: store,
		Scope: account.Scope, HTTP: hc, Retry: rt.retry(), Clock: rt.clock,
	}
	if s.Session != nil {
		opt.Token = *s.Session
	}
	return oauth.NewSession(opt)
}

// oauthURL is the token server of a backend whose API is at api.DOMAIN, as
// fioctl has it; of another one, what it has below its own address.
func (rt *runtime) oauthURL(api string) string {
	if text := rt.env("OTACTL_OAUTH_URL"); text != "" {
		return text
	}
	u, err := url.Parse(api)
	if err != nil {
		return ""
	}
	if domain, ok := strings.CutPrefix(u.Host, "api."); ok {
		u.Host, u.Path = "app."+domain, ""
	}
	return u.JoinPath("oauth").String()
}

// secrets is the store that secrets are kept in, for a context file.
func (rt *runtime) secrets(place account.Place, contexts string) secrets.Store {
	if place == account.Beside {
		return secrets.File{Path: filepath.Join(filepath.Dir(contexts), "secrets.json")}
	}
	return secrets.System{Bus: rt.sessionBus}
}

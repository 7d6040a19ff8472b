package oauth

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// TokenStore keeps a token between runs of the program.
type TokenStore interface {
	// Update calls renew while no other program does, with the token that is
	// stored by then (zero: none), and stores what it returns.
	Update(ctx context.Context, renew func(stored Token) (Token, error)) (Token, error)
}

// SessionOptions of a Session.
type SessionOptions struct {
	// URL is the token server; "/token/" below it is asked, as fioctl does.
	URL          string
	ClientID     string
	ClientSecret string
	// Token is what is held already; zero: nothing.
	Token Token
	// Store may be nil: then a token lives as long as the Session.
	Store TokenStore
	// Scope says which scope a request takes, or ""; may be nil.
	Scope func(method, path string) string
	HTTP  *http.Client
	Retry httpx.Retry
	Clock clock.Clock // nil is the system's
}

// Session is an httpx.Auth for somebody who logged in. Its token is shared by
// all requests and, through the store, by all programs. It is refreshed when it
// runs out or is refused; where that fails the client logs in again.
type Session struct {
	opt SessionOptions

	mu    sync.Mutex
	token Token
}

// NewSession makes a Session; nothing is fetched yet.
func NewSession(o SessionOptions) *Session {
	if o.Clock == nil {
		o.Clock = clock.System
	}
	if o.HTTP == nil {
		o.HTTP = httpx.NewClient(httpx.Options{})
	}
	o.URL = strings.TrimRight(o.URL, "/")
	return &Session{opt: o, token: o.Token}
}

// Token is a token that is good now, fetched if need be.
func (s *Session) Token(ctx context.Context) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fresh(s.token) {
		if err := s.renew(ctx); err != nil {
			return Token{}, err
		}
	}
	return s.token, nil
}

// Apply adds the token. The backend wants it in base64, which no other OAuth
// server does.
func (s *Session) Apply(ctx context.Context, req *http.Request) error {
	t, err := s.Token(ctx)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", bearerOf(t))
	return nil
}

func bearerOf(t Token) string {
	return "Bearer " + base64.StdEncoding.EncodeToString([]byte(t.Access))
}

// Renew gets another token unless another caller has done so since refused was
// sent.
func (s *Session) Renew(ctx context.Context, refused *http.Request) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused.Header.Get("Authorization") != bearerOf(s.token) {
		return true, nil
	}
	old := s.token.Access
	if err := s.renew(ctx); err != nil {
		return false, err
	}
	return s.token.Access != old, nil
}

// Explain implements httpx.Explainer: it names the scope that is missing.
func (s *Session) Explain(refused *http.Request, err error) error {
	if s.opt.Scope == nil || httpx.Code(err) != http.StatusForbidden {
		return err
	}
	need := s.opt.Scope(refused.Method, refused.URL.Path)
	if need == "" {
		return err
	}
	s.mu.Lock()
	has := s.token.Scope
	s.mu.Unlock()
	switch {
	case has == "":
		return fail.As(err, fail.Auth, fmt.Sprintf("give the API token or application the scope %s, and log in again", need))
	case !strings.Contains(" "+has+" ", " "+need+" "):
		return fail.As(fmt.Errorf("%w: the scope %s is missing", err, need), fail.Auth,
			fmt.Sprintf("it has %s; add %s to the application, and log in again", strings.Join(strings.Fields(has), ", "), need))
	}
	return err
}

func (s *Session) fresh(t Token) bool {
	return t.Access != "" && (t.Expires.IsZero() || s.opt.Clock().Before(t.Expires))
}

// renew runs with mu held: many requests wait for one token.
func (s *Session) renew(ctx context.Context) error {
	old := s.token
	get := func(stored Token) (Token, error) {
		if s.fresh(stored) && stored.Access != old.Access {
			return stored, nil // another program was faster
		}
		if stored.Refresh == "" {
			stored.Refresh = old.Refresh
		}
		return s.fetch(ctx, stored.Refresh)
	}
	var err error
	if s.opt.Store != nil {
		s.token, err = s.opt.Store.Update(ctx, get)
	} else {
		s.token, err = get(Token{})
	}
	if err != nil {
		s.token = old
	}
	return err
}

// fetch refreshes, or logs in where there is nothing to refresh or the server
// wants none of it.
func (s *Session) fetch(ctx context.Context, refresh string) (Token, error) {
	if refresh != "" {
		t, err := s.ask(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
		if err == nil && t.Refresh == "" {
			t.Refresh = refresh
		}
		if code := httpx.Code(err); code != http.StatusBadRequest && code != http.StatusUnauthorized && code != http.StatusForbidden {
			return t, err
		}
	}
	return s.ask(ctx, url.Values{"grant_type": {"client_credentials"}})
}

func (s *Session) ask(ctx context.Context, form url.Values) (Token, error) {
	form.Set("client_id", s.opt.ClientID)
	form.Set("client_secret", s.opt.ClientSecret)
	body := form.Encode()
	data, _, err := httpx.Bytes(ctx, s.opt.HTTP, s.opt.Retry, maxReply, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.URL+"/token/", strings.NewReader(body))
		if err != nil {
			return nil, fail.New(fail.Usage, "give it as https://HOST/oauth", "token server: not an address")
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return req, nil
	})
	if code := httpx.Code(err); code >= 400 && code < 500 {
		return Token{}, fail.As(err, fail.Auth, "check the client id and secret of the application, and log in again: otactl login")
	}
	if err != nil {
		return Token{}, err
	}
	t, ok := parseToken(data, s.opt.Clock())
	if !ok {
		return Token{}, fail.New(fail.Auth, "check the address with --oauth-url", "token server %s: its answer holds no access_token", s.opt.URL)
	}
	return t, nil
}

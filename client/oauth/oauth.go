// Package oauth fetches tokens by the OAuth 2 client-credentials grant: a Source
// as publishing tools do for a treehub, a Session as people do who log in at a
// backend and stay so.
//
// It trusts the token server it was given and sends the client secret nowhere
// else. It must never log or return a secret or a token in an error.
package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// maxReply caps a token reply.
const maxReply = 64 << 10

// Options of a Source.
type Options struct {
	// Server is the token server. If it ends in "/token" it is used as it is
	// and Scope is sent; else "/token" is appended and no scope is sent. That
	// is how garage-push tells the two kinds of server apart.
	Server       string
	ClientID     string
	ClientSecret string
	Scope        string
	HTTP         *http.Client
	Retry        httpx.Retry
	Clock        clock.Clock // nil is the system's
}

// Source is an httpx.Auth that gets its token when it is first needed, shares
// it, and renews it shortly before it runs out or once it was refused.
type Source struct {
	opt Options

	mu      sync.Mutex
	token   string
	expires time.Time // zero: not known
}

// New makes a Source; nothing is fetched yet.
func New(o Options) *Source {
	if o.Clock == nil {
		o.Clock = clock.System
	}
	if o.HTTP == nil {
		o.HTTP = httpx.NewClient(httpx.Options{})
	}
	return &Source{opt: o}
}

// Apply adds the bearer token.
func (s *Source) Apply(ctx context.Context, req *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == "" || (!s.expires.IsZero() && s.opt.Clock().After(s.expires)) {
		if err := s.fetch(ctx); err != nil {
			return err
		}
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	return nil
}

// Renew fetches a new token unless another caller has done so since refused
// was sent.
func (s *Source) Renew(ctx context.Context, refused *http.Request) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused.Header.Get("Authorization") != "Bearer "+s.token {
		return true, nil
	}
	old := s.token
	if err := s.fetch(ctx); err != nil {
		return false, err
	}
	return s.token != old, nil
}

// early is how long before its end a token counts as run out.
const early = 30 * time.Second

// fetch runs with mu held: many requests wait for one token.
func (s *Source) fetch(ctx context.Context) error {
	data, _, err := httpx.Bytes(ctx, s.opt.HTTP, s.opt.Retry, maxReply, s.request)
	if err != nil {
		if httpx.Code(err) != 0 && fail.ClassOf(err) != fail.Auth && httpx.Code(err) < 500 {
			err = fail.As(err, fail.Auth, "the credentials may be wrong or revoked; get a new credentials.zip")
		}
		return err
	}
	t, ok := parseToken(data, s.opt.Clock())
	if !ok {
		return fail.New(fail.Auth, "check oauth2.server in the credentials", "token server %s: its answer holds no access_token", s.opt.Server)
	}
	s.token, s.expires = t.Access, t.Expires
	return nil
}

// Token is what a token server handed out.
type Token struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token,omitempty"` // "": none was given
	// Expires is when it counts as run out, somewhat before it is; zero: when it
	// is refused.
	Expires time.Time `json:"expires,omitzero"`
	// Scope is what it is good for, in words; "" where the server does not say.
	Scope string `json:"scope,omitempty"`
	// Orgs are the factories that it is for, where the server says so.
	Orgs []string `json:"-"`
}

// String leaves the secrets out.
func (t Token) String() string { return "token for " + t.Scope }

// GoString leaves the secrets out as well.
func (t Token) GoString() string { return t.String() }

// parseToken reads the answer of a token server; ok is false where it holds no
// token that can be sent.
func parseToken(data []byte, now time.Time) (t Token, ok bool) {
	var reply struct {
		AccessToken  string          `json:"access_token"`
		RefreshToken string          `json:"refresh_token"`
		ExpiresIn    json.RawMessage `json:"expires_in"`
		Scope        string          `json:"scope"`
		Orgs         []struct {
			Name string `json:"name"`
		} `json:"orgs"`
	}
	if json.Unmarshal(data, &reply) != nil || reply.AccessToken == "" || strings.ContainsAny(reply.AccessToken, "\r\n") {
		return Token{}, false
	}
	t = Token{Access: reply.AccessToken, Refresh: reply.RefreshToken, Scope: reply.Scope}
	if d := seconds(reply.ExpiresIn); d > 0 {
		t.Expires = now.Add(d - min(early, d/2))
	}
	for _, o := range reply.Orgs {
		t.Orgs = append(t.Orgs, o.Name)
	}
	return t, true
}

// seconds reads a number, which some servers put into quotes. Anything else is
// 0: the token then serves until it is refused.
func seconds(raw json.RawMessage) time.Duration {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 1<<30)) * time.Second
}

func (s *Source) request(ctx context.Context) (*http.Request, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	target := strings.TrimRight(s.opt.Server, "/")
	if strings.HasSuffix(target, "/token") {
		form.Set("scope", s.opt.Scope)
	} else {
		target += "/token"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fail.New(fail.Usage, "", "token server %q: not an address", s.opt.Server)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(s.opt.ClientID, s.opt.ClientSecret)
	return req, nil
}

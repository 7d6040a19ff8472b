package oauth

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// tokenServer answers as the backend of fioctl does.
type tokenServer struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []string // what was granted or refused, in order
	refresh string   // the one refresh token that is good
	issued  int
}

func newTokenServer(t *testing.T) *tokenServer {
	s := &tokenServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		r.ParseForm()
		grant := r.PostForm.Get("grant_type")
		s.asked = append(s.asked, grant)
		known := r.PostForm.Get("client_id") == "id" && r.PostForm.Get("client_secret") == "sesame"
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/oauth/token/" || r.URL.RawQuery != "":
			w.WriteHeader(http.StatusNotFound)
		case !known:
			w.WriteHeader(http.StatusUnauthorized)
		case grant == "refresh_token" && r.PostForm.Get("refresh_token") != s.refresh:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
		default:
			s.issued++
			s.refresh = fmt.Sprintf("r%d", s.issued)
			fmt.Fprintf(w, `{"token_type":"Bearer","access_token":"a%d","refresh_token":%q,"expires_in":3600,"scope":"targets:read devices:read","orgs":[{"name":"acme"}]}`, s.issued, s.refresh)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// memory is a TokenStore that programs of one test share.
type memory struct {
	mu    sync.Mutex
	token Token
}

func (m *memory) Update(_ context.Context, renew func(Token) (Token, error)) (Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, err := renew(m.token)
	if err == nil {
		m.token = t
	}
	return t, err
}

func sent(t *testing.T, s *Session) string {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
	if err := s.Apply(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	scheme, b64, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || scheme != "Bearer" {
		t.Fatalf("%q, %v", req.Header, err)
	}
	return string(raw)
}

func TestLoginLastsByRefreshingInTime(t *testing.T) {
	srv, store, now := newTokenServer(t), &memory{}, time.Unix(1000, 0)
	opt := SessionOptions{URL: srv.URL + "/oauth/", ClientID: "id", ClientSecret: "sesame", Store: store, Retry: quick, Clock: func() time.Time { return now }}
	s := NewSession(opt)
	if got := sent(t, s) + sent(t, s); got != "a1a1" {
		t.Errorf("sent %s", got)
	}
	now = now.Add(time.Hour - 20*time.Second)
	if got := sent(t, s); got != "a2" || store.token.Refresh != "r2" {
		t.Errorf("shortly before its end: sent %s, stored %q", got, store.token.Refresh)
	}
	opt.Token = store.token // the next run of the program
	if got := sent(t, NewSession(opt)); got != "a2" {
		t.Errorf("the next run sent %s", got)
	}
	if got := strings.Join(srv.asked, " "); got != "client_credentials refresh_token" {
		t.Errorf("asked: %s", got)
	}
}

func TestRefreshTokenThatIsNoLongerGoodIsALoginAnew(t *testing.T) {
	srv := newTokenServer(t)
	s := NewSession(SessionOptions{URL: srv.URL + "/oauth", ClientID: "id", ClientSecret: "sesame", Retry: quick, Token: Token{Access: "old", Refresh: "gone", Expires: time.Unix(1, 0)}})
	if got := sent(t, s); got != "a1" || strings.Join(srv.asked, " ") != "refresh_token client_credentials" {
		t.Errorf("sent %s after %v", got, srv.asked)
	}
}

func TestProgramsShareOneRefresh(t *testing.T) {
	srv := newTokenServer(t)
	store := &memory{token: Token{Access: "a0", Refresh: "r0", Expires: time.Unix(1, 0)}}
	srv.refresh = "r0"
	old := store.token
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s := NewSession(SessionOptions{URL: srv.URL + "/oauth", ClientID: "id", ClientSecret: "sesame", Retry: quick, Token: old, Store: store})
			if got := sent(t, s); got != "a1" {
				t.Errorf("sent %s", got)
			}
		})
	}
	wg.Wait()
	if len(srv.asked) != 1 {
		t.Errorf("asked %v", srv.asked)
	}
}

func TestRefusedTokenIsExchanged(t *testing.T) {
	srv := newTokenServer(t)
	s := NewSession(SessionOptions{URL: srv.URL + "/oauth", ClientID: "id", ClientSecret: "sesame", Retry: quick})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == bearerOf(Token{Access: "a1"}) { // revoked
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer api.Close()
	resp, err := httpx.DoAuth(t.Context(), api.Client(), quick, s, func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, api.URL, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func TestMissingScopeIsNamed(t *testing.T) {
	srv := newTokenServer(t)
	s := NewSession(SessionOptions{URL: srv.URL + "/oauth", ClientID: "id", ClientSecret: "sesame", Retry: quick,
		Scope: func(_, path string) string { return strings.Trim(path, "/") }})
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer api.Close()
	for path, named := range map[string]bool{"ci:read": true, "targets:read": false, "devices": true, "": false} {
		_, err := httpx.DoAuth(t.Context(), api.Client(), quick, s, func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, api.URL+"/"+path, nil)
		})
		if fail.ClassOf(err) != fail.Auth || strings.Contains(fmt.Sprint(err), "the scope "+path+" is missing") != named {
			t.Errorf("%q: %v", path, err)
		}
		if hint := fail.HintOf(err); named && !strings.Contains(hint, "targets:read, devices:read; add "+path) {
			t.Errorf("%q: hint %q", path, hint)
		}
	}
}

func TestWrongClientSecretIsNotShown(t *testing.T) {
	srv := newTokenServer(t)
	s := NewSession(SessionOptions{URL: srv.URL + "/oauth", ClientID: "id", ClientSecret: "open", Retry: quick})
	_, err := s.Token(t.Context())
	if fail.ClassOf(err) != fail.Auth || strings.Contains(err.Error(), "open") || len(srv.asked) != 1 {
		t.Errorf("%v, asked %v", err, srv.asked)
	}
	if text := fmt.Sprintf("%v %+v %#v", Token{Access: "sesame"}, Token{Refresh: "sesame"}, Token{Access: "sesame"}); strings.Contains(text, "sesame") {
		t.Error(text)
	}
}

package oauth

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

// tokens is a server that numbers the tokens it hands out.
func tokens(t *testing.T, expires int) (url string, issued *atomic.Int32, path, form *string) {
	t.Helper()
	issued, path, form = new(atomic.Int32), new(string), new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, ok := r.BasicAuth(); !ok || id != "id" || secret != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		*path = r.URL.Path
		r.ParseForm()
		*form = r.PostForm.Encode()
		fmt.Fprintf(w, `{"access_token":"t%d","token_type":"bearer","expires_in":%d}`, issued.Add(1), expires)
	}))
	t.Cleanup(s.Close)
	return s.URL, issued, path, form
}

func bearer(t *testing.T, s *Source) string {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
	if err := s.Apply(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	return req.Header.Get("Authorization")
}

func TestOneTokenServesAllUntilItRunsOut(t *testing.T) {
	url, issued, _, _ := tokens(t, 3600)
	var now atomic.Int64
	s := New(Options{Server: url, ClientID: "id", ClientSecret: "secret", Retry: quick,
		Clock: func() time.Time { return time.Unix(now.Load(), 0) }})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got := bearer(t, s); got != "Bearer t1" {
				t.Error(got)
			}
		})
	}
	wg.Wait()
	now.Store(3600 - 29)
	if got := bearer(t, s); got != "Bearer t2" || issued.Load() != 2 {
		t.Errorf("shortly before its end: %s, %d issued", got, issued.Load())
	}
}

func TestRefusedTokenIsRenewedOnceForAllWhoHoldIt(t *testing.T) {
	url, issued, _, _ := tokens(t, 0)
	s := New(Options{Server: url, ClientID: "id", ClientSecret: "secret", Retry: quick})
	bearer(t, s)
	old, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
	old.Header.Set("Authorization", "Bearer t1")
	for range 5 {
		if ok, err := s.Renew(t.Context(), old); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if issued.Load() != 2 {
		t.Errorf("%d tokens were fetched, want 2", issued.Load())
	}
}

func TestServerAddressDecidesPathAndScope(t *testing.T) {
	url, _, path, form := tokens(t, 0)
	for _, tc := range []struct{ server, path, form string }{
		{url + "/oauth2", "/oauth2/token", "grant_type=client_credentials"},
		{url + "/oauth2/", "/oauth2/token", "grant_type=client_credentials"},
		{url + "/x/token", "/x/token", "grant_type=client_credentials&scope=sc"},
	} {
		bearer(t, New(Options{Server: tc.server, ClientID: "id", ClientSecret: "secret", Scope: "sc", Retry: quick}))
		if *path != tc.path || *form != tc.form {
			t.Errorf("%s: %s %s", tc.server, *path, *form)
		}
	}
}

func TestWrongSecretEndsAtOnceAndIsNotShown(t *testing.T) {
	url, _, _, _ := tokens(t, 0)
	s := New(Options{Server: url, ClientID: "id", ClientSecret: "sesame", Retry: quick})
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://h/", nil)
	err := s.Apply(t.Context(), req)
	if fail.ClassOf(err) != fail.Auth || strings.Contains(err.Error(), "sesame") {
		t.Errorf("%v (class %v)", err, fail.ClassOf(err))
	}
}

func TestAnOddLifetimeDoesNotCostTheToken(t *testing.T) {
	for lifetime, renewed := range map[string]bool{`"3600"`: true, `3600`: true, `3600.5`: false, `"soon"`: false, `null`: false, `-1`: false, `{}`: false} {
		issued := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			issued++
			fmt.Fprintf(w, `{"access_token":"t%d","expires_in":%s}`, issued, lifetime)
		}))
		now := time.Unix(0, 0)
		src := New(Options{Server: s.URL, ClientID: "id", Retry: quick, Clock: func() time.Time { return now }})
		first := bearer(t, src)
		now = now.Add(3600 * time.Second)
		if second := bearer(t, src); first != "Bearer t1" || (second == "Bearer t2") != renewed {
			t.Errorf("expires_in %s: %s, then %s", lifetime, first, second)
		}
		s.Close()
	}
}

func TestAnswersWithoutATokenAreRefused(t *testing.T) {
	for _, tc := range []struct {
		code int
		body string
	}{{200, `{}`}, {200, `nonsense`}, {200, `{"access_token":"a\r\nb"}`}, {400, `{"error":"invalid_client"}`}, {200, `{"access_token":5}`}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.code)
			fmt.Fprint(w, tc.body)
		}))
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h/", nil)
		err := New(Options{Server: srv.URL, ClientID: "id", Retry: quick}).Apply(t.Context(), req)
		srv.Close()
		if fail.ClassOf(err) != fail.Auth || req.Header.Get("Authorization") != "" {
			t.Errorf("%d %s: %v", tc.code, tc.body, err)
		}
	}
}

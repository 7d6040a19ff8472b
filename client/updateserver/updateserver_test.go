package updateserver

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// client talks to a server that answers with handler.
func client(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return Open(Options{
		URL: s.URL, Auth: httpx.HeaderAuth{"Authorization": {"Bearer secret"}}, HTTP: httpx.NewClient(httpx.Options{}),
		Retry: httpx.Retry{Base: time.Millisecond, Crowded: time.Millisecond, Budget: time.Second},
	})
}

func body(text string) func() io.ReadCloser {
	return func() io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }
}

func TestEachRefusalHasItsClass(t *testing.T) {
	for code, class := range map[int]fail.Class{
		400: fail.Verification, 401: fail.Auth, 403: fail.Auth, 404: fail.NotFound, 409: fail.Conflict,
		200: fail.Network, 302: fail.Network, 507: fail.NoSpace,
	} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		if err := c.Create(t.Context(), Update{Tag: "main", Name: "x"}, 4, body("data")); fail.ClassOf(err) != class {
			t.Errorf("%d: %v", code, err)
		}
	}
}

// TestAnUpdateThatMayBeOursIsNotCalledAnothers: an attempt whose answer got lost
// may have brought all of it.
func TestAnUpdateThatMayBeOursIsNotCalledAnothers(t *testing.T) {
	for what, lost := range map[string]bool{"the first answer got lost": true, "it was there before": false} {
		tries := 0
		c := client(t, func(w http.ResponseWriter, r *http.Request) {
			if tries++; lost && tries == 1 {
				_, _ = io.Copy(io.Discard, r.Body)
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusConflict)
		})
		err := c.Create(t.Context(), Update{Tag: "main", Name: "x"}, 4, body("data"))
		hint := fail.HintOf(err)
		if fail.ClassOf(err) != fail.Conflict || strings.Contains(hint, "may be this very bundle") != lost || strings.Contains(hint, "give it another name") == lost {
			t.Errorf("%s: %v, hint %q", what, err, hint)
		}
	}
}

func TestABusyServerIsOneToComeBackTo(t *testing.T) {
	for _, code := range []int{429, 503} {
		for after, hint := range map[string]string{"": "run this again", "100": "wait 1m40s"} {
			c := client(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", after)
				w.WriteHeader(code)
			})
			err := c.Create(t.Context(), Update{Tag: "main", Name: "x"}, 4, body("data"))
			if fail.ClassOf(err) != fail.Network || !strings.Contains(fail.HintOf(err), hint) {
				t.Errorf("%d, to wait %q: %v, hint %q", code, after, err, fail.HintOf(err))
			}
		}
	}
}

func TestEachAttemptSendsTheWholeBody(t *testing.T) {
	tries := 0
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if string(data) != "data" || err != nil || r.ContentLength != 4 {
			t.Errorf("%q of %d bytes, %v", data, r.ContentLength, err)
		}
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	if err := c.Create(t.Context(), Update{Tag: "main", Name: "x"}, 4, body("data")); err != nil || tries != 3 {
		t.Errorf("%v after %d attempts", err, tries)
	}
}

func TestTheTokenIsNotTakenToAnotherServer(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("asked with %v", r.Header)
	}))
	defer other.Close()
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if err := c.Create(t.Context(), Update{Tag: "main", Name: "x"}, 4, body("data")); fail.ClassOf(err) != fail.Network {
		t.Errorf("%v", err)
	}
}

func TestNamesThatLeadElsewhereAreRefused(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "a?b", "a b", "é", strings.Repeat("a", 201)} {
		if err := CheckName(name); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := CheckName("intel-corei7-64-lmp-1451"); err != nil {
		t.Error(err)
	}
}

// shutting is an update-server that shuts us out for half a minute, so often.
type shutting struct {
	often int
	calls int
	until time.Time
}

// RoundTrip implements http.RoundTripper.
func (s *shutting) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls++
	code := http.StatusCreated
	if now := time.Now(); s.often > 0 && !now.Before(s.until) {
		s.often--
		s.until = now.Add(30 * time.Second)
	}
	if time.Now().Before(s.until) {
		code = http.StatusTooManyRequests
	}
	return &http.Response{StatusCode: code, Status: http.StatusText(code), Header: http.Header{}, Body: http.NoBody, Request: r}, r.Body.Close()
}

func TestBeingShutOutIsWaitedFor(t *testing.T) {
	for _, c := range []struct{ often, calls int }{{1, 2}, {3, 4}, {100, 4}} {
		synctest.Test(t, func(t *testing.T) {
			s, said := &shutting{often: c.often}, &strings.Builder{}
			u := Open(Options{URL: "https://updates.example", Auth: httpx.HeaderAuth{}, HTTP: &http.Client{Transport: s},
				Retry: httpx.Retry{Log: slog.New(slog.NewTextHandler(said, nil))}})
			err := u.Create(t.Context(), Update{Tag: "main", Name: "x"}, 4, body("data"))
			if taken := s.calls > c.often; (err == nil) != taken || err != nil && fail.ClassOf(err) != fail.Network || s.calls != c.calls {
				t.Errorf("shut out %d times: %v after %d calls", c.often, err, s.calls)
			}
			if !strings.Contains(said.String(), "pause=31s") {
				t.Errorf("nobody knows why nothing moves: %s", said)
			}
		})
	}
}

package httpx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
)

// quick retries without waiting to speak of.
var quick = Retry{Base: time.Millisecond, Max: 2 * time.Millisecond}

func get(target string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	}
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestBodyIsTheSameOnEachAttempt(t *testing.T) {
	want := bytes.Repeat([]byte("object "), 1000)
	var mu sync.Mutex
	var bodies [][]byte
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		bodies = append(bodies, b)
		n := len(bodies)
		mu.Unlock()
		if n < 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	resp, err := Do(t.Context(), NewClient(Options{}), quick, func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(want))
	})
	if err != nil {
		t.Fatal(err)
	}
	Discard(resp)
	if len(bodies) != 4 {
		t.Fatalf("%d attempts, want 4", len(bodies))
	}
	for i, b := range bodies {
		if !bytes.Equal(b, want) {
			t.Errorf("attempt %d sent %d bytes that differ from the first", i+1, len(b))
		}
	}
}

func TestOnlyTransientAnswersAreTriedAgain(t *testing.T) {
	for _, tc := range []struct {
		code     int
		attempts int32
		class    fail.Class
	}{
		{401, 1, fail.Auth}, {403, 1, fail.Auth}, {404, 1, fail.NotFound}, {409, 1, fail.Conflict},
		{412, 1, fail.Conflict}, {413, 1, fail.Network}, {400, 1, fail.Network}, {507, 1, fail.NoSpace},
		{429, 6, fail.Network}, {500, 6, fail.Network}, {502, 6, fail.Network}, {503, 6, fail.Network}, {504, 6, fail.Network},
	} {
		var n atomic.Int32
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			n.Add(1)
			w.WriteHeader(tc.code)
		})
		_, err := Do(t.Context(), NewClient(Options{}), quick, get(s.URL))
		if n.Load() != tc.attempts || Code(err) != tc.code || fail.ClassOf(err) != tc.class {
			t.Errorf("%d: %d attempts, code %d, class %v (%v)", tc.code, n.Load(), Code(err), fail.ClassOf(err), err)
		}
	}
}

func TestBrokenConnectionIsTriedAgain(t *testing.T) {
	var n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) < 3 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "whole")
	})
	b, _, err := Bytes(t.Context(), NewClient(Options{}), quick, 100, get(s.URL))
	if err != nil || string(b) != "whole" {
		t.Fatalf("%q, %v after %d attempts", b, err, n.Load())
	}
}

func TestBytesFetchesACutBodyAnew(t *testing.T) {
	var n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "01234")
		if n.Add(1) == 1 {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "56789")
	})
	b, _, err := Bytes(t.Context(), NewClient(Options{}), quick, 10, get(s.URL))
	if err != nil || string(b) != "0123456789" {
		t.Fatalf("%q, %v", b, err)
	}
}

func TestBytesReadsNoMoreThanItsCap(t *testing.T) {
	for _, announce := range []bool{true, false} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if !announce {
				w.(http.Flusher).Flush() // chunked
			}
			io.WriteString(w, strings.Repeat("x", 1000))
		})
		_, _, err := Bytes(t.Context(), NewClient(Options{}), quick, 999, get(s.URL))
		if _, ok := errors.AsType[*fsx.TooLargeError](err); !ok {
			t.Errorf("announced=%v: %v, want TooLargeError", announce, err)
		}
	}
}

func TestRetryAfterIsObeyedWithinTheBudget(t *testing.T) {
	var n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	start := clock.System()
	resp, err := Do(t.Context(), NewClient(Options{}), quick, get(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	Discard(resp)
	if took := clock.System().Sub(start); took < time.Second {
		t.Errorf("tried again after %v, the server asked for 1 s", took)
	}
	n.Store(0)
	_, err = Do(t.Context(), NewClient(Options{}), Retry{Budget: 500 * time.Millisecond}, get(s.URL))
	if n.Load() != 1 || Code(err) != http.StatusTooManyRequests || !strings.Contains(fail.HintOf(err), "wait 1s") {
		t.Errorf("beyond the budget: %d attempts, %v, hint %q", n.Load(), err, fail.HintOf(err))
	}
}

func TestNobodyListeningEndsSoonAsNetworkError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, err = Do(t.Context(), NewClient(Options{}), quick, get("http://"+addr+"/x?token=secret"))
	if fail.ClassOf(err) != fail.Network || !strings.Contains(err.Error(), "tried 3 times") {
		t.Errorf("%v (class %v)", err, fail.ClassOf(err))
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the query is in the error: %v", err)
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	ctx, cancel := context.WithCancel(t.Context())
	var n atomic.Int32
	_, err := Do(ctx, NewClient(Options{}), Retry{Base: time.Hour, Max: time.Hour, Budget: 10 * time.Hour}, func(ctx context.Context) (*http.Request, error) {
		n.Add(1)
		time.AfterFunc(20*time.Millisecond, cancel)
		return http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	})
	if !errors.Is(err, context.Canceled) || n.Load() != 1 {
		t.Errorf("%v after %d attempts", err, n.Load())
	}
}

func TestHeadersStayWithTheirOrigin(t *testing.T) {
	var seen http.Header
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Clone() })
	home := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
	})
	resp, err := Do(t.Context(), NewClient(Options{}), quick, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, home.URL, nil)
		req.Header = http.Header{"Authorization": {"Bearer x"}, "Osf-Token": {"x"}, "X-Mine": {"x"}, "Cookie": {"x"}, "Range": {"bytes=1-"}}
		return req, err
	})
	if err != nil {
		t.Fatal(err)
	}
	Discard(resp)
	for _, k := range []string{"Authorization", "Osf-Token", "X-Mine", "Cookie"} {
		if seen.Get(k) != "" {
			t.Errorf("%s reached another origin", k)
		}
	}
	if seen.Get("Range") == "" {
		t.Error("Range was lost")
	}
}

func TestSecretBodiesAreNotRedirectedElsewhere(t *testing.T) {
	var got atomic.Int32
	other := serve(t, func(http.ResponseWriter, *http.Request) { got.Add(1) })
	home := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	_, err := Do(t.Context(), NewClient(Options{}), quick, func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, home.URL, strings.NewReader("client_secret=x"))
	})
	if got.Load() != 0 || err == nil || !errors.Is(err, errRedirect) {
		t.Errorf("%d requests reached the other origin; %v", got.Load(), err)
	}
}

func TestAPageBehindARedirectIsNoAnswerToAPost(t *testing.T) {
	for _, code := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/object" {
				http.Redirect(w, r, "/login", code)
				return
			}
			t.Errorf("%d: %s of the page", code, r.Method)
		})
		resp, err := Do(t.Context(), NewClient(Options{}), quick, func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/object", strings.NewReader("x"))
		})
		if err == nil {
			Discard(resp)
		}
		if !errors.Is(err, errRedirect) || fail.ClassOf(err) != fail.Network {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestHTTPSIsNotLeftForHTTP(t *testing.T) {
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL, http.StatusFound)
	}))
	t.Cleanup(secure.Close)
	c := NewClient(Options{TLS: secure.Client().Transport.(*http.Transport).TLSClientConfig})
	if _, err := Do(t.Context(), c, quick, get(secure.URL)); !errors.Is(err, errRedirect) {
		t.Errorf("%v", err)
	}
}

func TestUntrustedServerEndsAtOnce(t *testing.T) {
	var made atomic.Int32
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	t.Cleanup(secure.Close)
	_, err := Do(t.Context(), NewClient(Options{}), quick, func(ctx context.Context) (*http.Request, error) {
		made.Add(1)
		return http.NewRequestWithContext(ctx, http.MethodGet, secure.URL, nil)
	})
	if made.Load() != 1 || fail.ClassOf(err) != fail.Network || !strings.Contains(fail.HintOf(err), "CA certificate") {
		t.Errorf("%d attempts, %v, hint %q", made.Load(), err, fail.HintOf(err))
	}
}

func TestStandingStillIsAnError(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "1")
		w.(http.Flusher).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) })
	c := NewClient(Options{Stall: 50 * time.Millisecond})
	_, _, err := Bytes(t.Context(), c, Retry{Attempts: 1}, 100, get(s.URL))
	if fail.ClassOf(err) != fail.Network {
		t.Errorf("%v", err)
	}
}

func TestServerTextIsOneHarmlessLine(t *testing.T) {
	u, _ := url.Parse("http://user:pw@host/path?token=secret#x")
	req := &http.Request{Method: "POST", URL: u}
	for _, tc := range []struct{ body, message, reason string }{
		{`{"message":"no\nway\u001b[31m","code":"denied"}`, "no way[31m", "denied"},
		{`{"error":"invalid_client","error_description":"unknown"}`, "unknown", "invalid_client"},
		{`{"msg":"x"}`, "x", ""},
		{"plain words", "plain words", ""},
		{"<html>no</html>", "", ""},
		{`{"message":"` + strings.Repeat("é", 400) + `"}`, strings.Repeat("é", 150) + "…", ""},
		{"", "", ""},
	} {
		err := NewStatusError(req, 418, http.Header{}, []byte(tc.body))
		se, _ := errors.AsType[*StatusError](err)
		if se.Message != tc.message || se.Reason != tc.reason {
			t.Errorf("%q: message %q reason %q", tc.body, se.Message, se.Reason)
		}
		if s := err.Error(); strings.Contains(s, "pw") || strings.Contains(s, "secret") || strings.Contains(s, "\n") {
			t.Errorf("%q", s)
		}
	}
}

// onceRefused is an Auth whose first proof is not good enough.
type onceRefused struct{ renewed atomic.Int32 }

func (a *onceRefused) Apply(_ context.Context, req *http.Request) error {
	req.Header.Set("Authorization", map[bool]string{true: "new", false: "old"}[a.renewed.Load() > 0])
	return nil
}

func (a *onceRefused) Renew(context.Context, *http.Request) (bool, error) {
	a.renewed.Add(1)
	return true, nil
}

func TestRefusedProofIsRenewedOnce(t *testing.T) {
	var accept, n atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if accept.Load() == 0 || r.Header.Get("Authorization") != "new" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	if _, err := DoAuth(t.Context(), NewClient(Options{}), quick, &onceRefused{}, get(s.URL)); fail.ClassOf(err) != fail.Auth || n.Load() != 2 {
		t.Errorf("%v after %d attempts, want Auth after 2", err, n.Load())
	}
	accept.Store(1)
	resp, err := DoAuth(t.Context(), NewClient(Options{}), quick, &onceRefused{}, get(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	Discard(resp)
}

func FuzzErrorBody(f *testing.F) {
	f.Add([]byte(`{"message":"x","code":"y"}`))
	f.Add([]byte("\x1b[31m\r\nred"))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, r := parseErrorBody(body)
		for _, s := range []string{m, r} {
			if strings.ContainsAny(s, "\r\n\x1b") || len(s) > maxMessage+len("…") {
				t.Errorf("%q", s)
			}
		}
	})
}

func TestAServerThatTakesRequestsAndNeverAnswersIsLeftSoon(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	for _, o := range []Options{{Header: 20 * time.Millisecond}, {Stall: 20 * time.Millisecond}} {
		asked := 0
		_, err := Do(t.Context(), NewClient(o), quick, func(ctx context.Context) (*http.Request, error) {
			asked++
			return http.NewRequestWithContext(ctx, http.MethodPut, s.URL, strings.NewReader("x"))
		})
		if fail.ClassOf(err) != fail.Network || asked != connectAttempts {
			t.Errorf("%+v: asked %d times: %v", o, asked, err)
		}
	}
}

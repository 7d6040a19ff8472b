package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// h2Server counts its connections. Each ends gracefully after so many
// requests, 0 for never.
func h2Server(t *testing.T, after int, h http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var conns atomic.Int32
	type key struct{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served := r.Context().Value(key{}).(*atomic.Int32)
		if n := served.Add(1); after > 0 && int(n) >= after {
			w.Header().Set("Connection", "close") // to Go's server: no more on this connection
		}
		h(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		conns.Add(1)
		return context.WithValue(ctx, key{}, &atomic.Int32{})
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, &conns
}

func h2Client(srv *httptest.Server) *http.Client {
	return NewClient(Options{HTTP2: true, MaxConns: 64, TLS: &tls.Config{InsecureSkipVerify: true}})
}

func getH2(c *http.Client, url string) error {
	resp, err := c.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 {
		return fmt.Errorf("it speaks %s", resp.Proto)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func TestAHundredRequestsShareAConnection(t *testing.T) {
	together := make(chan struct{})
	var now atomic.Int32
	srv, conns := h2Server(t, 0, func(w http.ResponseWriter, _ *http.Request) {
		if now.Add(1) == 100 {
			close(together)
		}
		select {
		case <-together:
		case <-time.After(10 * time.Second):
		}
	})
	c := h2Client(srv)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if err := getH2(c, srv.URL); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := conns.Load(); n != 1 || now.Load() != 100 {
		t.Errorf("%d connections, %d requests", n, now.Load())
	}
	c.CloseIdleConnections()
}

func TestAConnectionThatEndsCostsNoRequest(t *testing.T) {
	srv, conns := h2Server(t, 50, func(http.ResponseWriter, *http.Request) {})
	c := h2Client(srv)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 30 {
				if err := getH2(c, srv.URL); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := conns.Load(); n < 600/100 || n > 600/50+8 {
		t.Errorf("%d connections for 600 requests, 50 each", n)
	}
}

func TestTheNextConnectionIsThereBeforeTheLastOneEnds(t *testing.T) {
	srv, conns := h2Server(t, 0, func(http.ResponseWriter, *http.Request) {})
	c := h2Client(srv)
	for range renewAfter + 20 {
		if err := getH2(c, srv.URL); err != nil {
			t.Fatal(err)
		}
	}
	for start := time.Now(); conns.Load() != 2; time.Sleep(time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatalf("%d connections", conns.Load())
		}
	}
}

func TestAServerThatSpeaksOnlyHTTP1IsSpokenToSo(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	t.Cleanup(srv.Close)
	c := h2Client(srv)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			resp, err := c.Get(srv.URL)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || string(got) != "HTTP/1.1" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	all.Wait()
}

// A dial into a dead link takes its time: to dial once for each of a hundred
// requests, one after the other, would take a hundred times that.
func TestAllWhoWaitForOneDialHearOfItsFailure(t *testing.T) {
	const requests = 10
	var p *pool
	var dials atomic.Int32
	refused := errors.New("refused")
	p = newPool(&http.Transport{}, &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		for first := dials.Add(1) == 1; first && p.origins["far:443"].waiting.Load() < requests; {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond) // between to be counted and to wait
		return nil, refused
	}})
	var all sync.WaitGroup
	for range requests {
		all.Go(func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://far/", nil)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := p.RoundTrip(req); !errors.Is(err, refused) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := dials.Load(); n != 1 {
		t.Errorf("%d dials, want 1", n)
	}
}

func TestWhoWaitsForAConnectionHearsOfItsFailure(t *testing.T) {
	srv, _ := h2Server(t, 0, func(http.ResponseWriter, *http.Request) {})
	url := srv.URL
	srv.Close()
	c := h2Client(srv)
	if err := getH2(c, url); err == nil {
		t.Error("no error from a server that is gone")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(req); err == nil {
		t.Error("no error when the time is over")
	}
}

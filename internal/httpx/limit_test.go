package httpx

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

func TestBytesOfAllConnectionsArePaidFromOneBudget(t *testing.T) {
	l := NewLimiter(1000)
	now := time.Unix(0, 0)
	var waited time.Duration
	for range 10 {
		waited = l.take(500, now)
	}
	if waited != 4500*time.Millisecond { // the first nine took 500 ms each
		t.Errorf("the tenth piece waits %s", waited)
	}
	now = now.Add(time.Hour)
	if first, second := l.take(500, now), l.take(500, now); first != 0 || second != 500*time.Millisecond {
		t.Errorf("after an idle hour the wait is %s, then %s: time was saved up", first, second)
	}
}

// echo answers with what it is sent.
func echo(t *testing.T, tls bool) *httptest.Server {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // HTTP/1 in Go reads no more once it answers
		_, _ = w.Write(body)
	})
	s := httptest.NewUnstartedServer(h)
	if tls {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func TestLimitedTransferIsWholeAndNotFasterThanAllowed(t *testing.T) {
	const size, rate, conns = 30 << 10, 400 << 10, 4
	for _, encrypted := range []bool{false, true} {
		s := echo(t, encrypted)
		cfg := s.Client().Transport.(*http.Transport).TLSClientConfig
		hc := NewClient(Options{TLS: cfg, HTTP2: encrypted, MaxConns: conns, Limit: NewLimiter(rate)})
		body := bytes.Repeat([]byte{0xa5}, size)
		start := time.Now()
		var all sync.WaitGroup
		for range conns {
			all.Go(func() {
				resp, err := hc.Post(s.URL, "", bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes came back of %d: %v", len(got), size, err)
				}
			})
		}
		all.Wait()
		least := time.Duration(float64(2*conns*size-conns*onCredit-mostChunk) / rate * float64(time.Second))
		if took := time.Since(start); took < least {
			t.Errorf("encrypted %v: took %s, the budget allows it in no less than %s", encrypted, took, least)
		}
	}
}

func TestConnectionThatWaitsForItsTurnCanBeClosed(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	l := NewLimiter(1)
	c := l.conn(here)
	l.take(1<<20, time.Now()) // twelve days
	c.(*limitedConn).credit = 0
	done := make(chan error)
	go func() {
		_, err := c.Write([]byte("x"))
		done <- err
	}()
	_ = c.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("ended with %v", err)
	}
}

package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// sending is a transport whose reply is what is written to w, and which ends as
// a connection does when the request's context does.
type sending struct {
	send func(w io.Writer)
	over chan struct{} // closed when nothing is sent any more
}

func (s sending) RoundTrip(req *http.Request) (*http.Response, error) {
	r, w := io.Pipe()
	context.AfterFunc(req.Context(), func() { _ = w.CloseWithError(req.Context().Err()) })
	go func() {
		defer close(s.over)
		s.send(w)
		_ = w.Close()
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: r, Request: req}, nil
}

// TestOnlyAServerThatIsSlowIsLeft: it is to send 1000 bytes a second on average
// over 10 s that somebody waits for it.
func TestOnlyAServerThatIsSlowIsLeft(t *testing.T) {
	piece := make([]byte, 1000)
	every := func(pause time.Duration, n int, p []byte) func(io.Writer) {
		return func(w io.Writer) {
			for range n {
				if _, err := w.Write(p); err != nil {
					return
				}
				time.Sleep(pause)
			}
		}
	}
	for what, c := range map[string]struct {
		send func(io.Writer)
		busy time.Duration // of the reader, after each piece
		slow bool
	}{
		"hardly faster than it must": {every(900*time.Millisecond, 60, piece), 0, false},
		"a byte a second":            {every(time.Second, 60, piece[:1]), 0, true},
		"half as fast as it must":    {every(2*time.Second, 60, piece), 0, true},
		"all at once, and a pause":   {every(15*time.Second, 4, make([]byte, 100_000)), 0, false},
		"nothing":                    {func(io.Writer) { time.Sleep(time.Hour) }, 0, true},
		"the reader is slow":         {every(0, 60, piece), time.Minute, false},
		"and the server slower":      {every(2*time.Minute, 60, piece), time.Minute, true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := sending{c.send, make(chan struct{})}
				client := LowSpeed{Bytes: 1000, Time: 10 * time.Second}.Client(&http.Client{Transport: server})
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://host/", nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				for err == nil {
					_, err = io.ReadFull(resp.Body, make([]byte, len(piece)))
					time.Sleep(c.busy)
				}
				_ = resp.Body.Close()
				<-server.over
				if _, slow := errors.AsType[*tooSlow](err); slow != c.slow || !slow && err != io.EOF {
					t.Error(err)
				}
			})
		})
	}
}

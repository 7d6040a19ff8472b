package testkit

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Drip is a server that answers at once, and sends its body a byte every 50 s.
// It is for tests in a bubble of package synctest, where that takes no time.
type Drip string

// RoundTrip implements http.RoundTripper.
func (d Drip) RoundTrip(req *http.Request) (*http.Response, error) {
	r, w := io.Pipe()
	context.AfterFunc(req.Context(), func() { _ = w.CloseWithError(req.Context().Err()) })
	go func() {
		for i := range d {
			if _, err := w.Write([]byte(d[i : i+1])); err != nil {
				return
			}
			select {
			case <-time.After(50 * time.Second):
			case <-req.Context().Done():
			}
		}
		_ = w.Close()
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: r, ContentLength: -1, Request: req}, nil
}

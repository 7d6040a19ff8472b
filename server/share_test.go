package server_test

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// refusals sends n requests of a device at once, whose bodies never end, and
// waits until so many were refused as one too many, but not for ever.
func (b *backend) refusals(t *testing.T, c *http.Client, n, want int) (refused int, end func()) {
	t.Helper()
	codes := make(chan int, n)
	var bodies []*io.PipeWriter
	for range n {
		r, w := io.Pipe()
		bodies = append(bodies, w)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, b.Gateway+"/system_info", r)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if resp, err := c.Do(req); err == nil {
				_ = resp.Body.Close()
				codes <- resp.StatusCode
			}
		}()
	}
	patience := time.After(20 * time.Second)
	for refused < want {
		select {
		case code := <-codes:
			if code == http.StatusTooManyRequests {
				refused++
			}
		case <-patience:
			want = 0
		}
	}
	return refused, func() {
		for _, w := range bodies {
			_ = w.CloseWithError(io.ErrUnexpectedEOF)
		}
		c.CloseIdleConnections()
	}
}

// Whoever has the key of one device must not keep all others out with it.
func TestOneDeviceHoldsNoMoreThanItsShareOfTheGateway(t *testing.T) {
	for name, http2 := range map[string]bool{"connections": false, "streams": true} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			c := b.client(t, b.register(t, b.operator, "dev-1", uuid1))
			c.Transport.(*http.Transport).ForceAttemptHTTP2 = http2
			other := b.client(t, b.register(t, b.operator, "dev-2", uuid2))
			refused, end := b.refusals(t, c, 300, 40)
			if refused < 40 {
				t.Errorf("of 300 requests that never end %d were refused", refused)
			}
			b.gate(t, other, "GET", "/device", nil).want(t, 200)
			end()
			for range 50 {
				if resp, err := c.Get(b.Gateway + "/device"); err == nil {
					_ = resp.Body.Close()
					if resp.StatusCode == http.StatusOK {
						return
					}
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Error("once all of it was over, the device is still refused")
		})
	}
}

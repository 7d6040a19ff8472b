package httpx

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/otactl/otactl/internal/clock"
)

// LowSpeed is the least a server has to send: so many bytes a second, on
// average over each stretch of Time that a reader spent waiting for it. A
// reader that is busy with something else meanwhile does not make a server
// slow.
type LowSpeed struct {
	Bytes int64 // a second
	Time  time.Duration
}

// The least that a server has to send where nobody says anything else.
const (
	LeastBytes = 1000
	LeastTime  = 30 * time.Second
)

// Steady is c for replies that a server has at hand, and has to send at the least
// speed: one that sends a byte now and then, and never ends, is left. A server
// that works while it answers, as one of S3 does that puts parts together, may
// send as little for a long time.
func Steady(c *http.Client) *http.Client {
	return LowSpeed{Bytes: LeastBytes, Time: LeastTime}.Client(c)
}

// tooSlow is why a reply was given up.
type tooSlow struct{ low LowSpeed }

func (e *tooSlow) Error() string {
	return fmt.Sprintf("the server sent less than %d bytes a second for %s", e.low.Bytes, e.low.Time)
}

// Timeout says that trying again may help.
func (e *tooSlow) Timeout() bool { return true }

func (l LowSpeed) roundTrip(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	resp, err := next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	resp.Body = &pacedBody{ReadCloser: resp.Body, low: l, ctx: ctx, cancel: cancel}
	return resp, nil
}

// pacedBody is the body of a reply that has to come fast enough.
type pacedBody struct {
	io.ReadCloser
	low    LowSpeed
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer

	waited time.Duration // for bytes, in this stretch
	got    int64         // bytes in this stretch
}

// Read reads, and ends what takes too long.
func (b *pacedBody) Read(p []byte) (int, error) {
	left := b.low.Time - b.waited
	if b.enough() {
		left += b.low.Time
	}
	if b.timer == nil {
		b.timer = time.AfterFunc(left, func() { b.cancel(&tooSlow{b.low}) })
	} else {
		b.timer.Reset(left)
	}
	start := clock.System()
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	b.waited += clock.System().Sub(start)
	b.got += int64(n)
	if b.waited >= b.low.Time {
		if !b.enough() {
			b.cancel(&tooSlow{b.low})
		}
		b.waited, b.got = 0, 0
	}
	if err != io.EOF {
		if slow, ok := context.Cause(b.ctx).(*tooSlow); ok {
			return n, slow
		}
	}
	return n, err
}

func (b *pacedBody) enough() bool {
	return float64(b.got) >= float64(b.low.Bytes)*b.low.Time.Seconds()
}

// Close gives the connection up, or back when all was read.
func (b *pacedBody) Close() error {
	if b.timer != nil {
		b.timer.Stop()
	}
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// Client is c with this limit on its replies. c itself stays as it is.
func (l LowSpeed) Client(c *http.Client) *http.Client {
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	paced := *c
	paced.Transport = pacedTransport{next, l}
	return &paced
}

// pacedTransport is a client's transport with a limit.
type pacedTransport struct {
	http.RoundTripper
	low LowSpeed
}

// RoundTrip implements http.RoundTripper.
func (t pacedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.low.roundTrip(t.RoundTripper, r)
}

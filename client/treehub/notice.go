package treehub

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree/batch"
)

// notice is what the answers of a server have told about it.
type notice struct {
	base    string
	reached atomic.Bool // it has answered
	batches atomic.Bool // it takes many objects in one request
	single  atomic.Bool // it takes them, and gives one at a time
	keeps   atomic.Bool // it wants large objects itself
}

// listen is c, with an ear on the answers.
func (n *notice) listen(c *http.Client) *http.Client {
	heard := *c
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	heard.Transport = &ear{next, n}
	return &heard
}

type ear struct {
	http.RoundTripper
	notice *notice
}

// RoundTrip implements http.RoundTripper. Where a redirect leads to, another
// server answers for itself.
func (e *ear) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := e.RoundTripper.RoundTrip(r)
	if err == nil && e.notice.owns(r.URL) {
		e.notice.reached.Store(true)
		if resp.Header.Get(batch.Header) == batch.Version {
			e.notice.batches.Store(true)
		}
	}
	return resp, err
}

func (n *notice) owns(u *url.URL) bool {
	base, err := url.Parse(n.base)
	return err == nil && httpx.SameOrigin(base, u) && strings.HasPrefix(u.Path, base.Path)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections through.
func (e *ear) CloseIdleConnections() {
	if c, ok := e.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Probe finds out what the server speaks, if no answer has told yet.
func (s *Store) Probe(ctx context.Context) error {
	if s.far.reached.Load() {
		return nil
	}
	resp, err := s.Do(ctx, http.MethodGet, "config", nil)
	if err == nil {
		httpx.Discard(resp)
	}
	if httpx.Code(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// A server that has answered and cannot be reached now is being started again:
// it is tried so many times more, with a pause before each.
const (
	restartTries = 40
	restartPause = 500 * time.Millisecond
)

// send is a request below the base that changes something, to a server that
// may be started again meanwhile.
func (s *Store) send(ctx context.Context, method, path string, prepare func(*http.Request) error) (*http.Response, error) {
	for tries := restartTries; ; tries-- {
		resp, err := s.Do(ctx, method, path, prepare)
		op, down := errors.AsType[*net.OpError](err)
		if !down || op.Op != "dial" || !s.far.reached.Load() || tries == 0 {
			return resp, err
		}
		select {
		case <-time.After(restartPause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

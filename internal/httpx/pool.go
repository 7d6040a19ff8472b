package httpx

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
)

// Servers end a connection after so many requests (nginx: 1000), and at full
// speed the handshake of the next one takes as long as some hundred requests.
// After this many it is begun.
const renewAfter = 400

// maxH2Conns is how many HTTP/2 connections one origin has at once: one at
// work, one made ready, and those that come to their end.
const maxH2Conns = 4

// pool is a RoundTripper that keeps HTTP/2 connections itself. The transport's
// own pool lets every request that finds no connection dial one, and begins to
// dial only when the last one has ended.
type pool struct {
	t      *http.Transport // for all that is not HTTP/2
	dialer *http.Transport // makes connections, and has none itself

	mu      sync.Mutex
	origins map[string]*origin
}

func newPool(t, dialer *http.Transport) *pool {
	return &pool{t: t, dialer: dialer, origins: map[string]*origin{}}
}

// origin is a server, once it is known how to speak to it.
type origin struct {
	dialer  *http.Transport
	address string

	waiting atomic.Int32 // callers of reserve
	mu      sync.Mutex
	plain   bool    // it speaks HTTP/1.1: the transport's business
	conns   []*conn // the oldest first
	dialing bool
	next    *change // what those who find no room wait for
}

// change is told to all who wait for it.
type change struct {
	came    chan struct{} // closed then
	dialErr error         // set before that, if what came is a dial's failure
}

// conn is one HTTP/2 connection.
type conn struct {
	*http.ClientConn
	served  int
	renewed bool // its successor is on the way
}

// RoundTrip implements http.RoundTripper.
func (p *pool) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" {
		return p.t.RoundTrip(req)
	}
	o := p.origin(req.URL)
	for try := 1; ; try++ {
		c, err := o.reserve(req.Context())
		if err != nil {
			closeBody(req)
			return nil, err
		}
		if c == nil {
			return p.t.RoundTrip(req)
		}
		resp, err := c.RoundTrip(req)
		if err == nil {
			return resp, nil
		}
		// A connection that ended while the request was on its way: another one
		// takes it. One with a body may have been read, and is not ours to send
		// again.
		ended := c.Err() != nil || c.Available() == 0
		if !ended || try >= maxH2Conns || req.Body != nil && req.Body != http.NoBody || req.Context().Err() != nil {
			return nil, err
		}
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

func (p *pool) origin(u *url.URL) *origin {
	address := net.JoinHostPort(u.Hostname(), port(u))
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.origins[address]
	if o == nil {
		o = &origin{dialer: p.dialer, address: address, next: &change{came: make(chan struct{})}}
		p.origins[address] = o
	}
	return o
}

// reserve gives a connection with room for one request, or nil where the
// transport is to send it.
func (o *origin) reserve(ctx context.Context) (*conn, error) {
	o.waiting.Add(1)
	defer o.waiting.Add(-1)
	for last := (*change)(nil); ; {
		c, next, err := o.take(ctx, last)
		if next == nil {
			return c, err
		}
		select {
		case <-next.came:
			last = next
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// take is reserve without the wait: when there is no room it sees that there
// will be, and says what to wait for. Last is what the caller waited for, nil at
// first.
func (o *origin) take(ctx context.Context, last *change) (*conn, *change, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.plain {
		return nil, nil, nil
	}
	o.conns = slices.DeleteFunc(o.conns, func(c *conn) bool { return c.Err() != nil })
	if c := o.idlest(); c != nil {
		c.served++
		if c.served >= renewAfter && !c.renewed {
			c.renewed = true
			o.dial(ctx)
		}
		return c, nil, nil
	}
	if last != nil && last.dialErr != nil {
		return nil, nil, last.dialErr
	}
	if len(o.conns) < maxH2Conns {
		o.dial(ctx)
	}
	return nil, o.next, nil
}

// idlest reserves room on the connection with the fewest requests under way:
// the one that will take over is then at full speed when the old one ends. o.mu
// is held.
func (o *origin) idlest() *conn {
	var best *conn
	least := 0
	for _, c := range o.conns {
		if n := c.InFlight(); c.Available() > 0 && (best == nil || n < least) {
			best, least = c, n
		}
	}
	if best != nil && best.Reserve() == nil {
		return best
	}
	for _, c := range o.conns {
		if c.Reserve() == nil {
			return c
		}
	}
	return nil
}

// dial makes a connection behind the caller's back; o.mu is held. It does not
// end with the request that happened to need it first.
func (o *origin) dial(ctx context.Context) {
	if o.dialing {
		return
	}
	o.dialing = true
	go func() {
		cc, err := o.dialer.NewClientConn(context.WithoutCancel(ctx), "https", o.address)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.dialing = false
		switch {
		case err != nil:
			o.next.dialErr = err
		case cc.Available() <= 1: // no room for two: it is not HTTP/2
			o.plain = true
			_ = cc.Close()
		default:
			o.conns = append(o.conns, &conn{ClientConn: cc})
			cc.SetStateHook(func(*http.ClientConn) { o.wake() })
		}
		o.signal()
	}()
}

// wake is called when a connection has room again, or has ended. It may be
// called from within one of our own calls on the connection.
func (o *origin) wake() {
	if o.waiting.Load() == 0 {
		return
	}
	go func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.signal()
	}()
}

// signal wakes those who wait; o.mu is held.
func (o *origin) signal() {
	close(o.next.came)
	o.next = &change{came: make(chan struct{})}
}

// CloseIdleConnections closes what carries no request.
func (p *pool) CloseIdleConnections() {
	p.t.CloseIdleConnections()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.origins {
		o.mu.Lock()
		o.conns = slices.DeleteFunc(o.conns, func(c *conn) bool {
			if c.InFlight() > 0 {
				return false
			}
			_ = c.Close()
			return true
		})
		o.mu.Unlock()
	}
}

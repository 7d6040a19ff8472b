package httpx

import (
	"net"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/clock"
)

// Limiter is a budget of bytes a second that all connections of the clients it
// was given to share, in both directions and with all that goes over the wire:
// bodies, headers, TLS.
type Limiter struct {
	rate  float64 // bytes a second
	chunk int     // bytes moved at a time

	mu   sync.Mutex
	free time.Time // when what was moved so far is paid for
}

// The pieces in which a limited connection moves bytes: small enough that many
// connections take turns, large enough that they are worth a system call.
const (
	leastChunk, mostChunk = 1 << 10, 16 << 10
	chunksASecond         = 20
)

// NewLimiter allows so many bytes a second, at least 1.
func NewLimiter(bytes int64) *Limiter {
	return &Limiter{rate: float64(max(1, bytes)), chunk: int(min(max(bytes/chunksASecond, leastChunk), mostChunk))}
}

// take books n bytes and says how long to wait before they may move. Time that
// nobody used is not saved up.
func (l *Limiter) take(n int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Before(now) {
		l.free = now
	}
	wait := l.free.Sub(now)
	l.free = l.free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	return wait
}

// onCredit is what a new connection may move without waiting, though not
// without paying: its handshake has a time limit that others must not use up.
const onCredit = 8 << 10

// limitedConn moves bytes as its limiter allows.
type limitedConn struct {
	net.Conn
	limit *Limiter
	once  sync.Once
	over  chan struct{} // closed by Close

	mu     sync.Mutex
	credit int
}

func (l *Limiter) conn(c net.Conn) net.Conn {
	return &limitedConn{Conn: c, limit: l, over: make(chan struct{}), credit: onCredit}
}

// pay books n bytes and waits for its turn; a closed connection waits no more.
func (c *limitedConn) pay(n int) error {
	wait := c.limit.take(n, clock.System())
	c.mu.Lock()
	c.credit -= n
	free := c.credit >= 0
	c.mu.Unlock()
	if free || wait <= 0 {
		return nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.over:
		return net.ErrClosed
	}
}

func (c *limitedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.limit.chunk)])
	if n > 0 && err == nil {
		err = c.pay(n)
	}
	return n, err
}

func (c *limitedConn) Write(p []byte) (int, error) {
	for sent := 0; sent < len(p); {
		piece := p[sent:min(len(p), sent+c.limit.chunk)]
		if err := c.pay(len(piece)); err != nil {
			return sent, err
		}
		n, err := c.Conn.Write(piece)
		if sent += n; err != nil {
			return sent, err
		}
	}
	return len(p), nil
}

func (c *limitedConn) Close() error {
	c.once.Do(func() { close(c.over) })
	return c.Conn.Close()
}

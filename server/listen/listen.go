// Package listen bounds how many connections a server holds at a time, so that
// a flood of them costs no more than a queue. It knows nothing of what is
// spoken on them.
package listen

import (
	"net"
	"net/netip"
	"sync"
)

// Capped accepts at most n connections at a time; more of them wait in
// the kernel's queue. Of these at most each are of one peer, and what is more is
// closed at once; 0 is no such cap, and this machine is none for itself: it may
// be a proxy that stands for everybody.
func Capped(l net.Listener, n, each int) net.Listener {
	return &cappedListener{Listener: l, each: each, slots: make(chan struct{}, n), closed: make(chan struct{}), peers: map[string]int{}}
}

type cappedListener struct {
	net.Listener
	each   int
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	peers map[string]int // how many connections each has
}

// Accept waits for a free slot and then for a connection.
func (l *cappedListener) Accept() (net.Conn, error) {
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.closed:
			return nil, net.ErrClosed
		}
		c, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		if peer := Peer(c.RemoteAddr().String()); l.enter(peer, c.RemoteAddr()) {
			return &cappedConn{Conn: c, free: func() { l.leave(peer); <-l.slots }}, nil
		}
		_ = c.Close()
		<-l.slots
	}
}

// enter counts a connection of a peer, unless it is one too many.
func (l *cappedListener) enter(peer string, from net.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := from.(*net.TCPAddr)
	if l.each > 0 && l.peers[peer] >= l.each && !(ok && a.IP.IsLoopback()) {
		return false
	}
	l.peers[peer]++
	return true
}

func (l *cappedListener) leave(peer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.peers[peer]--; l.peers[peer] == 0 {
		delete(l.peers, peer)
	}
}

// Peer is whom an address stands for: an IPv4 address, or the /64 of an IPv6
// one, since a whole /64 is one customer.
func Peer(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, err := a.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Close stops Accept, also one that waits for a slot.
func (l *cappedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type cappedConn struct {
	net.Conn
	free func()
	once sync.Once
}

// Close frees the slot.
func (c *cappedConn) Close() error {
	c.once.Do(c.free)
	return c.Conn.Close()
}

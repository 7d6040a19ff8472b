// Package listen bounds how many connections a server holds at a time, so that
// a flood of them costs no more than a queue. It knows nothing of what is
// spoken on them.
package listen

import (
	"net"
	"sync"
)

// Capped accepts at most n connections at a time; more of them wait in
// the kernel's queue.
func Capped(l net.Listener, n int) net.Listener {
	return &cappedListener{Listener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

type cappedListener struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Accept waits for a free slot and then for a connection.
func (l *cappedListener) Accept() (net.Conn, error) {
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
	return &cappedConn{Conn: c, free: func() { <-l.slots }}, nil
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

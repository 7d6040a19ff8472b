package listen

import (
	"fmt"
	"net"
	"testing"
)

// queue is a listener that gives what is put into it.
type queue chan net.Conn

func (q queue) Accept() (net.Conn, error) { return <-q, nil }
func (q queue) Close() error              { return nil }
func (q queue) Addr() net.Addr            { return &net.TCPAddr{} }

// caller is a connection from an address.
type caller struct {
	net.Conn
	from string
	over bool
}

func (c *caller) Close() error { c.over = true; return nil }

func (c *caller) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", c.from)
	if err != nil {
		panic(err)
	}
	return a
}

func TestOnePeerGetsNoMoreThanItsShareOfTheConnections(t *testing.T) {
	for _, from := range []string{"192.0.2.1:%d", "[2001:db8:1:2::%d]:5"} {
		q := make(queue, 10)
		l := Capped(q, 8, 2)
		for i := range 4 {
			q <- &caller{from: fmt.Sprintf(from, i+1)}
		}
		other := &caller{from: "198.51.100.7:1"}
		q <- other
		var open []net.Conn
		for range 3 {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, c)
		}
		if open[2].RemoteAddr().String() != other.from {
			t.Fatalf("the third connection that was let in is from %s", open[2].RemoteAddr())
		}
		_ = open[0].Close()
		_ = open[0].Close() // twice, as net/http does
		q <- &caller{from: fmt.Sprintf(from, 9)}
		if c, err := l.Accept(); err != nil || c.RemoteAddr().String() != fmt.Sprintf(from, 9) {
			t.Errorf("once one was over, no other was let in: %v", err)
		}
	}
}

func TestAProxyOnThisMachineIsManyPeers(t *testing.T) {
	q := make(queue, 10)
	l := Capped(q, 8, 2)
	for i := range 6 {
		one := &caller{from: fmt.Sprintf("127.0.0.1:%d", i+1)}
		q <- one
		if _, err := l.Accept(); err != nil || one.over {
			t.Fatalf("connection %d was turned away: %v", i, err)
		}
	}
}

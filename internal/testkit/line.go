package testkit

import (
	"io"
	"net"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"
)

// Line passes connections on to a server, and can break after so many bytes of
// answers.
type Line struct {
	URL    string
	breaks chan func() // what is taken from it lets the line break
	left   atomic.Int64
	passed atomic.Int64
}

// wholeLine is how many bytes pass before a line breaks that does not.
const wholeLine = 1 << 40

// NewLine is a line to the server at an address.
func NewLine(tb testing.TB, to string) *Line {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	tb.Cleanup(func() { _ = l.Close() })
	p := &Line{URL: "http://" + l.Addr().String(), breaks: make(chan func())}
	p.left.Store(wholeLine)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			p.connect(near, to)
		}
	}()
	return p
}

func (l *Line) connect(near net.Conn, to string) {
	far, err := net.Dial("tcp", to)
	if err != nil {
		_ = near.Close()
		return
	}
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	go func() {
		_, _ = io.Copy(near, &metered{far, l})
		_ = near.Close()
	}()
}

// Passed is how many bytes of answers have come over the line.
func (l *Line) Passed() int64 { return l.passed.Load() }

// Kill runs a process that asks over the line, and kills it when so many bytes
// of answers have passed.
func (l *Line) Kill(tb testing.TB, cmd *exec.Cmd, after int64) {
	tb.Helper()
	l.left.Store(after)
	must(tb, cmd.Start())
	select {
	case breaks := <-l.breaks:
		_ = cmd.Process.Kill()
		breaks()
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		tb.Error("the line did not break")
	}
	if err := cmd.Wait(); err == nil {
		tb.Fatal("the process was not killed")
	}
	l.left.Store(wholeLine)
}

// metered is the server's end of a connection.
type metered struct {
	net.Conn
	line *Line
}

func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 16<<10)])
	c.line.passed.Add(int64(n))
	if left := c.line.left.Add(int64(-n)); left < 0 && left+int64(n) >= 0 {
		seen := make(chan struct{})
		c.line.breaks <- func() { close(seen) }
		<-seen
		return 0, io.ErrClosedPipe
	}
	time.Sleep(100 * time.Microsecond) // who receives keeps pace
	return n, err
}

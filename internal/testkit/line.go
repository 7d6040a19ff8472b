package testkit

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Line passes connections on to a server, no faster than a repo keeps what comes,
// and can break after so many bytes of answers.
type Line struct {
	URL    string
	into   string      // the repo
	breaks chan func() // what is taken from it lets the line break
	left   atomic.Int64
	passed atomic.Int64
}

// wholeLine is how many bytes pass before a line breaks that does not.
const wholeLine = 1 << 40

// NewLine is a line to the server at an address, for whoever pulls into a repo.
func NewLine(tb testing.TB, to, into string) *Line {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	tb.Cleanup(func() { _ = l.Close() })
	p := &Line{URL: "http://" + l.Addr().String(), into: into, breaks: make(chan func())}
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
	answers := &metered{Conn: far, line: l}
	answers.before, answers.kept = l.kept()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	go func() {
		_, _ = io.Copy(near, answers)
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

// kept is how long the half in the repo is, if there is one.
func (l *Line) kept() (size int64, there bool) {
	list, _ := filepath.Glob(filepath.Join(l.into, "tmp/otactl-half-*"))
	if len(list) == 0 {
		return 0, false
	}
	st, err := os.Stat(list[0])
	if err != nil {
		return 0, false
	}
	return st.Size(), true
}

// metered is the server's end of a connection.
type metered struct {
	net.Conn
	line   *Line
	before int64 // how much was kept when it began
	passed int64
	kept   bool // there was a half
	vain   bool // nothing is kept
}

func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 16<<10)])
	c.line.passed.Add(int64(n))
	c.passed += int64(n)
	if left := c.line.left.Add(int64(-n)); left < 0 && left+int64(n) >= 0 {
		seen := make(chan struct{})
		c.line.breaks <- func() { close(seen) }
		<-seen
		return 0, io.ErrClosedPipe
	}
	c.keepPace()
	return n, err
}

// keepPace waits until what passed is kept, but for what the answers have beside
// the large file. Without it a receiver that gets no processor would have much on
// its way when it is killed.
func (c *metered) keepPace() {
	const besides = 64 << 10
	for tries := 10_000; tries > 0 && !c.vain; tries-- {
		size, there := c.line.kept()
		whole := c.kept && !there
		if c.kept = c.kept || there; whole || c.passed-(size-c.before) <= besides {
			return
		}
		time.Sleep(time.Millisecond)
	}
	c.vain = true
}

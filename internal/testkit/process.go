package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"
)

// process is a server that was started.
type process struct {
	cmd  *exec.Cmd
	addr string // where it listens
	done chan struct{}
	log  bytes.Buffer
}

// ports is how many ports a server is offered: a free one may be taken by
// another program before the server listens.
const ports = 5

// errEnded says that a server ended before it listened.
var errEnded = errors.New("it ended")

// start runs the server that command makes for an address until it listens
// there.
func start(command func(addr string) (*exec.Cmd, error)) (*process, error) {
	for left := ports - 1; ; left-- {
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		cmd, err := command(addr)
		if err != nil {
			return nil, err
		}
		p, err := startAt(cmd, addr)
		if left == 0 || !errors.Is(err, errEnded) {
			return p, err
		}
	}
}

func startAt(cmd *exec.Cmd, addr string) (*process, error) {
	p := &process{cmd: cmd, addr: addr, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	alone(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait(); close(p.done) }()
	for range 1500 {
		if listens(cmd.Process.Pid, addr) {
			return p, nil
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("%s: %w: %s", cmd.Path, errEnded, p.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	p.stop()
	return nil, fmt.Errorf("%s does not listen: %s", cmd.Path, p.log.String())
}

func (p *process) stop() {
	killAll(p.cmd)
	<-p.done
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

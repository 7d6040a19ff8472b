package testkit

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"time"
)

// process is a server that was started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	log  bytes.Buffer
}

// start runs a server until it listens.
func start(cmd *exec.Cmd, addr string) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	alone(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait(); close(p.done) }()
	for range 1500 {
		if c, err := net.Dial("tcp", addr); err == nil {
			return p, c.Close()
		}
		select {
		case <-p.done:
			return nil, fmt.Errorf("%s ended: %s", cmd.Path, p.log.String())
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

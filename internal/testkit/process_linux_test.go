package testkit

import (
	"net"
	"os"
	"os/exec"
	"testing"
)

// TestAServerIsNotTakenForAnotherThatHasItsPort: between the choice of a free
// port and the server that listens there, another program may take it.
func TestAServerIsNotTakenForAnotherThatHasItsPort(t *testing.T) {
	other, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer other.Close()
	taken := other.Addr().String()
	if !listens(os.Getpid(), taken) {
		t.Fatal("a listener of this process is not found")
	}
	dir := t.TempDir()
	var offered []string
	p, err := start(func(addr string) (*exec.Cmd, error) {
		if len(offered) == 0 {
			addr = taken
		}
		offered = append(offered, addr)
		return nginx("root "+dir+";", dir, addr)
	})
	must(t, err)
	defer p.stop()
	if len(offered) < 2 || p.addr == taken || !listens(p.cmd.Process.Pid, p.addr) {
		t.Errorf("offered %v, said to listen at %s", offered, p.addr)
	}
}

func TestAServerThatOnlyEndsIsAnError(t *testing.T) {
	if _, err := start(func(string) (*exec.Cmd, error) { return exec.Command("false"), nil }); err == nil {
		t.Error("it was said to listen")
	}
}

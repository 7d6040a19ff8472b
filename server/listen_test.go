package server

import (
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

func TestAnAddressInUseIsAConflictAndAnImpossibleOneIsNot(t *testing.T) {
	taken := &net.OpError{Op: "listen", Err: fmt.Errorf("bind: %w", syscall.EADDRINUSE)}
	if got := fail.ClassOf(listenError("API", taken, "")); got != fail.Conflict {
		t.Errorf("class %v, want Conflict", got)
	}
	impossible := &net.OpError{Op: "listen", Err: syscall.EADDRNOTAVAIL}
	if got := fail.ClassOf(listenError("API", impossible, "")); got != fail.Network {
		t.Errorf("class %v, want Network", got)
	}
}

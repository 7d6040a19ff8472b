package testkit

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listens says whether that very process listens at addr, and not another one
// that took the port meanwhile.
func listens(pid int, addr string) bool {
	proc := fmt.Sprintf("/proc/%d", pid)
	table, err := os.ReadFile(proc + "/net/tcp")
	if err != nil {
		return false
	}
	socket := listener(string(table), netip.MustParseAddrPort(addr))
	held, _ := filepath.Glob(proc + "/fd/*")
	return socket != "" && slices.ContainsFunc(held, func(fd string) bool {
		is, err := os.Readlink(fd)
		return err == nil && is == socket
	})
}

// listener is the socket that listens at addr, as /proc/PID/fd calls it, by a
// table as in /proc/net/tcp; "" if none does.
func listener(table string, addr netip.AddrPort) string {
	ip := addr.Addr().As4()
	local := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), addr.Port())
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 9 && f[1] == local && f[3] == "0A" { // TCP_LISTEN
			return "socket:[" + f[9] + "]"
		}
	}
	return ""
}

package tests

import (
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// tlsproxy starts a server that speaks TLS for $URL under the name example.com,
// and a proxy that is the only way to it.
//
//	tlsproxy CAFILE LOGFILE    sets $PROXY; LOGFILE gets a line for each CONNECT
func tlsproxy(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "tlsproxy CAFILE LOGFILE")
	backend, err := url.Parse(ts.Getenv("URL"))
	ts.Check(err)
	server := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(backend))
	ts.Defer(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), ca, 0o600))
	log, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Defer(func() { log.Close() })
	var mu sync.Mutex
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		fmt.Fprintln(log, r.Method, r.Host)
		mu.Unlock()
		if r.Method != http.MethodConnect || r.Host != "example.com:443" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		tunnel(w, server.Listener.Addr().String())
	}))
	ts.Defer(proxy.Close)
	ts.Setenv("PROXY", proxy.URL)
}

// tunnel joins the connection of a CONNECT with another one.
func tunnel(w http.ResponseWriter, addr string) {
	far, err := net.Dial("tcp", addr)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer far.Close()
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer near.Close()
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(near, far)
		near.Close()
	}()
	_, _ = io.Copy(far, buffered)
	far.Close()
	<-done
}

package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// front passes HTTP requests on to a server, each one and the first of each
// connection late by the same time: what treehub-mock does to its own. It
// answers GET /_stats with how many it has passed on.
//
//	bench front LISTEN URL LATE
func front(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: bench front LISTEN URL LATE")
	}
	to, err := url.Parse(args[1])
	if err != nil {
		return err
	}
	late, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 512, DisableCompression: true},
		FlushInterval: -1, // answers go on as they come
	}
	var passed atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+statsPath, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(stats{passed.Load()})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		passed.Add(1)
		time.Sleep(late)
		proxy.ServeHTTP(w, r)
	})
	return (&http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}).Serve(lateListener{l, late})
}

// stats is what front and treehub-mock say at statsPath.
type stats struct {
	Requests int64 `json:"requests"`
}

const statsPath = "/_stats"

// lateListener hands out connections whose first byte is late.
type lateListener struct {
	net.Listener
	late time.Duration
}

// Accept implements net.Listener.
func (l lateListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lateConn{Conn: c, late: l.late}, nil
}

type lateConn struct {
	net.Conn
	late time.Duration // until the first read
}

// Read implements net.Conn. Only one goroutine reads.
func (c *lateConn) Read(p []byte) (int, error) {
	if c.late > 0 {
		time.Sleep(c.late)
		c.late = 0
	}
	return c.Conn.Read(p)
}

// asked is how many requests the server at addr, a front or a treehub-mock,
// has had.
func asked(addr string) (int, error) {
	resp, err := http.Get("http://" + addr + statsPath)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var s stats
	err = json.NewDecoder(resp.Body).Decode(&s)
	return int(s.Requests), err
}

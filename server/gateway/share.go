package gateway

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/otactl/otactl/server/api"
)

// What one device gets of the gateway at a time. A client that pulls at full
// speed has 64 connections, or a hundred requests on one of HTTP/2.
const (
	mostLines    = 128 // connections
	mostRequests = 256 // under way
)

// shares counts what each device has of the gateway, so that whoever holds the
// key of one keeps no other out.
type shares struct {
	mu       sync.Mutex
	open     map[net.Conn]*line
	lines    map[string]int // by device
	requests map[string]int // by device
}

// line is a connection, and whose it is: "" until a device was let in on it.
type line struct{ device string }

type lineKey struct{}

// Connected is for http.Server.ConnContext, and Changed for its ConnState.
func (g *Gateway) Connected(ctx context.Context, c net.Conn) context.Context {
	l := &line{}
	g.shares.mu.Lock()
	defer g.shares.mu.Unlock()
	if g.shares.open == nil {
		g.shares.open, g.shares.lines, g.shares.requests = map[net.Conn]*line{}, map[string]int{}, map[string]int{}
	}
	g.shares.open[c] = l
	return context.WithValue(ctx, lineKey{}, l)
}

// Changed takes back what a connection had once it is over.
func (g *Gateway) Changed(c net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	g.shares.mu.Lock()
	defer g.shares.mu.Unlock()
	if l := g.shares.open[c]; l != nil && l.device != "" {
		less(g.shares.lines, l.device)
	}
	delete(g.shares.open, c)
}

// less counts one down, and keeps nothing of who has none.
func less(count map[string]int, device string) {
	if count[device]--; count[device] <= 0 {
		delete(count, device)
	}
}

// begin gives a request of a device its share, or refuses it; end gives it back.
// A connection that is one too many is closed.
func (s *shares) begin(w http.ResponseWriter, r *http.Request, device string) (end func(), err error) {
	l, ok := r.Context().Value(lineKey{}).(*line)
	if !ok {
		return func() {}, nil // there is no server that would say when it is over
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.device == "" {
		if s.lines[device] >= mostLines {
			w.Header().Set("Connection", "close")
			return nil, tooMuch("connections")
		}
		l.device = device
		s.lines[device]++
	}
	if s.requests[device] >= mostRequests {
		return nil, tooMuch("requests under way")
	}
	s.requests[device]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		less(s.requests, device)
	}, nil
}

func tooMuch(what string) error {
	return &api.Error{Status: http.StatusTooManyRequests, Code: "too_many",
		Message: "this device has too many " + what + "; end some and ask again", Retry: time.Second}
}

package server

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// Server is an opened backend: folder locked, keys there, listeners bound.
type Server struct {
	opt          Options
	ready        Ready
	api, gateway net.Listener
	handler      http.Handler
}

// Open makes or opens the data folder, locks it against a second server,
// makes what the first start has to make, and binds both listeners. A folder
// that another server holds is an error of class fail.Busy.
func Open(ctx context.Context, opt Options) (*Server, error) {
	return nil, errors.New("server: this build cannot serve yet")
}

// Ready says where the server listens. It is valid as soon as Open returns.
func (s *Server) Ready() Ready { return s.ready }

// Handler is the API without its listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Serve answers requests until ctx ends, then lets those under way finish
// (for a limited time) and returns nil.
func (s *Server) Serve(ctx context.Context) error { return nil }

// Close gives up the folder and the listeners. Serve must have returned.
func (s *Server) Close() error { return nil }

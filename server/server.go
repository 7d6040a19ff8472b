package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/gateway"
	"github.com/otactl/otactl/server/listen"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/server/objects"
	"github.com/otactl/otactl/server/pki"
	"github.com/otactl/otactl/server/store"
)

// Server is an opened backend: folder locked, keys there, listeners bound.
type Server struct {
	opt   Options
	ready Ready
	given []setting // for remember
	log   *slog.Logger
	lock  *flock.Flock

	db      *store.DB
	pki     *pki.PKI
	author  *metadata.Author
	objects *objects.Store

	apiListener, gatewayListener net.Listener
	handler                      http.Handler
	gateway                      *gateway.Gateway
}

// Open makes or opens the data folder, locks it against a second server,
// makes what the first start has to make, and binds both listeners. A folder
// that another server holds is an error of class fail.Busy. What Open returns
// has to be closed.
func Open(ctx context.Context, opt Options) (*Server, error) {
	if opt.DataDir == "" {
		return nil, fail.New(fail.Usage, "say where the server keeps its things", "serve: no data folder given")
	}
	dir, err := filepath.Abs(opt.DataDir)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	opt.DataDir = dir
	if opt.Clock == nil {
		opt.Clock = clock.System
	}
	if opt.PollInterval == 0 {
		opt.PollInterval = 5 * time.Second
	}
	s := &Server{opt: opt, log: opt.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) path(parts ...string) string {
	return filepath.Join(append([]string{s.opt.DataDir}, parts...)...)
}

func (s *Server) open(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.openFolder, s.openSettings, s.listen, s.remember, s.openRooms, s.handOut, s.routes, s.started,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) openFolder(ctx context.Context) error {
	if err := os.MkdirAll(s.opt.DataDir, 0o700); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := fsx.SyncDir(filepath.Dir(s.opt.DataDir)); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := keepOthersOut(s.opt.DataDir); err != nil {
		return err
	}
	lock := flock.New(s.path("lock"), flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("serve: lock %s: %w", lock.Path(), err)
	}
	if !got {
		return fail.New(fail.Busy, "stop the other otactl serve, or use another --data", "serve: %s is in use by another server", s.opt.DataDir)
	}
	s.lock = lock
	s.db, err = store.Open(ctx, s.path("server.db"))
	return err
}

// keepOthersOut refuses a folder that others may write to: keys and tokens that
// are found in it are used. An empty one is made the owner's.
func keepOthersOut(dir string) error {
	others, err := fsx.OthersWrite(dir)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if !others {
		return nil
	}
	list, err := os.ReadDir(dir)
	if err == nil && len(list) == 0 && os.Chmod(dir, 0o700) == nil {
		return nil
	}
	return fail.New(fail.Usage, "see that all in it is yours and chmod 700 "+dir+", or name a folder below it",
		"serve: others may write to %s, and may have put keys of theirs into it", dir)
}

func (s *Server) openRooms(ctx context.Context) error {
	var err error
	if s.pki, err = pki.Open(s.path("pki"), s.opt.Factory, s.certNames(), s.opt.Clock); err != nil {
		return err
	}
	s.author, err = metadata.Open(ctx, s.db, s.path("tuf"), metadata.DefaultLife(), s.opt.Clock, s.log)
	if err != nil {
		return err
	}
	if s.ready.SignedElsewhere, err = s.author.SignedElsewhere(ctx); err != nil {
		return err
	}
	s.objects, err = objects.Open(ctx, s.path("ostree"), s.path("tmp"), s.opt.Clock, s.log)
	return err
}

// listen binds both listeners, which settles the ports and with them the URLs.
func (s *Server) listen(ctx context.Context) error {
	var lc net.ListenConfig
	var err error
	if s.apiListener, err = lc.Listen(ctx, "tcp", s.opt.Addr); err != nil {
		return listenError("API", err, "choose another --addr")
	}
	if s.gatewayListener, err = lc.Listen(ctx, "tcp", s.opt.GatewayAddr); err != nil {
		return listenError("gateway", err, "choose another --gateway-addr")
	}
	s.fillURLs()
	if a, ok := s.apiListener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		s.log.Warn("other machines can reach the API, and in plain HTTP their tokens can be read on the way: put TLS in front of it", "addr", a.String())
	}
	return nil
}

// Ready says where the server listens. It is valid as soon as Open returns.
func (s *Server) Ready() Ready { return s.ready }

// Handler is the API without its listener.
func (s *Server) Handler() http.Handler { return s.handler }

const (
	headerTime   = 10 * time.Second
	idleTime     = 2 * time.Minute
	graceTime    = 10 * time.Second // for requests under way when the server stops
	maxHeaders   = 32 << 10         // bytes
	maxConnsOpen = 4096             // per listener
	maxConnsPeer = 1024             // of one address with the API; devices have shares of their own
)

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       api.RequestTime,
		WriteTimeout:      api.RequestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// Serve answers requests until ctx ends, then lets those under way finish
// (for a limited time) and returns nil.
func (s *Server) Serve(ctx context.Context) error {
	front, gate := s.httpServer(s.handler), s.httpServer(s.gateway.Handler())
	gate.TLSConfig, gate.ConnContext, gate.ConnState = s.pki.TLS(), s.gateway.Connected, s.gateway.Changed
	failed := make(chan error, 2)
	go func() { failed <- front.Serve(listen.Capped(s.apiListener, maxConnsOpen, maxConnsPeer)) }()
	go func() { failed <- gate.ServeTLS(listen.Capped(s.gatewayListener, maxConnsOpen, 0), "", "") }()

	loop, stopLoop := context.WithCancel(ctx)
	looped := make(chan struct{})
	go func() { defer close(looped); s.upkeep(loop) }()

	var err error
	running := 2
	select {
	case <-ctx.Done():
	case err = <-failed:
		running--
	}
	stopLoop()
	<-looped
	shutdown(front, gate)
	for range running {
		<-failed
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// shutdown lets requests under way finish and then cuts off what is left.
func shutdown(servers ...*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), graceTime)
	defer cancel()
	done := make(chan struct{})
	for _, srv := range servers {
		go func() {
			if srv.Shutdown(ctx) != nil {
				_ = srv.Close()
			}
			done <- struct{}{}
		}()
	}
	for range servers {
		<-done
	}
}

// Close gives up the folder and the listeners. Serve must have returned.
func (s *Server) Close() error {
	var errs []error
	for _, l := range []net.Listener{s.apiListener, s.gatewayListener} {
		if l != nil {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	var closers []io.Closer
	if s.objects != nil {
		closers = append(closers, s.objects)
	}
	if s.db != nil {
		closers = append(closers, s.db)
	}
	for _, c := range closers {
		errs = append(errs, c.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return errors.Join(errs...)
}

// listenError tells an address that somebody else has from one that can't be.
func listenError(what string, err error, hint string) error {
	class := fail.Network
	if errors.Is(err, syscall.EADDRINUSE) {
		class = fail.Conflict
	}
	return fail.As(fmt.Errorf("serve: %s: %w", what, err), class, hint)
}

// Package plainrepo serves one OSTree repo over HTTP to whoever can reach it,
// for a pull or a mirror: read-only, with ranges and conditional requests.
//
// It hands out what a pull needs and nothing else of the repo's folder: no
// keyrings, cookies or state, and of the config no remotes. It trusts the repo
// to be public and nothing about a request: a path is parsed, not cleaned, and
// a symlink leads out of no folder that is served.
package plainrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/listen"
)

// Handler answers for one repo. It must be closed.
type Handler struct {
	path string
	root *os.Root
	log  *slog.Logger
}

// Open prepares to serve the repo at path, which has to be an archive repo:
// over HTTP nothing else can be pulled from.
func Open(path string, log *slog.Logger) (*Handler, error) {
	repo, err := ostree.OpenRepo(path)
	if err != nil {
		return nil, err
	}
	if repo.Mode() != ostree.ModeArchive {
		return nil, fail.New(fail.Unsupported, "copy it into one made with init --mode=archive, with pull-local, and serve that",
			"repo %s has mode %s: only an archive repo can be pulled over HTTP", path, repo.Mode())
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Handler{path: path, root: root, log: log}, nil
}

// Close gives the folder up.
func (h *Handler) Close() error { return h.root.Close() }

// Gone says whether the folder was deleted.
func (h *Handler) Gone() bool {
	_, err := os.Lstat(h.path)
	return errors.Is(err, fs.ErrNotExist)
}

// Times and sizes of the HTTP server.
const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
	answerTime = 30 * time.Minute // for the largest object on a slow line
	graceTime  = 10 * time.Second // for requests under way at the end
	maxHeaders = 32 << 10         // bytes
	maxConns   = 1024
)

// Serve answers requests on l until ctx ends, then lets those under way finish
// for a limited time and returns nil.
func (h *Handler) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: headerTime, WriteTimeout: answerTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeaders,
		ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close()
		}
	})
	err := srv.Serve(listen.Capped(l, maxConns, 0))
	if release() { // nobody asked for the end
		return fmt.Errorf("serve repo %s: %w", h.path, err)
	}
	<-stopped
	return nil
}

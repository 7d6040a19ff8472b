package plumbing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/server/plainrepo"
)

func serveCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "serve one archive repo over HTTP, to pull from",
		Description: "Read-only, to everybody who reaches the address: this machine alone unless --addr says otherwise.\n" +
			"Only what a pull needs is served; keyrings, cookies and the remotes of the config are not. A signal\n" +
			"stops it; requests under way may finish.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "addr", Usage: "listen on `HOST:PORT` (default: 127.0.0.1 and a free port)"},
			&cli.IntFlag{Name: "port", Aliases: []string{"P"}, Usage: "listen on port `N` of 127.0.0.1"},
			&cli.StringFlag{Name: "port-file", Aliases: []string{"p"}, Usage: "write the port to `FILE` when ready; - is standard output"},
			&cli.BoolFlag{Name: "autoexit", Usage: "end when the repo is deleted"},
			&cli.StringFlag{Name: "log-file", Usage: "log each request to `FILE`; - is standard output"},
		},
		Action: func(c *cli.Context) error { return e.about(e.serve(c)) },
	}
}

func (e *Env) serve(c *cli.Context) error {
	addr := c.String("addr")
	switch {
	case addr == "":
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Int("port")))
	case c.IsSet("port"):
		return usage("--addr and --port exclude each other")
	}
	log, done, err := e.requestLog(c.String("log-file"))
	if err != nil {
		return err
	}
	defer done()
	h, err := plainrepo.Open(e.repoPath(c), log)
	if err != nil {
		return err
	}
	defer h.Close()
	var lc net.ListenConfig
	l, err := lc.Listen(c.Context, "tcp", addr)
	if err != nil {
		return fail.As(err, fail.Conflict, "choose another --addr or --port")
	}
	if err := e.announce(l.Addr(), c.String("port-file")); err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	if c.Bool("autoexit") {
		go stopWhenGone(ctx, h, stop)
	}
	return h.Serve(ctx, l)
}

// requestLog is where requests are logged.
func (e *Env) requestLog(path string) (*slog.Logger, func(), error) {
	switch path {
	case "":
		return e.Log, func() {}, nil
	case "-":
		return slog.New(slog.NewTextHandler(e.Stdout, nil)), func() {}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(f, nil)), func() { f.Close() }, nil
}

// announce says where the server listens, before anybody is answered.
func (e *Env) announce(addr net.Addr, portFile string) error {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("listen: %s is no TCP address", addr)
	}
	port := strconv.Itoa(tcp.Port) + "\n"
	switch portFile {
	case "":
		return e.Render(servingView{"http://" + tcp.String(), tcp.Port})
	case "-":
		_, err := io.WriteString(e.Stdout, port)
		return err
	}
	return fsx.WriteFile(portFile, []byte(port), 0o644)
}

type servingView struct {
	URL  string `json:"url"`
	Port int    `json:"port"`
}

// Table says where the repo can be pulled from.
func (v servingView) Table(w io.Writer) { fmt.Fprintf(w, "serving at %s\n", v.URL) }

// stopWhenGone ends the server when the repo was deleted.
func stopWhenGone(ctx context.Context, h *plainrepo.Handler, stop func()) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for !h.Gone() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	stop()
}

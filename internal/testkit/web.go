package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Web is nginx with a folder to show.
type Web struct {
	URL    string
	server *process
}

const nginxConfig = `daemon off;
DIRECTIVES
pid DIR/pid;
error_log DIR/error.log;
worker_processes 1;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path DIR; proxy_temp_path DIR; fastcgi_temp_path DIR; uwsgi_temp_path DIR; scgi_temp_path DIR;
	server { listen ADDR; SERVER }
}
`

// StartWeb starts nginx on a free port to show root. Its own files go to dir.
func StartWeb(root, dir string) (*Web, error) { return StartNginx("root "+root+";", dir) }

// StartNginx starts nginx on a free port with the directives of its server. Its
// own files go to dir.
func StartNginx(directives, dir string) (*Web, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	server, err := start(func(addr string) (*exec.Cmd, error) { return nginx(directives, dir, addr) })
	if err != nil {
		return nil, err
	}
	return &Web{URL: "http://" + server.addr, server: server}, nil
}

// nginx is the command that runs one, with its config.
func nginx(directives, dir, addr string) (*exec.Cmd, error) {
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // tests' folders are their owner's
	}
	config := strings.NewReplacer("DIRECTIVES", user, "DIR", dir, "ADDR", addr, "SERVER", directives).Replace(nginxConfig)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return nil, err
	}
	return exec.Command("nginx", "-c", file, "-p", dir), nil
}

// NewWeb is StartWeb for one test.
func NewWeb(tb testing.TB, root string) *Web {
	tb.Helper()
	w, err := StartWeb(root, tb.TempDir())
	must(tb, err)
	tb.Cleanup(w.Stop)
	return w
}

// Stop ends nginx, at once.
func (w *Web) Stop() { w.server.stop() }

// Command httpd is the web server that the scripts of Debian's ostree-tests
// start: a folder over HTTP/1.1, with the flags of ostree-trivial-httpd, most
// of which make it fail on purpose. It is for tests only, follows symlinks and
// trusts whoever calls it; "otactl ostree serve" is the one for users.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type options struct {
	root                  string
	daemonize, autoexit   bool
	port                  int
	portFile, logFile     string
	forceRange, basicAuth bool
	cookies, headers      list
	random                []*fault
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// A fault answers a share of the requests with an error, up to a number.
type fault struct {
	status, percent, max int

	mu   sync.Mutex
	done int
}

func (f *fault) strikes() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.percent == 0 || f.done >= f.max || rand.IntN(100) >= f.percent {
		return false
	}
	f.done++
	return true
}

// child names the variable that tells a daemon from its parent.
const child = "OSTREE_TEST_HTTPD_CHILD"

func main() {
	opt, err := parse(os.Args[1:])
	if err == nil {
		err = run(opt)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func parse(args []string) (*options, error) {
	opt := &options{random: []*fault{{status: 500}, {status: 408}}}
	fs := flag.NewFlagSet("ostree-trivial-httpd", flag.ContinueOnError)
	both := func(short, long string, add func(name string)) { add(short); add(long) }
	both("d", "daemonize", func(n string) { fs.BoolVar(&opt.daemonize, n, false, "go to the background when ready") })
	both("P", "port", func(n string) { fs.IntVar(&opt.port, n, 0, "listen on this `PORT`") })
	both("p", "port-file", func(n string) { fs.StringVar(&opt.portFile, n, "", "write the port to `FILE`") })
	fs.BoolVar(&opt.autoexit, "autoexit", false, "end when the folder is deleted")
	fs.StringVar(&opt.logFile, "log-file", "", "log to `FILE`")
	fs.BoolVar(&opt.forceRange, "force-range-requests", false, "break off whole objects in the middle")
	fs.BoolVar(&opt.basicAuth, "require-basic-auth", false, "want user foouser with password barpw")
	for _, f := range opt.random {
		name := "random-" + strconv.Itoa(f.status) + "s"
		fs.IntVar(&f.percent, name, 0, "answer `PERCENT` of the requests so")
		fs.IntVar(&f.max, name+"-max", 100, "but at most `N`")
	}
	fs.Var(&opt.cookies, "expected-cookies", "want cookie `KEY=VALUE`")
	fs.Var(&opt.headers, "expected-header", "want header `KEY=VALUE`")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	opt.root = "."
	if fs.NArg() > 0 {
		opt.root = fs.Arg(0)
	}
	return opt, nil
}

func run(opt *options) error {
	if os.Getenv(child) != "" {
		l, err := net.FileListener(os.NewFile(3, "listener"))
		if err != nil {
			return err
		}
		return serve(l, opt)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(opt.port))
	if err != nil {
		return err
	}
	if opt.daemonize {
		if err := daemon(l.(*net.TCPListener)); err != nil {
			return err
		}
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port) + "\n"
	switch opt.portFile {
	case "":
	case "-":
		fmt.Print(port)
	default:
		if err := os.WriteFile(opt.portFile+".tmp", []byte(port), 0o644); err != nil {
			return err
		}
		if err := os.Rename(opt.portFile+".tmp", opt.portFile); err != nil {
			return err
		}
	}
	if opt.daemonize {
		return nil
	}
	return serve(l, opt)
}

// daemon hands the listening socket to a copy of this program in a session of
// its own.
func daemon(l *net.TCPListener) error {
	f, err := l.File()
	if err != nil {
		return err
	}
	defer f.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), child+"=1")
	cmd.ExtraFiles = []*os.File{f}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

func serve(l net.Listener, opt *options) error {
	out := io.Writer(io.Discard)
	switch opt.logFile {
	case "":
	case "-":
		out = os.Stdout
	default:
		f, err := os.OpenFile(opt.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	s := &server{options: opt, log: log.New(out, "", log.Ldate|log.Lmicroseconds)}
	s.log.Printf("serving at root %s", opt.root)
	web := &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	if opt.autoexit {
		go func() {
			for ; ; time.Sleep(200 * time.Millisecond) {
				if info, err := os.Stat(opt.root); err != nil || info.Sys().(*syscall.Stat_t).Nlink == 0 {
					web.Close()
					return
				}
			}
		}()
	}
	if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type server struct {
	*options
	log *log.Logger
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.log.Printf("serving %s", r.URL.Path)
	status := s.answer(w, r)
	if status >= 300 {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(status)
	}
	if status != 0 {
		s.log.Printf("  status: %s (%d)", http.StatusText(status), status)
	}
}

// answer serves a file, or says with which status to refuse; 0 when the
// answer is under way.
func (s *server) answer(w http.ResponseWriter, r *http.Request) int {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return http.StatusNotImplemented
	}
	if status := s.refuses(w, r); status != 0 {
		return status
	}
	name := filepath.Join(s.root, filepath.FromSlash(path.Clean("/"+r.URL.Path)))
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		if !strings.HasSuffix(r.URL.Path, "/") {
			w.Header().Set("Location", "http://"+r.Host+r.URL.Path+"/")
			return http.StatusMovedPermanently
		}
		name = filepath.Join(name, "index.html")
		info, err = os.Stat(name)
	}
	switch {
	case errors.Is(err, os.ErrPermission) || err == nil && info.Mode()&0o004 == 0:
		return http.StatusForbidden
	case err != nil:
		return http.StatusNotFound
	}
	return s.file(w, r, name, info)
}

// refuses applies the flags that make it fail.
func (s *server) refuses(w http.ResponseWriter, r *http.Request) int {
	for _, f := range s.random {
		if f.strikes() {
			return f.status
		}
	}
	if s.basicAuth {
		if user, password, ok := r.BasicAuth(); !ok || user != "foouser" || password != "barpw" {
			w.Header().Set("WWW-Authenticate", `Basic realm="auth-test"`)
			return http.StatusUnauthorized
		}
	}
	for _, want := range s.cookies {
		key, value, _ := strings.Cut(want, "=")
		if c, err := r.Cookie(key); err != nil || c.Value != value {
			return http.StatusForbidden
		}
	}
	for _, want := range s.headers {
		key, value, _ := strings.Cut(want, "=")
		if r.Header.Get(key) != value {
			return http.StatusForbidden
		}
	}
	return 0
}

func (s *server) file(w http.ResponseWriter, r *http.Request, name string, info os.FileInfo) int {
	data, err := os.ReadFile(name)
	if err != nil {
		return http.StatusNotFound
	}
	if s.forceRange && r.Header.Get("Range") == "" && strings.Contains(r.URL.Path, "/objects") && r.Method == http.MethodGet {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:len(data)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	sum := sha256.Sum256(data)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", info.ModTime(), strings.NewReader(string(data)))
	return 0
}

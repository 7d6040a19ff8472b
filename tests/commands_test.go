package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/otactl/otactl/internal/testkit"
)

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// scriptCommands are the words scripts may use:
//
//	exitcode N CMD ARG...      run CMD and want exactly this exit code; stdout and stderr can be matched after
//	freeport VAR               put a free loopback port into $VAR
//	serve DIR [FLAG...]        start "otactl serve --data DIR", wait until it answers; sets $URL, $GATEWAY, $SERVE_PID
//	stopserve [SIGNAL]         end it (TERM by default; KILL pulls the plug) and, for TERM, want exit code 0
//	s3 BUCKET...               start an S3 server with these buckets; sets $AWS_… for it, and $BUCKETS to the folder that they are in
//	web DIR                    start nginx to show DIR; sets $WEB
//	tlsproxy CAFILE LOGFILE    speak TLS for $URL as example.com, behind a proxy, $PROXY, that logs each CONNECT
//	jsonget VAR FILE PATH      put the value at PATH (a.0.b) of a JSON file, "stdout" or "stderr" into $VAR
//	flipbit FILE OFFSET [BIT]  flip one bit; a negative OFFSET counts from the end
//	osversion VERSION          commit a tree that can be deployed to os/main of the archive repo "repo"
//	device DIR                 a device that runs the newest version: DIR/sysroot and DIR/sota
//	ci DIR CONTEXT NEWCONTEXT  start a CI before $URL that keeps artifacts and no OSTree; sets $CI, NEWCONTEXT is CONTEXT for it
//	ostreehub VAR [TOKEN]      start an ostreehub, for whom TOKEN proves who asks; sets $VAR to its address, and VAR.json is credentials for it without any proof
//	hubfiles VAR DIR           write what was pushed to that ostreehub into DIR
//	mktree DIR [VERSION]       a small root file system with links, modes and odd names; versions differ
func scriptCommands() map[string]scriptCommand {
	return map[string]scriptCommand{
		"exitcode":     exitcode,
		"ci":           ci,
		"hubfiles":     hubFiles,
		"ostreehub":    ostreeHub,
		"freeport":     freeport,
		"serve":        serve,
		"stopserve":    stopserve,
		"jsonget":      jsonget,
		"tlsproxy":     tlsproxy,
		"s3":           s3,
		"web":          web,
		"updateserver": startUpdateServer,
		"flipbit":      flipbit,
		"mktree":       mktree,
		"mkapps":       mkapps,
		"osversion":    osversion,
		"device":       device,
	}
}

func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

func exitcode(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 2, "exitcode N CMD ARG...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func freePort(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	return port
}

func freeport(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "freeport VAR")
	ts.Setenv(args[0], freePort(ts))
}

// serving is a started server; done is closed when it has ended with err.
type serving struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// servingKey is where a script's server lives between its commands; Setup
// puts an empty slot there.
type servingKey struct{}

func slot(ts *testscript.TestScript) *serving { return ts.Value(servingKey{}).(*serving) }

func serve(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 1, "serve DIR [FLAG...]")
	log, err := os.OpenFile(ts.MkAbs("serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer log.Close()
	before, err := log.Stat()
	ts.Check(err)
	line := append([]string{"serve", "--data", args[0], "--addr", "127.0.0.1:0", "--gateway-addr", "127.0.0.1:0"}, args[1:]...)
	path, err := lookPath(ts, "otactl")
	ts.Check(err)
	s := slot(ts)
	*s = serving{cmd: exec.Command(path, line...), done: make(chan struct{})}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = ts.MkAbs("."), log, log
	s.cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_CONFIG_HOME="+ts.Getenv("XDG_CONFIG_HOME"))
	ts.Check(s.cmd.Start())
	cmd, done := s.cmd, s.done
	go func() { s.err = cmd.Wait(); close(done) }()
	ts.Defer(func() { cmd.Process.Kill(); <-done })
	ts.Setenv("SERVE_PID", strconv.Itoa(cmd.Process.Pid))
	api, gateway := announced(ts, s, before.Size())
	ts.Setenv("URL", api)
	ts.Setenv("GATEWAY", gateway)
}

// lookPath finds a program on the script's PATH.
func lookPath(ts *testscript.TestScript, name string) (string, error) {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not on PATH", name)
}

var announcement = regexp.MustCompile(`: API (http://\S+), devices (https://\S+), data in `)

// announced waits until the server says where it listens, in its log from a byte
// on, or has ended.
func announced(ts *testscript.TestScript, s *serving, from int64) (api, gateway string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		log := ts.ReadFile("serve.log")
		if said := announcement.FindStringSubmatch(log[from:]); said != nil {
			return said[1], said[2]
		}
		select {
		case <-s.done:
			ts.Fatalf("otactl serve ended (%v):\n%s", s.err, log)
		case <-deadline:
			ts.Fatalf("otactl serve does not say where it listens:\n%s", log)
		case <-tick.C:
		}
	}
}

func stopserve(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) <= 1, "stopserve [TERM|KILL]")
	s := slot(ts)
	if s.cmd == nil {
		ts.Fatalf("no server was started")
	}
	sig := os.Signal(syscall.SIGTERM)
	if len(args) == 1 && args[0] == "KILL" {
		sig = os.Kill
	}
	ts.Check(s.cmd.Process.Signal(sig))
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		ts.Fatalf("otactl serve does not end on signal %v", sig)
	}
	if sig != os.Kill && s.err != nil {
		ts.Fatalf("otactl serve did not end cleanly: %v\n%s", s.err, ts.ReadFile("serve.log"))
	}
}

func s3(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) >= 1, "s3 BUCKET...")
	s, err := testkit.StartS3(ts.MkAbs("s3"))
	ts.Check(err)
	ts.Defer(s.Stop)
	for _, b := range args {
		ts.Check(os.Mkdir(filepath.Join(s.Root, b), 0o755))
	}
	ts.Setenv("AWS_ENDPOINT_URL", s.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", s.AccessKey)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", s.Secret)
	ts.Setenv("BUCKETS", s.Root)
}

func web(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "web DIR")
	w, err := testkit.StartWeb(ts.MkAbs(args[0]), ts.MkAbs("nginx"))
	ts.Check(err)
	ts.Defer(w.Stop)
	ts.Setenv("WEB", w.URL)
}

func jsonget(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "jsonget VAR FILE PATH")
	var doc any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[1])), &doc); err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	for _, key := range strings.Split(args[2], ".") {
		switch d := doc.(type) {
		case map[string]any:
			doc = d[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(d) {
				ts.Fatalf("%s: no element %q in %s", args[1], key, args[2])
			}
			doc = d[i]
		default:
			doc = nil
		}
	}
	switch v := doc.(type) {
	case nil:
		ts.Fatalf("%s has nothing at %s", args[1], args[2])
	case string:
		ts.Setenv(args[0], v)
	default:
		text, err := json.Marshal(v)
		ts.Check(err)
		ts.Setenv(args[0], string(text))
	}
}

func flipbit(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 2 || len(args) == 3), "flipbit FILE OFFSET [BIT]")
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	bit := 0
	if len(args) == 3 {
		bit, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	if offset < 0 {
		offset += len(data)
	}
	if offset < 0 || offset >= len(data) {
		ts.Fatalf("%s has no byte at %s", args[0], args[1])
	}
	data[offset] ^= 1 << (bit & 7)
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, data, info.Mode().Perm()))
}

// mktree writes a tree small enough for a script that still has each kind of
// thing a root file system has.
func mktree(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 1 || len(args) == 2), "mktree DIR [VERSION]")
	root, version := ts.MkAbs(args[0]), "1"
	if len(args) == 2 {
		version = args[1]
	}
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(root, name)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, []byte(text), 0o644))
		ts.Check(os.Chmod(path, mode))
	}
	write("usr/bin/hello", "#!/bin/sh\necho hello "+version+"\n", 0o755)
	write("usr/bin/su", strings.Repeat("su", 500), 0o755|os.ModeSetuid)
	write("usr/lib/os-release", "ID=demo\nVERSION_ID="+version+"\n", 0o644)
	write("usr/etc/hosts", "127.0.0.1 localhost\n", 0o644)
	write("usr/share/empty", "", 0o644)
	write("usr/share/odd name\twith ünïcode'\"", "odd\n", 0o600)
	write("usr/share/only-in-"+version, version, 0o644)
	for i := range 40 {
		write(fmt.Sprintf("usr/share/data/%02d", i), strings.Repeat(fmt.Sprintln(i), 200), 0o644)
	}
	ts.Check(os.MkdirAll(filepath.Join(root, "usr/share/hollow"), 0o750))
	for link, target := range map[string]string{"bin": "usr/bin", "usr/bin/hi": "hello", "usr/share/dangling": "../nowhere"} {
		path := filepath.Join(root, link)
		if _, err := os.Lstat(path); err != nil {
			ts.Check(os.Symlink(target, path))
		}
	}
}

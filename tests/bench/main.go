// Command bench holds the project's claims on speed and memory: each is a
// ratio to a peer that does the same work, run side by side in the same run, on
// a root file system of Debian packages.
//
//	go run ./tests/bench PROGRAM ROOTS [RUNS [ONLY]]
//
// ONLY picks the comparisons whose name holds that word.
//
// It prints a Markdown table and ends with 1 if a claim did not hold. It needs
// root, as ostree does to make deployments.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: bench PROGRAM ROOTS [RUNS [ONLY]]")
	}
	runs := 3
	if len(args) > 2 {
		var err error
		if runs, err = strconv.Atoi(args[2]); err != nil || runs < 1 {
			return fmt.Errorf("runs: %q is not a number above 0", args[2])
		}
	}
	only := ""
	if len(args) > 3 {
		only = args[3]
	}
	b, err := newBench(args[0], args[1])
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	fmt.Println(header)
	broken := 0
	for _, c := range b.comparisons() {
		if !strings.Contains(c.name, only) {
			continue
		}
		r, err := c.run(ctx, b.env, runs)
		if err != nil {
			return err
		}
		line, held := r.row()
		fmt.Println(line)
		if !held {
			broken++
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d claims did not hold", broken)
	}
	return nil
}

// bench is the scratch folder and the running backend.
type bench struct {
	program, roots, dir string
	addr                string
	env                 []string
	server              *exec.Cmd
}

func newBench(program, roots string) (*bench, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	if roots, err = filepath.Abs(roots); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/var/tmp", "otactl-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{program: program, roots: roots, dir: dir}
	b.env = environment(b.path("server/otactl.yaml"))
	return b, nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) close() {
	if b.server != nil {
		_ = b.server.Process.Signal(os.Interrupt)
		_ = b.server.Wait()
	}
	_ = exec.Command("bash", "-c", "kill $(cat "+b.path("fresh.pid")+") 2>/dev/null; chattr -i "+b.dir+"/sysroot*/ostree/deploy/*/deploy/* 2>/dev/null; rm -rf "+b.dir).Run()
}

// prepare commits both versions with the real ostree, publishes them, and makes
// a bundle and sysroots of version 1 for the runs to start from.
func (b *bench) prepare(ctx context.Context) error {
	lines := []string{
		"ostree init --repo={dir}/repo --mode=archive",
		"ostree commit --repo={dir}/repo -b v1 --tree=dir={roots}/v1 --timestamp=@1700000000 -s 1 >/dev/null",
		"ostree commit --repo={dir}/repo -b v2 --tree=dir={roots}/v2 --timestamp=@1700000001 -s 2 >/dev/null",
		"mkdir {dir}/sysroot && ostree admin init-fs --modern {dir}/sysroot && ostree admin --sysroot={dir}/sysroot os-init lmp",
		"ostree --repo={dir}/sysroot/ostree/repo pull-local {dir}/repo v1 && ostree admin --sysroot={dir}/sysroot deploy --os=lmp v1",
	}
	for _, line := range lines {
		if err := shell(ctx, b.env, b.fill(line)); err != nil {
			return err
		}
	}
	if err := b.serve(ctx); err != nil {
		return err
	}
	for _, line := range []string{
		"{program} publish -r {dir}/repo --ref v1 -m bench -c {dir}/server/credentials.zip --tag main --version 1",
		"{program} publish -r {dir}/repo --ref v2 -m bench -c {dir}/server/credentials.zip --tag main --version 2",
		"{program} targets offline-update bench-2 {dir}/bundle --tag main",
		"mkdir {dir}/conf && printf '[provision]\\nprimary_ecu_hardware_id = \"bench\"\\n' > {dir}/conf/hw.toml",
	} {
		if err := shell(ctx, b.env, b.fill(line)); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) fill(line string) string {
	return strings.NewReplacer("{dir}", b.dir, "{roots}", b.roots, "{program}", b.program, "{api}", "http://"+b.addr).Replace(line)
}

// words makes an argument list of a line without quotes.
func (b *bench) words(line string) []string { return strings.Fields(b.fill(line)) }

func (b *bench) serve(ctx context.Context) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	gateway, err := freeAddr()
	if err != nil {
		return err
	}
	b.addr = addr
	b.server = exec.Command(b.program, "serve", "--quiet", "--data", b.path("server"), "--addr", addr, "--gateway-addr", gateway)
	b.server.Stderr = os.Stderr
	if err := b.server.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if resp, err := http.Get("http://" + addr + "/healthz"); err == nil {
			return resp.Body.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the backend did not come up")
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

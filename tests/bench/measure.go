package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// figure is what one run of a command used, by the system's own account of the
// process and those it waited for.
type figure struct {
	cpu, wall time.Duration
	rss       int64 // bytes, of the largest process
	requests  int   // that the server of the command had
	size      int64 // bytes of what it made, where that is claimed
}

// command is one side of a comparison. Names in braces stand for what bench
// knows, see fill; {out} is a name that is new for each run.
type command struct {
	before string // makes each run start from the same state; not measured
	line   string // what is measured, without a shell where it needs none
	code   int    // the exit code that is wanted
	after  string // checks what was made; not measured
	size   string // a folder whose objects are weighed
	front  string // the address of a server that counts requests; empty: nginx does
}

// measure runs c once.
func (b *bench) measure(ctx context.Context, c command) (figure, error) {
	out := b.fresh()
	if c.before != "" {
		if err := b.shell(ctx, b.fillOut(c.before, out)); err != nil {
			return figure{}, err
		}
	}
	syscall.Sync() // what others left to write is not charged to this run
	logged, err := b.requests(c)
	if err != nil {
		return figure{}, err
	}
	argv := argvOf(b.fillOut(c.line, out))
	x := exec.CommandContext(ctx, argv[0], argv[1:]...)
	x.Env = b.env
	x.Dir = b.dir
	start := time.Now()
	said, err := x.CombinedOutput()
	wall := time.Since(start)
	if x.ProcessState == nil || x.ProcessState.ExitCode() != c.code {
		return figure{}, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, said)
	}
	usage, ok := x.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return figure{}, errors.New("no account of what the process used")
	}
	f := figure{cpu: x.ProcessState.UserTime() + x.ProcessState.SystemTime(), wall: wall,
		rss: int64(usage.Maxrss) * 1024}
	if f.requests, err = b.requests(c); err != nil {
		return figure{}, err
	}
	f.requests -= logged
	if c.after != "" {
		if err := b.shell(ctx, b.fillOut(c.after, out)); err != nil {
			return figure{}, err
		}
	}
	if c.size != "" {
		f.size, err = weigh(b.fillOut(c.size, out))
	}
	return f, err
}

// argvOf makes an argument list of a line; one with quotes or operators of the
// shell is given to bash.
func argvOf(line string) []string {
	if strings.ContainsAny(line, `'"&;|$`) {
		return []string{"bash", "-euc", line}
	}
	return strings.Fields(line)
}

// requests is how many the server of c has had so far.
func (b *bench) requests(c command) (int, error) {
	if c.front != "" {
		return asked(b.fill(c.front))
	}
	return b.logged(), nil
}

func (b *bench) shell(ctx context.Context, line string) error {
	x := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", line)
	x.Env = b.env
	x.Dir = b.dir
	if out, err := x.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return nil
}

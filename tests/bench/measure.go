package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// figure is what one run of a command used, by the system's own account of the
// process and those it waited for.
type figure struct {
	cpu, wall time.Duration
	rss       int64 // bytes, of the largest process
}

// command is one side of a comparison. before makes each run start from the
// same state and is not measured; a code other than 0 may be what is wanted.
type command struct {
	before string
	argv   []string
	code   int
}

// measure runs c once.
func measure(ctx context.Context, env []string, c command) (figure, error) {
	if c.before != "" {
		if err := shell(ctx, env, c.before); err != nil {
			return figure{}, err
		}
	}
	x := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	x.Env = env
	start := time.Now()
	out, err := x.CombinedOutput()
	wall := time.Since(start)
	if x.ProcessState == nil || x.ProcessState.ExitCode() != c.code {
		return figure{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.argv, " "), err, out)
	}
	usage, ok := x.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return figure{}, fmt.Errorf("%s: no account of what it used", c.argv[0])
	}
	return figure{cpu: x.ProcessState.UserTime() + x.ProcessState.SystemTime(), wall: wall, rss: usage.Maxrss * 1024}, nil
}

func shell(ctx context.Context, env []string, line string) error {
	x := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", line)
	x.Env = env
	if out, err := x.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return nil
}

// comparison is one claim: ours beside a peer that does the same work.
type comparison struct {
	name       string
	ours, peer command
	// cpu is the claim, ours over the peer's processor time; 0 claims nothing.
	cpu float64
}

// result is the medians of a comparison.
type result struct {
	comparison
	mine, theirs figure
}

// run measures both sides in turn, n times, so that a machine that slows down
// slows both.
func (c comparison) run(ctx context.Context, env []string, n int) (result, error) {
	var mine, theirs []figure
	for range n {
		for _, side := range []struct {
			c   command
			out *[]figure
		}{{c.ours, &mine}, {c.peer, &theirs}} {
			f, err := measure(ctx, env, side.c)
			if err != nil {
				return result{}, fmt.Errorf("%s: %w", c.name, err)
			}
			*side.out = append(*side.out, f)
		}
	}
	return result{comparison: c, mine: median(mine), theirs: median(theirs)}, nil
}

// median takes each column by itself; memory counts at its worst.
func median(fs []figure) figure {
	pick := func(of func(figure) int64) []int64 {
		var v []int64
		for _, f := range fs {
			v = append(v, of(f))
		}
		slices.Sort(v)
		return v
	}
	mid := len(fs) / 2
	return figure{
		cpu:  time.Duration(pick(func(f figure) int64 { return int64(f.cpu) })[mid]),
		wall: time.Duration(pick(func(f figure) int64 { return int64(f.wall) })[mid]),
		rss:  pick(func(f figure) int64 { return f.rss })[len(fs)-1],
	}
}

// maxRSS is the claim on memory, for each of our commands.
const maxRSS = 64 << 20

// row prints a result as a line of a Markdown table and says whether the
// claims held.
func (r result) row() (string, bool) {
	ratio := r.mine.cpu.Seconds() / r.theirs.cpu.Seconds()
	held := r.mine.rss < maxRSS && (r.cpu == 0 || ratio <= r.cpu)
	claim := "none"
	if r.cpu != 0 {
		claim = fmt.Sprintf("≤ %.2f", r.cpu)
	}
	verdict := map[bool]string{true: "held", false: "NOT HELD"}[held]
	return fmt.Sprintf("| %s | %.2f s | %.2f s | **%.2f** | %s | %.2f s | %.2f s | %d MiB | %d MiB | %s |",
		r.name, r.mine.cpu.Seconds(), r.theirs.cpu.Seconds(), ratio, claim, r.mine.wall.Seconds(), r.theirs.wall.Seconds(),
		r.mine.rss>>20, r.theirs.rss>>20, verdict), held
}

const header = "| work | CPU, ours | CPU, peer | ratio | claim | wall, ours | wall, peer | RSS, ours | RSS, peer | |\n|---|---|---|---|---|---|---|---|---|---|"

func environment(config string) []string {
	return append(os.Environ(), "OTACTL_CONFIG="+config, "LC_ALL=C")
}

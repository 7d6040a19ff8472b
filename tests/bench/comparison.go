package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// mebibyte and the caps on memory of any of our commands.
const (
	mebibyte  = 1 << 20
	anyVerb   = 100 * mebibyte
	onDevice  = 64 * mebibyte
	deltaMake = 200 * mebibyte
)

// claims are what a comparison promises. 0 promises nothing.
type claims struct {
	cpu, wall float64                   // the peer's over ours, at least
	cpuTime   time.Duration             // ours, at most
	wallTime  time.Duration             // ours, at most
	size      float64                   // ours over the peer's, at most
	rss       int64                     // ours, at most; 0 is anyVerb
	requests  int                       // ours, at most
	asks      func(*bench) (int, error) // gives requests once the fixtures are made; nil: it is a number
}

// comparison is one claim: ours beside a peer that does the same work.
type comparison struct {
	name       string
	ours, peer command
	claims     claims
	needs      []fixture // made once, before the first run
	once       bool      // too long for more than one run
	byHand     []string  // programs it needs that no package brings
}

// missing is a program that was to be built by hand and was not.
func (c comparison) missing() string {
	for _, name := range c.byHand {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	return ""
}

// same is a comparison of one line that both programs understand; {ostree} in
// it is the program, and for ours the word ostree.
func same(name string, c claims, before, line string, needs ...fixture) comparison {
	side := func(program string) command {
		return command{before: before, line: strings.ReplaceAll(line, "{ostree}", program)}
	}
	return comparison{name: name, claims: c, ours: side("{program} ostree"), peer: side("ostree"), needs: needs}
}

// result is the best of each column, of both sides.
type result struct {
	comparison
	mine, theirs figure
}

// run measures both sides in turn, n times, so that a machine that slows down
// slows both.
func (c comparison) run(ctx context.Context, b *bench, n int) (result, error) {
	for _, f := range c.needs {
		if err := b.need(ctx, f); err != nil {
			return result{}, err
		}
	}
	if c.claims.asks != nil {
		var err error
		if c.claims.requests, err = c.claims.asks(b); err != nil {
			return result{}, err
		}
	}
	if c.once {
		n = 1
	}
	var mine, theirs []figure
	for range n {
		for _, side := range []struct {
			who string
			c   command
			out *[]figure
		}{{"ours", c.ours, &mine}, {"peer", c.peer, &theirs}} {
			f, err := b.measure(ctx, side.c)
			if err != nil {
				return result{}, err
			}
			fmt.Fprintf(os.Stderr, "%s: %s: %.2f s CPU, %.2f s, %d MiB, %d requests\n", c.name, side.who, f.cpu.Seconds(), f.wall.Seconds(), f.rss/mebibyte, f.requests)
			*side.out = append(*side.out, f)
		}
	}
	b.tidy()
	return result{comparison: c, mine: best(mine), theirs: best(theirs)}, nil
}

// best takes the least of times, which neighbours on the machine can only
// lengthen; memory and requests count at their worst.
func best(fs []figure) figure {
	f := fs[0]
	for _, g := range fs[1:] {
		f.cpu, f.wall = min(f.cpu, g.cpu), min(f.wall, g.wall)
		f.rss, f.requests, f.size = max(f.rss, g.rss), max(f.requests, g.requests), max(f.size, g.size)
	}
	return f
}

const header = "| work | CPU, ours | peer | times less | claim | wall, ours | peer | times faster | claim | RSS, ours | peer | requests, ours | peer | size | |\n" +
	"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"

// row prints a result as a line of a Markdown table and says whether the
// claims held.
func (r result) row() (string, bool) {
	var broken []string
	note := func(bad bool, what string) {
		if bad {
			broken = append(broken, what)
		}
	}
	cpu, wall := over(r.theirs.cpu, r.mine.cpu), over(r.theirs.wall, r.mine.wall)
	note(cpu < r.claims.cpu, "CPU")
	note(r.claims.cpuTime > 0 && r.mine.cpu > r.claims.cpuTime, "CPU time")
	note(wall < r.claims.wall, "wall")
	note(r.claims.wallTime > 0 && r.mine.wall > r.claims.wallTime, "wall time")
	most := r.claims.rss
	if most == 0 {
		most = anyVerb
	}
	note(r.mine.rss >= most, "memory")
	note(r.claims.requests > 0 && r.mine.requests > r.claims.requests, "requests")
	size := ""
	if r.theirs.size > 0 {
		ratio := float64(r.mine.size) / float64(r.theirs.size)
		size = fmt.Sprintf("%.1f of %.1f MB, %+.1f %%", float64(r.mine.size)/1e6, float64(r.theirs.size)/1e6, 100*(ratio-1))
		note(r.claims.size > 0 && ratio > r.claims.size, "size")
	}
	requests := func(n int) string {
		if r.mine.requests+r.theirs.requests == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	verdict := "held"
	if len(broken) > 0 {
		verdict = "NOT HELD: " + strings.Join(broken, ", ")
	}
	return fmt.Sprintf("| %s | %.2f s | %.2f s | **%.2f** | %s | %.2f s | %.2f s | **%.2f** | %s | %d MiB | %d MiB | %s | %s | %s | %s |",
		r.name, r.mine.cpu.Seconds(), r.theirs.cpu.Seconds(), cpu, claimed(r.claims.cpu)+atMost(r.claims.cpuTime),
		r.mine.wall.Seconds(), r.theirs.wall.Seconds(), wall, claimed(r.claims.wall)+atMost(r.claims.wallTime),
		r.mine.rss/mebibyte, r.theirs.rss/mebibyte, requests(r.mine.requests), requests(r.theirs.requests), size, verdict), len(broken) == 0
}

func over(a, b time.Duration) float64 { return a.Seconds() / max(b.Seconds(), 0.001) }

func claimed(least float64) string {
	if least == 0 {
		return ""
	}
	return fmt.Sprintf("≥ %.2f", least)
}

func atMost(t time.Duration) string {
	if t == 0 {
		return ""
	}
	return fmt.Sprintf(", ours ≤ %s", t)
}

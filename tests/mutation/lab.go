package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// switches is the source of the functions that instrumented code calls.
//
//go:embed switches.go.txt
var switches []byte

// The environment by which a test binary is told what to break, and where to
// write what it reached.
const (
	breakEnv = "MUTATION_BREAK"
	reachEnv = "MUTATION_REACH"
)

// lab is an instrumented test binary and what is known about it.
type lab struct {
	scratch string
	dir     string // the package
	jobs    int

	mutants []mutant
	tests   []test // fastest first
}

// test is one test or fuzz target of the package.
type test struct {
	name  string
	took  time.Duration
	reach map[int]bool // mutants
}

// result says which test a mutant fails.
type result struct {
	mutant
	caught string // "" where it survived
	hung   bool
}

func (l *lab) binary() string { return filepath.Join(l.scratch, "package.test") }

// build makes the binary out of the package with its sources overlaid.
func (l *lab) build(ctx context.Context) error {
	sources, err := files(l.dir)
	if err != nil {
		return err
	}
	at, err := filepath.Abs(l.dir)
	if err != nil {
		return err
	}
	replace := map[string]string{}
	put := func(name string, text []byte) error {
		file := filepath.Join(l.scratch, name)
		replace[filepath.Join(at, name)] = file
		return os.WriteFile(file, text, 0o600)
	}
	if err := put("mutation_switches.go", switches); err != nil {
		return err
	}
	for _, s := range sources {
		l.mutants = append(l.mutants, s.mutants...)
		if err := put(s.name, s.render()); err != nil {
			return err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	file := filepath.Join(l.scratch, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", file, "-o", l.binary(), "./"+l.dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the instrumented tests: %w\n%s", err, out)
	}
	return nil
}

// start runs the binary and gives what it printed.
func (l *lab) start(ctx context.Context, limit time.Duration, env string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit+5*time.Second)
	defer cancel()
	// A broken check may ask for memory without end.
	line := append([]string{"-c", `ulimit -v 8000000; exec nice -n 5 "$0" "$@"`, l.binary(), "-test.short", "-test.timeout", limit.String()}, args...)
	x := exec.CommandContext(ctx, "sh", line...)
	x.Dir = l.dir
	x.Env = append(os.Environ(), "TMPDIR="+l.scratch, "GOMAXPROCS=1", env)
	var out bytes.Buffer
	x.Stdout, x.Stderr = &out, &out
	err := x.Run()
	return out.String(), err
}

// explore runs each test alone, to see how long it takes and what it reaches.
func (l *lab) explore(ctx context.Context) error {
	list, err := l.start(ctx, time.Minute, "", "-test.list", "^(Test|Fuzz)")
	if err != nil {
		return fmt.Errorf("list the tests: %w\n%s", err, list)
	}
	names := strings.Fields(list)
	l.tests = make([]test, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.jobs)
	for i, name := range names {
		g.Go(func() (err error) {
			l.tests[i], err = l.exploreOne(ctx, name)
			return err
		})
	}
	err = g.Wait()
	slices.SortFunc(l.tests, func(a, b test) int { return int(a.took - b.took) })
	return err
}

func (l *lab) exploreOne(ctx context.Context, name string) (test, error) {
	t := test{name: name, reach: map[int]bool{}}
	file := filepath.Join(l.scratch, "reached-"+name)
	begin := time.Now()
	out, err := l.start(ctx, 5*time.Minute, reachEnv+"="+file, "-test.run", "^"+name+"$")
	if t.took = time.Since(begin); err != nil {
		return t, fmt.Errorf("%s fails with nothing broken: %w\n%s", name, err, out)
	}
	reached, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return t, err
	}
	for _, word := range strings.Fields(string(reached)) {
		id, err := strconv.Atoi(word)
		if err != nil {
			return t, err
		}
		t.reach[id] = true
	}
	return t, nil
}

// tryAll breaks the checks of files, some at once.
func (l *lab) tryAll(ctx context.Context, files []string) ([]result, error) {
	var wanted []mutant
	for _, m := range l.mutants {
		if slices.Contains(files, m.file) {
			wanted = append(wanted, m)
		}
	}
	results := make([]result, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.jobs)
	for i, m := range wanted {
		if i%50 == 0 {
			fmt.Fprintf(os.Stderr, "mutation: %d of %d\n", i, len(wanted))
		}
		g.Go(func() error {
			if results[i] = l.try(ctx, m); results[i].caught == "" && ctx.Err() == nil {
				fmt.Fprintln(os.Stderr, "mutation: survived:", m.key())
			}
			return ctx.Err()
		})
	}
	return results, g.Wait()
}

// try breaks one check and runs the tests that reach it until one fails. They
// run in groups, the quickest first and each group for longer than the one
// before.
func (l *lab) try(ctx context.Context, m mutant) result {
	tests := l.tests
	if explained(m) {
		tests = tests[:len(tests)-len(tests)/slowPart]
	}
	for _, g := range groups(tests, m.id) {
		if ctx.Err() != nil {
			break
		}
		limit := max(10*time.Second, 5*g.took)
		out, err := l.start(ctx, limit, fmt.Sprintf("%s=%d", breakEnv, m.id), "-test.failfast", "-test.v", "-test.run", "^("+strings.Join(g.names, "|")+")$")
		if err != nil {
			return result{m, failed(out), strings.Contains(out, "panic: test timed out")}
		}
	}
	return result{mutant: m}
}

// slowPart is which part of all tests, the slowest, is not worth its time where
// nothing is expected of it.
const slowPart = 8

// group are tests that run in one process.
type group struct {
	names []string
	took  time.Duration // all of them, when nothing was broken
}

// groups are the tests that reach a mutant.
func groups(tests []test, id int) []group {
	budget := 200 * time.Millisecond
	var all []group
	for _, t := range tests {
		if !t.reach[id] {
			continue
		}
		if len(all) == 0 || all[len(all)-1].took > budget {
			all = append(all, group{})
			budget *= 2
		}
		g := &all[len(all)-1]
		g.names, g.took = append(g.names, t.name), g.took+t.took
	}
	return all
}

var (
	failLine = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)
	runLine  = regexp.MustCompile(`(?m)^=== (?:RUN|CONT) +(\w+)`)
)

// failed is the test that ended a run: the first to fail, or the one that ran
// when the process died.
func failed(out string) string {
	if m := failLine.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	if all := runLine.FindAllStringSubmatch(out, -1); all != nil {
		return all[len(all)-1][1]
	}
	return "?"
}

// Command mutation breaks each check of the verifier in turn and runs the tests
// of the package: a check that can be taken out without a test failing is one
// that nobody holds.
//
//	go run ./tests/mutation [-o PAGE] [-only FILE,…] [-jobs N]
//
// It never changes the source. One test binary is built in which every check
// asks whether it is the broken one, so a mutant costs a run and no build, and
// of the tests only those run that reach it. It prints a table of all checks,
// and puts what it ran into PAGE, where the rest stays. It ends with 1 if a
// mutant survived that reasons.go does not explain, or if reasons.go explains
// one that no longer survives.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// verifier are the files that decide what is believed. The rest of the package
// makes files, reads key archives, or gives names to things.
var verifier = []string{
	"cache.go", "dialect.go", "envelope.go", "fields.go", "floor.go", "json.go", "jsontext.go", "keeper.go", "key.go",
	"metafile.go", "parse.go", "refresh.go", "sign.go", "trust.go",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("mutation", flag.ContinueOnError)
	page := flags.String("o", "", "write the table to `PAGE` too")
	only := flags.String("only", strings.Join(verifier, ","), "break only checks in these `FILES`")
	jobs := flags.Int("jobs", 2, "run `N` mutants at once")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutation-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // tests may give up the rights of root
		return err
	}
	l := &lab{scratch: dir, dir: "tuf", jobs: *jobs}
	if err := l.build(ctx); err != nil {
		return err
	}
	if err := l.explore(ctx); err != nil {
		return err
	}
	picked := strings.Split(*only, ",")
	results, err := l.tryAll(ctx, picked)
	if err != nil {
		return err
	}
	fresh := sections(results)
	for _, file := range picked {
		fmt.Print(fresh[file])
	}
	if *page != "" {
		if err := writePage(*page, fresh); err != nil {
			return err
		}
	}
	return judge(results, picked)
}

// judge wants every survivor explained, and no explanation without one.
func judge(results []result, picked []string) error {
	var errs []error
	survived := map[string]bool{}
	for _, r := range results {
		if r.caught != "" {
			continue
		}
		survived[r.key()] = true
		if !explained(r.mutant) {
			errs = append(errs, fmt.Errorf("survived: %s (line %d)", r.key(), r.line))
		}
	}
	for _, r := range reasons {
		file, _, _ := strings.Cut(r.key, ":")
		if slices.Contains(picked, file) && !survived[r.key] {
			errs = append(errs, fmt.Errorf("explained, but it does not survive: %s", r.key))
		}
	}
	return errors.Join(errs...)
}

// explained says whether a reason is known why a mutant survives.
func explained(m mutant) bool {
	return slices.ContainsFunc(reasons, func(r reason) bool { return r.key == m.key() })
}

// files are the instrumented sources of the package in dir.
func files(dir string) ([]*source, error) {
	var all []*source
	next := 1
	for _, name := range verifier {
		s, err := instrument(filepath.Join(dir, name), next)
		if err != nil {
			return nil, err
		}
		next += len(s.mutants)
		all = append(all, s)
	}
	return all, nil
}

// Command suite runs the shell scripts of Debian's package ostree-tests
// against a program in the place of ostree, with every other ostree out of
// reach, and prints what became of each.
//
//	suite [-j N] [-fast] [-keep DIR] PROGRAM [SCRIPT...]
//
// It ends with 1 when a script of passing.txt does not pass. Scripts run as
// whoever calls it, each in an empty folder of its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	jobs := flag.Int("j", runtime.NumCPU(), "run `N` scripts at once")
	keep := flag.String("keep", "", "leave what each script printed in `DIR`")
	fast := flag.Bool("fast", false, "run only what make test runs")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	bad, err := suiteMain(ctx, flag.Arg(0), flag.Args()[1:], *jobs, *keep, *fast)
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(2)
	}
	if bad {
		os.Exit(1)
	}
}

func suiteMain(ctx context.Context, program string, names []string, jobs int, keep string, fast bool) (bad bool, err error) {
	lists, err := readLists()
	if err != nil {
		return false, err
	}
	switch {
	case len(names) > 0:
	case fast:
		names = lists.fast
	default:
		if names, err = allScripts(); err != nil {
			return false, err
		}
	}
	s, err := setUp(ctx, program, lists)
	if err != nil {
		return false, err
	}
	defer s.tearDown()
	s.keep, s.jobs = keep, jobs
	results := s.runAll(ctx, names, func(r result) { fmt.Fprintf(os.Stderr, "%-12s %s\n", r.Verdict, r.Name) })
	lists.writeTable(os.Stdout, results)
	regressions := lists.regressions(results)
	for _, name := range regressions {
		fmt.Printf("regression: %s is in passing.txt\n", name)
	}
	return len(regressions) > 0, ctx.Err()
}

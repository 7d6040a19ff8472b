// Command bench holds the project's claims on speed and memory: each is a
// ratio to a peer that does the same work on the same bytes, run in turn in the
// same run, on a root file system of Debian packages and on trees of extremes.
//
//	go run ./tests/bench PROGRAM ROOTS [RUNS [ONLY]]
//
// ONLY picks the comparisons whose name holds that word, or one of several with | between. ROOTS holds v1 and v2,
// as internal/testkit/rootfs -large makes them.
//
// It prints the versions and a Markdown table with the commands, and ends with
// 1 if a claim did not hold or a peer is missing. It needs root, as ostree does
// to make deployments.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 { // parts of this program that it runs beside the others; a signal ends them
		switch args[0] {
		case "delay":
			return delay(args[1:])
		case "cut":
			return cut(args[1:])
		case "kept":
			return kept(args[1:])
		case "unpack":
			return unpack(args[1:])
		case "front":
			return front(args[1:])
		case "limit":
			return limit(args[1:])
		case "trust":
			return trust(context.Background(), args[1:])
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
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
	settle()
	return b.compare(ctx, runs, only)
}

// compare runs what is picked and prints the tables.
func (b *bench) compare(ctx context.Context, runs int, only string) error {
	versions, err := b.versions(ctx)
	if err != nil {
		return err
	}
	fmt.Println(versions)
	fmt.Println(header)
	var broken []string
	var commands strings.Builder
	for _, c := range b.comparisons() {
		if !slices.ContainsFunc(strings.Split(only, "|"), func(word string) bool { return strings.Contains(c.name, word) }) {
			continue
		}
		if missing := c.missing(); missing != "" {
			fmt.Printf("| %s | not run: %s is not on the PATH |\n", c.name, missing)
			broken = append(broken, c.name)
			continue
		}
		r, err := c.run(ctx, b, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		line, held := r.row()
		fmt.Println(line)
		if !held {
			broken = append(broken, c.name)
		}
		fmt.Fprintf(&commands, "- %s: `%s`; peer: `%s`\n", c.name, b.shown(c.ours), b.shown(c.peer))
	}
	fmt.Printf("\n%s", commands.String())
	if len(broken) > 0 {
		return fmt.Errorf("claims that did not hold: %s", strings.Join(broken, "; "))
	}
	return nil
}

// comparisons are all claims.
func (b *bench) comparisons() []comparison {
	var all []comparison
	for _, group := range [][]comparison{repoClaims(), pullClaims(), deltaClaims(), backendClaims(), publishClaims(), offlineClaims(), offlineDeltaClaims(), trustClaims(), memoryClaims()} {
		all = append(all, group...)
	}
	return all
}

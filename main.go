// Command otactl publishes, bundles, serves, registers and installs
// over-the-air updates of OSTree devices. Under the name of a tool it stands
// in for it behaves as that tool.
package main

import (
	"context"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
)

func main() {
	os.Exit(run())
}

// heap is about how many bytes the collector lets pile up before it works
// harder. Devices have little memory, and what is worked on at a time is far
// less; GOMEMLIMIT says otherwise.
const heap = 40 << 20

func run() int {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(heap)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The first signal asks for an orderly end, a second one gets the default
	// treatment: it kills.
	context.AfterFunc(ctx, stop)
	return commands.Main(ctx, os.Args, commands.Getenv, term.Std(), clock.System)
}

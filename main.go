// Command otactl publishes, bundles, serves, registers and installs
// over-the-air updates of OSTree devices. Under the name of a tool it stands
// in for it behaves as that tool.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The first signal asks for an orderly end, a second one gets the default
	// treatment: it kills.
	context.AfterFunc(ctx, stop)
	return commands.Main(ctx, os.Args, commands.Getenv, term.Std(), clock.System)
}

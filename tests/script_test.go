// Package tests holds what no single package can promise: scripts that run
// the real program under each of its names, and the rules of the code base.
package tests

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
)

// TestMain makes the test binary be the program when a script calls it by one
// of the program's names.
func TestMain(m *testing.M) {
	program := func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		code := commands.Main(ctx, os.Args, commands.Getenv, term.Std(), scriptClock())
		stop()
		os.Exit(code)
	}
	// Under this name only where a script makes such a link: elsewhere in the
	// scripts ostree is the real one.
	if filepath.Base(os.Args[0]) == "ostree" {
		program()
	}
	testscript.Main(m, map[string]func(){
		"otactl":              program,
		"aklite-offline":      program,
		"aktualizr-lite":      program,
		"fiocheck":            program,
		"fiopush":             program,
		"fiosync":             program,
		"garage-check":        program,
		"garage-push":         program,
		"ota-publish":         program,
		"lmp-device-register": program,
	})
}

// scriptClock stands at SCRIPT_NOW (RFC 3339) where a script sets it. What
// changes the clock of other programs, libfaketime, does not reach one that
// asks the kernel itself, as every Go program does.
func scriptClock() clock.Clock {
	at, err := time.Parse(time.RFC3339, os.Getenv("SCRIPT_NOW"))
	if err != nil {
		return clock.System
	}
	return clock.At(at)
}

// TestScripts runs tests/script/*.txtar; scriptCommands lists what they may
// use beyond testscript's own commands.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "script",
		Cmds:                scriptCommands(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
			env.Setenv("LC_ALL", "C")
			packaging, err := filepath.Abs("../packaging")
			if err != nil {
				return err
			}
			env.Setenv("PACKAGING", packaging)
			handmade, err := filepath.Abs("../offline/testdata/handmade")
			if err != nil {
				return err
			}
			env.Setenv("HANDMADE", handmade)
			env.Values[servingKey{}] = new(serving)
			env.Values[hubsKey{}] = hubs{}
			return os.MkdirAll(home, 0o700)
		},
	})
}

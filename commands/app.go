// Package commands is the command line: flags, prompts, tables, progress and
// exit codes. It turns what was typed into a call of one library function and
// what that returns into text.
//
// It trusts the person at the keyboard, and nothing a server or a file says:
// text from outside is stripped of control characters before it is shown.
// It never holds logic of its own that a library user would miss, and nobody
// imports it but main.
package commands

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/term"
)

// Main runs the program under the name args[0] and returns its exit code. env
// looks up an environment variable; an empty one counts as unset. now is what
// every expiry is judged by.
func Main(ctx context.Context, args []string, env func(string) string, std term.Streams, now clock.Clock) int {
	rt := newRuntime(env, std, now)
	if len(args) == 0 {
		args = []string{programName}
	}
	if run, ok := standIns()[toolName(args[0])]; ok {
		return run(ctx, rt, args[1:])
	}
	if toolName(args[0]) == "ostree" { // "otactl ostree" has our own manners
		return ostreeStandIn(ctx, rt, args[1:])
	}
	return rt.finish(ctx, runTree(ctx, rt, args[1:]))
}

const programName = "otactl"

// toolName is the name a program was called by, without folder and .exe.
func toolName(argv0 string) string {
	return strings.TrimSuffix(filepath.Base(argv0), ".exe")
}

// verbs is every command group, in the order help shows them.
func verbs(rt *runtime) []*cli.Command {
	return []*cli.Command{
		// who you are, and where
		loginCommand(rt),
		logoutCommand(rt),
		contextCommand(rt),
		credentialsCommand(rt),

		// on a workstation and in CI
		publishCommand(rt),
		targetsCommand(rt),
		wavesCommand(rt),
		devicesCommand(rt),
		keysCommand(rt),
		tufCommand(rt),

		// where it runs
		serveCommand(rt),

		// on a device
		registerCommand(rt),
		agentCommand(rt),

		// by hand
		ostreeCommand(rt),

		// about this program
		completionCommand(rt),
		manCommand(rt),
		helpCommand(rt),
		versionCommand(rt),
	}
}

// rootCommand is the whole command tree.
func rootCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        programName,
		Usage:       "over-the-air updates of OSTree devices that trust TUF",
		Flags:       globalFlags(),
		Subcommands: append(verbs(rt), standInCommands(rt)...),
	}
}

// runTree sorts the arguments, and only when every one of them is understood
// lets the command run.
func runTree(ctx context.Context, rt *runtime, args []string) error {
	root := rootCommand(rt)
	call, err := parseCall(root, args, rt.env)
	if cerr := rt.configure(call.root()); err == nil {
		err = cerr
	}
	switch {
	case err != nil:
		return err
	case call.help:
		return rt.showHelp(call)
	case call.about:
		return rt.render(buildVersion())
	case call.command().Action == nil:
		return call.whichCommand()
	}
	return newApp(rt, root).RunContext(ctx, call.argv())
}

// newApp hands the tree to urfave/cli with everything switched off that would
// print, exit or guess by itself: the arguments are checked already.
func newApp(rt *runtime, root *cli.Command) *cli.App {
	quietly := func(_ *cli.Context, err error, _ bool) error {
		return fail.As(err, fail.Usage, "")
	}
	eachCommand(root, func(c *cli.Command) {
		c.HideHelp, c.HideHelpCommand = true, true
		c.OnUsageError = quietly
	})
	return &cli.App{
		Name: root.Name, Usage: root.Usage, Flags: root.Flags, Commands: root.Subcommands,
		HideHelp: true, HideHelpCommand: true, HideVersion: true,
		DisableSliceFlagSeparator: true,
		Reader:                    rt.std.In, Writer: io.Discard, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   quietly,
	}
}

// eachCommand visits c and everything below it.
func eachCommand(c *cli.Command, visit func(*cli.Command)) {
	visit(c)
	for _, sub := range c.Subcommands {
		eachCommand(sub, visit)
	}
}

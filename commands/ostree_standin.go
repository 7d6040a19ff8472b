package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/plumbing"
	"github.com/otactl/otactl/internal/progress"
)

// ostreeStandIn behaves as the ostree program: its verbs and flags, its usage,
// errors as "error: text", and 1 for every failure.
func ostreeStandIn(ctx context.Context, rt *runtime, args []string) int {
	env := rt.plumbing("ostree")
	env.StandIn = true
	// A script may hold both streams against what it expects.
	env.Say = func(format string, args ...any) { fmt.Fprintf(rt.screen, format+"\n", args...) }
	if !rt.std.ErrTTY {
		env.Progress = func() progress.Sink { return nil }
	}
	root := &cli.Command{
		Name: "ostree",
		Flags: append(plumbing.Flags(),
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "log each step"},
			&cli.BoolFlag{Name: "version", Usage: "print what this is and exit"}),
		Subcommands: plumbing.Commands(env),
	}
	err := rt.runAsOSTree(ctx, root, args)
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		return classify(context.Canceled).code
	}
	fmt.Fprintf(rt.screen, "error: %s\n", env.OriginalText(err))
	return 1
}

// runAsOSTree runs one line. A wrong call is answered with the usage, on
// standard error.
func (rt *runtime) runAsOSTree(ctx context.Context, root *cli.Command, args []string) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") && find(root, args[0]) == nil {
		return rt.ostreeExtension(ctx, root, args)
	}
	call := &call{levels: []level{{cmd: root}}, lenient: true}
	err := call.parse(subcommandFirst(root, verbFirst(root, args)), func(string) string { return "" })
	if switchedOn(call.root().last("verbose")) {
		rt.setLevel(slog.LevelDebug)
	}
	cmd := call.command()
	switch {
	case call.about || switchedOn(call.root().last("version")):
		return writeOSTreeVersion(rt.std.Out)
	case call.help:
		return writeOSTreeHelp(rt.std.Out, call)
	case cmd.Action == nil && len(call.args) > 0:
		//lint:ignore ST1005 the words that scripts look for
		return rt.wrongCall(call, fmt.Errorf("Unknown %s '%s'", subcommand(call), oneLine(call.args[0])))
	case cmd.Action == nil && err == nil:
		//lint:ignore ST1005 the words that scripts look for
		return rt.wrongCall(call, fmt.Errorf("No %s specified", subcommand(call)))
	case err != nil && call.incomplete:
		return rt.wrongCall(call, err)
	case err != nil:
		return err
	}
	return newApp(rt, root).RunContext(ctx, call.argv())
}

// verbFirst moves the flags that stand before the verb, and are none of its
// group's, behind it: the original reads them wherever they stand.
func verbFirst(group *cli.Command, args []string) []string {
	var before, moved []string
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") || args[i] == "--" {
			rest := append(moved, args[i+1:]...)
			if sub := find(group, args[i]); sub != nil && len(sub.Subcommands) > 0 {
				rest = verbFirst(sub, rest)
			}
			return append(append(before, args[i]), rest...)
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		own := slices.IndexFunc(group.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
		if own < 0 && name != "help" && name != "h" && hasValue {
			moved = append(moved, args[i])
			continue
		}
		before = append(before, args[i])
		if own >= 0 && !hasValue && takesValue(group.Flags[own]) && i+1 < len(args) {
			i++
			before = append(before, args[i])
		}
	}
	return append(before, moved...)
}

// subcommandFirst puts the first word that is no flag behind a command that has
// commands of its own: the original takes that for the subcommand, wherever it
// stands.
func subcommandFirst(root *cli.Command, args []string) []string {
	word := func(s string) bool { return !strings.HasPrefix(s, "-") }
	verb := slices.IndexFunc(args, word)
	if verb < 0 {
		return args
	}
	if cmd := find(root, args[verb]); cmd == nil || len(cmd.Subcommands) == 0 {
		return args
	}
	rest := args[verb+1:]
	sub := slices.IndexFunc(rest, word)
	if sub < 0 {
		return args
	}
	return slices.Concat(args[:verb+1], rest[sub:sub+1], rest[:sub], rest[sub+1:])
}

// wrongCall writes the usage and gives err back.
func (rt *runtime) wrongCall(c *call, err error) error {
	if werr := writeOSTreeHelp(rt.screen, c); werr != nil {
		return werr
	}
	return err
}

// ostreeExtension runs what is installed as ostree-VERB, as git does with its
// verbs. A verb of the original is never looked for.
func (rt *runtime) ostreeExtension(ctx context.Context, root *cli.Command, args []string) error {
	verb := args[0]
	unknown := rt.wrongCall
	here := &call{levels: []level{{cmd: root}}}
	if !extensionName.MatchString(verb) {
		//lint:ignore ST1005 the words that scripts look for
		return unknown(here, fmt.Errorf("Unknown command '%s'", oneLine(verb)))
	}
	path, err := exec.LookPath("ostree-" + verb)
	if err != nil && !errors.Is(err, exec.ErrDot) { // the caller's PATH may name a folder below this one
		//lint:ignore ST1005 the words that scripts look for
		return unknown(here, fmt.Errorf("Unknown command '%s'", verb))
	}
	cmd := exec.CommandContext(ctx, path, args[1:]...)
	cmd.Err = nil
	cmd.Stdin, cmd.Stdout, cmd.Stderr = rt.std.In, rt.std.Out, rt.std.Err
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return exitCode(exit.ExitCode())
	}
	return err
}

var extensionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// features are the names that scripts look for in "ostree --version".
var features = []string{"gpgme", "libarchive", "libcurl", "release", "sign-ed25519", "sign-spki"}

// writeOSTreeVersion has the layout of the original's, which scripts read as
// YAML: which libostree the verbs are those of, what they can do, and then
// what this really is.
func writeOSTreeVersion(w io.Writer) error {
	v := buildVersion()
	text := "libostree:\n Version: '" + plumbing.OriginalVersion + "'\n Features:\n"
	for _, f := range features {
		text += "  - " + f + "\n"
	}
	text += fmt.Sprintf("otactl:\n Version: '%s'\n Note: otactl in the place of ostree; no libostree is in it\n", v.Version)
	_, err := io.WriteString(w, text)
	return err
}

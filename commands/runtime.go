package commands

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/internal/term"
)

// runtime is what a command may use of the world around it. It is made once
// per run; the global flags settle the rest before a command sees it.
type runtime struct {
	std   term.Streams
	env   func(string) string // "" for unset
	clock clock.Clock
	log   *slog.Logger

	screen *screen
	level  *slog.LevelVar
	// levelAsked says that the user chose the log level.
	levelAsked bool
	format     render.Format
	quiet      bool

	keys keyring
	// limit is the budget of bytes a second of all HTTP clients; nil is none.
	limit *httpx.Limiter
}

func newRuntime(env func(string) string, std term.Streams, now clock.Clock) *runtime {
	rt := &runtime{std: std, env: env, clock: now, level: new(slog.LevelVar), format: render.Table}
	rt.screen = &screen{out: std.Err, terminal: std.ErrTTY}
	rt.level.Set(slog.LevelWarn)
	rt.log = slog.New(&consoleHandler{out: rt.screen, level: rt.level, colour: rt.colour()})
	return rt
}

// globalFlags are the flags every command has; they may stand anywhere.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "how to print results: `table|json|yaml`"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress, no warnings; errors only"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "log each step, as --log-level debug"},
		&cli.StringFlag{Name: "log-level", Usage: "least level that is logged (default: warn): `debug|info|warn|error`"},
	}
}

// configure takes over the global flags.
func (rt *runtime) configure(global level) error {
	on := func(name string) bool { return switchedOn(global.last(name)) }
	rt.quiet = on("quiet")
	if rt.quiet {
		rt.setLevel(slog.LevelError)
	}
	if on("verbose") {
		rt.setLevel(slog.LevelDebug)
	}
	if name := global.last("log-level"); name != "" {
		var l slog.Level
		if err := l.UnmarshalText([]byte(name)); err != nil {
			return fail.As(fmt.Errorf("--log-level: %w", err), fail.Usage, "")
		}
		rt.setLevel(l)
	}
	if name := global.last("output"); name != "" {
		rt.format = render.Format(name)
	}
	return nil
}

func (rt *runtime) setLevel(l slog.Level) {
	rt.levelAsked = true
	rt.level.Set(l)
}

// chatty makes info the log level unless the user chose one: for commands
// that keep running and whose log is what they have to show.
func (rt *runtime) chatty() {
	if !rt.levelAsked {
		rt.level.Set(slog.LevelInfo)
	}
}

// render writes a result to standard output in the format asked for.
func (rt *runtime) render(view render.View) error {
	return render.Write(rt.std.Out, rt.format, view)
}

// renderList is render for a list that may be long.
func (rt *runtime) renderList(list render.List) error {
	return render.WriteList(rt.std.Out, rt.format, list)
}

// say tells the person at the terminal something that is not the result:
// it goes to standard error, and nowhere with --quiet.
func (rt *runtime) say(format string, args ...any) {
	if !rt.quiet {
		fmt.Fprintf(rt.screen, format+"\n", args...)
	}
}

// progress is where engines report to: a bar on a terminal, otherwise a line
// every ten seconds, nothing with --quiet.
func (rt *runtime) progress() progress.Sink {
	switch {
	case rt.quiet:
		return nil
	case rt.std.ErrTTY:
		return &barSink{screen: rt.screen, width: rt.std.Width, colour: rt.colour(), now: rt.clock}
	}
	return &lineSink{out: rt.screen, now: rt.clock}
}

// colour says whether escape sequences for colour may be written to Err.
func (rt *runtime) colour() bool {
	return rt.std.ErrTTY && rt.env("NO_COLOR") == "" && rt.env("TERM") != "dumb"
}

func (rt *runtime) showHelp(c *call) error {
	_, err := io.WriteString(rt.std.Out, helpText(c))
	return err
}

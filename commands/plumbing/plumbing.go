// Package plumbing is what the ostree program does by hand, one verb a file:
// "otactl ostree VERB", and the same verbs under the name ostree.
//
// A verb reads its flags, makes one call of the engine and says what came of
// it, with the names, the output and the exit codes that scripts know. It
// holds no logic of its own, prints through Env alone, knows nothing of other
// commands of this program, and hands nothing to another ostree.
package plumbing

import (
	"io"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/progress"
)

// Env is what a verb may use of the world around it. All of it is set.
type Env struct {
	// Program is how the verbs are called, for hints: "otactl ostree" or "ostree".
	Program string
	// StandIn says that this runs as ostree: where the manners differ, they
	// are those of the original.
	StandIn bool

	Getenv func(name string) string // "" for unset
	Stdin  io.Reader
	Stdout io.Writer // for what is no View: file contents, an archive
	Stderr io.Writer // whole lines only
	// Interactive says that a person is there to answer a question.
	Interactive bool

	// Render writes a result in the format the user chose. What a script
	// reads of ostree is a View's Table; a verb gives one View a run.
	Render func(view render.View) error
	// RenderList is Render for one long list.
	RenderList func(list render.List) error
	// Say tells the person something that is not the result; nothing when quiet.
	Say func(format string, args ...any)
	// Progress is where an engine reports to; nil when nobody looks.
	Progress func() progress.Sink
	Log      *slog.Logger
	Now      clock.Clock
}

// systemRepo is the repo of a running OSTree system.
const systemRepo = "/sysroot/ostree/repo"

// Flags are those that every verb has; they may stand before the verb too.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "repo", Usage: "`DIR` of the repo (default: OSTREE_REPO, the current folder, or " + systemRepo + ")"},
	}
}

// Commands are the verbs, by name.
func Commands(e *Env) []*cli.Command {
	return append([]*cli.Command{
		catCommand(e),
		checkoutCommand(e),
		checksumCommand(e),
		commitCommand(e),
		configCommand(e),
		createUSBCommand(e),
		diffCommand(e),
		exportCommand(e),
		findRemotesCommand(e),
		fsckCommand(e),
		gpgSignCommand(e),
		initCommand(e),
		logCommand(e),
		lsCommand(e),
		pruneCommand(e),
		pullCommand(e),
		pullLocalCommand(e),
		refsCommand(e),
		remoteCommand(e),
		resetCommand(e),
		revParseCommand(e),
		serveCommand(e),
		showCommand(e),
		signCommand(e),
		staticDeltaCommand(e),
		summaryCommand(e),
	}, unsupported(e)...)
}

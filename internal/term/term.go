// Package term holds the streams of a command and the facts about them.
//
// Nothing else in the product touches os.Stdin, os.Stdout or os.Stderr. Data
// goes to Out; prompts, progress, warnings and logs go to Err.
package term

import (
	"io"
	"os"

	xterm "golang.org/x/term"
)

// Streams is what a command reads from and writes to.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// InTTY, OutTTY and ErrTTY say whether a person sits at that stream.
	InTTY, OutTTY, ErrTTY bool
	// Width of the terminal behind Err in columns; 0 when there is none.
	Width int
}

// Std is the process's own streams.
func Std() Streams {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	s.InTTY = xterm.IsTerminal(int(os.Stdin.Fd()))
	s.OutTTY = xterm.IsTerminal(int(os.Stdout.Fd()))
	s.ErrTTY = xterm.IsTerminal(int(os.Stderr.Fd()))
	if w, _, err := xterm.GetSize(int(os.Stderr.Fd())); err == nil {
		s.Width = w
	}
	return s
}

// MayPrompt says whether a question would reach a person who can answer.
func (s Streams) MayPrompt() bool { return s.InTTY && s.ErrTTY }

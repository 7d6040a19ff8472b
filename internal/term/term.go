// Package term holds the streams of a command and the facts about them.
//
// Nothing else in the product touches os.Stdin, os.Stdout or os.Stderr. Data
// goes to Out; prompts, progress, warnings and logs go to Err.
package term

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

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

// ReadSecret reads a line from In without showing it on the terminal. It
// returns when ctx ends, and leaves the terminal as it was.
func (s Streams) ReadSecret(ctx context.Context) (string, error) {
	f, ok := s.In.(*os.File)
	if !ok {
		return readLine(s.In)
	}
	fd := int(f.Fd())
	before, err := xterm.GetState(fd)
	if err != nil {
		return "", err
	}
	type answer struct {
		line []byte
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := xterm.ReadPassword(fd)
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		return string(a.line), a.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), xterm.Restore(fd, before))
	}
}

// readLine reads no further than the line's end: the next answer stands there.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for next := make([]byte, 1); ; {
		if _, err := io.ReadFull(r, next); err != nil {
			return string(line), err
		}
		if next[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, next[0])
	}
}

package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Secrets come from a file, the environment or a person at the terminal, in
// this order, and never from an argument: others could read those.

// A secretSpec is where one secret may come from.
type secretSpec struct {
	what     string // "passphrase of keys.tgz", for the prompt and for errors
	file     string // "" for none
	variable string
	flag     string // how a file is named
}

func passphraseSecret(archive, file string) secretSpec {
	return secretSpec{what: "passphrase of " + archive, file: file, variable: envPassphrase, flag: "--passphrase-file"}
}

func pinSecret(token, file string) secretSpec {
	return secretSpec{what: "PIN of token " + token, file: file, variable: envPIN, flag: "pin-source in the URI"}
}

// keySecret is one that exists already.
func (rt *runtime) keySecret(ctx context.Context, s secretSpec) (string, error) {
	if text, err := rt.writtenSecret(s); text != "" || err != nil {
		return text, err
	}
	return rt.askSecret(ctx, s.what)
}

// writtenSecret is the secret from a file or the environment, or "".
func (rt *runtime) writtenSecret(s secretSpec) (string, error) {
	if s.file == "" {
		text := rt.env(s.variable)
		if len(text) > limits.Passphrase {
			return "", fail.New(fail.Usage, "", "%s: longer than %d bytes", s.variable, limits.Passphrase)
		}
		return text, nil
	}
	data, err := fsx.ReadFile(s.file, limits.Passphrase)
	if err != nil {
		return "", fail.As(fmt.Errorf("%s: %w", s.what, err), fail.Auth, "give a file that holds it in its first line")
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fail.New(fail.Auth, "write it into the first line", "%s: %s is empty", s.what, s.file)
	}
	return line, nil
}

// askSecret asks the person at the terminal.
func (rt *runtime) askSecret(ctx context.Context, what string) (string, error) {
	if !rt.std.MayPrompt() {
		return "", fail.New(fail.Auth, "run it in a terminal, or use the environment or a file: otactl help environment", "no %s, and nobody to ask", what)
	}
	fmt.Fprintf(rt.screen, "%s: ", oneLine(what))
	text, err := rt.std.ReadSecret(ctx)
	fmt.Fprintln(rt.screen)
	if text == "" && (err == nil || errors.Is(err, io.EOF)) {
		return "", fail.New(fail.Auth, "type it", "no %s was given", what)
	}
	return text, err
}

// inputLine is the next line of standard input, which is piped in.
func (rt *runtime) inputLine() (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) <= limits.Passphrase; {
		n, err := rt.std.In.Read(one)
		if n == 1 && one[0] == '\n' || errors.Is(err, io.EOF) {
			return string(line), nil
		}
		if err != nil {
			return "", err
		}
		line = append(line, one[:n]...)
	}
	return "", fail.New(fail.Usage, "", "standard input: a line of more than %d bytes", limits.Passphrase)
}

// confirm asks the person at the terminal a question; anything but yes is no.
func (rt *runtime) confirm(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(rt.screen, "%s? [y/N] ", oneLine(question))
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := rt.inputLine()
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		word := strings.ToLower(strings.TrimSpace(a.line))
		return word == "y" || word == "yes", a.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// newPassphrase is the passphrase of an archive that is being made or gets
// another one.
func (rt *runtime) newPassphrase(ctx context.Context, s secretSpec) (string, error) {
	text, err := rt.writtenSecret(s)
	if err != nil {
		return "", err
	}
	if text == "" {
		if text, err = rt.askTwice(ctx, s); err != nil {
			return "", err
		}
	}
	if len(text) < minPassphrase {
		return "", fail.New(fail.Usage, "take a sentence, or what a password manager makes up", "the new %s is shorter than %d bytes", s.what, minPassphrase)
	}
	return text, nil
}

// minPassphrase is the fewest bytes of a new passphrase.
const minPassphrase = 8

func (rt *runtime) askTwice(ctx context.Context, s secretSpec) (string, error) {
	if !rt.std.MayPrompt() {
		return "", fail.New(fail.Auth, fmt.Sprintf("set %s or give %s; or say --no-passphrase, and keep the file where nobody gets at it", s.variable, s.flag),
			"no new %s, and nobody to ask", s.what)
	}
	text, err := rt.askSecret(ctx, "new "+s.what)
	if err != nil {
		return "", err
	}
	again, err := rt.askSecret(ctx, "once more")
	if err != nil {
		return "", err
	}
	if text != again {
		return "", fail.New(fail.Usage, "run the command again", "the two are not the same")
	}
	return text, nil
}

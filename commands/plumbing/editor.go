package plumbing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/term"
)

// editMessage lets the person at the terminal, or the program that EDITOR or
// VISUAL names, write a commit's subject and body.
func (e *Env) editMessage(ctx context.Context, branch string) (subject, body string, err error) {
	if !e.Interactive && cmp.Or(e.Getenv("EDITOR"), e.Getenv("VISUAL")) == "" {
		return "", "", fail.New(fail.Usage, "give --subject and --body", "flag --editor: nobody is at a terminal to write a message")
	}
	f, err := os.CreateTemp("", "otactl-message-")
	if err != nil {
		return "", "", err
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintf(f, "\n# Write the commit message: the first line is its subject, the rest its body.\n"+
		"# Lines that begin with # are left out. Without a subject nothing is committed.\n#\n# Branch: %s\n", branch)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", "", err
	}
	if err := RunEditor(ctx, e.Getenv, term.Streams{In: e.Stdin, Out: e.Stdout, Err: e.Stderr}, f.Name()); err != nil {
		return "", "", err
	}
	text, err := fsx.ReadFile(f.Name(), limits.ConfigFile)
	if err != nil {
		return "", "", err
	}
	if subject, body = splitMessage(string(text)); subject == "" {
		return "", "", usage("Aborting commit due to empty commit subject.")
	}
	return subject, body, nil
}

// RunEditor lets the person at the terminal change a file with the editor that
// EDITOR or VISUAL names.
func RunEditor(ctx context.Context, env func(string) string, std term.Streams, file string) error {
	editor := cmp.Or(env("EDITOR"), env("VISUAL"), "vi")
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$@"`, "sh", file) // an editor may come with arguments
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.In, std.Out, std.Err
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("editor %q: %w", editor, err)
	}
	return nil
}

// splitMessage parts an edited text into the first line that is there and the
// rest.
func splitMessage(text string) (subject, body string) {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimRight(line, " \t\r"))
		}
	}
	subject, body, _ = strings.Cut(strings.TrimSpace(strings.Join(lines, "\n")), "\n")
	return subject, strings.TrimSpace(body)
}

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
)

// editMessage lets the person at the terminal write a commit's subject and
// body.
func (e *Env) editMessage(ctx context.Context, branch string) (subject, body string, err error) {
	if !e.Interactive {
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
	editor := cmp.Or(e.Getenv("EDITOR"), e.Getenv("VISUAL"), "vi")
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$@"`, "sh", f.Name()) // an editor may come with arguments
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stdout, e.Stderr
	if err := cmd.Run(); err != nil {
		return "", "", fmt.Errorf("editor %q: %w", editor, err)
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

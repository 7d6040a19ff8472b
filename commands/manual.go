package commands

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/outline"
	"github.com/otactl/otactl/internal/fail"
)

// wholeTree is the outline of every command; it is built anew so that asking
// for help can not change the tree that runs.
func wholeTree(rt *runtime) *outline.Command { return outlineOf(rootCommand(rt)) }

func completionCommand(rt *runtime) *cli.Command {
	shells := []struct {
		name  string
		write func(io.Writer, *outline.Command) error
		use   string
	}{
		{"bash", outline.Bash, "source <(otactl completion bash)"},
		{"zsh", outline.Zsh, "otactl completion zsh > \"${fpath[1]}/_otactl\""},
		{"fish", outline.Fish, "otactl completion fish > ~/.config/fish/completions/otactl.fish"},
		{"powershell", outline.PowerShell, "otactl completion powershell | Out-String | Invoke-Expression"},
	}
	group := &cli.Command{Name: "completion", Usage: "print a completion script for a shell"}
	for _, s := range shells {
		group.Subcommands = append(group.Subcommands, &cli.Command{
			Name:        s.name,
			Usage:       "print the completion script for " + s.name,
			Description: "Use it with:\n\n  " + s.use,
			Action:      func(*cli.Context) error { return s.write(rt.std.Out, wholeTree(rt)) },
		})
	}
	return group
}

func manCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "man",
		Usage:     "print the manual page of a command, or write all pages",
		ArgsUsage: "[COMMAND...]",
		Description: "Examples:\n\n" +
			"  otactl man targets list | man -l -\n" +
			"  otactl man --dir /usr/local/share/man/man1",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "write one page per command into `DIR`"},
		},
		Action: func(c *cli.Context) error {
			root := wholeTree(rt)
			if dir := c.String("dir"); dir != "" {
				return writeManuals(dir, root)
			}
			page, err := findOutline(root, c.Args().Slice())
			if err != nil {
				return err
			}
			return outline.Man(rt.std.Out, root, page, exitLines())
		},
	}
}

func writeManuals(dir string, root *outline.Command) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("man: %w", err)
	}
	var failed error
	root.Each(func(c *outline.Command) {
		var page bytes.Buffer
		err := outline.Man(&page, root, c, exitLines())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, outline.ManName(c)), page.Bytes(), 0o644)
		}
		if err != nil && failed == nil {
			failed = fmt.Errorf("man: %w", err)
		}
	})
	return failed
}

// helpCommand is the spelled-out form of --help, with topics besides.
func helpCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "explain a command, or a topic: exit-codes, environment",
		ArgsUsage: "[COMMAND...]",
		Action: func(c *cli.Context) error {
			args := c.Args().Slice()
			switch strings.Join(args, " ") {
			case "exit-codes":
				return writeExitCodes(rt.std.Out)
			case "environment":
				return writeEnvironment(rt.std.Out, wholeTree(rt))
			}
			call, err := parseCall(rootCommand(rt), append(args, "--help"), rt.env)
			if err == nil && len(call.args) > 0 {
				err = call.complete()
			}
			if err != nil {
				return err
			}
			return rt.showHelp(call)
		},
	}
}

func findOutline(root *outline.Command, words []string) (*outline.Command, error) {
	at := root
	for _, word := range words {
		i := slices.IndexFunc(at.Subs, func(c *outline.Command) bool { return c.Name() == word })
		if i < 0 {
			return nil, fail.New(fail.Usage, "see otactl --help", "man: %s has no command %q", at.Line(), word)
		}
		at = at.Subs[i]
	}
	return at, nil
}

// exitLines is the exit table as "code<TAB>meaning", each code once, by
// number.
func exitLines() []string {
	meanings := map[int][]string{0: {"done"}}
	var codes []int
	for _, row := range exitTable() {
		if _, seen := meanings[row.code]; !seen {
			codes = append(codes, row.code)
		}
		if !slices.Contains(meanings[row.code], row.meaning) {
			meanings[row.code] = append(meanings[row.code], row.meaning)
		}
	}
	slices.Sort(codes)
	var lines []string
	for _, code := range append([]int{0}, codes...) {
		lines = append(lines, fmt.Sprintf("%d\t%s", code, strings.Join(meanings[code], "; ")))
	}
	return lines
}

func writeExitCodes(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Exit codes\n\nEvery command ends with one of these. With `--output json` a failure is also a\n" +
		"document on standard error: `{\"error\":{\"code\":…,\"message\":…,\"hint\":…}}`, where\n" +
		"`code` is the name below. Under the name of a tool it stands in for, the program\n" +
		"uses that tool's codes.\n\n| code | name | meaning |\n|---|---|---|\n| 0 | | done |\n")
	rows := exitTable()
	slices.SortStableFunc(rows, func(a, b exitRow) int { return a.code - b.code })
	seen := map[string]bool{}
	for _, row := range rows {
		line := fmt.Sprintf("| %d | `%s` | %s |\n", row.code, row.name, row.meaning)
		if !seen[line] {
			b.WriteString(line)
		}
		seen[line] = true
	}
	b.WriteString("\n## On a device\n\n`otactl agent`, `aklite-offline` and `aktualizr-lite` end with these instead; a mistake in\n" +
		"the call of `otactl agent` still ends with 2.\n\n| code | name | meaning |\n|---|---|---|\n")
	for _, row := range agentTable() {
		fmt.Fprintf(&b, "| %d | `%s` | %s |\n", row.code, row.name, row.meaning)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeEnvironment(w io.Writer, root *outline.Command) error {
	var b strings.Builder
	b.WriteString("# Environment\n\nA variable stands in for the flag of the same name when that is not given. One that\n" +
		"is set but empty counts as unset. A list is split at commas. The verbs of `otactl ostree`\n" +
		"read none but that of `--repo`: they have the flags of another tool.\n\n| variable | flag | of |\n|---|---|---|\n")
	users := map[string][]string{}
	flagOf := map[string]string{}
	root.Each(func(c *outline.Command) {
		for _, f := range c.Flags {
			if f.Env == "" {
				continue
			}
			of := "`" + strings.Join(c.Path[1:], " ") + "`"
			if c == root {
				of = "every command"
			}
			users[f.Env] = append(users[f.Env], of)
			flagOf[f.Env] = f.Name
		}
	})
	names := make([]string, 0, len(users))
	for name := range users {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "| `%s` | `--%s` | %s |\n", name, flagOf[name], strings.Join(users[name], ", "))
	}
	b.WriteString("\nVariables without a flag:\n\n| variable | meaning |\n|---|---|\n")
	for _, v := range otherVariables() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(v[0], ", ", "`, `"), v[1])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

package commands

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// helpText is the answer to --help.
func helpText(c *call) string {
	var b strings.Builder
	cmd, name := c.command(), strings.TrimSpace(programName+" "+c.path())
	fmt.Fprintf(&b, "%s - %s\n\nUsage:\n", name, cmd.Usage)
	if cmd.Action != nil {
		fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(name+" [flags] "+cmd.ArgsUsage))
	}
	if len(visible(cmd)) > 0 {
		fmt.Fprintf(&b, "  %s COMMAND [flags]\n", name)
	}
	if cmd.Description != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(cmd.Description))
	}
	helpCommands(&b, cmd)
	helpFlags(&b, "Flags", cmd.Flags)
	if len(c.levels) > 1 {
		helpFlags(&b, "Flags of every command", c.root().cmd.Flags)
	}
	return b.String()
}

func helpCommands(w io.Writer, cmd *cli.Command) {
	last := "Commands"
	width := 0
	for _, sub := range visible(cmd) {
		width = max(width, len(sub.Name))
	}
	for i, sub := range visible(cmd) {
		heading := last
		if sub.Category != "" {
			heading = sub.Category
		}
		if i == 0 || heading != last {
			fmt.Fprintf(w, "\n%s:\n", heading)
			last = heading
		}
		fmt.Fprintf(w, "  %-*s  %s\n", width, sub.Name, sub.Usage)
	}
}

func helpFlags(w io.Writer, heading string, flags []cli.Flag) {
	var names, texts []string
	width := 0
	for _, f := range flags {
		if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		name, text := flagHelp(f)
		names, texts = append(names, name), append(texts, text)
		width = max(width, len(name))
	}
	if len(names) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", heading)
	for i := range names {
		fmt.Fprintf(w, "  %-*s  %s\n", width, names[i], texts[i])
	}
}

// flagHelp is the left and the right column of a flag's line.
func flagHelp(f cli.Flag) (name, text string) {
	placeholder, text := flagUsage(f)
	names := f.Names()
	name = "    --" + names[0]
	for _, alias := range names[1:] {
		if len(alias) == 1 {
			name = "-" + alias + ", --" + names[0]
			break // the first one is ours, others are for habits
		}
	}
	if placeholder != "" {
		name += " " + placeholder
	}
	if def := defaultText(f); def != "" {
		text += " (default: " + def + ")"
	}
	return name, text
}

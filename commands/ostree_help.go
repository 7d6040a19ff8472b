package commands

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// writeOSTreeHelp is the usage of a verb in the layout that scripts know from
// the original.
func writeOSTreeHelp(w io.Writer, c *call) error {
	var b strings.Builder
	cmd := c.command()
	args := cmd.ArgsUsage
	if cmd.Action == nil {
		args = "COMMAND"
	}
	fmt.Fprintf(&b, "Usage:\n  %s\n\n", strings.TrimSpace(strings.Join(c.words(len(c.levels)-1), " ")+" [OPTION…] "+args))
	if cmd.Usage != "" {
		fmt.Fprintf(&b, "%s\n\n", sentence(cmd.Usage))
	}
	if subs := visible(cmd); len(subs) > 0 {
		var rows [][2]string
		for _, sub := range subs {
			rows = append(rows, [2]string{sub.Name, sentence(sub.Usage)})
		}
		group := c.path()
		if group != "" {
			group = fmt.Sprintf("%q ", group)
		}
		helpRows(&b, "Builtin "+group+"Commands:", rows)
	}
	helpRows(&b, "Help Options:", [][2]string{{"-h, --help", "Show this text"}})
	var rows [][2]string
	for _, l := range c.levels[1:] {
		rows = append(rows, optionRows(l.cmd.Flags)...)
	}
	helpRows(&b, "Application Options:", append(rows, optionRows(c.root().cmd.Flags)...))
	_, err := io.WriteString(w, b.String())
	return err
}

// subcommand is what the original calls a command of this level.
func subcommand(c *call) string {
	if path := c.path(); path != "" {
		return fmt.Sprintf("%q subcommand", path)
	}
	return "command"
}

func helpRows(b *strings.Builder, heading string, rows [][2]string) {
	width := 0
	for _, r := range rows {
		width = max(width, utf8.RuneCountInString(r[0]))
	}
	fmt.Fprintln(b, heading)
	for _, r := range rows {
		fmt.Fprintf(b, "  %-*s     %s\n", width, r[0], r[1])
	}
	b.WriteString("\n")
}

// optionRows are the flags as "-s, --long=VALUE" with what they do.
func optionRows(flags []cli.Flag) [][2]string {
	var rows [][2]string
	for _, f := range flags {
		if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		placeholder, text := flagUsage(f)
		name := "--" + f.Names()[0]
		if takesValue(f) {
			name += "=" + placeholder
		}
		for _, alias := range f.Names()[1:] {
			if len(alias) == 1 {
				name = "-" + alias + ", " + name
				break
			}
		}
		rows = append(rows, [2]string{name, sentence(text)})
	}
	return rows
}

// sentence begins with a capital letter, as the original's lines do.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

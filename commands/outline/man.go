package outline

import (
	"fmt"
	"io"
	"strings"
)

// ManName is the file name of a command's manual page: otactl-targets-list.1.
func ManName(c *Command) string { return strings.Join(c.Path, "-") + ".1" }

// Man writes a command's manual page in the man macros. exits is the table of
// exit codes, one "code<TAB>meaning" each.
func Man(w io.Writer, root, c *Command, exits []string) error {
	m := &manual{}
	m.line(".TH %s 1", manQuote(strings.ToUpper(strings.Join(c.Path, "-"))))
	m.section("NAME")
	m.text(strings.Join(c.Path, "-") + ` \- ` + manEscape(c.Summary))
	m.section("SYNOPSIS")
	m.synopsis(c)
	if c.Description != "" {
		m.section("DESCRIPTION")
		m.description(c.Description)
	}
	m.commands(c)
	m.flags("OPTIONS", c.Flags)
	if c != root && !c.Foreign {
		m.flags("OPTIONS OF EVERY COMMAND", root.Flags)
	}
	if !c.Foreign {
		m.exits(exits)
	}
	m.seeAlso(root, c)
	_, err := io.WriteString(w, m.String())
	return err
}

type manual struct{ strings.Builder }

func (m *manual) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *manual) section(name string) { m.line(".SH %s", manQuote(name)) }

// text writes a line that must not be mistaken for a macro.
func (m *manual) text(s string) {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	m.line("%s", s)
}

func (m *manual) synopsis(c *Command) {
	if c.Runs {
		m.line(".B %s", manEscape(c.Line()))
		m.text(manEscape(c.Usage()))
	}
	if c.Runs && len(c.Subs) > 0 {
		m.line(".br")
	}
	if len(c.Subs) > 0 {
		m.line(".B %s", manEscape(c.Line()))
		m.text("COMMAND [flags]")
	}
}

// description keeps paragraphs; indented lines are examples, set as typed.
func (m *manual) description(s string) {
	literal := false
	for _, line := range strings.Split(strings.TrimSpace(s), "\n") {
		indented := strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")
		if indented != literal && strings.TrimSpace(line) != "" {
			literal = indented
			m.line("%s", map[bool]string{true: ".PP\n.nf", false: ".fi"}[literal])
		}
		if strings.TrimSpace(line) == "" {
			m.line(".PP")
			continue
		}
		m.text(manEscape(line))
	}
	if literal {
		m.line(".fi")
	}
}

func (m *manual) commands(c *Command) {
	if len(c.Subs) == 0 {
		return
	}
	m.section("COMMANDS")
	for _, sub := range c.Subs {
		m.line(".TP\n.B %s", manEscape(sub.Name()))
		m.text(manEscape(sub.Summary))
	}
}

func (m *manual) flags(heading string, flags []Flag) {
	if len(flags) == 0 {
		return
	}
	m.section(heading)
	for _, f := range flags {
		head := `\fB` + manEscape(strings.Join(f.Spellings(), `, `)) + `\fR`
		if f.Value != "" {
			head += ` \fI` + manEscape(f.Value) + `\fR`
		}
		m.line(".TP\n%s", head)
		text := f.Summary
		if f.Default != "" {
			text += " (default: " + f.Default + ")"
		}
		if f.Env != "" {
			text += " [" + f.Env + "]"
		}
		m.text(manEscape(text))
	}
}

func (m *manual) exits(rows []string) {
	m.section("EXIT STATUS")
	for _, row := range rows {
		code, meaning, _ := strings.Cut(row, "\t")
		m.line(".TP\n.B %s", code)
		m.text(manEscape(meaning))
	}
}

// seeAlso points to the page above and to those below.
func (m *manual) seeAlso(root, c *Command) {
	var pages []string
	if c != root {
		pages = append(pages, strings.Join(c.Path[:len(c.Path)-1], "-"))
	}
	for _, sub := range c.Subs {
		pages = append(pages, strings.Join(sub.Path, "-"))
	}
	m.section("SEE ALSO")
	for i, page := range pages {
		comma := ","
		if i == len(pages)-1 {
			comma = ""
		}
		m.line(".BR %s (1)%s", manEscape(page), comma)
	}
}

func manEscape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
}

func manQuote(s string) string { return `"` + manEscape(s) + `"` }

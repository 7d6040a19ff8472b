// Package outline holds the command tree as plain data and writes from it
// what shells and readers need: completion scripts for bash, zsh, fish and
// PowerShell, and manual pages.
//
// It trusts the tree, which is ours. It never asks the machine anything, so
// that what it writes is the same everywhere and can be kept under version
// control and compared.
package outline

import "strings"

// Command is one command with all below it.
type Command struct {
	Path        []string // from the program's name on
	Summary     string   // one line
	Description string   // paragraphs and examples; may be empty
	Args        []Arg
	Flags       []Flag
	Subs        []*Command
	Runs        bool // it does something by itself, without a subcommand
	Foreign     bool // what follows is read by another grammar
}

// Kind says what a value names, for completion.
type Kind int

// The kinds.
const (
	Text Kind = iota
	File
	Dir
	Choice
)

// Flag is one flag of a command.
type Flag struct {
	Name    string // long, without dashes
	Short   string // one letter or ""
	Aliases []string
	Value   string // placeholder; "" for a switch
	Choices []string
	Summary string
	Default string
	Env     string
}

// Arg is one argument of a command.
type Arg struct {
	Name           string
	Optional, Many bool
}

// Name is the last word of the command's path.
func (c *Command) Name() string { return c.Path[len(c.Path)-1] }

// Line is the command's path as typed.
func (c *Command) Line() string { return strings.Join(c.Path, " ") }

// Usage is the command's own synopsis after its path.
func (c *Command) Usage() string {
	words := []string{"[flags]"}
	for _, a := range c.Args {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

func (a Arg) String() string {
	text := a.Name
	if a.Many {
		text += "..."
	}
	if a.Optional {
		text = "[" + text + "]"
	}
	return text
}

// Each visits c and everything below it, parents first.
func (c *Command) Each(visit func(*Command)) {
	visit(c)
	for _, sub := range c.Subs {
		sub.Each(visit)
	}
}

// Spellings are the ways to write the flag, the long one first.
func (f Flag) Spellings() []string {
	out := []string{"--" + f.Name}
	if f.Short != "" {
		out = append(out, "-"+f.Short)
	}
	for _, alias := range f.Aliases {
		out = append(out, "--"+alias)
	}
	return out
}

// Kind is what the flag's value names.
func (f Flag) Kind() Kind {
	if len(f.Choices) > 0 {
		return Choice
	}
	return kindOf(f.Value)
}

// Kind is what the argument names.
func (a Arg) Kind() Kind { return kindOf(a.Name) }

// kindOf reads a placeholder: DIR, BUNDLE_DIR, CREDENTIALS_FILE.
func kindOf(placeholder string) Kind {
	switch {
	case strings.HasSuffix(placeholder, "DIR"), strings.HasSuffix(placeholder, "REPO"):
		return Dir
	case strings.HasSuffix(placeholder, "FILE"), strings.HasSuffix(placeholder, "PATH"):
		return File
	}
	return Text
}

// inherited is the flags that hold at c: its own and those of the root.
func inherited(root, c *Command) []Flag {
	if c == root {
		return c.Flags
	}
	return append(append([]Flag{}, c.Flags...), root.Flags...)
}

// help is the flag every command has without declaring it.
func help() Flag {
	return Flag{Name: "help", Short: "h", Summary: "explain the command and do nothing"}
}

// argAt is the argument at position i, the last one for ever if it repeats.
func argAt(args []Arg, i int) (Arg, bool) {
	if i < len(args) {
		return args[i], true
	}
	if n := len(args); n > 0 && args[n-1].Many {
		return args[n-1], true
	}
	return Arg{}, false
}

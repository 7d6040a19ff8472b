package outline

import (
	"fmt"
	"io"
	"strings"
)

// Zsh writes an autoloadable completion function for the file _NAME.
func Zsh(w io.Writer, root *Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# zsh completion for %[1]s, generated from its command tree.\n", root.Name())
	root.Each(func(c *Command) { zshFunction(&b, root, c) })
	name := zshName(root)
	// Sourced it registers itself, autoloaded it answers at once.
	fmt.Fprintf(&b, "\nif [[ $funcstack[1] == %s ]]; then\n    %[1]s \"$@\"\nelse\n    compdef %[1]s %s\nfi\n", name, root.Name())
	_, err := io.WriteString(w, b.String())
	return err
}

func zshName(c *Command) string {
	return "_" + strings.ReplaceAll(strings.Join(c.Path, "_"), "-", "_")
}

func zshFunction(b *strings.Builder, root, c *Command) {
	fmt.Fprintf(b, "\n%s() {\n", zshName(c))
	if c.Foreign {
		b.WriteString("    _files\n}\n")
		return
	}
	b.WriteString("    local curcontext=\"$curcontext\" state line\n    typeset -A opt_args\n    _arguments -s -S -C")
	for _, f := range append([]Flag{help()}, inherited(root, c)...) {
		for _, spec := range zshFlag(f) {
			fmt.Fprintf(b, " \\\n        %s", bashQuote(spec))
		}
	}
	if len(c.Subs) == 0 {
		for i, a := range c.Args {
			fmt.Fprintf(b, " \\\n        %s", bashQuote(zshArg(i+1, a)))
		}
		b.WriteString("\n}\n")
		return
	}
	b.WriteString(" \\\n        '1: :->first' \\\n        '*:: :->rest' && return\n    case $state in\n    first)\n")
	zshSubs(b, c)
	b.WriteString("        ;;\n    rest)\n        case $words[1] in\n")
	for _, sub := range c.Subs {
		fmt.Fprintf(b, "        %s) %s ;;\n", sub.Name(), zshName(sub))
	}
	fmt.Fprintf(b, "        *) %s ;;\n        esac\n        ;;\n    esac\n}\n", zshRest(c))
}

// zshSubs offers the subcommands, and the first argument of a command that
// has both.
func zshSubs(b *strings.Builder, c *Command) {
	b.WriteString("        local -a commands=(\n")
	for _, sub := range c.Subs {
		fmt.Fprintf(b, "            %s\n", bashQuote(strings.ReplaceAll(sub.Name(), ":", `\:`)+":"+sub.Summary))
	}
	b.WriteString("        )\n        _describe command commands\n")
	if a, ok := argAt(c.Args, 0); ok && zshAction(a.Kind(), nil) != "" {
		fmt.Fprintf(b, "        %s\n", zshAction(a.Kind(), nil))
	}
}

// zshRest completes what follows the first argument of a command that has
// subcommands too.
func zshRest(c *Command) string {
	if a, ok := argAt(c.Args, 1); ok && zshAction(a.Kind(), nil) != "" {
		return zshAction(a.Kind(), nil)
	}
	return "_default"
}

func zshFlag(f Flag) []string {
	text := "[" + zshEscape(f.Summary) + "]"
	var out []string
	for _, s := range f.Spellings() {
		long := strings.HasPrefix(s, "--")
		switch {
		case f.Value == "":
			out = append(out, "*"+s+text)
		case long:
			out = append(out, "*"+s+"="+text+zshValue(f))
		default:
			out = append(out, "*"+s+"+"+text+zshValue(f))
		}
	}
	return out
}

func zshValue(f Flag) string {
	return ":" + zshEscape(f.Value) + ":" + zshAction(f.Kind(), f.Choices)
}

func zshArg(n int, a Arg) string {
	position := fmt.Sprint(n)
	if a.Many {
		position = "*"
	}
	optional := ""
	if a.Optional {
		optional = ":"
	}
	return position + optional + ":" + zshEscape(a.Name) + ":" + zshAction(a.Kind(), nil)
}

func zshAction(k Kind, choices []string) string {
	switch k {
	case Choice:
		return "(" + strings.Join(choices, " ") + ")"
	case Dir:
		return "_files -/"
	case File:
		return "_files"
	}
	return ""
}

func zshEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`, "[", `\[`, "]", `\]`).Replace(s)
}

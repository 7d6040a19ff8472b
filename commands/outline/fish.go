package outline

import (
	"fmt"
	"io"
	"strings"
)

// Fish writes a completion script.
func Fish(w io.Writer, root *Command) error {
	var b strings.Builder
	name := root.Name()
	fmt.Fprintf(&b, "# fish completion for %s, generated from its command tree.\n\n", name)
	fmt.Fprintf(&b, "set -g __%s_paths", name)
	root.Each(func(c *Command) {
		if c != root {
			fmt.Fprintf(&b, " \\\n    %s", fishQuote(c.Line()))
		}
	})
	fmt.Fprintf(&b, "\n\n# Flags that take the word after them.\nset -g __%s_valued", name)
	root.Each(func(c *Command) {
		for _, f := range c.Flags {
			if f.Value != "" {
				for _, s := range f.Spellings() {
					fmt.Fprintf(&b, " \\\n    %s", fishQuote(c.Line()+" "+s))
				}
			}
		}
	})
	fmt.Fprintf(&b, "\n\n%s", strings.ReplaceAll(fishEngine, "PROG", name))
	root.Each(func(c *Command) { fishCommand(&b, root, c) })
	_, err := io.WriteString(w, b.String())
	return err
}

// fishEngine says whether the words before the cursor lead to a command.
const fishEngine = `function __PROG_at --argument-names wanted
    set -l path PROG
    set -l skip 0
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
        else if string match -q -- '-*' $word
            if contains -- "$path $word" $__PROG_valued; or contains -- "PROG $word" $__PROG_valued
                set skip 1
            end
        else if contains -- "$path $word" $__PROG_paths
            set path "$path $word"
        end
    end
    test "$path" = "$wanted"
end

complete -c PROG -f
`

func fishCommand(b *strings.Builder, root, c *Command) {
	prefix := fmt.Sprintf("complete -c %s -n %s", root.Name(), fishQuote(fmt.Sprintf("__%s_at %s", root.Name(), fishQuote(c.Line()))))
	if c.Foreign {
		fmt.Fprintf(b, "%s -F\n", prefix)
		return
	}
	for _, sub := range c.Subs {
		fmt.Fprintf(b, "%s -a %s -d %s\n", prefix, fishQuote(sub.Name()), fishQuote(sub.Summary))
	}
	for _, a := range c.Args {
		if a.Kind() == File || a.Kind() == Dir {
			fmt.Fprintf(b, "%s -F\n", prefix)
			break
		}
	}
	for _, f := range append([]Flag{help()}, inherited(root, c)...) {
		fmt.Fprintf(b, "%s%s\n", prefix, fishFlag(f))
	}
}

func fishFlag(f Flag) string {
	text := " -l " + f.Name
	for _, alias := range f.Aliases {
		text += " -l " + alias
	}
	if f.Short != "" {
		text += " -s " + f.Short
	}
	switch {
	case f.Value == "":
	case f.Kind() == Choice:
		text += " -x -a " + fishQuote(strings.Join(f.Choices, " "))
	case f.Kind() == Dir:
		text += " -x -a '(__fish_complete_directories)'"
	case f.Kind() == File:
		text += " -r -F"
	default:
		text += " -x"
	}
	return text + " -d " + fishQuote(f.Summary)
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

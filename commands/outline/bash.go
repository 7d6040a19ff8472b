package outline

import (
	"fmt"
	"io"
	"strings"
)

// Bash writes a completion script that needs nothing but bash itself.
func Bash(w io.Writer, root *Command) error {
	var b strings.Builder
	name := root.Name()
	fmt.Fprintf(&b, "# bash completion for %s, generated from its command tree.\n\n", name)
	fmt.Fprintf(&b, "# The subcommands of a command.\n_%s_commands() {\n    case $1 in\n", name)
	root.Each(func(c *Command) {
		if len(c.Subs) > 0 {
			fmt.Fprintf(&b, "    %s) echo %s ;;\n", bashQuote(c.Line()), bashQuote(strings.Join(subNames(c), " ")))
		}
	})
	fmt.Fprintf(&b, "    esac\n}\n\n# The flags of a command.\n_%s_flags() {\n    case $1 in\n", name)
	root.Each(func(c *Command) {
		if !c.Foreign {
			fmt.Fprintf(&b, "    %s) echo %s ;;\n", bashQuote(c.Line()), bashQuote(longFlags(inherited(root, c))))
		}
	})
	fmt.Fprintf(&b, "    esac\n}\n\n# What the flag of a command, or its argument (by number), takes.\n_%s_value() {\n    case $1 in\n", name)
	root.Each(func(c *Command) { bashValues(&b, c) })
	for _, f := range root.Flags {
		if f.Value != "" {
			for _, s := range f.Spellings() {
				fmt.Fprintf(&b, "    *' %s') echo %s ;;\n", s, bashQuote(kindWords(f)))
			}
		}
	}
	fmt.Fprintf(&b, "    esac\n}\n\n%s", strings.ReplaceAll(bashEngine, "PROG", name))
	_, err := io.WriteString(w, b.String())
	return err
}

func bashValues(b *strings.Builder, c *Command) {
	if len(c.Path) > 1 {
		for _, f := range c.Flags {
			for _, s := range f.Spellings() {
				fmt.Fprintf(b, "    %s) echo %s ;;\n", bashQuote(c.Line()+" "+s), bashQuote(kindWords(f)))
			}
		}
	}
	for i, a := range c.Args {
		pattern := bashQuote(fmt.Sprintf("%s #%d", c.Line(), i))
		if a.Many {
			pattern = bashQuote(c.Line()+" #") + "*"
		}
		fmt.Fprintf(b, "    %s) echo %s ;;\n", pattern, kindWord(a.Kind()))
	}
	if c.Foreign {
		fmt.Fprintf(b, "    %s*) echo file ;;\n", bashQuote(c.Line()+" #"))
	}
}

// bashEngine walks the words before the cursor along the tree.
const bashEngine = `_PROG() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local path=PROG word skip='' kind='' count=0 i
    # bash splits --flag=value at the equals sign
    [[ $cur == '=' ]] && cur=''
    [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $skip ]]; then
            [[ $word == '=' ]] || skip=''
        elif [[ $word == -* ]]; then
            kind=$(_PROG_value "$path $word")
            [[ $kind && $kind != switch ]] && skip=1
        elif ((count == 0)) && [[ " $(_PROG_commands "$path") " == *" $word "* ]]; then
            path+=" $word"
        else
            count=$((count + 1))
        fi
    done
    if [[ $skip ]]; then
        kind=$(_PROG_value "$path $prev")
    elif [[ $cur == -* ]]; then
        kind="words $(_PROG_flags "$path")"
    elif ((count == 0)) && [[ $(_PROG_commands "$path") ]]; then
        kind="words $(_PROG_commands "$path")"
    else
        kind=$(_PROG_value "$path #$count")
    fi
    case $kind in
    words\ *) mapfile -t COMPREPLY < <(compgen -W "${kind#words }" -- "$cur") ;;
    dir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    *) COMPREPLY=() ;;
    esac
}

complete -F _PROG PROG
`

func subNames(c *Command) []string {
	var names []string
	for _, sub := range c.Subs {
		names = append(names, sub.Name())
	}
	return names
}

func longFlags(flags []Flag) string {
	words := []string{"--help"}
	for _, f := range flags {
		words = append(words, "--"+f.Name)
	}
	return strings.Join(words, " ")
}

// kindWords is what the engine is told about a flag's value.
func kindWords(f Flag) string {
	switch {
	case f.Value == "":
		return "switch"
	case f.Kind() == Choice:
		return "words " + strings.Join(f.Choices, " ")
	}
	return kindWord(f.Kind())
}

func kindWord(k Kind) string {
	switch k {
	case File:
		return "file"
	case Dir:
		return "dir"
	}
	return "text"
}

// bashQuote quotes for bash, zsh and sh alike.
func bashQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

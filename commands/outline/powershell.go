package outline

import (
	"fmt"
	"io"
	"strings"
)

// PowerShell writes a completion script for PowerShell 5 and later.
func PowerShell(w io.Writer, root *Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# PowerShell completion for %s, generated from its command tree.\n\n", root.Name())
	fmt.Fprintf(&b, "Register-ArgumentCompleter -Native -CommandName '%s' -ScriptBlock {\n", root.Name())
	b.WriteString("    param($wordToComplete, $commandAst, $cursorPosition)\n\n    # word|explanation, by command\n    $commands = @{\n")
	root.Each(func(c *Command) {
		if len(c.Subs) == 0 {
			return
		}
		var items []string
		for _, sub := range c.Subs {
			items = append(items, psQuote(sub.Name()+"|"+sub.Summary))
		}
		psEntry(&b, c.Line(), items)
	})
	b.WriteString("    }\n    # word|explanation, by command\n    $flags = @{\n")
	root.Each(func(c *Command) {
		if c.Foreign {
			return
		}
		var items []string
		for _, f := range append([]Flag{help()}, inherited(root, c)...) {
			items = append(items, psQuote("--"+f.Name+"|"+f.Summary))
		}
		psEntry(&b, c.Line(), items)
	})
	b.WriteString("    }\n    # choices of flags that take a value, by command and flag\n    $values = @{\n")
	root.Each(func(c *Command) {
		for _, f := range c.Flags {
			if f.Value != "" {
				psValues(&b, c, f)
			}
		}
	})
	b.WriteString("    }\n\n" + strings.ReplaceAll(psEngine, "PROG", root.Name()))
	_, err := io.WriteString(w, b.String())
	return err
}

// psEngine walks along the tree; nothing returned means file names.
const psEngine = `    $path = 'PROG'
    $open = $null
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    foreach ($word in ($words | Select-Object -Skip 1)) {
        if ($null -ne $open) {
            $open = $null
        } elseif ($word.StartsWith('-')) {
            foreach ($key in "$path $word", "PROG $word") {
                if ($values.ContainsKey($key)) { $open = $key; break }
            }
        } elseif ($commands.ContainsKey("$path") -and ($commands["$path"] | Where-Object { $_.StartsWith("$word|") })) {
            $path = "$path $word"
        }
    }
    if ($null -ne $open) {
        $offers = $values[$open]
    } elseif ($wordToComplete.StartsWith('-')) {
        $offers = $flags[$path]
    } else {
        $offers = $commands[$path]
    }
    foreach ($offer in $offers) {
        $text, $tip = $offer -split '\|', 2
        if ($text -like "$wordToComplete*") {
            if (-not $tip) { $tip = $text }
            [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $tip)
        }
    }
}
`

func psValues(b *strings.Builder, c *Command, f Flag) {
	var items []string
	for _, choice := range f.Choices {
		items = append(items, psQuote(choice))
	}
	for _, s := range f.Spellings() {
		// Hash table keys ignore case, so a short flag that differs from
		// another by case alone gets no entry of its own.
		if strings.ToLower(s) == s {
			psEntry(b, c.Line()+" "+s, items)
		}
	}
}

func psEntry(b *strings.Builder, key string, items []string) {
	fmt.Fprintf(b, "        %s = @(", psQuote(key))
	if len(items) > 0 {
		fmt.Fprintf(b, "\n            %s\n        ", strings.Join(items, "\n            "))
	}
	b.WriteString(")\n")
}

func psQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

package main

import (
	_ "embed"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed passing.txt
var passingText string

//go:embed scope.txt
var scopeText string

//go:embed without.txt
var withoutText string

// lists is what is known of the scripts.
type lists struct {
	passing []string    // have to pass
	fast    []string    // of these, what make test runs
	scope   [][2]string // pattern and why it is not tried
	without []omission
}

// omission is a line of a script that is not run.
type omission struct{ file, line, why string }

// from is a script without the line, which must be in it once.
func (o omission) from(script string) (string, error) {
	line := regexp.MustCompile(`(?m)^[ \t]*` + regexp.QuoteMeta(o.line) + `$`)
	if n := len(line.FindAllString(script, -1)); n != 1 {
		return "", fmt.Errorf("without.txt: %s has %q %d times", o.file, o.line, n)
	}
	return line.ReplaceAllLiteralString(script, ":"), nil
}

func readLists() (*lists, error) {
	l := &lists{}
	for _, line := range lines(passingText) {
		name, mark, _ := strings.Cut(line, " ")
		l.passing = append(l.passing, name)
		switch strings.TrimSpace(mark) {
		case "fast":
			l.fast = append(l.fast, name)
		case "":
		default:
			return nil, fmt.Errorf("passing.txt: %q: want NAME, or NAME fast", line)
		}
	}
	for _, line := range lines(scopeText) {
		pattern, why, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("scope.txt: %q: want PATTERN REASON", line)
		}
		l.scope = append(l.scope, [2]string{pattern, strings.TrimSpace(why)})
	}
	rows := lines(withoutText)
	for pair := range slices.Chunk(rows, 2) {
		file, line, ok := strings.Cut(pair[0], ": ")
		if !ok || len(pair) < 2 {
			return nil, fmt.Errorf("without.txt: %q: want FILE: LINE, and why on the next", pair[0])
		}
		l.without = append(l.without, omission{file, line, pair[1]})
	}
	return l, nil
}

// lines are those that are neither empty nor a comment.
func lines(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool {
		return strings.TrimSpace(s) == "" || strings.HasPrefix(s, "#")
	})
}

// excused says why a script is not tried, "" when it is.
func (l *lists) excused(name string) string {
	for _, row := range l.scope {
		if ok, _ := path.Match(row[0], name); ok {
			return row[1]
		}
	}
	return ""
}

// regressions are the scripts that have to pass and did not, of those run.
func (l *lists) regressions(results []result) []string {
	var bad []string
	for _, r := range results {
		if r.Verdict != passed && slices.Contains(l.passing, r.Name) {
			bad = append(bad, r.Name)
		}
	}
	return bad
}

// writeTable prints one line a script, a sum, and what was left out of them.
func (l *lists) writeTable(w io.Writer, results []result) {
	width := 0
	count := map[verdict]int{}
	for _, r := range results {
		width = max(width, len(r.Name))
		count[r.Verdict]++
	}
	for _, r := range results {
		what := string(r.Verdict)
		if r.Verdict == passed {
			what = fmt.Sprintf("passed %d ok", r.OK)
			if r.Skipped > 0 {
				what += fmt.Sprintf(", %d skipped", r.Skipped)
			}
		}
		note := r.Note
		if r.Verdict == failed {
			note = fmt.Sprintf("after %d ok: %s", r.OK, r.Note)
		}
		fmt.Fprintf(w, "%-*s  %5.1fs  %-24s  %s\n", width, r.Name, r.Seconds, what, clip(note, 160))
	}
	fmt.Fprintf(w, "\n%d scripts: %d passed, %d failed, %d skipped, %d out of scope\n",
		len(results), count[passed], count[failed], count[skipped], count[outOfScope])
	for _, o := range l.without {
		fmt.Fprintf(w, "not run: %q of %s: %s\n", o.line, o.file, o.why)
	}
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
